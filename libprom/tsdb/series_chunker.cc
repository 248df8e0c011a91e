#include "libprom/tsdb/series_chunker.h"

#include <utility>

#include "libprom/model/sample.h"
#include "libprom/tsdb/float_histogram_chunk.h"
#include "libprom/tsdb/histogram_chunk.h"

namespace prom::tsdb {
namespace {

// How a chunk that begins with `first` relates to one that ended with `last`.
CounterResetHint relation(const FloatHistogram& first,
                          const std::optional<FloatHistogram>& last) {
  if (first.counter_reset_hint != CounterResetHint::kUnknown)
    return first.counter_reset_hint;
  const bool is_comparable =
      last && !is_stale_nan(first.sum) && !is_stale_nan(last->sum);
  return is_comparable && first.is_reset_since(*last)
             ? CounterResetHint::kReset
             : CounterResetHint::kUnknown;
}

}  // namespace

Status SeriesChunker::add(std::int64_t t_ms, double value,
                          std::int64_t start_ms) {
  if (!run_.empty()) {
    if (Status cut = cut_histograms(); !cut) return cut;
    last_.reset();
  }
  const std::size_t count = with_starts_ ? xor2_.count() : xor_.count();
  if (count >= kChunkSamplesTarget) {
    if (Status cut = cut_floats(); !cut) return cut;
  }
  if (count == 0 || count >= kChunkSamplesTarget) range_.min_ms = t_ms;
  range_.max_ms = t_ms;
  if (with_starts_) {
    xor2_.add(t_ms, value, start_ms);
  } else {
    xor_.add(t_ms, value);
  }
  return {};
}

Status SeriesChunker::add(std::int64_t t_ms, const FloatHistogram& value,
                          std::int64_t start_ms) {
  if (Status cut = cut_floats(); !cut) return cut;
  if (!run_.accepts(value)) {
    if (Status cut = cut_histograms(); !cut) return cut;
  }
  if (run_.empty()) {
    range_.min_ms = t_ms;
    hint_ = relation(value, last_);
  }
  range_.max_ms = t_ms;
  run_.add({.t_ms = t_ms, .start_ms = start_ms, .value = value});
  return {};
}

Status SeriesChunker::end_series(std::vector<ChunkMeta>& chunks) {
  if (Status cut = cut_floats(); !cut) return cut;
  if (Status cut = cut_histograms(); !cut) return cut;
  last_.reset();
  chunks = std::exchange(chunks_, {});
  return {};
}

Status SeriesChunker::cut_floats() {
  if (xor2_.count() > 0) {
    if (Status cut = write(Encoding::kXor2, xor2_.bytes()); !cut) return cut;
    xor2_ = {};
  }
  if (xor_.count() > 0) {
    if (Status cut = write(Encoding::kXor, xor_.bytes()); !cut) return cut;
    xor_ = {};
  }
  return {};
}

Status SeriesChunker::cut_histograms() {
  if (run_.empty()) return {};
  Status cut;
  if (run_.is_integer()) {
    cut = write(with_starts_ ? Encoding::kHistogramStart : Encoding::kHistogram,
                encode_histogram(run_, hint_, with_starts_));
  } else {
    cut = write(with_starts_ ? Encoding::kFloatHistogramStart
                             : Encoding::kFloatHistogram,
                encode_float_histogram(run_, hint_, with_starts_));
  }
  last_ = run_.samples().back().value;
  run_.clear();
  return cut;
}

Status SeriesChunker::write(Encoding encoding, std::string_view bytes) {
  const auto ref = out_.add(encoding, bytes);
  if (!ref) return fail(ref.error());
  chunks_.push_back({.range = range_, .ref = *ref});
  return {};
}

}  // namespace prom::tsdb
