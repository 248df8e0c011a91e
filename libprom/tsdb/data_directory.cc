#include "libprom/tsdb/data_directory.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <set>
#include <utility>

#include "libprom/os/file.h"
#include "libprom/tsdb/head.h"
#include "libprom/tsdb/samples_edit.h"

namespace prom::tsdb {
namespace {

constexpr std::uint32_t kHeadPlace = std::numeric_limits<std::uint32_t>::max();
constexpr std::int64_t kTimeMin = std::numeric_limits<std::int64_t>::min();
// A server that deletes what we just saw does so every two hours, not on and
// on.
constexpr int kAttemptsMax = 10;
constexpr std::size_t kUlidChars = 26;

bool is_block_name(const os::DirectoryEntry& entry) {
  return entry.is_directory && entry.name.size() == kUlidChars &&
         std::ranges::all_of(entry.name, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
         });
}

using Blocks = std::vector<std::shared_ptr<const Block>>;

// What the server's head begins with: the end of what was compacted from it.
std::int64_t head_begin(const Blocks& blocks) {
  std::int64_t begin = kTimeMin;
  for (const auto& block : blocks) {
    if (block->meta().is_from_whole_head())
      begin = std::max(begin, block->meta().max_time_ms);
  }
  return begin;
}

void limit_to(std::vector<std::string>& all, std::size_t limit) {
  if (all.size() > limit) all.resize(limit);
}

}  // namespace

// ---- Selection

Selection::Selection() = default;
Selection::~Selection() = default;
Selection::Selection(Selection&&) noexcept = default;
Selection& Selection::operator=(Selection&&) noexcept = default;

void Selection::read(std::size_t series, Samples& into,
                     std::vector<Error>& damage) const {
  const std::size_t from = into.t_ms.size();
  for (const Part& part : series_[series].parts) {
    if (part.place == kHeadPlace) {
      head_->read(part.series, range_, head_begin_ms_, into, damage);
    } else {
      blocks_[part.place]->read(part.series, range_, into, damage);
    }
  }
  sort_samples(into, from);
}

std::vector<Exemplar> Selection::exemplars(std::size_t series) const {
  std::vector<Exemplar> all;
  for (const Part& part : series_[series].parts) {
    if (part.place != kHeadPlace) continue;
    for (const WalRecord::Exemplar* const exemplar :
         head_->exemplars(part.series)) {
      if (exemplar->t_ms < range_.min_ms || exemplar->t_ms > range_.max_ms)
        continue;
      all.push_back({.labels = exemplar->labels,
                     .value = exemplar->value,
                     .t_ms = exemplar->t_ms});
    }
  }
  return all;
}

SeriesMetadata Selection::metadata(std::size_t series) const {
  for (const Part& part : series_[series].parts) {
    if (part.place != kHeadPlace) continue;
    const WalRecord::Metadata* const said = head_->metadata(part.series);
    if (said != nullptr)
      return {.type = said->type, .unit = said->unit, .help = said->help};
  }
  return {};
}

// ---- DataDirectory

DataDirectory::DataDirectory() = default;
DataDirectory::~DataDirectory() = default;

// Opens the blocks that are there now, and keeps those that were open before
// and still are there.
Status DataDirectory::open_blocks(const std::string& path) {
  const auto entries = os::real_file_system().list(path);
  if (!entries) return fail(entries.error());
  Blocks blocks;
  for (const os::DirectoryEntry& entry : *entries) {
    if (!is_block_name(entry)) continue;
    const std::string block_path = os::join_path(path, entry.name);
    const auto known = std::ranges::find_if(
        blocks_, [&](const auto& b) { return b->path() == block_path; });
    if (known != blocks_.end()) {
      blocks.push_back(*known);
      continue;
    }
    auto block = Block::open(block_path);
    if (block) {
      blocks.push_back(std::move(*block));
    } else if (block.error().code == Code::kMissing &&
               !os::exists(os::join_path(block_path, "meta.json"))) {
      // It is being deleted, which begins with its name or with meta.json.
      if (os::exists(block_path)) continue;
      return fail(Code::kBusy, block.error().message);
    } else if (std::ranges::find(warnings_, block.error().message) ==
               warnings_.end()) {
      warnings_.push_back(block.error().message);
    }
  }
  std::ranges::stable_sort(
      blocks, {}, [](const auto& block) { return block->meta().min_time_ms; });
  blocks_ = std::move(blocks);
  return {};
}

Result<std::shared_ptr<const DataDirectory>> DataDirectory::open(
    const std::string& path) {
  const std::shared_ptr<DataDirectory> directory(new DataDirectory);
  if (os::exists(os::join_path(path, "meta.json"))) {
    auto block = Block::open(path);
    if (!block) return fail(std::move(block).error());
    directory->blocks_.push_back(std::move(*block));
    return directory;
  }
  Error last;
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    directory->warnings_.clear();
    // Blocks tell where the head begins.  They are looked for again once it is
    // read: what the server took out of the log meanwhile is in a new one.
    Status opened = directory->open_blocks(path);
    if (opened) {
      std::vector<std::string> warnings;
      auto head = Head::open(path, head_begin(directory->blocks_), warnings);
      if (head) {
        directory->head_ = std::move(*head);
        opened = directory->open_blocks(path);
      } else {
        opened = fail(std::move(head).error());
      }
      std::ranges::move(warnings, std::back_inserter(directory->warnings_));
    }
    if (opened) {
      if (directory->blocks_.empty() && directory->head_->series_count() == 0 &&
          !os::exists(os::join_path(path, "wal")) &&
          directory->warnings_.empty()) {
        return fail(Code::kMissing,
                    path +
                        ": no Prometheus data directory: neither blocks "
                        "nor wal/");
      }
      return directory;
    }
    if (opened.error().code != Code::kBusy)
      return fail(std::move(opened).error());
    last = std::move(opened).error();
  }
  return fail(std::move(last));
}

