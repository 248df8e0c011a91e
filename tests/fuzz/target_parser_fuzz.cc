// Bodies that follow one another at one target, each of which must be read as
// a new Parser reads it.  The first byte chooses the format; a byte 0x01
// separates bodies.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tests/support/exposition_twin.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  if (size == 0) return 0;
  constexpr prom::exposition::Format kFormats[] = {
      prom::exposition::Format::kText, prom::exposition::Format::kOpenMetrics,
      prom::exposition::Format::kPipe};
  const prom::exposition::Format format = kFormats[data[0] % 3];
  std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  prom::exposition::TargetParser target(true);
  for (;;) {
    const std::size_t end = rest.find('\x01');
    const std::string body(rest.substr(0, end));
    const std::string difference =
        prom::test::difference_to_parser(target, body, format);
    if (!difference.empty()) {
      std::fprintf(stderr, "%s\n", difference.c_str());
      std::abort();
    }
    if (end == std::string_view::npos) return 0;
    rest.remove_prefix(end + 1);
  }
}
