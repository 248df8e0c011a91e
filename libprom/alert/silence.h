// Silences: who may be quiet, from when, until when.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/alert/alert.h"
#include "libprom/alert/matcher.h"
#include "libprom/base/result.h"

namespace prom::alert {

enum class SilenceState { kPending, kActive, kExpired };
std::string_view to_string(SilenceState state);

// Times are Unix milliseconds; 0 is "not given".
struct Silence {
  std::string id = {};  // UUID
  LabelMatchers matchers = {};
  std::int64_t starts_at_ms = 0;
  std::int64_t ends_at_ms = 0;
  std::int64_t updated_at_ms = 0;
  std::string created_by = {};
  std::string comment = {};
  TextMap annotations = {};

  [[nodiscard]] SilenceState state_at(std::int64_t now_ms) const;
};

struct SilenceLimits {
  std::uint64_t count_max = 0;  // 0: any; expired ones count
  std::uint64_t bytes_max = 0;  // 0: any; of one encoded silence
};

// Why a silence cannot be stored; kBadData with upstream's words.
Status validate(const Silence& silence, MatcherMode mode);

// All silences, until their retention ends.  One thread.  Every change is
// given to `on_change`, which puts it on disk.
class Silences {
 public:
  using OnChange = std::function<void(const Silence&)>;
  Silences(std::int64_t retention_ms, SilenceLimits limits, MatcherMode mode,
           OnChange on_change);

  // Creates one (no id), changes it in place where that does not rewrite
  // history, else expires it and creates another.  Returns the id that counts
  // now.  kMissing: unknown id; kLimit: a limit; kBadData: not valid.  A
  // failure leaves everything as it was.
  Result<std::string> set(Silence silence, std::int64_t now_ms);
  // Ends one now; no effect on an expired one.  kMissing: unknown id.
  Status expire(const std::string& id, std::int64_t now_ms);
  // As it was on disk, without questions.
  void restore(Silence silence);
  // Forgets those whose retention is over; how many.
  std::size_t collect(std::int64_t now_ms);

  [[nodiscard]] const Silence* find(const std::string& id) const;
  [[nodiscard]] const std::map<std::string, Silence>& all() const {
    return by_id_;
  }
  // Ids of active silences that match, ascending.
  [[nodiscard]] std::vector<std::string> silenced_by(const Labels& labels,
                                                     std::int64_t now_ms) const;

 private:
  void store(Silence silence);
  void expire_stored(const Silence& old, std::int64_t now_ms);

  const std::int64_t retention_ms_;
  const SilenceLimits limits_;
  const MatcherMode mode_;
  const OnChange on_change_;
  std::map<std::string, Silence> by_id_;
};

// A random UUID, version 4.
std::string random_uuid();
bool is_uuid(std::string_view text);

}  // namespace prom::alert
