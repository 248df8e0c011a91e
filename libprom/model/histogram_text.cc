#include "libprom/model/histogram_text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "libprom/base/number.h"
#include "libprom/base/utf8.h"
#include "libprom/model/histogram_codec.h"

namespace prom {
namespace {

constexpr std::string_view kGap = "_x";
constexpr std::array<std::string_view, 4> kHints = {"", "reset", "not_reset",
                                                    "gauge"};

void append_field(std::string& out, std::string_view key, double value) {
  out += ' ';
  out += key;
  out += ':';
  append_float(out, value);
}

void append_side(std::string& out, std::string_view prefix,
                 const std::vector<BucketSpan>& spans,
                 const std::vector<double>& buckets) {
  if (buckets.empty()) return;
  std::string list;
  std::int64_t offset = 0;  // not written yet
  std::size_t at = 0;
  for (const BucketSpan& span : spans) {
    offset += span.offset;
    if (span.length == 0) continue;
    if (at == 0) {
      if (offset != 0) {
        out += ' ';
        out += prefix;
        out += "offset:" + std::to_string(offset);
      }
    } else if (offset != 0) {
      list += ' ';
      list += kGap;
      append_int(list, offset);
    }
    offset = 0;
    for (std::uint32_t i = 0; i < span.length; ++i, ++at) {
      if (at > 0) list += ' ';
      append_float(list, buckets[at]);
    }
  }
  out += ' ';
  out += prefix;
  out += "buckets:[" + list + ']';
}

// Buckets of one side while they are read.
struct Side {
  std::int64_t offset = 0;
  std::vector<BucketSpan> spans;
  std::vector<double> buckets;

  bool add(std::string_view item) {
    if (item.starts_with(kGap)) {
      const auto gap = parse_uint(item.substr(kGap.size()));
      if (!gap || *gap == 0 || *gap > INT32_MAX || spans.empty()) return false;
      spans.push_back({static_cast<std::int32_t>(*gap), 0});
      return true;
    }
    const auto count = parse_float(item);
    if (!count || buckets.size() >= kHistogramBucketsMax) return false;
    if (spans.empty()) spans.emplace_back();
    ++spans.back().length;
    buckets.push_back(*count);
    return true;
  }
  bool set_offset(std::string_view text) {
    const auto number = parse_int(text);
    if (!number || *number < INT32_MIN || *number > INT32_MAX) return false;
    offset = *number;
    return true;
  }
  bool finish(std::vector<BucketSpan>& into_spans,
              std::vector<double>& into_buckets) {
    if (!spans.empty()) {
      if (spans.back().length == 0) return false;  // a gap before nothing
      spans.front().offset = static_cast<std::int32_t>(offset);
    }
    into_spans = std::move(spans);
    into_buckets = std::move(buckets);
    return true;
  }
};

class Parser {
 public:
  // Reads "key:value"s up to the end of `rest`.
  bool read(std::string_view rest) {
    while (!rest.empty()) {
      const std::size_t blanks = rest.find_first_not_of(' ');
      if (blanks == std::string_view::npos) break;
      rest.remove_prefix(blanks);
      const std::size_t colon = rest.find(':');
      if (colon == std::string_view::npos) return false;
      const std::string_view key = rest.substr(0, colon);
      rest.remove_prefix(colon + 1);
      const char stop = rest.starts_with('[') ? ']' : ' ';
      std::size_t size = std::min(rest.find(stop), rest.size());
      if (stop == ']' && size == rest.size()) return false;
      if (stop == ']') ++size;
      if (!take(key, rest.substr(0, size))) return false;
      rest.remove_prefix(size);
    }
    return positive_.finish(h_.positive_spans, h_.positive_buckets) &&
           negative_.finish(h_.negative_spans, h_.negative_buckets);
  }

  [[nodiscard]] FloatHistogram& histogram() { return h_; }

