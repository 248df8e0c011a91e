// One maker for each mechanism.  REQUIRES: the configuration is of its kind.
#pragma once

#include <memory>

#include "libprom/discover/mechanism.h"

namespace prom::discover {

using Made = std::unique_ptr<Mechanism>;

Made make_file(const config::SdConfig& config, Surroundings& around);
Made make_http(const config::SdConfig& config, Surroundings& around);
Made make_static(const config::SdConfig& config, Surroundings& around);

}  // namespace prom::discover