TimeRange DataDirectory::span() const {
  TimeRange span = {std::numeric_limits<std::int64_t>::max(), kTimeMin};
  const auto widen = [&span](TimeRange range) {
    span.min_ms = std::min(span.min_ms, range.min_ms);
    span.max_ms = std::max(span.max_ms, range.max_ms);
  };
  for (const auto& block : blocks_) widen(block->meta().range());
  if (head_ != nullptr && head_->has_samples()) widen(head_->span());
  return span;
}

Result<Selection> DataDirectory::select(const Matchers& matchers,
                                        TimeRange range,
                                        std::vector<Error>& damage) const {
  Selection selection;
  selection.range_ = range;
  selection.blocks_ = blocks_;
  selection.head_ = head_;
  selection.head_begin_ms_ = head_begin(blocks_);
  std::vector<Selection::Entry> all;
  const auto by_labels = [](const Selection::Entry& a,
                            const Selection::Entry& b) {
    return a.labels < b.labels;
  };
  // Each place has its series in order, or is brought into it; merging keeps
  // the order of the places.
  const auto merge = [&](std::size_t from) {
    const auto middle = all.begin() + static_cast<std::ptrdiff_t>(from);
    if (!std::is_sorted(middle, all.end(), by_labels))
      std::stable_sort(middle, all.end(), by_labels);
    std::inplace_merge(all.begin(), middle, all.end(), by_labels);
  };
  for (std::uint32_t i = 0; i < blocks_.size(); ++i) {
    if (!blocks_[i]->meta().range().overlaps(range)) continue;
    const auto ids = blocks_[i]->select(matchers);
    if (!ids) {
      damage.push_back(ids.error());
      continue;
    }
    const std::size_t from = all.size();
    all.reserve(from + ids->size());
    for (const SeriesId id : *ids) {
      auto labels = blocks_[i]->labels(id);
      if (labels) {
        all.push_back({.labels = std::move(*labels), .parts = {{i, id}}});
      } else {
        damage.push_back(std::move(labels).error());
      }
    }
    merge(from);
  }
  if (head_ != nullptr && head_->has_samples() &&
      head_->span().overlaps(range)) {
    const std::size_t from = all.size();
    for (const std::uint32_t number : head_->select(matchers)) {
      all.push_back(
          {.labels = head_->labels(number), .parts = {{kHeadPlace, number}}});
    }
    merge(from);
  }
  for (Selection::Entry& entry : all) {
    auto& series = selection.series_;
    if (!series.empty() && series.back().labels == entry.labels) {
      series.back().parts.insert(series.back().parts.end(), entry.parts.begin(),
                                 entry.parts.end());
    } else {
      series.push_back(std::move(entry));
    }
  }
  return selection;
}

Result<std::vector<std::string>> DataDirectory::label_names(
    const Matchers& matchers, TimeRange range, std::size_t limit) const {
  std::set<std::string, std::less<>> names;
  if (matchers.empty()) {
    for (const auto& block : blocks_) {
      if (!block->meta().range().overlaps(range)) continue;
      const auto of_block = block->label_names();
      if (!of_block) return fail(of_block.error());
      names.insert(of_block->begin(), of_block->end());
    }
  }
  const auto add = [&names](const Labels& labels) {
    for (const LabelView& label : labels)
      if (!names.contains(label.name)) names.emplace(label.name);
  };
  if (Status walked = walk(matchers, range, add); !walked)
    return fail(std::move(walked).error());
  std::vector<std::string> all(names.begin(), names.end());
  limit_to(all, limit);
  return all;
}

Result<std::vector<std::string>> DataDirectory::label_values(
    std::string_view name, const Matchers& matchers, TimeRange range,
    std::size_t limit) const {
  std::set<std::string, std::less<>> values;
  if (matchers.empty()) {
    for (const auto& block : blocks_) {
      if (!block->meta().range().overlaps(range)) continue;
      const auto of_block = block->label_values(name);
      if (!of_block) return fail(of_block.error());
      values.insert(of_block->begin(), of_block->end());
    }
  }
  const auto add = [&](const Labels& labels) {
    const std::string_view value = labels.get(name);
    if (!value.empty() && !values.contains(value)) values.emplace(value);
  };
  if (Status walked = walk(matchers, range, add); !walked)
    return fail(std::move(walked).error());
  std::vector<std::string> all(values.begin(), values.end());
  limit_to(all, limit);
  return all;
}

// The labels of the series that match.  Without matchers only those of the
// head: blocks know the names and values of all their series.
Status DataDirectory::walk(
    const Matchers& matchers, TimeRange range,
    const std::function<void(const Labels&)>& visit) const {
  if (!matchers.empty()) {
    for (const auto& block : blocks_) {
      if (!block->meta().range().overlaps(range)) continue;
      const auto ids = block->select(matchers);
      if (!ids) return fail(ids.error());
      for (const SeriesId id : *ids) {
        const auto labels = block->labels(id);
        if (!labels) return fail(labels.error());
        visit(*labels);
      }
    }
  }
  if (head_ == nullptr || !head_->has_samples() ||
      !head_->span().overlaps(range)) {
    return {};
  }
  for (const std::uint32_t number : head_->select(matchers))
    visit(head_->labels(number));
  return {};
}

}  // namespace prom::tsdb
