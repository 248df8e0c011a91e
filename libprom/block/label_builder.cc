#include "libprom/block/label_builder.h"

#include <algorithm>
#include <numeric>

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include "libprom/base/checksum.h"

namespace prom::block {
namespace {

constexpr std::size_t kTextChunkBytes = 1U << 20U;
constexpr std::uint64_t kBlobBytesMax = 0xFFFFFFFF;
constexpr std::uint32_t kValuesMax = 0xFFFFFFFE;

struct Pair {
  std::uint32_t name = 0;
  std::string_view value;
};

}  // namespace

// Finds pairs by their text while it keeps their numbers only.
struct LabelBuilder::Interner {
  struct Hash {
    using is_avalanching = void;
    using is_transparent = void;
    const std::vector<Value>* values;
    std::size_t operator()(const Pair& pair) const {
      return hash64(pair.value) ^ (pair.name * 0x9E3779B97F4A7C15ULL);
    }
    std::size_t operator()(std::uint32_t number) const {
      return (*this)(Pair{(*values)[number].name, (*values)[number].text});
    }
  };
  struct Equal {
    using is_transparent = void;
    const std::vector<Value>* values;
    bool operator()(std::uint32_t a, std::uint32_t b) const { return a == b; }
    bool operator()(const Pair& pair, std::uint32_t number) const {
      const Value& value = (*values)[number];
      return value.name == pair.name && value.text == pair.value;
    }
    bool operator()(std::uint32_t number, const Pair& pair) const {
      return (*this)(pair, number);
    }
  };

  explicit Interner(const std::vector<Value>& values)
      : pairs(0, Hash{&values}, Equal{&values}) {}

