// Reads the content of a file of rule tests.
#pragma once

#include "libprom/config/fields_internal.h"
#include "libprom/config/rule_tests.h"

namespace prom::config {

void read_rule_tests(FileReader& file, const YamlNode& node,
                     RuleTestFile& into);

}  // namespace prom::config
