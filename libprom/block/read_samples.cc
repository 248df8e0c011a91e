#include <algorithm>
#include <array>
#include <cstring>
#include <deque>

#include "libprom/block/block_internal.h"

namespace prom::block {
namespace {

// Values that are decoded at once, so that bits become doubles within the
// nearest cache.
constexpr std::size_t kDecodeValues = 2048;

// How many of the values from `first` on to decode at once: about
// kDecodeValues, up to where a frame ends, for a frame that is cut is unpacked
// twice.
std::size_t piece(const chunk::ValueColumn& values, std::size_t first,
                  std::size_t left) {
  if (left <= kDecodeValues) return left;
  if (values.is_constant()) return kDecodeValues;
  const auto frame = values.frame(values.frame_of(first + kDecodeValues));
  return frame && frame->first > first && frame->first <= first + kDecodeValues
             ? frame->first - first
             : kDecodeValues;
}

}  // namespace

Result<Cut> cut_part(const OpenPart& open, std::int64_t min_ms,
                     std::int64_t max_ms) {
  const TimeSlice& slice = open.part.times;
  const chunk::TimeColumn* const times = &open.times;
  Cut result{open.part, open.times, 0, 0};
  if (slice.column == 0 || min_ms > max_ms) return result;
  const std::size_t begin = slice.first;
  const std::size_t end = begin + slice.count;
  std::size_t low = begin;
  std::size_t high = end;
  if (times->first_ms() < min_ms) {
    const auto at = times->lower_bound(min_ms);
    if (!at) return fail(at.error());
    low = std::clamp(*at, begin, end);
  }
  if (times->last_ms() > max_ms) {
    const auto at = times->lower_bound(max_ms + 1);
    if (!at) return fail(at.error());
    high = std::clamp(*at, low, end);
  }
  result.first = low - begin;
  result.count = high - low;
  return result;
}

Result<Cut> cut_part(const SampleParts& parts, Ordinal series,
                     std::int64_t min_ms, std::int64_t max_ms) {
  const auto open = parts.part(series);
  if (!open) return fail(open.error());
  return cut_part(*open, min_ms, max_ms);
}

Status read_times(const Cut& range, std::int64_t* into) {
  return range.times.decode(range.part.times.first + range.first, range.count,
                            into);
}

Status read_values(const SampleParts& parts, const Cut& range, double* into) {
  const auto values = parts.values(range.part);
  if (!values) return fail(values.error());
  std::array<std::uint64_t, kDecodeValues> bits;  // NOLINT: decoded into
  const std::size_t end = range.first + range.count;
  for (std::size_t first = range.first; first < end;) {
    const std::size_t count = piece(*values, first, end - first);
    if (Status status = values->decode(first, count, bits.data()); !status)
      return status;
    std::memcpy(into, bits.data(), count * sizeof(double));
    into += count;
    first += count;
  }
  return {};
}

namespace {

// Floats only: the columns are decoded to where they belong.
Status append_floats(const SampleParts& parts, const Cut& range,
                     Samples& into) {
  const std::size_t before = into.t_ms.size();
  const std::size_t after = before + range.count;
  into.t_ms.resize(after);
  into.value.resize(after);
  if (Status status = read_times(range, into.t_ms.data() + before); !status)
    return status;
  if (Status status = read_values(parts, range, into.value.data() + before);
      !status)
    return status;
  if (!into.histogram.empty()) into.histogram.resize(after);
  if (range.part.starts == 0) {
    if (!into.start_ms.empty()) into.start_ms.resize(after);
    return {};
  }
  const auto starts = parts.start_ms(range.part, range.first, range.count);
  if (!starts) return fail(starts.error());
  into.start_ms.resize(before);
  into.start_ms.insert(into.start_ms.end(), starts->begin(), starts->end());
  return {};
}

// One part, decoded.
struct Decoded {
  std::vector<std::int64_t> t_ms;
  std::vector<double> value;
  std::deque<FloatHistogram> histogram;
  std::vector<std::int64_t> start_ms;  // empty: unknown
};

Result<Decoded> decode(const SampleParts& parts, const Cut& range,
                       bool histograms) {
  Decoded decoded;
  if (range.count == 0) return decoded;
  decoded.t_ms.resize(range.count);
  Status status = read_times(range, decoded.t_ms.data());
  if (status && histograms) {
    const auto column = parts.histograms(range.part);
    if (!column) return fail(column.error());
    status = column->decode(range.first, range.count, decoded.histogram);
    if (status && decoded.histogram.size() != range.count)
      status = fail(Code::kCorrupt, "short column of histograms");
  } else if (status) {
    decoded.value.resize(range.count);
    status = read_values(parts, range, decoded.value.data());
  }
  if (!status) return fail(std::move(status).error());
  if (range.part.starts != 0) {
    auto starts = parts.start_ms(range.part, range.first, range.count);
    if (!starts) return fail(std::move(starts).error());
    decoded.start_ms = std::move(*starts);
  }
  return decoded;
}

void append_both(Decoded floats, Decoded histograms, Samples& into) {
  std::size_t f = 0;
  std::size_t h = 0;
  const auto set_start = [&](const Decoded& from, std::size_t at) {
    if (!from.start_ms.empty()) into.set_start(from.start_ms[at]);
  };
  while (f < floats.t_ms.size() || h < histograms.t_ms.size()) {
    const bool is_float =
        h == histograms.t_ms.size() ||
        (f < floats.t_ms.size() && floats.t_ms[f] < histograms.t_ms[h]);
    if (is_float) {
      into.push(floats.t_ms[f], floats.value[f]);
      set_start(floats, f++);
    } else {
      into.push(histograms.t_ms[h], std::move(histograms.histogram[h]));
      set_start(histograms, h++);
    }
  }
}

}  // namespace

Status read_samples(const Block::State& block, Ordinal series,
                    std::int64_t min_ms, std::int64_t max_ms, Samples& into) {
  const auto where = [&](Error error) {
    return error.message.starts_with(block.file->path())
               ? std::move(error)
               : std::move(error).in(block.file->path() + ": series " +
                                     std::to_string(series));
  };
  const auto floats = cut_part(block.floats, series, min_ms, max_ms);
  if (!floats) return fail(where(floats.error()));
  const auto histograms = cut_part(block.histograms, series, min_ms, max_ms);
  if (!histograms) return fail(where(histograms.error()));
  if (histograms->count == 0) {
    if (floats->count == 0) return {};
    if (Status status = append_floats(block.floats, *floats, into); !status)
      return fail(where(std::move(status).error()));
    return {};
  }
  auto float_samples = decode(block.floats, *floats, false);
  if (!float_samples) return fail(where(float_samples.error()));
  auto histogram_samples = decode(block.histograms, *histograms, true);
  if (!histogram_samples) return fail(where(histogram_samples.error()));
  append_both(std::move(*float_samples), std::move(*histogram_samples), into);
  return {};
}

}  // namespace prom::block
