// An alert as it is kept, and the rules for two that say the same.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/model/labels.h"

namespace prom::alert {

using TextMap = std::map<std::string, std::string, std::less<>>;

// Times are Unix milliseconds; 0 is "not given".
struct Alert {
  Labels labels;
  TextMap annotations;  // values may be empty
  std::string generator_url;
  std::int64_t starts_at_ms = 0;
  std::int64_t ends_at_ms = 0;
  std::int64_t updated_at_ms = 0;
  // The end was not given but follows from resolve_timeout.
  bool is_timeout = false;
  std::uint64_t fingerprint = 0;  // of the labels

  [[nodiscard]] bool resolved_at(std::int64_t now_ms) const {
    return ends_at_ms != 0 && ends_at_ms <= now_ms;
  }
};
// Stored alerts are immutable and shared between the store and the groups.
using AlertPtr = std::shared_ptr<const Alert>;

// FNV-1a, 64 bits, over name 0xFF value 0xFF; upstream's, shown as 16 digits.
std::uint64_t fingerprint(const Labels& labels);
std::string format_fingerprint(std::uint64_t fingerprint);

// Whether `incoming` continues `stored` (their activity overlaps) rather than
// replace it.
bool overlaps(const Alert& stored, const Alert& incoming);
// One alert of two with the same labels, in any order: what the later update
// says, beginning with the earlier start.
Alert merge(const Alert& one, const Alert& other, std::int64_t now_ms);

// The order in messages: by job, then instance, those without last, then
// labels.  Stable.
void sort_for_message(std::vector<Alert>& alerts);

}  // namespace prom::alert
