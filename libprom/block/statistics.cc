#include "libprom/block/statistics.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace prom::block {
namespace {

// What moves down in more than one of so many bins is no counter, and what
// its resets took away would be long numbers that mean nothing.
constexpr std::size_t kBinsPerReset = 4;

double lesser(double first, double last) {
  return last < first ? last : first;
}
double greater(double first, double last) {
  return last > first ? last : first;
}

bool same(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

void append_column(std::span<const double> values, chunk::ValueEncoder& encoder,
                   std::string& out) {
  std::vector<std::uint64_t> bits(values.size());
  std::memcpy(bits.data(), values.data(), values.size_bytes());
  encoder.encode(bits, out);
}

std::uint8_t flags_of(const Bins& bins, bool alone) {
  unsigned flags = kNotNegative;
  std::size_t resets = 0;
  for (std::size_t i = 0; i < bins.size(); ++i) {
    const double first = bins.first[i];
    const double last = bins.last[i];
    if (!same(bins.min[i], lesser(first, last))) flags |= kMinStored;
    if (!same(bins.max[i], greater(first, last))) flags |= kMaxStored;
    if (!same(bins.taken[i], 0)) ++resets;
    if (std::isnan(bins.taken[i])) flags |= kTakenUnknown;
    if (!(bins.min[i] >= 0) || !std::isfinite(bins.sum[i]))
      flags &= ~unsigned{kNotNegative};
  }
  if (!alone && resets * kBinsPerReset > bins.size()) flags |= kTakenUnknown;
  if (resets > 0 && (flags & kTakenUnknown) == 0) flags |= kTakenStored;
  return static_cast<std::uint8_t>(flags);
}

Status append_values(const chunk::ValueColumn& column, std::size_t first,
                     std::size_t count, std::vector<double>& into) {
  std::vector<std::uint64_t> bits(count);
  if (Status done = column.decode(first, count, bits.data()); !done)
    return done;
  const std::size_t before = into.size();
  into.resize(before + count);
  std::memcpy(into.data() + before, bits.data(), count * sizeof(double));
  return {};
}

// Of a whole number of milliseconds that is no more than a window.
std::int64_t duration_ms(double value) {
  const auto max = static_cast<double>(kResolutionsMs.back());
  return value >= 0 && value <= max ? static_cast<std::int64_t>(value) : 0;
}

}  // namespace

std::uint64_t bins_max(std::int64_t min_ms, std::int64_t max_ms,
                       std::int64_t resolution_ms) {
  const auto span =
      static_cast<std::uint64_t>(max_ms) - static_cast<std::uint64_t>(min_ms);
  return 2 * (span / static_cast<std::uint64_t>(resolution_ms) + 2);
}

void encode_bins(const Bins& bins, bool alone, chunk::ValueEncoder& encoder,
                 std::string& out) {
  const std::uint8_t flags = flags_of(bins, alone);
  out += static_cast<char>(flags);
  append_column(bins.first, encoder, out);
  append_column(bins.last, encoder, out);
  append_column(bins.sum, encoder, out);
  if ((flags & kMinStored) != 0) append_column(bins.min, encoder, out);
  if ((flags & kMaxStored) != 0) append_column(bins.max, encoder, out);
  if ((flags & kTakenStored) != 0) append_column(bins.taken, encoder, out);
}

void encode_bin_shape(const Bins& bins, chunk::ValueEncoder& encoder,
                      std::string& out) {
  append_column(bins.count, encoder, out);
  std::vector<double> durations(bins.size());
  for (std::size_t i = 0; i < durations.size(); ++i)
    durations[i] = static_cast<double>(bins.last_ms[i] - bins.first_ms[i]);
  append_column(durations, encoder, out);
}

Result<BinColumns> BinColumns::open(const SampleParts& of, const OpenPart& part,
                                    unsigned columns) {
  BinColumns bins;
  bins.part_ = part;
  bins.columns_ = columns;
  const std::size_t count = part.part.times.count;
  std::uint64_t at = part.part.starts;
  const auto open_next = [&](chunk::ValueColumn& into) -> Status {
    auto column = of.column(at, count);
    if (!column) return fail(std::move(column).error());
    into = *column;
    at += into.bytes().size();
    return {};
  };
  Status done = open_next(bins.count_);
  if (done) done = open_next(bins.duration_);
  if (!done) return fail(std::move(done).error());
  const auto flags = of.flag(part.part.values);
  if (!flags) return fail(flags.error());
  if (*flags > kBinFlags)
    return fail(of.damage(part.part.values, "unknown statistics"));
  bins.flags_ = *flags;
  at = part.part.values + 1;
  const bool more = (columns & (kBinExtremes | kBinTaken)) != 0;
  for (chunk::ValueColumn* const column :
       {&bins.first_, &bins.last_, &bins.sum_}) {
    if (done) done = open_next(*column);
  }
  if (done && more && (*flags & kMinStored) != 0) done = open_next(bins.min_);
  if (done && more && (*flags & kMaxStored) != 0) done = open_next(bins.max_);
  if (done && more && (*flags & kTakenStored) != 0)
    done = open_next(bins.taken_);
  if (!done) return fail(std::move(done).error());
  return bins;
}

Status BinColumns::decode(std::size_t first, std::size_t count,
                          Bins& into) const {
  const std::size_t begin = into.size();
  into.last_ms.resize(begin + count);
  Status done = part_.times.decode(part_.part.times.first + first, count,
                                   into.last_ms.data() + begin);
  if (done) done = append_values(count_, first, count, into.count);
  std::vector<double> durations;
  if (done) done = append_values(duration_, first, count, durations);
  const bool ends = (columns_ & kBinEnds) != 0;
  const bool extremes = (columns_ & kBinExtremes) != 0;
  std::vector<double> own_first;
  std::vector<double> own_last;
  std::vector<double>& firsts = ends ? into.first : own_first;
  std::vector<double>& lasts = ends ? into.last : own_last;
  const bool derived = (flags_ & kMinStored) == 0 || (flags_ & kMaxStored) == 0;
  if (done && (ends || (extremes && derived))) {
    done = append_values(first_, first, count, firsts);
    if (done) done = append_values(last_, first, count, lasts);
  }
  if (done && (columns_ & kBinSums) != 0)
    done = append_values(sum_, first, count, into.sum);
  if (done && extremes && (flags_ & kMinStored) != 0)
    done = append_values(min_, first, count, into.min);
  if (done && extremes && (flags_ & kMaxStored) != 0)
    done = append_values(max_, first, count, into.max);
  if (done && (columns_ & kBinTaken) != 0) {
    if ((flags_ & kTakenStored) != 0) {
      done = append_values(taken_, first, count, into.taken);
    } else {
      into.taken.resize(begin + count,
                        (flags_ & kTakenUnknown) != 0
                            ? std::numeric_limits<double>::quiet_NaN()
                            : 0);
    }
  }
  if (!done) return done;
  into.first_ms.resize(begin + count);
  for (std::size_t i = 0; i < count; ++i)
    into.first_ms[begin + i] =
        into.last_ms[begin + i] - duration_ms(durations[i]);
  const std::size_t from = firsts.size() - (firsts.empty() ? 0 : count);
  for (std::size_t i = 0; extremes && i < count; ++i) {
    if ((flags_ & kMinStored) == 0)
      into.min.push_back(lesser(firsts[from + i], lasts[from + i]));
    if ((flags_ & kMaxStored) == 0)
      into.max.push_back(greater(firsts[from + i], lasts[from + i]));
  }
  if (!into.resolution_ms.empty()) into.resolution_ms.resize(begin + count);
  return {};
}

std::vector<const chunk::ValueColumn*> BinColumns::stored() const {
  std::vector<const chunk::ValueColumn*> all = {&first_, &last_, &sum_};
  if ((flags_ & kMinStored) != 0) all.push_back(&min_);
  if ((flags_ & kMaxStored) != 0) all.push_back(&max_);
  if ((flags_ & kTakenStored) != 0) all.push_back(&taken_);
  return all;
}

namespace {

Status join_columns(
    std::span<const BinColumns> parts, chunk::ValueEncoder& encoder,
    std::string& out,
    const std::vector<std::vector<const chunk::ValueColumn*>>& columns) {
  std::vector<chunk::ValueColumn> found;
  found.reserve(parts.size());
  for (std::size_t c = 0; c < columns.front().size(); ++c) {
    found.clear();
    for (const auto& of_part : columns) found.push_back(*of_part[c]);
    Status joined = encoder.concatenate(found, out);
    if (!joined) return joined;
  }
  return {};
}

}  // namespace

Status BinColumns::join(std::span<const BinColumns> parts,
                        chunk::ValueEncoder& encoder, std::string& out) {
  unsigned flags = parts.front().flags_;
  std::vector<std::vector<const chunk::ValueColumn*>> columns;
  columns.reserve(parts.size());
  for (const BinColumns& part : parts) {
    flags &= part.flags_ | ~unsigned{kNotNegative};
    columns.push_back(part.stored());
  }
  out += static_cast<char>(flags);
  return join_columns(parts, encoder, out, columns);
}

Status BinColumns::join_shapes(std::span<const BinColumns> parts,
                               chunk::ValueEncoder& encoder, std::string& out) {
  std::vector<std::vector<const chunk::ValueColumn*>> columns;
  columns.reserve(parts.size());
  for (const BinColumns& part : parts)
    columns.push_back({&part.count_, &part.duration_});
  return join_columns(parts, encoder, out, columns);
}

}  // namespace prom::block
