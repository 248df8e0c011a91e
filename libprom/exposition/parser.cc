#include "libprom/exposition/parser.h"

#include "libprom/model/histogram_text.h"

namespace prom::exposition {

const char* check_frame(Format format, Record::Kind kind,
                        Parser::Continuation& state) {
  switch (format) {
    case Format::kText:
    case Format::kProtobuf:
      return nullptr;
    case Format::kOpenMetrics:
      if (state.ended) return "unexpected data after # EOF";
      state.ended = kind == Record::Kind::kEnd;
      return nullptr;
    case Format::kPipe:
      // A sender that was restarted begins anew, with or without an end.
      if (kind == Record::Kind::kBegin) {
        state.begun = true;
        state.ended = false;
        return nullptr;
      }
      if (!state.begun) return "expected # prom-samples v1";
      if (state.ended) return "unexpected data after # prom-samples end";
      state.ended = kind == Record::Kind::kEnd;
      return nullptr;
  }
  return nullptr;
}

Parser::Parser(std::string_view input, Format format)
    : scanner_(input, format), format_(format), whole_(true) {}

Parser::Parser(std::string_view piece, Format format,
               const Continuation& before)
    : scanner_(piece, format, before.line),
      format_(format),
      whole_(false),
      state_(before) {}

Result<Parser::Item> Parser::next() {
  while (!scanner_.done()) {
    const std::size_t offset = scanner_.offset();
    if (!scanner_.next(record_)) {
      scanner_.seek(offset);
      return fail(scanner_.error());
    }
    const char* const wrong = check_frame(format_, record_.kind, state_);
    if (wrong != nullptr) {
      scanner_.seek(offset);
      return fail(scanner_.error_at(record_.begin, wrong));
    }
    const std::uint32_t line = state_.line;
    state_.line += record_.newlines;
    switch (record_.kind) {
      case Record::Kind::kNothing:
      case Record::Kind::kBegin:
      case Record::Kind::kEnd:
        break;
      case Record::Kind::kType:
        state_.type = record_.type;
        [[fallthrough]];
      case Record::Kind::kHelp:
      case Record::Kind::kUnit:
        metadata_of(record_, format_, metadata_);
        return Item::kMetadata;
      case Record::Kind::kSample:
      case Record::Kind::kStale:
      case Record::Kind::kStart:
      case Record::Kind::kExemplar:
        if (Status read = read_histogram(); !read) {
          scanner_.seek(offset);
          return fail(std::move(read).error());
        }
        sample_.series = record_.series;
        sample_.value = record_.value;
        sample_.t_ms.reset();
        if (record_.has_timestamp) sample_.t_ms = record_.t_ms;
        sample_.has_exemplar = !record_.exemplar.empty();
        sample_.line = line;
        if (record_.kind == Record::Kind::kStart) return Item::kStart;
        if (record_.kind == Record::Kind::kExemplar) return Item::kExemplar;
        return Item::kSample;
    }
  }
  return end();
}

Status Parser::read_histogram() {
  sample_.is_histogram = !record_.histogram.empty();
  if (!sample_.is_histogram) return {};
  auto histogram = parse_histogram_text(record_.histogram);
  if (!histogram)
    return fail(scanner_.error_at(record_.begin, histogram.error().message));
  histogram_ = std::move(*histogram);
  record_.value = histogram_.sum;
  return {};
}

Result<Parser::Item> Parser::end() {
  if (whole_ && format_ != Format::kText && !state_.ended) {
    const char* const what = format_ == Format::kOpenMetrics
                                 ? "data does not end with # EOF"
                                 : "data does not end with # prom-samples end";
    return fail(Code::kBadData, std::to_string(state_.line) + ":1: " + what);
  }
  return Item::kEnd;
}

Labels Parser::labels() const {
  return labels_of(record_.series, canonical_of(record_, state_.type));
}

Exemplar Parser::exemplar() const {
  return exemplar_of(record_);
}

}  // namespace prom::exposition
