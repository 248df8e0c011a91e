#include "libprom/alert/silence.h"

#include <algorithm>
#include <random>

#include "libprom/alert/record.h"
#include "libprom/base/duration.h"
#include "libprom/base/utf8.h"

namespace prom::alert {
namespace {

bool may_change(const Silence& old, const Silence& wanted,
                std::int64_t now_ms) {
  if (old.matchers != wanted.matchers) return false;
  switch (old.state_at(now_ms)) {
    case SilenceState::kActive:
      return wanted.starts_at_ms / kSecondMs == old.starts_at_ms / kSecondMs &&
             wanted.ends_at_ms >= now_ms;
    case SilenceState::kPending:
      return wanted.starts_at_ms >= now_ms;
    case SilenceState::kExpired:
      return false;
  }
  return false;
}

// Upstream's rule: negative matchers never count as matching nothing, and
// regular expressions are tried without anchors, so that "b|" matches.
bool matches_nothing(const LabelMatcher& matcher) {
  if (matcher.op() == MatchOp::kEqual) return matcher.value().empty();
  if (matcher.op() != MatchOp::kRegex) return false;
  return matcher.matches("");
}

Status validate_matcher(const LabelMatcher& matcher, MatcherMode mode) {
  if (!is_valid_label_name(matcher.name(), mode))
    return fail(Code::kBadData, "invalid label name " + quote(matcher.name()));
  if (!matcher.is_regex() && !is_valid_utf8(matcher.value()))
    return fail(Code::kBadData,
                "invalid label value " + quote(matcher.value()));
  return {};
}

}  // namespace

std::string_view to_string(SilenceState state) {
  switch (state) {
    case SilenceState::kPending:
      return "pending";
    case SilenceState::kActive:
      return "active";
    case SilenceState::kExpired:
      return "expired";
  }
  return "";
}

SilenceState Silence::state_at(std::int64_t now_ms) const {
  if (now_ms < starts_at_ms) return SilenceState::kPending;
  return now_ms > ends_at_ms ? SilenceState::kExpired : SilenceState::kActive;
}

Status validate(const Silence& silence, MatcherMode mode) {
  if (silence.matchers.empty())
    return fail(Code::kBadData, "matcher set 0 is empty");
  for (std::size_t i = 0; i < silence.matchers.size(); ++i)
    if (Status valid = validate_matcher(silence.matchers[i], mode); !valid)
      return fail(std::move(valid).error().in("invalid label matcher " +
                                              std::to_string(i) + " in set 0"));
  if (std::all_of(silence.matchers.begin(), silence.matchers.end(),
                  matches_nothing))
    return fail(Code::kBadData,
                "matcher set 0: at least one matcher must not match the empty "
                "string");
  if (silence.starts_at_ms == 0)
    return fail(Code::kBadData, "invalid zero start timestamp");
  if (silence.ends_at_ms == 0)
    return fail(Code::kBadData, "invalid zero end timestamp");
  if (silence.ends_at_ms < silence.starts_at_ms)
    return fail(Code::kBadData, "end time must not be before start time");
  return {};
}

Silences::Silences(std::int64_t retention_ms, SilenceLimits limits,
                   MatcherMode mode, OnChange on_change)
    : retention_ms_(retention_ms),
      limits_(limits),
      mode_(mode),
      on_change_(std::move(on_change)) {}

Result<std::string> Silences::set(Silence silence, std::int64_t now_ms) {
  if (silence.starts_at_ms == 0) silence.starts_at_ms = now_ms;
  if (Status valid = validate(silence, mode_); !valid)
    return fail(std::move(valid).error().in("invalid silence"));
  const auto old = by_id_.find(silence.id);
  if (!silence.id.empty() && old == by_id_.end())
    return fail(Code::kMissing, "silence not found");

  const bool in_place =
      old != by_id_.end() && may_change(old->second, silence, now_ms);
  if (!in_place) {
    if (limits_.count_max != 0 && by_id_.size() + 1 > limits_.count_max)
      return fail(Code::kLimit,
                  "exceeded maximum number of silences: " +
                      std::to_string(by_id_.size()) +
                      " (limit: " + std::to_string(limits_.count_max) + ")");
    silence.id = random_uuid();
    silence.starts_at_ms = std::max(silence.starts_at_ms, now_ms);
  }
  silence.updated_at_ms = now_ms;
  const std::size_t size = encode(silence).size();
  if (limits_.bytes_max != 0 && size > limits_.bytes_max)
    return fail(Code::kLimit,
                "silence exceeded maximum size: " + std::to_string(size) +
                    " bytes (limit: " + std::to_string(limits_.bytes_max) +
                    " bytes)");
  if (!in_place && old != by_id_.end()) expire_stored(old->second, now_ms);
  std::string id = silence.id;
  store(std::move(silence));
  return id;
}

Status Silences::expire(const std::string& id, std::int64_t now_ms) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return fail(Code::kMissing, "silence not found");
  expire_stored(found->second, now_ms);
  return {};
}

void Silences::expire_stored(const Silence& old, std::int64_t now_ms) {
  Silence ended = old;
  switch (old.state_at(now_ms)) {
    case SilenceState::kExpired:
      return;
    case SilenceState::kActive:
      ended.ends_at_ms = now_ms;
      break;
    case SilenceState::kPending:
      ended.starts_at_ms = now_ms;
      ended.ends_at_ms = now_ms;
      break;
  }
  ended.updated_at_ms = now_ms;
  store(std::move(ended));
}

void Silences::store(Silence silence) {
  on_change_(silence);
  restore(std::move(silence));
}

void Silences::restore(Silence silence) {
  std::string id = silence.id;
  by_id_.insert_or_assign(std::move(id), std::move(silence));
}

std::size_t Silences::collect(std::int64_t now_ms) {
  return std::erase_if(by_id_, [&](const auto& entry) {
    return entry.second.ends_at_ms + retention_ms_ <= now_ms;
  });
}

const Silence* Silences::find(const std::string& id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &found->second;
}

std::vector<std::string> Silences::silenced_by(const Labels& labels,
                                               std::int64_t now_ms) const {
  std::vector<std::string> ids;
  for (const auto& [id, silence] : by_id_)
    if (silence.state_at(now_ms) == SilenceState::kActive &&
        matches_all(silence.matchers, labels))
      ids.push_back(id);
  return ids;
}

std::string random_uuid() {
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::random_device random;  // the kernel's generator
  std::string id = "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx";
  for (char& c : id) {
    if (c == 'x') c = kHex[random() % 16];
    if (c == 'y') c = kHex[8 + random() % 4];
  }
  return id;
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
                     (c >= 'A' && c <= 'F');
    if (dash ? c != '-' : !hex) return false;
  }
  return true;
}

}  // namespace prom::alert
