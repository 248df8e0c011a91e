// Changes to Samples that are being filled, which keep its columns alike.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "libprom/model/samples.h"

namespace prom::tsdb {

// Where to go back to when what follows turns out to be damaged.
struct SamplesMark {
  explicit SamplesMark(const Samples& samples)
      : count(samples.t_ms.size()),
        histograms(samples.histograms.size()),
        has_histograms(!samples.histogram.empty()),
        has_starts(!samples.start_ms.empty()) {}

  void rewind(Samples& samples) const {
    samples.t_ms.resize(count);
    samples.value.resize(count);
    samples.histogram.resize(has_histograms ? count : 0);
    samples.start_ms.resize(has_starts ? count : 0);
    samples.histograms.resize(histograms);
  }

  std::size_t count;
  std::size_t histograms;
  bool has_histograms;
  bool has_starts;
};

// Keeps the samples behind `from` whose time `keep` accepts, in their order.
template <typename Keep>
void keep_samples(Samples& samples, std::size_t from, const Keep& keep) {
  std::size_t kept = from;
  for (std::size_t i = from; i < samples.t_ms.size(); ++i) {
    if (!keep(samples.t_ms[i])) continue;
    samples.t_ms[kept] = samples.t_ms[i];
    samples.value[kept] = samples.value[i];
    if (!samples.histogram.empty())
      samples.histogram[kept] = samples.histogram[i];
    if (!samples.start_ms.empty()) samples.start_ms[kept] = samples.start_ms[i];
    ++kept;
  }
  samples.t_ms.resize(kept);
  samples.value.resize(kept);
  if (!samples.histogram.empty()) samples.histogram.resize(kept);
  if (!samples.start_ms.empty()) samples.start_ms.resize(kept);
}

// Sorts the samples behind `from` by time and keeps the first of each time.
// Where that mixes histograms of several chunks, what a chunk said of counter
// resets holds no longer and is forgotten.
void sort_samples(Samples& samples, std::size_t from);

}  // namespace prom::tsdb
