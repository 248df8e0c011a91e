// Protobuf bodies that follow one another at one target.  The first byte
// chooses the settings; what is read the second time must be what was read the
// first time.
#include <cstdlib>
#include <string>

#include "libprom/exposition/target_parser.h"
#include "libprom/model/histogram_text.h"

namespace {

using prom::exposition::TargetEntry;
using prom::exposition::TargetParser;

std::string show(TargetParser& parser) {
  std::string out;
  for (const TargetEntry& entry : parser.entries()) {
    out += parser.labels(entry.ref).to_string();
    out.append(reinterpret_cast<const char*>(&entry.value), sizeof(double));
    if (entry.histogram == TargetEntry::kFloat) continue;
    const prom::FloatHistogram& h = parser.histograms()[entry.histogram];
    if (!h.validate()) std::abort();
    std::string text;
    prom::append_histogram_text(text, h);
    // What the pipe dialect says is what was meant.
    const auto again = prom::parse_histogram_text(text);
    if (!again || !again->equals(h)) std::abort();
    out += text;
  }
  for (const auto& one : parser.exemplars()) {
    if (one.entry >= parser.entries().size()) std::abort();
    out += one.exemplar.labels.to_string();
  }
  const auto& starts = parser.starts();
  if (!starts.empty() && starts.size() != parser.entries().size()) std::abort();
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  if (size == 0) return 0;
  const prom::exposition::HistogramOptions options{
      .native = (data[0] & 1U) != 0,
      .always_classic = (data[0] & 2U) != 0,
      .convert_classic = (data[0] & 4U) != 0};
  const std::string body(reinterpret_cast<const char*>(data) + 1, size - 1);
  TargetParser parser(true);
  constexpr auto kFormat = prom::exposition::Format::kProtobuf;
  if (!parser.parse(body, kFormat, options)) {
    if (!parser.entries().empty()) std::abort();
    return 0;
  }
  const std::string first = show(parser);
  if (!parser.parse(body, kFormat, options) || show(parser) != first)
    std::abort();
  return 0;
}
