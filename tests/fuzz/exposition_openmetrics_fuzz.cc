#include <cstdlib>
#include <string>

#include "libprom/exposition/parser.h"

#include "tests/support/exposition_check.h"

// OpenMetrics.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  prom::test::check_exposition(input, prom::exposition::Format::kOpenMetrics);
  return 0;
}
