#include <bit>
#include <unordered_map>

#include "libprom/chunk/histogram_column.h"

namespace prom::chunk {
namespace {

struct Group {
  std::string layout;
  std::vector<const FloatHistogram*> members;
};

void append_spans(std::span<const BucketSpan> spans, std::string& out) {
  append_varint(out, spans.size());
  for (const BucketSpan& span : spans) {
    append_varint(out, zigzag(span.offset));
    append_varint(out, span.length);
  }
}

std::string layout_of(const FloatHistogram& histogram) {
  std::string out;
  out += static_cast<char>(histogram.integer ? 1 : 0);
  append_varint(out, zigzag(histogram.schema));
  append_le(out, histogram.zero_threshold);
  append_spans(histogram.positive_spans, out);
  append_spans(histogram.negative_spans, out);
  append_varint(out, histogram.custom_values.size());
  for (const double bound : histogram.custom_values) append_le(out, bound);
  return out;
}

// Sorts histograms by layout and notes the runs.
class Groups {
 public:
  void add(const FloatHistogram& histogram) {
    std::string layout = layout_of(histogram);
    if (runs_.empty() || groups_[runs_.back().first].layout != layout) {
      const auto [found, added] = numbers_.try_emplace(layout, groups_.size());
      if (added) groups_.push_back({std::move(layout), {}});
      runs_.emplace_back(found->second, 0);
    }
    ++runs_.back().second;
    groups_[runs_.back().first].members.push_back(&histogram);
  }

  void write(std::string& out) const {
    append_varint(out, groups_.size());
    for (const Group& group : groups_) {
      append_varint(out, group.members.size());
      out += group.layout;
    }
    append_varint(out, runs_.size());
    for (const auto& [layout, count] : runs_) {
      append_varint(out, layout);
      append_varint(out, count);
    }
  }

  [[nodiscard]] std::span<const Group> groups() const { return groups_; }

 private:
  std::vector<Group> groups_;
  std::vector<std::pair<std::size_t, std::size_t>> runs_;  // layout, count
  std::unordered_map<std::string, std::size_t> numbers_;
};

// One value column at a time of a group.
class ColumnWriter {
 public:
  ColumnWriter(const Group& group, ValueEncoder& encoder, std::string& out)
      : group_(group), encoder_(encoder), out_(out) {}

  template <typename Get>
  void write(const Get& get) {
    bits_.clear();
    bits_.reserve(group_.members.size());
    for (const FloatHistogram* each : group_.members)
      bits_.push_back(std::bit_cast<std::uint64_t>(get(*each)));
    encoder_.encode(bits_, out_);
  }

 private:
  const Group& group_;
  ValueEncoder& encoder_;
  std::string& out_;
  std::vector<std::uint64_t> bits_;
};

std::string columns_of(const Group& group, ValueEncoder& encoder) {
  std::string out;
  ColumnWriter column(group, encoder, out);
  column.write([](const FloatHistogram& h) { return h.sum; });
  column.write([](const FloatHistogram& h) { return h.count; });
  column.write([](const FloatHistogram& h) {
    return static_cast<double>(h.counter_reset_hint);
  });
  column.write([](const FloatHistogram& h) { return h.zero_count; });
  const FloatHistogram& first = *group.members[0];
  for (std::size_t i = 0; i < first.positive_buckets.size(); ++i)
    column.write(
        [i](const FloatHistogram& h) { return h.positive_buckets[i]; });
  for (std::size_t i = 0; i < first.negative_buckets.size(); ++i)
    column.write(
        [i](const FloatHistogram& h) { return h.negative_buckets[i]; });
  return out;
}

}  // namespace

void encode_histograms(std::span<const FloatHistogram* const> histograms,
                       ValueEncoder& encoder, std::string& out) {
  Groups groups;
  for (const FloatHistogram* each : histograms) groups.add(*each);
  out += '\0';
  groups.write(out);
  for (const Group& group : groups.groups()) {
    const std::string columns = columns_of(group, encoder);
    append_varint(out, columns.size());
    out += columns;
  }
}

}  // namespace prom::chunk
