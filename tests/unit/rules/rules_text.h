// Rule files as text, for tests.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "libprom/os/file.h"
#include "libprom/rules/load.h"

#include "tests/support/temporary_directory.h"

namespace prom::rules {

// The groups of a file called rules.yml with this text.
inline std::vector<std::shared_ptr<const Group>> groups_of(
    const TemporaryDirectory& directory, const std::string& text) {
  const std::string path = directory.path() + "/rules.yml";
  EXPECT_TRUE(os::write_file_atomically(os::real_file_system(), path, text));
  LoadedRules loaded =
      load_rule_files({path}, {.interval_ms = 60'000, .parse = {}}, false);
  EXPECT_FALSE(loaded.has_errors())
      << (loaded.has_errors() ? to_error(loaded.all_errors()).message : "");
  return loaded.groups;
}

}  // namespace prom::rules
