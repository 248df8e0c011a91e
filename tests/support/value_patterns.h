// Values as monitoring has them, and values as nobody wants them: for tests,
// fuzzing and benchmarks of the column codecs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string_view>
#include <vector>

namespace prom::test {

// A kind of series; kinds go from 0 to pattern_count() - 1.
std::size_t pattern_count();
std::string_view pattern_name(std::size_t kind);

// `count` doubles, as bits.  The same generator state gives the same values.
std::vector<std::uint64_t> make_pattern(std::size_t kind, std::size_t count,
                                        std::mt19937_64& random);

}  // namespace prom::test
