// Data that lies beside the repository and is not part of it: upstream's test
// files and captures of real scrapes.  Tests that need it skip without it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace prom::test {

// $PROM_SHARED or ../shared beside the working directory, with `path` behind
// it; nullopt when there is no such file or directory.
std::optional<std::string> shared_path(const std::string& path);

// One scrape of a capture.
struct Scrape {
  std::int64_t t_ms = 0;
  std::string body;
};
// The scrapes of data/captures/<name>.raw.zst in order, at most `count_max`;
// empty when the file is not there.
std::vector<Scrape> read_capture(const std::string& name,
                                 std::size_t count_max = SIZE_MAX);

}  // namespace prom::test
