#include "libprom/store/sample_text.h"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>

#include "libprom/base/number.h"
#include "libprom/model/sample.h"

namespace prom::store {
namespace {

constexpr std::string_view kNanPrefix = "nan(0x";

void append_hex(std::string& out, std::uint64_t bits) {
  std::array<char, 16> digits{};
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), bits, 16);
  out.append(digits.data(), end.ptr);
}

// For what is not finite and no ordinary NaN.
void append_word(std::string& out, double value) {
  if (std::isinf(value)) {
    out += value > 0 ? "Infinity" : "-Infinity";
  } else if (is_stale_nan(value)) {
    out += "stale";
  } else {
    out += kNanPrefix;
    append_hex(out, std::bit_cast<std::uint64_t>(value));
    out += ')';
  }
}

bool is_normal_nan(double value) {
  return std::bit_cast<std::uint64_t>(value) == kNormalNanBits;
}

template <typename T, typename Append>
void append_list(std::string& out, std::string_view key,
                 const std::vector<T>& items, Append append) {
  if (items.empty()) return;
  out += ",\"";
  out += key;
  out += "\":";
  char before = '[';
  for (const T& item : items) {
    out += before;
    before = ',';
    append(item);
  }
  out += ']';
}

}  // namespace

void append_value_text(std::string& out, double value) {
  if (std::isfinite(value)) {
    append_float(out, value);
  } else if (is_normal_nan(value)) {
    out += "NaN";
  } else {
    append_word(out, value);
  }
}

void append_value_json(std::string& out, double value) {
  if (std::isfinite(value)) {
    append_float(out, value);
  } else if (is_normal_nan(value)) {
    out += "null";
  } else {
    out += '"';
    append_word(out, value);
    out += '"';
  }
}

std::optional<double> parse_value_text(std::string_view text) {
  if (text == "stale") return stale_nan();
  if (text.starts_with(kNanPrefix) && text.ends_with(')')) {
    const std::string_view digits =
        text.substr(kNanPrefix.size(), text.size() - kNanPrefix.size() - 1);
    std::uint64_t bits = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), bits, 16);
    const auto value = std::bit_cast<double>(bits);
    if (error != std::errc() || end != digits.data() + digits.size() ||
        !std::isnan(value))
      return std::nullopt;
    return value;
  }
  const auto value = parse_float(text);
  if (value && std::isnan(*value)) return normal_nan();
  return value;
}

void append_histogram_json(std::string& out, const FloatHistogram& h) {
  const auto number = [&](std::string_view key, double value) {
    out += key;
    append_value_json(out, value);
  };
  out += "{\"schema\":";
  append_int(out, h.schema);
  number(",\"count\":", h.count);
  number(",\"sum\":", h.sum);
  if (h.zero_threshold != 0) number(",\"zero_threshold\":", h.zero_threshold);
  if (h.zero_count != 0) number(",\"zero_count\":", h.zero_count);
  const auto span = [&](const BucketSpan& one) {
    out += '[';
    append_int(out, one.offset);
    out += ',';
    append_int(out, one.length);
    out += ']';
  };
  const auto value = [&](double one) { append_value_json(out, one); };
  append_list(out, "positive_spans", h.positive_spans, span);
  append_list(out, "positive_buckets", h.positive_buckets, value);
  append_list(out, "negative_spans", h.negative_spans, span);
  append_list(out, "negative_buckets", h.negative_buckets, value);
  append_list(out, "custom_values", h.custom_values, value);
  switch (h.counter_reset_hint) {
    case CounterResetHint::kUnknown:
      break;
    case CounterResetHint::kReset:
      out += R"(,"counter_reset_hint":"reset")";
      break;
    case CounterResetHint::kNotReset:
      out += R"(,"counter_reset_hint":"not_reset")";
      break;
    case CounterResetHint::kGauge:
      out += R"(,"counter_reset_hint":"gauge")";
      break;
  }
  if (h.integer) out += ",\"integer\":true";
  out += '}';
}

}  // namespace prom::store
