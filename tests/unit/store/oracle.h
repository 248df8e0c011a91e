// Stores whose every sample can be checked alone: its value is a function of
// its series and its time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "libprom/base/checksum.h"
#include "libprom/store/sample_reader.h"
#include "libprom/store/snapshot.h"
#include "libprom/store/view.h"
#include "libprom/store/writer.h"

namespace prom::store::oracle {

constexpr std::int64_t kStart = 1'700'000'000'000;
constexpr int kTargets = 3;
constexpr int kColumns = 70;  // more than a block of columns

inline Labels labels(int target, int column) {
  return {{"__name__", "m" + std::to_string(column)},
          {"t", std::to_string(target)}};
}

// Two of three values repeat from row to row, as in life.
inline double value(int target, int column, std::int64_t t_ms) {
  if (column % 3 != 0) return target * 1000 + column;
  const std::string seed = std::to_string(target) + "/" +
                           std::to_string(column) + "/" + std::to_string(t_ms);
  return static_cast<double>(hash64(seed) % 1'000'000) / 7;
}

inline Status add_layouts(Writer& writer) {
  for (int target = 0; target < kTargets; ++target) {
    wire::Layout layout;
    layout.source = static_cast<std::uint64_t>(target) + 1;
    layout.version = 1;
    for (int c = 0; c < kColumns; ++c)
      layout.series.push_back(labels(target, c));
    if (Status done = writer.add(layout); !done) return done;
  }
  return {};
}

// Scrape number n of every target.
inline Status add_rows(Writer& writer, int n) {
  for (int target = 0; target < kTargets; ++target) {
    wire::Row row;
    row.source = static_cast<std::uint64_t>(target) + 1;
    row.version = 1;
    row.sequence = static_cast<std::uint64_t>(n) + 1;
    row.t_ms = kStart + n * 1000 + target;
    for (int c = 0; c < kColumns; ++c)
      row.values.push_back(value(target, c, row.t_ms));
    if (Status done = writer.add(row); !done) return done;
  }
  // And one loose sample.
  return writer.add(wire::Loose{.source = 99,
                                .sequence = static_cast<std::uint64_t>(n) + 1,
                                .items = {{labels(99, 0), kStart + n * 1000,
                                           value(99, 0, kStart + n * 1000)}}});
}

struct Count {
  std::uint64_t samples = 0;
  std::uint64_t wrong = 0;
  int rows_of_all = 0;  // scrapes 0 to n - 1 that are there without a gap
};

// Compares the samples of one series with what they have to be.
inline void check_series(const Labels& found, const Samples& samples,
                         Count& count) {
  const int target = std::atoi(std::string(found.get("t")).c_str());
  const int column =
      std::atoi(std::string(found.metric_name().substr(
                                found.metric_name().empty() ? 0 : 1))
                    .c_str());
  const bool known = found == labels(target, column);
  int gapless = 0;
  for (std::size_t k = 0; k < samples.t_ms.size(); ++k) {
    const std::int64_t t_ms = samples.t_ms[k];
    ++count.samples;
    const int skew = target == 99 ? 0 : target;
    if (t_ms == kStart + gapless * 1000 + skew) ++gapless;
    if (!known || samples.value[k] != value(target, column, t_ms))
      ++count.wrong;
  }
  count.rows_of_all = std::min(count.rows_of_all, gapless);
}

// Reads everything that is there and compares it with what it has to be.
inline Count check(const View& view) {
  Count count;
  const auto all = view.select({}, INT64_MIN, INT64_MAX);
  if (!all || (*all)->size() == 0) return count;
  Samples samples;
  count.rows_of_all = INT32_MAX;
  for (std::size_t i = 0; i < (*all)->size(); ++i) {
    (*all)->read(i, 1, samples);
    check_series((*all)->labels(i), samples, count);
  }
  return count;
}

// The same for one generation.
inline Count check(const Snapshot& shared_snapshot,
                   std::shared_ptr<const Snapshot> snapshot) {
  Count count;
  auto series = shared_snapshot.select({});
  if (!series || series->empty()) return count;
  const SampleReader reader(snapshot, *series, INT64_MIN, INT64_MAX);
  Samples samples;
  count.rows_of_all = INT32_MAX;
  for (std::size_t i = 0; i < reader.size(); ++i) {
    reader.read(i, 1, samples);
    check_series(snapshot->labels(reader.series()[i]), samples, count);
  }
  return count;
}

inline Count check(const std::string& path) {
  const auto view = View::open(path);
  if (!view) return {.samples = 0, .wrong = 0, .rows_of_all = -1};
  return check(**view);
}

}  // namespace prom::store::oracle