  boost::unordered_flat_map<std::string_view, std::uint32_t> names;
  boost::unordered_flat_set<std::uint32_t, Hash, Equal> pairs;
};

LabelBuilder::LabelBuilder() : interner_(std::make_unique<Interner>(values_)) {}
LabelBuilder::~LabelBuilder() = default;

std::string_view LabelBuilder::keep(std::string_view text) {
  if (texts_.empty() ||
      texts_.back().capacity() - texts_.back().size() < text.size()) {
    texts_.emplace_back();
    texts_.back().reserve(std::max(kTextChunkBytes, text.size()));
  }
  std::string& chunk = texts_.back();
  const std::size_t at = chunk.size();
  chunk += text;
  return std::string_view(chunk).substr(at);
}

Result<std::uint32_t> LabelBuilder::intern(std::string_view name,
                                           std::string_view value) {
  auto known = interner_->names.find(name);
  if (known == interner_->names.end()) {
    if (names_.size() == kLabelNamesMax)
      return fail(Code::kLimit, "more than " + std::to_string(kLabelNamesMax) +
                                    " label names in a block");
    const auto next = static_cast<std::uint32_t>(names_.size());
    names_.push_back(keep(name));
    known = interner_->names.emplace(names_.back(), next).first;
  }
  const Pair pair{known->second, value};
  const auto at = interner_->pairs.find(pair);
  if (at != interner_->pairs.end()) return *at;
  if (values_.size() == kValuesMax)
    return fail(Code::kLimit, "too many label values in a block");
  const auto number = static_cast<std::uint32_t>(values_.size());
  values_.push_back({keep(value), pair.name});
  interner_->pairs.insert(number);
  return number;
}

Status LabelBuilder::add(const Labels& labels) {
  std::size_t i = 0;
  for (const LabelView label : labels) {
    // Neighbours share most of their labels.
    if (i < last_.size()) {
      const Value& before = values_[last_[i]];
      if (before.text == label.value && names_[before.name] == label.name) {
        ++i;
        continue;
      }
    }
    const auto number = intern(label.name, label.value);
    if (!number) return fail(number.error());
    if (i < last_.size()) {
      last_[i] = *number;
    } else {
      last_.push_back(*number);
    }
    ++i;
  }
  last_.resize(i);
  pairs_.insert(pairs_.end(), last_.begin(), last_.end());
  sizes_.push_back(static_cast<std::uint32_t>(i));
  return {};
}

Status LabelBuilder::write(Output& output, Header& header) {
  interner_.reset();
  if (Status status = write_dictionaries(output, header); !status)
    return status;
  return write_zones(output, header);
}

Status LabelBuilder::write_dictionaries(Output& output, Header& header) {
  std::vector<std::uint32_t> by_name(names_.size());
  std::iota(by_name.begin(), by_name.end(), 0U);
  std::ranges::sort(by_name, {}, [&](auto i) { return names_[i]; });
  name_places_.resize(names_.size());
  for (std::uint32_t place = 0; place < by_name.size(); ++place)
    name_places_[by_name[place]] = place;
  std::vector<std::vector<std::uint32_t>> values(names_.size());
  for (std::uint32_t number = 0; number < values_.size(); ++number)
    values[values_[number].name].push_back(number);
  value_numbers_.resize(values_.size());
  std::string table;
  append_le(table, static_cast<std::uint32_t>(names_.size()));
  append_le(table, std::uint32_t{0});
  std::string names;
  for (const std::uint32_t name : by_name) {
    std::vector<std::uint32_t>& own = values[name];
    std::ranges::sort(own, {}, [&](auto i) { return values_[i].text; });
    NameEntry entry{
        .name_size = static_cast<std::uint32_t>(names_[name].size()),
        .values = static_cast<std::uint32_t>(own.size()),
        .ends = 0,
        .blob = output.offset(),
        .blob_bytes = 0};
    std::string ends;
    for (std::uint32_t i = 0; i < own.size(); ++i) {
      const std::string_view text = values_[own[i]].text;
      value_numbers_[own[i]] = i + 1;
      entry.blob_bytes += text.size();
      append_le(ends, static_cast<std::uint32_t>(entry.blob_bytes));
      if (Status status = output.append(text); !status) return status;
    }
    if (entry.blob_bytes > kBlobBytesMax)
      return fail(Code::kLimit, "values of label " + std::string(names_[name]) +
                                    " are longer than 4 GiB");
    entry.ends = output.offset();
    if (Status status = output.append(ends); !status) return status;
    append_struct(table, entry);
    names += names_[name];
    own = {};
  }
  table += names;
  header.sections[static_cast<std::size_t>(SectionKind::kLabelNames)] =
      Section{output.offset(), table.size()};
  return output.append(table);
}

Status LabelBuilder::write_zones(Output& output, Header& header) {
  std::vector<std::vector<std::uint64_t>> columns(names_.size());  // by place
  std::vector<std::uint32_t> touched;
  std::string starts;
  std::string entries;
  auto pair = pairs_.begin();
  for (std::size_t first = 0; first < sizes_.size(); first += kZoneSeries) {
    const std::size_t count =
        std::min<std::size_t>(kZoneSeries, sizes_.size() - first);
    const auto put = [&](std::size_t series, std::uint32_t value) {
      const std::uint32_t place = name_places_[values_[value].name];
      std::vector<std::uint64_t>& column = columns[place];
      if (column.empty()) {
        column.resize(count);
        touched.push_back(place);
      }
      column[series] = value_numbers_[value];
    };
    for (std::size_t i = 0; i < count; ++i) {
      for (std::uint32_t left = sizes_[first + i]; left > 0; --left)
        put(i, *pair++);
    }
    append_le(starts, std::uint64_t{entries.size() / sizeof(ZoneEntry)});
    std::ranges::sort(touched);
    for (const std::uint32_t place : touched) {
      const auto run = output.append(columns[place]);
      if (!run) return fail(run.error());
      append_struct(entries,
                    ZoneEntry{.name = place, .reserved = 0, .run = *run});
      columns[place].clear();
    }
    touched.clear();
  }
  append_le(starts, std::uint64_t{entries.size() / sizeof(ZoneEntry)});
  header.sections[static_cast<std::size_t>(SectionKind::kLabelZones)] =
      Section{output.offset(), starts.size() + entries.size()};
  if (Status status = output.append(starts); !status) return status;
  return output.append(entries);
}

}  // namespace prom::block
