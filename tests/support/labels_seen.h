// The names of all meta labels that a test has printed with SdTest, without
// "__meta_".
#pragma once

#include <set>
#include <string>

namespace prom::discover {

std::set<std::string>& labels_seen();

}  // namespace prom::discover
