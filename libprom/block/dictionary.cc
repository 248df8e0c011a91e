#include "libprom/block/dictionary.h"

#include <string>

namespace prom::block {
namespace {

constexpr std::size_t kEndBytes = sizeof(std::uint32_t);

void set_bit(NumberSet& set, std::uint32_t number) {
  set.bits[number / 64] |= std::uint64_t{1} << (number % 64);
}

// The least text that is above all that begin with `prefix`; empty when there
// is none.
std::string after_prefix(std::string_view prefix) {
  std::string next(prefix);
  while (!next.empty() && next.back() == '\xff') next.pop_back();
  if (!next.empty()) next.back() = static_cast<char>(next.back() + 1);
  return next;
}

}  // namespace

Result<std::string_view> Dictionary::value(std::uint32_t number) const {
  if (number == 0 || number > entry_.values)
    return fail(Code::kCorrupt, "no label value " + std::to_string(number));
  const std::uint64_t first = number == 1 ? 0 : number - 2ULL;
  const auto ends = file_->bytes(entry_.ends + first * kEndBytes,
                                 (number - first) * kEndBytes);
  if (!ends) return fail(ends.error());
  const auto end =
      load_le<std::uint32_t>(ends->data() + ends->size() - kEndBytes);
  const auto begin = number == 1 ? 0U : load_le<std::uint32_t>(ends->data());
  if (begin > end || end > entry_.blob_bytes)
    return fail(file_->damage(entry_.ends + first * kEndBytes,
                              "bad end of a label value"));
  const auto text = file_->bytes(entry_.blob + begin, end - begin);
  if (!text) return fail(text.error());
  return as_text(*text);
}

Result<std::uint32_t> Dictionary::lower_bound(std::string_view wanted) const {
  std::uint32_t low = 1;
  std::uint32_t high = entry_.values + 1;
  while (low < high) {
    const std::uint32_t middle = low + (high - low) / 2;
    const auto found = value(middle);
    if (!found) return fail(found.error());
    if (*found < wanted) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

Result<std::uint32_t> Dictionary::find(std::string_view wanted) const {
  if (wanted.empty()) return 0;
  const auto number = lower_bound(wanted);
  if (!number || *number > entry_.values) return number ? 0 : number;
  const auto found = value(*number);
  if (!found) return fail(found.error());
  return *found == wanted ? *number : 0;
}

Result<NumberSet> Dictionary::match(const Matcher& matcher) const {
  const bool negative =
      matcher.op() == MatchOp::kNotEqual || matcher.op() == MatchOp::kNotRegex;
  NumberSet set;
  if (const Regex* const regex = matcher.regex(); regex != nullptr) {
    auto matched = match(*regex);
    if (!matched) return matched;
    set = std::move(*matched);
  } else {
    const auto number = find(matcher.value());
    if (!number) return fail(number.error());
    if (*number != 0 || matcher.value().empty()) {
      set.low = *number;
      set.high = *number + 1;
    }
  }
  set.inverted = set.inverted != negative;
  return set;
}

Result<NumberSet> Dictionary::match(const Regex& regex) const {
  if (!regex.literals().empty()) return match_literals(regex);
  const std::string_view prefix = regex.prefix();
  std::uint32_t low = 1;
  std::uint32_t high = entry_.values + 1;
  if (!prefix.empty()) {
    const auto first = lower_bound(prefix);
    if (!first) return fail(first.error());
    low = *first;
    const std::string next = after_prefix(prefix);
    if (!next.empty()) {
      const auto last = lower_bound(next);
      if (!last) return fail(last.error());
      high = *last;
    }
  }
  if (low > high) low = high;  // of values that are out of order
  if (regex.is_prefix_only()) {
    NumberSet set;
    set.low = prefix.empty() ? 0 : low;
    set.high = high;
    return set;
  }
  return match_each(regex, low, high);
}

Result<NumberSet> Dictionary::match_literals(const Regex& regex) const {
  NumberSet set;
  for (const std::string& literal : regex.literals()) {
    const auto number = find(literal);
    if (!number) return fail(number.error());
    if (*number == 0 && !literal.empty()) continue;
    if (set.high == 0) {
      set.low = *number;
      set.high = *number + 1;
      continue;
    }
    if (set.bits.empty()) {
      set.bits.resize(entry_.values / 64 + 1ULL);
      set_bit(set, set.low);
    }
    set_bit(set, *number);
  }
  return set;
}

Result<NumberSet> Dictionary::match_each(const Regex& regex, std::uint32_t low,
                                         std::uint32_t high) const {
  NumberSet set;
  set.bits.resize(entry_.values / 64 + 1ULL);
  if (regex.matches(std::string_view())) set_bit(set, 0);
  if (low >= high) return set;
  const auto ends = file_->bytes(entry_.ends, (high - 1ULL) * kEndBytes);
  if (!ends) return fail(ends.error());
  const auto end_of = [&](std::uint32_t number) {
    return load_le<std::uint32_t>(ends->data() + (number - 1ULL) * kEndBytes);
  };
  const std::uint32_t blob_first = low == 1 ? 0 : end_of(low - 1);
  const std::uint32_t blob_last = end_of(high - 1);
  if (blob_first > blob_last || blob_last > entry_.blob_bytes)
    return fail(file_->damage(entry_.ends, "bad ends of label values"));
  const auto blob =
      file_->bytes(entry_.blob + blob_first, blob_last - blob_first);
  if (!blob) return fail(blob.error());
  const std::string_view text = as_text(*blob);
  std::uint32_t begin = blob_first;
  for (std::uint32_t number = low; number < high; ++number) {
    const std::uint32_t end = end_of(number);
    if (begin > end || end > blob_last)
      return fail(file_->damage(entry_.ends, "bad ends of label values"));
    if (regex.matches(text.substr(begin - blob_first, end - begin)))
      set_bit(set, number);
    begin = end;
  }
  return set;
}

}  // namespace prom::block
