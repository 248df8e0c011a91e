#include "libprom/alert/alert.h"

#include <algorithm>
#include <cstdio>

#include "libprom/base/checksum.h"

namespace prom::alert {
namespace {

constexpr char kSeparator = '\xff';

// Less, greater or equal as -1, 1, 0; a missing label comes last.
int compare_label(const Alert& a, const Alert& b, std::string_view name) {
  const std::string_view left = a.labels.get(name);
  const std::string_view right = b.labels.get(name);
  if (left == right) return 0;
  if (left.empty()) return 1;
  if (right.empty()) return -1;
  return left < right ? -1 : 1;
}

// Upstream's order of label sets: smaller sets first, then by the first name
// or value that differs; of two, the set that lacks a name is the lesser.
bool labels_less(const Labels& a, const Labels& b) {
  const std::size_t left_size = a.size();
  const std::size_t right_size = b.size();
  if (left_size != right_size) return left_size < right_size;
  auto right = b.begin();
  for (const LabelView left : a) {
    if (left.name != right->name) return left.name > right->name;
    if (left.value != right->value) return left.value < right->value;
    ++right;
  }
  return false;
}

}  // namespace

std::uint64_t fingerprint(const Labels& labels) {
  std::string bytes;
  for (const LabelView label : labels) {
    bytes += label.name;
    bytes += kSeparator;
    bytes += label.value;
    bytes += kSeparator;
  }
  return fnv1a64(bytes);
}

std::string format_fingerprint(std::uint64_t fingerprint) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx",
                static_cast<unsigned long long>(fingerprint));
  return text;
}

bool overlaps(const Alert& stored, const Alert& incoming) {
  return (incoming.ends_at_ms > stored.starts_at_ms &&
          incoming.ends_at_ms < stored.ends_at_ms) ||
         (incoming.starts_at_ms > stored.starts_at_ms &&
          incoming.starts_at_ms < stored.ends_at_ms);
}

Alert merge(const Alert& one, const Alert& other, std::int64_t now_ms) {
  if (other.updated_at_ms < one.updated_at_ms) return merge(other, one, now_ms);
  const Alert& older = one;
  Alert merged = other;
  merged.starts_at_ms = std::min(older.starts_at_ms, merged.starts_at_ms);
  if (merged.resolved_at(now_ms)) {
    if (older.resolved_at(now_ms))
      merged.ends_at_ms = std::max(older.ends_at_ms, merged.ends_at_ms);
  } else if (older.ends_at_ms > merged.ends_at_ms && !older.is_timeout) {
    merged.ends_at_ms = older.ends_at_ms;
  }
  return merged;
}

void sort_for_message(std::vector<Alert>& alerts) {
  std::stable_sort(
      alerts.begin(), alerts.end(), [](const Alert& a, const Alert& b) {
        for (const std::string_view name : {"job", "instance"})
          if (const int order = compare_label(a, b, name); order != 0)
            return order < 0;
        return labels_less(a.labels, b.labels);
      });
}

}  // namespace prom::alert
