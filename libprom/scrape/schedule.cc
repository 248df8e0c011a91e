#include "libprom/scrape/schedule.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "libprom/base/checksum.h"

namespace prom::scrape {
namespace {

constexpr std::int64_t kMillisecondNs = 1'000'000;
constexpr std::int64_t kToleranceMs = 2;

}  // namespace

std::uint64_t offset_seed(std::string_view host,
                          const Labels& external_labels) {
  return fnv1a64(external_labels.to_string(), fnv1a64(host));
}

std::uint64_t target_hash(const Labels& labels, std::string_view url) {
  return fnv1a64(url, fnv1a64(labels.encoded()));
}

std::uint64_t source_of(const Labels& labels, std::string_view url,
                        std::string_view job) {
  return fnv1a64(job, target_hash(labels, url));
}

std::int64_t first_delay_ms(std::int64_t now_ms, std::int64_t interval_ms,
                            std::uint64_t hash, std::uint64_t seed) {
  const std::int64_t until_next = interval_ms - now_ms % interval_ms;
  const auto offset = static_cast<std::int64_t>(
      (hash ^ seed) % static_cast<std::uint64_t>(interval_ms));
  const std::int64_t delay = until_next + offset;
  return delay > interval_ms ? delay - interval_ms : delay;
}

Ticker::Ticker(std::int64_t interval_ms, std::int64_t delay_ms,
               std::int64_t wall_ms, std::int64_t monotonic_ns)
    : interval_ms_(interval_ms),
      due_ns_(monotonic_ns + delay_ms * kMillisecondNs),
      wall_ms_(wall_ms + delay_ms) {}

std::int64_t Ticker::take(std::int64_t wall_ms, std::int64_t monotonic_ns) {
  const std::int64_t interval_ns = interval_ms_ * kMillisecondNs;
  const std::int64_t missed =
      std::max<std::int64_t>(monotonic_ns - due_ns_, 0) / interval_ns;
  const std::int64_t intended = wall_ms_ + missed * interval_ms_;
  due_ns_ += (missed + 1) * interval_ns;
  wall_ms_ = intended + interval_ms_;
  const std::int64_t off = std::abs(wall_ms - intended);
  // The wall clock was set: the old grid means nothing any more.
  if (off > interval_ms_) wall_ms_ = wall_ms + interval_ms_;
  return off <= std::min(interval_ms_ / 100, kToleranceMs) ? intended : wall_ms;
}

}  // namespace prom::scrape
