#include "libprom/query/text_source.h"

#include <unordered_map>
#include <variant>
#include <vector>

#include "libprom/base/bytes.h"
#include "libprom/exposition/parser.h"
#include "libprom/wire/frame.h"

namespace prom::query {
namespace {

std::string_view last_line(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  const std::size_t begin = text.rfind('\n');
  return begin == std::string_view::npos ? text : text.substr(begin + 1);
}

Result<TextInput> add_exposition(std::string_view content, std::int64_t now_ms,
                                 MemorySource& into) {
  TextInput input;
  const exposition::Format format = exposition::detect_format(content);
  input.cut = format == exposition::Format::kPipe &&
              last_line(content) != exposition::kPipeEnd;
  // What arrived of a cut stream is as good as any; its last line may be half.
  if (input.cut) content = content.substr(0, content.rfind('\n') + 1);
  exposition::Parser parser = input.cut
                                  ? exposition::Parser(content, format, {})
                                  : exposition::Parser(content, format);
  while (true) {
    const auto item = parser.next();
    if (!item) return fail(item.error());
    if (*item == exposition::Parser::Item::kEnd) return input;
    if (*item != exposition::Parser::Item::kSample) continue;
    const exposition::Sample& sample = parser.sample();
    into.add(parser.labels(), sample.t_ms.value_or(now_ms), sample.value);
    ++input.samples;
  }
}

class FrameSink {
 public:
  FrameSink(MemorySource& into, TextInput& input)
      : into_(into), input_(input) {}

  void operator()(const wire::Layout& layout) {
    std::vector<std::size_t>& columns = columns_[layout.source];
    columns.clear();
    for (const Labels& labels : layout.series)
      columns.push_back(into_.series(labels));
  }
  void operator()(const wire::Row& row) {
    const std::vector<std::size_t>& columns = columns_[row.source];
    auto start = row.starts.begin();
    auto histogram = row.histograms.begin();
    for (std::size_t i = 0; i < row.values.size(); ++i) {
      if (wire::is_absent(row.values[i])) continue;
      while (start != row.starts.end() && start->column < i) ++start;
      const bool started = start != row.starts.end() && start->column == i;
      const std::int64_t start_ms = started ? start->start_ms : 0;
      if (histogram != row.histograms.end() && histogram->column == i) {
        into_.add(columns[i], row.t_ms, histogram->histogram, start_ms);
        ++histogram;
      } else {
        into_.add(columns[i], row.t_ms, row.values[i], start_ms);
      }
      ++input_.samples;
    }
  }
  void operator()(const wire::Loose& loose) {
    for (const wire::Loose::Item& item : loose.items) {
      const std::size_t series = into_.series(item.labels);
      if (item.histogram) {
        into_.add(series, item.t_ms, *item.histogram, item.start_ms);
      } else {
        into_.add(series, item.t_ms, item.value, item.start_ms);
      }
      ++input_.samples;
    }
  }
  void operator()(const wire::MetadataFrame& /*metadata*/) {}
  void operator()(const wire::ExemplarFrame& /*exemplars*/) {}
  void operator()(const wire::Trailer& /*trailer*/) {}
  void operator()(const wire::Skipped& /*skipped*/) {}

 private:
  MemorySource& into_;
  TextInput& input_;
  // The numbers of the series of each sender's layout.
  std::unordered_map<std::uint64_t, std::vector<std::size_t>> columns_;
};

Result<TextInput> add_frames(std::string_view content, MemorySource& into) {
  TextInput input;
  FrameSink sink(into, input);
  wire::Reader reader;
  std::vector<wire::Frame> frames;
  Bytes rest = as_bytes(content);
  while (!rest.empty()) {
    const Result<std::size_t> taken = reader.read(rest, frames);
    if (!taken) return fail(taken.error());
    if (*taken == 0) break;
    for (const wire::Frame& frame : frames) std::visit(sink, frame);
    frames.clear();
    rest = rest.subspan(*taken);
  }
  input.cut = !reader.finished();
  return input;
}

}  // namespace

Result<TextInput> add_text(std::string_view content, std::int64_t now_ms,
                           MemorySource& into) {
  if (content.starts_with(wire::kMagic)) return add_frames(content, into);
  return add_exposition(content, now_ms, into);
}

}  // namespace prom::query
