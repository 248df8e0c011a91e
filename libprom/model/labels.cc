#include "libprom/model/labels.h"

#include <algorithm>
#include <cassert>

#include "libprom/base/bytes.h"
#include "libprom/base/checksum.h"
#include "libprom/base/utf8.h"

namespace prom {
namespace {

// Lengths are short, so the common case is one byte.  REQUIRES: well formed.
std::uint64_t read_length(const char*& at) {
  std::uint64_t value = 0;
  for (unsigned shift = 0;; shift += 7) {
    const auto byte = static_cast<unsigned char>(*at++);
    value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
    if (byte < 0x80) return value;
  }
}

std::string_view read_text(const char*& at) {
  const auto size = static_cast<std::size_t>(read_length(at));
  const std::string_view text(at, size);
  at += size;
  return text;
}

void append_label(std::string& out, std::string_view name,
                  std::string_view value) {
  append_varint(out, name.size());
  out += name;
  append_varint(out, value.size());
  out += value;
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

Labels::Iterator::Iterator(const char* at, const char* end)
    : at_(at), end_(end) {
  decode();
}

void Labels::Iterator::decode() {
  if (at_ == end_) return;
  next_ = at_;
  current_.name = read_text(next_);
  current_.value = read_text(next_);
}

Labels::Iterator& Labels::Iterator::operator++() {
  at_ = next_;
  decode();
  return *this;
}

Labels::Labels(std::initializer_list<LabelView> labels)
    : Labels(from(std::vector<LabelView>(labels))) {}

Labels Labels::from(std::vector<LabelView> labels) {
  std::ranges::stable_sort(labels, {}, &LabelView::name);
  Labels result;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const bool last_of_name =
        i + 1 == labels.size() || labels[i + 1].name != labels[i].name;
    if (last_of_name && !labels[i].value.empty())
      append_label(result.encoded_, labels[i].name, labels[i].value);
  }
  return result;
}

Labels Labels::from_sorted(const std::vector<LabelView>& labels) {
  // Lengths take one or two bytes, mostly one.
  std::size_t size = 0;
  for (const LabelView& label : labels)
    size += label.name.size() + label.value.size() + 3;
  Labels result;
  result.encoded_.reserve(size);
  for (const LabelView& label : labels)
    append_label(result.encoded_, label.name, label.value);
  return result;
}

Labels::Iterator Labels::begin() const {
  return {encoded_.data(), encoded_.data() + encoded_.size()};
}
Labels::Iterator Labels::end() const {
  const char* const end = encoded_.data() + encoded_.size();
  return {end, end};
}

std::size_t Labels::size() const {
  return static_cast<std::size_t>(std::distance(begin(), end()));
}

std::string_view Labels::get(std::string_view name) const {
  const char* at = encoded_.data();
  const char* const end = at + encoded_.size();
  while (at != end) {
    const std::string_view found = read_text(at);
    const std::string_view value = read_text(at);
    if (found == name) return value;
    if (found > name) break;
  }
  return {};
}

std::uint64_t Labels::hash() const {
  return hash64(encoded_);
}

std::string Labels::to_string() const {
  std::string out;
  const std::string_view metric = metric_name();
  const bool bare = is_legacy_metric_name(metric);
  if (bare) out += metric;
  std::string_view separator;
  std::string body;
  if (!metric.empty() && !bare) {
    append_quoted(body, metric);
    separator = ", ";
  }
  for (const auto& [name, value] : *this) {
    if (name == kMetricName) continue;
    body += separator;
    if (is_legacy_label_name(name)) {
      body += name;
    } else {
      append_quoted(body, name);
    }
    body += '=';
    append_quoted(body, value);
    separator = ", ";
  }
  if (!body.empty() || !bare) out += '{' + body + '}';
  return out;
}

bool Labels::decode(std::string_view encoded, Labels& into) {
  ByteReader reader(encoded);
  std::string_view previous;
  bool first = true;
  while (!reader.done()) {
    const std::string_view name = reader.text();
    const std::string_view value = reader.text();
    if (!reader.ok() || value.empty()) return false;
    if (!first && name <= previous) return false;
    previous = name;
    first = false;
  }
  if (!reader.ok()) return false;
  into.encoded_ = encoded;
  return true;
}

std::strong_ordering Labels::operator<=>(const Labels& other) const {
  return std::lexicographical_compare_three_way(
      begin(), end(), other.begin(), other.end(),
      [](const LabelView& a, const LabelView& b) { return a <=> b; });
}

void LabelsBuilder::reset(const Labels& base) {
  labels_.clear();
  for (const auto& [name, value] : base) labels_.emplace_back(name, value);
}

LabelsBuilder& LabelsBuilder::set(std::string_view name,
                                  std::string_view value) {
  if (value.empty()) return remove(name);
  const auto at = std::ranges::lower_bound(
      labels_, name, {}, &std::pair<std::string, std::string>::first);
  if (at != labels_.end() && at->first == name) {
    at->second = value;
  } else {
    labels_.emplace(at, name, value);
  }
  return *this;
}

LabelsBuilder& LabelsBuilder::remove(std::string_view name) {
  const auto at = std::ranges::lower_bound(
      labels_, name, {}, &std::pair<std::string, std::string>::first);
  if (at != labels_.end() && at->first == name) labels_.erase(at);
  return *this;
}

std::string_view LabelsBuilder::get(std::string_view name) const {
  const auto at = std::ranges::lower_bound(
      labels_, name, {}, &std::pair<std::string, std::string>::first);
  return at != labels_.end() && at->first == name ? at->second
                                                  : std::string_view();
}

Labels LabelsBuilder::build() const {
  std::vector<LabelView> views;
  views.reserve(labels_.size());
  for (const auto& [name, value] : labels_) views.push_back({name, value});
  return Labels::from_sorted(views);
}

bool is_legacy_label_name(std::string_view name) {
  if (name.empty() || !is_letter(name[0])) return false;
  return std::ranges::all_of(
      name, [](char c) { return is_letter(c) || is_digit(c); });
}

bool is_legacy_metric_name(std::string_view name) {
  if (name.empty() || is_digit(name[0])) return false;
  return std::ranges::all_of(
      name, [](char c) { return is_letter(c) || is_digit(c) || c == ':'; });
}

}  // namespace prom
