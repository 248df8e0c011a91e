#include <algorithm>
#include <bit>
#include <cmath>

#include "libprom/model/bins.h"
#include "libprom/model/sample.h"

#include "tests/support/block_oracle.h"

namespace prom::block {
namespace {

// What the numbers of a range amount to, the slow way.
Bin bin_of(const OracleSeries& series, std::int64_t after_ms,
           std::int64_t until_ms) {
  Bin bin;
  for (const OracleSample& one : series.samples) {
    if (one.t_ms <= after_ms || one.t_ms > until_ms || one.histogram ||
        is_stale_nan(one.value))
      continue;
    if (bin.count++ == 0) {
      bin.first_ms = one.t_ms;
      bin.first = bin.min = bin.max = one.value;
    } else if (one.value < bin.last) {
      bin.taken += bin.last;
    }
    if (one.value < bin.min || std::isnan(bin.min)) bin.min = one.value;
    if (one.value > bin.max || std::isnan(bin.max)) bin.max = one.value;
    bin.sum += one.value;
    bin.last = one.value;
    bin.last_ms = one.t_ms;
  }
  return bin;
}

void expect_same(double a, double b) {
  if (std::isnan(a) && std::isnan(b)) return;
  EXPECT_EQ(a, b);
}

void expect_close(double a, double b) {
  if (std::isnan(a) && std::isnan(b)) return;
  if (a == b) return;
  EXPECT_NEAR(a, b, 1e-9 * (std::fabs(a) + std::fabs(b)));
}

void expect_range(const Bins& bins, const OracleSeries& series,
                  std::int64_t end_ms, const BinRequest& request) {
  const Bin want = bin_of(series, end_ms - request.range_ms, end_ms);
  Bin got;
  for (std::size_t i = 0; i < bins.size(); ++i) {
    if (bins.last_ms[i] <= end_ms - request.range_ms ||
        bins.last_ms[i] > end_ms)
      continue;
    EXPECT_GT(bins.first_ms[i], end_ms - request.range_ms);
    Bin next{.first_ms = bins.first_ms[i],
             .last_ms = bins.last_ms[i],
             .count = static_cast<std::uint64_t>(bins.count[i])};
    if ((request.columns & kBinEnds) != 0) {
      next.first = bins.first[i];
      next.last = bins.last[i];
    }
    if ((request.columns & kBinExtremes) != 0) {
      next.min = bins.min[i];
      next.max = bins.max[i];
    }
    if ((request.columns & kBinSums) != 0) next.sum = bins.sum[i];
    if ((request.columns & kBinTaken) != 0) {
      next.taken = bins.taken[i];
      EXPECT_EQ(next.taken, 0);
    }
    got.add(next);
  }
  EXPECT_EQ(got.count, want.count);
  if (want.count == 0) return;
  EXPECT_EQ(got.first_ms, want.first_ms);
  EXPECT_EQ(got.last_ms, want.last_ms);
  if ((request.columns & kBinEnds) != 0) {
    expect_same(got.first, want.first);
    expect_same(got.last, want.last);
  }
  if ((request.columns & kBinExtremes) != 0) {
    expect_same(got.min, want.min);
    expect_same(got.max, want.max);
  }
  if ((request.columns & kBinSums) != 0) expect_close(got.sum, want.sum);
  if ((request.columns & kBinTaken) != 0) expect_close(got.taken, want.taken);
}

void expect_stored(const Bins& bins, std::size_t resolution,
                   const OracleSeries& series) {
  if (bins.empty()) return;
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < bins.size(); ++i) {
    const Bin got = bins.at(i);
    EXPECT_EQ(window_end_ms(got.first_ms, kResolutionsMs[resolution]),
              window_end_ms(got.last_ms, kResolutionsMs[resolution]));
    const Bin want = bin_of(series, got.first_ms - 1, got.last_ms);
    EXPECT_EQ(got.count, want.count);
    EXPECT_EQ(got.first_ms, want.first_ms);
    expect_same(got.first, want.first);
    expect_same(got.last, want.last);
    expect_same(got.min, want.min);
    expect_same(got.max, want.max);
    expect_close(got.sum, want.sum);
    if (!std::isnan(got.taken)) expect_close(got.taken, want.taken);
    count += got.count;
  }
  EXPECT_EQ(count, bin_of(series, INT64_MIN, INT64_MAX).count);
}

}  // namespace

void expect_bins(const Block& block, Ordinal series,
                 const OracleSeries& oracle) {
  for (std::size_t i = 0; i < kResolutions; ++i) {
    const auto stored = block.bins(series, i);
    ASSERT_TRUE(stored) << stored.error().message;
    EXPECT_TRUE(stored->alone.empty());
    expect_stored(stored->beside, i, oracle);
  }
  const std::int64_t first_ms = oracle.samples.front().t_ms;
  const std::int64_t last_ms = oracle.samples.back().t_ms;
  std::mt19937_64 random(static_cast<std::uint64_t>(series));
  for (int round = 0; round < 12; ++round) {
    const std::int64_t unit = round % 2 == 0 ? kMinuteMs * 5 : 1234;
    std::vector<std::int64_t> ends_ms;
    std::int64_t end_ms = window_end_ms(first_ms, unit) -
                          static_cast<std::int64_t>(random() % 3) * unit;
    const auto step_ms = static_cast<std::int64_t>(random() % 2000 + 1) * unit;
    for (; end_ms < last_ms + step_ms && ends_ms.size() < 20; end_ms += step_ms)
      ends_ms.push_back(end_ms);
    constexpr std::array<unsigned, 5> kColumns = {
        kBinEnds | kBinTaken, kBinEnds, kBinExtremes, kBinSums, kBinAll};
    const BinRequest request{
        .ends_ms = ends_ms,
        .range_ms = static_cast<std::int64_t>(random() % 3000 + 1) * unit,
        .columns = kColumns[random() % kColumns.size()],
        .resolution_ms = round % 3 == 0 ? 0 : kResolutionsMs[random() % 2]};
    Bins bins;
    const auto read = block.read_bins(series, request, bins);
    ASSERT_TRUE(read) << read.error().message;
    if (!*read) continue;
    EXPECT_TRUE(std::ranges::is_sorted(bins.last_ms));
    for (const std::int64_t each : ends_ms)
      expect_range(bins, oracle, each, request);
  }
}

}  // namespace prom::block
