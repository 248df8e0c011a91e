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

void describe(const exposition::Metadata& metadata, MemorySource& into) {
  FamilyDescription family;
  family.family = metadata.family;
  switch (metadata.kind) {
    case exposition::Metadata::Kind::kType:
      family.type = to_string(metadata.type);
      break;
    case exposition::Metadata::Kind::kHelp:
      family.help = metadata.text;
      break;
    case exposition::Metadata::Kind::kUnit:
      family.unit = metadata.text;
      break;
  }
  into.describe(family);
}

// Until the parser's end; how many samples there were.
Result<std::size_t> add_parsed(exposition::Parser& parser, std::int64_t now_ms,
                               MemorySource& into) {
  std::size_t samples = 0;
  std::unordered_map<std::size_t, std::int64_t> starts;  // by series
  while (true) {
    const auto item = parser.next();
    if (!item) return fail(item.error());
    if (*item == exposition::Parser::Item::kEnd) return samples;
    if (*item == exposition::Parser::Item::kMetadata)
      describe(parser.metadata(), into);
    if (*item == exposition::Parser::Item::kStart)
      starts[into.series(parser.labels())] = parser.start_ms();
    if (*item != exposition::Parser::Item::kSample) continue;
    const exposition::Sample& sample = parser.sample();
    const std::int64_t t_ms = sample.t_ms.value_or(now_ms);
    const std::size_t series = into.series(parser.labels());
    const auto start = starts.find(series);
    const std::int64_t start_ms = start == starts.end() ? 0 : start->second;
    if (sample.is_histogram) {
      into.add(series, t_ms, parser.histogram(), start_ms);
    } else {
      into.add(series, t_ms, sample.value, start_ms);
    }
    ++samples;
  }
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
  const auto samples = add_parsed(parser, now_ms, into);
  if (!samples) return fail(samples.error());
  input.samples = *samples;
  return input;
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
  void operator()(const wire::MetadataFrame& metadata) {
    for (const wire::MetadataFrame::Item& item : metadata.items) {
      into_.describe({.family = item.family,
                      .type = item.type,
                      .help = item.help,
                      .unit = item.unit});
    }
  }
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

struct TextStream::State {
  explicit State(MemorySource& of) : into(of), sink(of, input) {}

  MemorySource& into;
  TextInput input;
  FrameSink sink;
  wire::Reader reader;
  std::vector<wire::Frame> frames;
  enum class Kind { kUnknown, kFrames, kLines, kDocuments };
  Kind kind = Kind::kUnknown;
  exposition::Format format = exposition::Format::kText;  // of kLines
  exposition::Parser::Continuation before;
  std::string pending;
};

TextStream::TextStream(MemorySource& into)
    : state_(std::make_unique<State>(into)) {}
TextStream::~TextStream() = default;

namespace {

constexpr std::string_view kEofLine = "# EOF\n";

// The end of the first document in `text`; npos when it is not whole.
std::size_t document_end(std::string_view text) {
  std::size_t at = 0;
  while ((at = text.find(kEofLine, at)) != std::string_view::npos) {
    if (at == 0 || text[at - 1] == '\n') return at + kEofLine.size();
    ++at;
  }
  return std::string_view::npos;
}

}  // namespace

Status TextStream::feed(std::string_view bytes, std::int64_t now_ms) {
  State& s = *state_;
  using Kind = State::Kind;
  s.pending += bytes;
  if (s.kind == Kind::kUnknown && s.pending.size() >= wire::kMagic.size() &&
      s.pending.starts_with(wire::kMagic)) {
    s.kind = Kind::kFrames;
  }
  if (s.kind == Kind::kUnknown &&
      s.pending.starts_with(exposition::kPipeBegin)) {
    s.kind = Kind::kLines;
    s.format = exposition::Format::kPipe;
  }
  if (s.kind == Kind::kFrames) {
    const Result<std::size_t> taken =
        s.reader.read(as_bytes(s.pending), s.frames);
    if (!taken) return fail(taken.error());
    for (const wire::Frame& frame : s.frames) std::visit(s.sink, frame);
    s.frames.clear();
    s.pending.erase(0, *taken);
  }
  while (s.kind == Kind::kUnknown || s.kind == Kind::kDocuments) {
    const std::size_t end = document_end(s.pending);
    if (end == std::string_view::npos) break;
    s.kind = Kind::kDocuments;
    exposition::Parser parser(std::string_view(s.pending).substr(0, end),
                              exposition::Format::kOpenMetrics);
    const auto added = add_parsed(parser, now_ms, s.into);
    if (!added) return fail(added.error());
    s.pending.erase(0, end);
  }
  if (s.pending.size() > kStreamBytesMax)
    return fail(Code::kLimit, "the stream has a part that does not end");
  if (s.into.series_count() > kStreamSeriesMax) {
    return fail(Code::kLimit, "the stream has more than " +
                                  std::to_string(kStreamSeriesMax) + " series");
  }
  return {};
}

Status TextStream::settle(std::int64_t now_ms) {
  State& s = *state_;
  if (s.kind == State::Kind::kFrames || s.kind == State::Kind::kDocuments)
    return {};
  const std::size_t end = s.pending.rfind('\n') + 1;  // 0 without a line
  if (end == 0) return {};
  s.kind = State::Kind::kLines;
  exposition::Parser parser(std::string_view(s.pending).substr(0, end),
                            s.format, s.before);
  const auto added = add_parsed(parser, now_ms, s.into);
  if (!added) return fail(added.error());
  s.before = parser.continuation();
  s.pending.erase(0, end);
  return {};
}

void TextStream::forget_older_than(std::int64_t keep_ms) {
  if (state_->into.sample_count() == 0) return;
  state_->into.forget_before(state_->into.span().max_ms - keep_ms);
}

}  // namespace prom::query
