#include "libprom/store/text_input.h"

#include <bit>
#include <memory>
#include <random>

#include "libprom/os/log.h"

namespace prom::store {
namespace {

// 28 bytes each; beyond it the table begins anew.
constexpr std::size_t kKnownMax = 4'000'000;

using exposition::Format;
using exposition::Parser;

std::uint64_t random_seed() {
  std::random_device device;
  return static_cast<std::uint64_t>(device()) << 32U | device();
}

}  // namespace

TextInput::TextInput(Writer& writer, os::Clock& clock)
    : writer_(writer), clock_(clock), seed_(random_seed()) {}

void TextInput::forget_old_numbers() {
  if (known_in_ != writer_.generation()) known_.clear();
  known_in_ = writer_.generation();
}

Hash128 TextInput::hash_of(const Parser& parser) const {
  const std::uint64_t seed =
      seed_ + static_cast<std::uint64_t>(parser.continuation().type);
  return hash128(parser.sample().series, seed);
}

void TextInput::note_start(const Parser& parser) {
  if (starts_.size() >= kKnownMax) starts_.clear();
  if (parser.start_ms() == 0) {
    starts_.erase(hash_of(parser));
  } else {
    starts_[hash_of(parser)] = parser.start_ms();
  }
}

void TextInput::note_exemplar(const Parser& parser) {
  const exposition::Exemplar exemplar = parser.exemplar();
  exemplars_.items.push_back(
      {parser.labels(), exemplar.labels,
       exemplar.t_ms.value_or(parser.sample().t_ms.value_or(now_ms_)),
       exemplar.value});
}

// The number of what the sample has beyond a float, if it has.
std::uint32_t TextInput::extra_of(const Parser& parser) {
  SampleExtra extra;
  if (!starts_.empty()) {
    const auto start = starts_.find(hash_of(parser));
    if (start != starts_.end()) extra.start_ms = start->second;
  }
  if (parser.sample().is_histogram)
    extra.histogram =
        std::make_shared<const FloatHistogram>(parser.histogram());
  if (extra.start_ms == 0 && !extra.histogram) return kNone;
  extras_.push_back(std::move(extra));
  return static_cast<std::uint32_t>(extras_.size() - 1);
}

// kNone: not known yet, to be named by name_new.  The type before a line
// decides how `le` and `quantile` are written.
SeriesId TextInput::series_of(const Parser& parser) {
  const Hash128 hash = hash_of(parser);
  const auto at = known_.find(hash);
  if (at != known_.end()) return at->second;
  new_.push_back(
      {.sample = samples_.size(), .text = hash, .labels = parser.labels()});
  return kNone;
}

// Forgets those behind the first `count`.
void TextInput::keep_samples(std::size_t count) {
  samples_.resize(count);
  while (!new_.empty() && new_.back().sample >= count) new_.pop_back();
}

// The writer gets to know a series together with its first sample: one that it
// had committed alone could have no place in a row any more.
void TextInput::name_new() {
  for (const NewSeries& found : new_) {
    SeriesId& id = samples_[found.sample].series;
    const auto at = known_.find(found.text);
    if (at != known_.end()) {
      id = at->second;
      continue;
    }
    id = writer_.series(found.labels);
    if (id == kNone) continue;  // asked again, so that each is counted
    if (known_.size() >= kKnownMax) known_.clear();
    known_.try_emplace(found.text, id);
  }
  new_.clear();
}

void TextInput::note_metadata(const exposition::Metadata& metadata) {
  wire::MetadataFrame::Item& item = metadata_[metadata.family];
  item.family = metadata.family;
  switch (metadata.kind) {
    case exposition::Metadata::Kind::kType:
      item.type = to_string(metadata.type);
      break;
    case exposition::Metadata::Kind::kHelp:
      item.help = metadata.text;
      break;
    case exposition::Metadata::Kind::kUnit:
      item.unit = metadata.text;
      break;
  }
}

void TextInput::enter_midway() {
  state_.begun = true;
}

// Up to the end of the parser's input or its first malformed line.
Status TextInput::parse(Parser& parser, Hold hold, Run& run) {
  run.sample = samples_.size();
  while (true) {
    const Parser::Continuation before = parser.continuation();
    const auto item = parser.next();
    if (!item) return fail(item.error());
    if (*item == Parser::Item::kEnd) return {};
    if (*item == Parser::Item::kMetadata) {
      note_metadata(parser.metadata());
      continue;
    }
    if (*item == Parser::Item::kStart) {
      note_start(parser);
      continue;
    }
    if (*item == Parser::Item::kExemplar) {
      note_exemplar(parser);
      continue;
    }
    const exposition::Sample& sample = parser.sample();
    if (sample.has_exemplar) note_exemplar(parser);
    const std::int64_t t_ms = sample.t_ms.value_or(now_ms_);
    const SeriesId series = series_of(parser);
    const SourceId group = hold == Hold::kGroup ? writer_.home(series) : kNone;
    if (run.series == nullptr || t_ms != run.t_ms || group != run.group)
      run = {.t_ms = t_ms,
             .sample = samples_.size(),
             .series = sample.series.data(),
             .before = before,
             .group = group};
    samples_.push_back({series, t_ms,
                        std::bit_cast<std::uint64_t>(sample.value),
                        extra_of(parser)});
  }
}

Status TextInput::deliver() {
  name_new();
  Status done = writer_.add(samples_, extras_);
  samples_.clear();
  extras_.clear();
  // Those of a piece that is held come again, which does no harm.
  if (done && !exemplars_.items.empty()) done = writer_.add(exemplars_);
  exemplars_.items.clear();
  if (done && !metadata_.empty()) {
    wire::MetadataFrame frame;
    for (auto& [family, item] : metadata_)
      frame.items.push_back(std::move(item));
    done = writer_.add(frame);
  }
  metadata_.clear();
  return done;
}

Status TextInput::take_whole(std::string_view text, Format format) {
  // Once to see that it is well formed, before any of it is known.
  Parser check(text, format);
  while (true) {
    const auto item = check.next();
    if (!item) return fail(item.error());
    if (*item == Parser::Item::kEnd) break;
  }
  forget_old_numbers();
  now_ms_ = clock_.wall_ms();
  Parser parser(text, format);
  Run run;
  if (Status parsed = parse(parser, Hold::kNothing, run); !parsed)
    return parsed;
  return deliver();
}

Result<std::size_t> TextInput::take_piece(std::string_view piece, Format format,
                                          Hold hold) {
  forget_old_numbers();
  now_ms_ = clock_.wall_ms();
  Parser parser(piece, format, state_);
  Run run;
  std::size_t taken = piece.size();
  if (!parse(parser, hold, run)) {
    keep_samples(0);
    if (Status done = take_lines(piece, format); !done)
      return fail(done.error());
  } else if (hold == Hold::kNothing || run.series == nullptr) {
    state_ = parser.continuation();
  } else {
    // The line of the run's first sample is the first one to be left.
    const auto at = static_cast<std::size_t>(run.series - piece.data());
    const std::size_t newline = piece.rfind('\n', at);
    taken = newline == std::string_view::npos ? 0 : newline + 1;
    keep_samples(run.sample);
    if (samples_.empty()) taken = 0;
    if (taken > 0) state_ = run.before;
  }
  if (Status done = deliver(); !done) return fail(done.error());
  return taken;
}

Status TextInput::take_lines(std::string_view piece, Format format) {
  while (!piece.empty()) {
    const std::size_t newline = piece.find('\n');
    const std::string_view line = piece.substr(
        0, newline == std::string_view::npos ? piece.size() : newline + 1);
    piece.remove_prefix(line.size());
    // A sender that was started again on the same pipe.
    if (format == Format::kPipe && line.starts_with(exposition::kPipeBegin))
      state_ = {.line = state_.line};
    Parser parser(line, format, state_);
    const std::size_t before = samples_.size();
    Run run;
    const Status parsed = parse(parser, Hold::kNothing, run);
    if (parsed) {
      state_ = parser.continuation();
      continue;
    }
    keep_samples(before);
    ++state_.line;
    if (bad_lines_++ == 0)
      os::log_warn("malformed line left out; more are only counted",
                   {{"reason", parsed.error().message}});
  }
  return {};
}

}  // namespace prom::store
