// When a target is scraped and which timestamp its samples get.
//
// Each target has its own place within the interval, so that a thousand
// targets do not answer at once.  The place follows from the target's identity
// and a seed, pinned to absolute time: it survives restarts, and two replicas
// with different external labels scrape at different moments.
#pragma once

#include <cstdint>
#include <string_view>

#include "libprom/model/labels.h"

namespace prom::scrape {

// FNV-1a of host name and external labels, as upstream's offsetSeed.
std::uint64_t offset_seed(std::string_view host, const Labels& external_labels);
// FNV-1a over labels and URL; also tells targets apart in the stream.
std::uint64_t target_hash(const Labels& labels, std::string_view url);
// What tells targets of all jobs apart.
std::uint64_t source_of(const Labels& labels, std::string_view url,
                        std::string_view job);
// From now until the first scrape: in (0, interval_ms].
std::int64_t first_delay_ms(std::int64_t now_ms, std::int64_t interval_ms,
                            std::uint64_t hash, std::uint64_t seed);

// Ticks at a fixed interval in monotonic time and says what wall time each
// tick stands for.
class Ticker {
 public:
  Ticker() = default;
  // The first tick comes `delay_ms` from now.
  Ticker(std::int64_t interval_ms, std::int64_t delay_ms, std::int64_t wall_ms,
         std::int64_t monotonic_ns);

  [[nodiscard]] std::int64_t due_ns() const { return due_ns_; }
  // Wall time of the tick to come.
  [[nodiscard]] std::int64_t due_wall_ms() const { return wall_ms_; }
  [[nodiscard]] std::int64_t interval_ms() const { return interval_ms_; }

  // Takes the tick that is due and returns the timestamp of its samples: the
  // intended one when the tick is late by at most 1 % of the interval and
  // 2 ms, since equal distances compress well; else the time it is.  Ticks
  // that were missed are left out.
  std::int64_t take(std::int64_t wall_ms, std::int64_t monotonic_ns);

 private:
  std::int64_t interval_ms_ = 0;
  std::int64_t due_ns_ = 0;
  std::int64_t wall_ms_ = 0;
};

}  // namespace prom::scrape
