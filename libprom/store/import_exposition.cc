// Text, the pipe dialect and OpenMetrics to samples of an import.
#include <algorithm>
#include <random>

#include "libprom/base/checksum.h"
#include "libprom/exposition/parser.h"
#include "libprom/store/import_format.h"

namespace prom::store {
namespace {

using exposition::Format;
using exposition::Parser;

// A record that begins so close to the end of what is there may go on behind
// it: a quoted string may hold a newline.
constexpr std::size_t kRecordTailBytes = 64U << 10U;

// Behind `newlines` newlines.
std::size_t offset_of_line(std::string_view text, std::uint32_t newlines) {
  std::size_t at = 0;
  for (; newlines > 0; --newlines) {
    const std::size_t newline = text.find('\n', at);
    if (newline == std::string_view::npos) return text.size();
    at = newline + 1;
  }
  return at;
}

class ExpositionReader final : public ImportReader {
 public:
  ExpositionReader(ImportFormat format, bool guessed, std::string file,
                   ImportSorter& sorter, ImportErrors& errors)
      : sorter_(sorter),
        errors_(errors),
        file_(std::move(file)),
        guessed_(guessed),
        format_(format == ImportFormat::kOpenMetrics ? Format::kOpenMetrics
                                                     : Format::kText),
        seed_(std::random_device()()) {}

  Result<std::size_t> take(std::string_view bytes, bool end) override {
    const std::size_t newline = bytes.rfind('\n');
    const std::size_t whole = end                                 ? bytes.size()
                              : newline == std::string_view::npos ? 0
                                                                  : newline + 1;
    if (!begun_ && whole > 0) {
      begun_ = true;
      if (format_ == Format::kText && bytes.starts_with(exposition::kPipeBegin))
        format_ = Format::kPipe;
    }
    if (!is_decided(bytes.substr(0, whole), end))
      return fail(Code::kBadData,
                  file_ +
                      ": ends as OpenMetrics does, whose times are in seconds: "
                      "say --format openmetrics, or --format text");
    const auto taken = parse(bytes.substr(0, whole), end);
    if (taken && end) check_end();
    return taken;
  }

 private:
  // Text that nobody said to be text must not be OpenMetrics.
  [[nodiscard]] bool is_decided(std::string_view text, bool end) const {
    if (!guessed_ || format_ != Format::kText || !end) return true;
    while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
    return !text.ends_with("\n# EOF") && text != "# EOF";
  }

  void check_end() {
    if (format_ == Format::kText || state_.ended) return;
    errors_.add(file_, state_.line,
                format_ == Format::kOpenMetrics
                    ? "the input does not end with # EOF"
                    : "the input does not end with # prom-samples end");
  }

  Result<std::size_t> parse(std::string_view text, bool end) {
    std::size_t taken = 0;
    while (taken < text.size()) {
      const std::string_view rest = text.substr(taken);
      Parser parser(rest, format_, state_);
      Error malformed;
      const auto parsed = parse_records(parser, malformed);
      if (!parsed) return fail(parsed.error());
      if (*parsed) {
        state_ = parser.continuation();
        return text.size();
      }
      const Parser::Continuation at = parser.continuation();
      const std::size_t offset = offset_of_line(rest, at.line - state_.line);
      state_ = at;
      taken += offset;
      if (!end && text.size() - taken < kRecordTailBytes) return taken;
      errors_.add(file_, malformed.message);
      taken += offset_of_line(text.substr(taken), 1);
      ++state_.line;
    }
    return taken;
  }

  // False with `malformed` at a record that is wrong.
  Result<bool> parse_records(Parser& parser, Error& malformed) {
    while (true) {
      const auto item = parser.next();
      if (!item) {
        malformed = item.error();
        return false;
      }
      if (*item == Parser::Item::kEnd) return true;
      if (*item == Parser::Item::kMetadata) {
        note(parser.metadata());
        continue;
      }
      if (*item == Parser::Item::kExemplar) add_exemplar(parser);
      // Starts have no place in an import.
      if (*item != Parser::Item::kSample) continue;
      if (Status done = add(parser); !done) return fail(done.error());
    }
  }

  Status add(const Parser& parser) {
    const exposition::Sample& sample = parser.sample();
    if (!sample.t_ms) {
      errors_.add(file_, sample.line, "a sample without a timestamp");
      return {};
    }
    // The type before a line decides how `le` and `quantile` are written.
    const Hash128 key =
        hash128(sample.series,
                seed_ + static_cast<std::uint64_t>(parser.continuation().type));
    ImportSeries series = sorter_.known(key);
    if (series == kNoSeries) {
      const auto added = sorter_.series(parser.labels(), &key);
      if (!added) return fail(added.error());
      series = *added;
    }
    if (sample.has_exemplar) add_exemplar(parser);
    if (sample.is_histogram)
      return sorter_.add(series, *sample.t_ms, parser.histogram());
    return sorter_.add(series, *sample.t_ms, sample.value);
  }

  // Without a time of its own it has that of its sample.
  void add_exemplar(const Parser& parser) {
    exposition::Exemplar exemplar = parser.exemplar();
    const auto t_ms = exemplar.t_ms ? exemplar.t_ms : parser.sample().t_ms;
    if (t_ms)
      sorter_.add_exemplar(parser.labels(),
                           {std::move(exemplar.labels), exemplar.value, *t_ms});
  }

  void note(const exposition::Metadata& metadata) {
    FamilyWords words;
    switch (metadata.kind) {
      case exposition::Metadata::Kind::kType:
        if (metadata.type != exposition::MetricType::kUnknown)
          words.type = to_string(metadata.type);
        break;
      case exposition::Metadata::Kind::kHelp:
        words.help = metadata.text;
        break;
      case exposition::Metadata::Kind::kUnit:
        words.unit = metadata.text;
        break;
    }
    sorter_.add_metadata(metadata.family, words);
  }

  ImportSorter& sorter_;
  ImportErrors& errors_;
  const std::string file_;
  const bool guessed_;
  Format format_;
  const std::uint64_t seed_;
  bool begun_ = false;
  Parser::Continuation state_;
};

}  // namespace

std::unique_ptr<ImportReader> make_exposition_reader(ImportFormat format,
                                                     bool guessed,
                                                     std::string file,
                                                     ImportSorter& sorter,
                                                     ImportErrors& errors) {
  return std::make_unique<ExpositionReader>(format, guessed, std::move(file),
                                            sorter, errors);
}

}  // namespace prom::store
