#include "libprom/model/samples.h"

#include <utility>

namespace prom {
namespace {

template <typename T>
std::span<const T> part(const std::vector<T>& column, std::size_t from,
                        std::size_t to) {
  if (column.empty()) return {};
  return std::span(column).subspan(from, to - from);
}

}  // namespace

void Samples::clear() {
  t_ms.clear();
  value.clear();
  histogram.clear();
  start_ms.clear();
  end.clear();
  histograms.clear();
}

SeriesSamples Samples::of(std::size_t series) const {
  const std::size_t from = begin_of(series);
  const std::size_t to = end[series];
  return {part(t_ms, from, to), part(value, from, to),
          part(histogram, from, to), part(start_ms, from, to)};
}

void Samples::push(std::int64_t time_ms, double sample) {
  t_ms.push_back(time_ms);
  value.push_back(sample);
  if (!histogram.empty()) histogram.push_back(nullptr);
  if (!start_ms.empty()) start_ms.push_back(0);
}

void Samples::push(std::int64_t time_ms, FloatHistogram sample) {
  if (histogram.empty()) histogram.resize(t_ms.size(), nullptr);
  const FloatHistogram& kept = histograms.emplace_back(std::move(sample));
  t_ms.push_back(time_ms);
  value.push_back(kept.sum);
  histogram.push_back(&kept);
  if (!start_ms.empty()) start_ms.push_back(0);
}

void Samples::set_start(std::int64_t time_ms) {
  if (time_ms == 0 && start_ms.empty()) return;
  start_ms.resize(t_ms.size(), 0);
  start_ms.back() = time_ms;
}

}  // namespace prom
