#include "libprom/model/bins.h"

#include <algorithm>
#include <cmath>

#include "libprom/base/kahan.h"

namespace prom {
namespace {

// What resets took away, when there were some; see Bin::taken.
double taken_by_resets(double taken) {
  return taken == 0 ? -0.0 : taken;
}

bool has_resets(double taken) {
  return taken != 0 || std::signbit(taken);
}

// Sums of whole numbers below 2^53 are exact in any order, so they need no
// compensation, which takes half of the time.
bool sums_are_exact(std::span<const double> values) {
  constexpr double kExact = 9007199254740992;
  bool whole = true;
  double magnitude = 0;
  for (const double value : values) {
    whole = whole && std::trunc(value) == value;
    magnitude += std::fabs(value);
  }
  return whole && magnitude <= kExact;
}

double sum_of(std::span<const double> values, bool exact) {
  if (exact) {
    double sum = 0;
    for (const double value : values) sum += value;
    return sum;
  }
  KahanSum sum;
  for (const double value : values) sum.add(value);
  return std::isinf(sum.sum) ? sum.sum : sum.value();
}

// Of samples that are not NaN.
void see_values(std::span<const double> values, Bin& bin) {
  double before = values.front();
  double min = before;
  double max = before;
  double taken = 0;
  bool resets = false;
  for (const double value : values) {
    if (value < min) min = value;
    if (value > max) max = value;
    if (value < before) {
      taken += before;
      resets = true;
    }
    before = value;
  }
  bin.min = min;
  bin.max = max;
  bin.taken = resets ? taken_by_resets(taken) : 0;
}

// The same, and NaNs may be among them.
void see_any_values(std::span<const double> values, Bin& bin) {
  double before = values.front();
  double taken = 0;
  bool resets = false;
  bin.min = bin.max = before;
  for (const double value : values) {
    if (value < bin.min || std::isnan(bin.min)) bin.min = value;
    if (value > bin.max || std::isnan(bin.max)) bin.max = value;
    if (value < before) {
      taken += before;
      resets = true;
    }
    before = value;
  }
  bin.taken = resets ? taken_by_resets(taken) : 0;
}

bool any_nan(std::span<const double> values) {
  bool nan = false;
  for (const double value : values) nan |= value != value;
  return nan;
}

}  // namespace

std::int64_t window_end_ms(std::int64_t t_ms, std::int64_t resolution_ms) {
  const std::int64_t over = t_ms % resolution_ms;
  if (over == 0) return t_ms;
  const std::int64_t to_end = over > 0 ? resolution_ms - over : -over;
  return t_ms > INT64_MAX - to_end ? t_ms : t_ms + to_end;
}

Bin Bin::of(std::int64_t t_ms, double value) {
  return {.first_ms = t_ms,
          .last_ms = t_ms,
          .count = 1,
          .first = value,
          .last = value,
          .min = value,
          .max = value,
          .sum = value,
          .taken = 0};
}

void Bin::add(const Bin& next) {
  if (count == 0) {
    *this = next;
    return;
  }
  if (next.count == 0) return;
  if (next.min < min || std::isnan(min)) min = next.min;
  if (next.max > max || std::isnan(max)) max = next.max;
  const bool reset = next.first < last;
  if (reset || has_resets(taken) || has_resets(next.taken))
    taken = taken_by_resets(taken + (reset ? last : 0) + next.taken);
  count += next.count;
  sum += next.sum;
  last = next.last;
  last_ms = next.last_ms;
}

void Bins::resize(std::size_t size) {
  for (auto* const column : {&count, &first, &last, &min, &max, &sum, &taken})
    column->resize(std::min(size, column->size()));
  for (auto* const column : {&first_ms, &last_ms, &resolution_ms})
    column->resize(std::min(size, column->size()));
}

void Bins::erase(std::size_t from, const std::vector<bool>& gone) {
  const auto compact = [&](auto& column) {
    if (column.size() <= from) return;
    std::size_t kept = from;
    for (std::size_t i = from; i < column.size(); ++i)
      if (!gone[i - from]) column[kept++] = column[i];
    column.resize(kept);
  };
  for (auto* const column : {&count, &first, &last, &min, &max, &sum, &taken})
    compact(*column);
  for (auto* const column : {&first_ms, &last_ms, &resolution_ms})
    compact(*column);
}

void Bins::push(const Bin& bin, unsigned columns) {
  first_ms.push_back(bin.first_ms);
  last_ms.push_back(bin.last_ms);
  count.push_back(static_cast<double>(bin.count));
  if ((columns & kBinEnds) != 0) {
    first.push_back(bin.first);
    last.push_back(bin.last);
  }
  if ((columns & kBinExtremes) != 0) {
    min.push_back(bin.min);
    max.push_back(bin.max);
  }
  if ((columns & kBinSums) != 0) sum.push_back(bin.sum);
  if ((columns & kBinTaken) != 0) taken.push_back(bin.taken);
  if (!resolution_ms.empty()) resolution_ms.push_back(0);
}

Bin Bins::at(std::size_t i) const {
  return {.first_ms = first_ms[i],
          .last_ms = last_ms[i],
          .count = static_cast<std::uint64_t>(count[i]),
          .first = first[i],
          .last = last[i],
          .min = min[i],
          .max = max[i],
          .sum = sum[i],
          .taken = taken[i]};
}

BinLayout BinLayout::of(std::span<const std::int64_t> t_ms,
                        std::int64_t resolution_ms) {
  BinLayout layout;
  for (std::size_t at = 0; at < t_ms.size();) {
    layout.first_ms.push_back(t_ms[at]);
    const std::int64_t end_ms = window_end_ms(t_ms[at], resolution_ms);
    while (at < t_ms.size() && t_ms[at] <= end_ms) ++at;
    layout.last_ms.push_back(t_ms[at - 1]);
    layout.end.push_back(static_cast<std::uint32_t>(at));
  }
  return layout;
}

void make_bins(std::span<const double> values, const BinLayout& layout,
               Bins& into) {
  const bool exact = sums_are_exact(values);
  const bool nans = !exact && any_nan(values);
  std::size_t begin = 0;
  for (std::size_t i = 0; i < layout.size(); ++i) {
    const std::size_t end = layout.end[i];
    const auto own = values.subspan(begin, end - begin);
    Bin bin{.first_ms = layout.first_ms[i],
            .last_ms = layout.last_ms[i],
            .count = end - begin,
            .first = own.front(),
            .last = own.back()};
    if (nans) {
      see_any_values(own, bin);
    } else {
      see_values(own, bin);
    }
    bin.sum = sum_of(own, exact);
    into.push(bin, kBinAll);
    begin = end;
  }
}

void join_bins(const Bins& bins, std::int64_t resolution_ms, Bins& into) {
  for (std::size_t at = 0; at < bins.size();) {
    const std::int64_t end_ms = window_end_ms(bins.last_ms[at], resolution_ms);
    Bin joined;
    KahanSum sum;
    while (at < bins.size() && bins.last_ms[at] <= end_ms) {
      const Bin next = bins.at(at++);
      joined.add(next);
      sum.add(next.sum);
    }
    joined.sum = std::isinf(sum.sum) ? sum.sum : sum.value();
    into.push(joined, kBinAll);
  }
}

}  // namespace prom
