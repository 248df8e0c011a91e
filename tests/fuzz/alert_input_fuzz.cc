// Everything that prom-alert reads from the network or from its state: the
// first byte chooses the reader.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "libprom/alert/api_json.h"
#include "libprom/alert/matcher.h"
#include "libprom/alert/record.h"
#include "libprom/base/utf8.h"
#include "libprom/http/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using namespace prom::alert;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1,
                              size - 1);
  switch (data[0] % 6) {
    case 0: {
      // What is printed is read back as the same.
      const auto matchers = parse_matchers(text, MatcherMode::kUtf8);
      if (!matchers || !prom::is_valid_utf8(text)) break;
      for (const LabelMatcher& matcher : *matchers)
        if (matcher.name().empty()) return 0;
      const auto again =
          parse_matchers(to_string(*matchers), MatcherMode::kUtf8);
      if (!again || *again != *matchers) std::abort();
      break;
    }
    case 1:
      (void)parse_matchers(text, MatcherMode::kFallback);
      (void)parse_matcher(text, MatcherMode::kFallback);
      break;
    case 2:
      if (auto alerts = read_alerts(text))
        for (const Alert& alert : *alerts)
          if (!decode_alert(encode(alert))) std::abort();
      break;
    case 3:
      if (auto silence = read_silence(text); silence && !silence->id.empty())
        if (!decode_silence(encode(*silence))) std::abort();
      break;
    case 4:
      (void)decode_alert(text);
      (void)decode_silence(text);
      (void)decode_log_entry(text);
      break;
    default:
      (void)prom::http::parse_target(text);
      (void)prom::http::parse_form(text);
  }
  return 0;
}