 private:
  bool take(std::string_view key, std::string_view value) {
    if (key == "schema") {
      const auto schema = parse_int(value);
      if (!schema || *schema < INT8_MIN || *schema > INT8_MAX) return false;
      h_.schema = static_cast<std::int32_t>(*schema);
      return true;
    }
    if (key == "count") {
      h_.integer = value.find_first_not_of("0123456789") == value.npos;
      return number(value, h_.count);
    }
    if (key == "sum") return number(value, h_.sum);
    if (key == "z_bucket") return number(value, h_.zero_count);
    if (key == "z_bucket_w") return number(value, h_.zero_threshold);
    if (key == "counter_reset_hint") return take_hint(value);
    if (key == "offset") return positive_.set_offset(value);
    if (key == "n_offset") return negative_.set_offset(value);
    if (key == "buckets")
      return each(value, [&](auto item) { return positive_.add(item); });
    if (key == "n_buckets")
      return each(value, [&](auto item) { return negative_.add(item); });
    if (key == "custom_values") {
      return each(value, [&](std::string_view item) {
        return h_.custom_values.size() < kHistogramBucketsMax &&
               number(item, h_.custom_values.emplace_back());
      });
    }
    return false;
  }

  bool take_hint(std::string_view value) {
    const auto at = std::ranges::find(kHints, value);
    if (at == kHints.end() && value != "unknown") return false;
    h_.counter_reset_hint =
        at == kHints.end() ? CounterResetHint::kUnknown
                           : static_cast<CounterResetHint>(at - kHints.begin());
    return true;
  }

  static bool number(std::string_view text, double& into) {
    const auto value = parse_float(text);
    into = value.value_or(0);
    return value.has_value();
  }

  // Calls `take_item` for the items of "[a b c]".
  template <typename Take>
  static bool each(std::string_view list, Take take_item) {
    if (!list.starts_with('[') || !list.ends_with(']')) return false;
    list = list.substr(1, list.size() - 2);
    while (true) {
      const std::size_t begin = list.find_first_not_of(' ');
      if (begin == std::string_view::npos) return true;
      list.remove_prefix(begin);
      const std::size_t size = std::min(list.find(' '), list.size());
      if (!take_item(list.substr(0, size))) return false;
      list.remove_prefix(size);
    }
  }

  FloatHistogram h_;
  Side positive_, negative_;
};

}  // namespace

void append_histogram_text(std::string& out, const FloatHistogram& h) {
  out += kHistogramOpening;
  out += "schema:" + std::to_string(h.schema) + " count:";
  const std::size_t count_at = out.size();
  if (h.integer) {
    append_int(out, static_cast<std::int64_t>(h.count));
  } else {
    append_float(out, h.count);
    if (out.find_first_not_of("0123456789", count_at) == std::string::npos)
      out += ".0";
  }
  append_field(out, "sum", h.sum);
  if (h.zero_count != 0) append_field(out, "z_bucket", h.zero_count);
  if (h.zero_threshold != 0) append_field(out, "z_bucket_w", h.zero_threshold);
  if (!h.custom_values.empty()) {
    out += " custom_values:[";
    for (const double bound : h.custom_values) {
      append_float(out, bound);
      out += ' ';
    }
    out.back() = ']';
  }
  if (h.counter_reset_hint != CounterResetHint::kUnknown) {
    out += " counter_reset_hint:";
    out += kHints.at(static_cast<std::size_t>(h.counter_reset_hint));
  }
  append_side(out, "", h.positive_spans, h.positive_buckets);
  append_side(out, "n_", h.negative_spans, h.negative_buckets);
  out += kHistogramClosing;
}

Result<FloatHistogram> parse_histogram_text(std::string_view text) {
  const auto malformed = [&] {
    constexpr std::size_t kShown = 100;
    return fail(Code::kBadData,
                "malformed histogram " + printable(text.substr(0, kShown)));
  };
  if (text.size() < kHistogramOpening.size() + kHistogramClosing.size() ||
      !text.starts_with(kHistogramOpening) ||
      !text.ends_with(kHistogramClosing))
    return malformed();
  Parser parser;
  if (!parser.read(text.substr(2, text.size() - 4))) return malformed();
  if (Status admitted = admit(parser.histogram()); !admitted)
    return fail(std::move(admitted).error());
  return std::move(parser.histogram());
}

}  // namespace prom
