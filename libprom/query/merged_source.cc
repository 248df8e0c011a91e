#include "libprom/query/merged_source.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>

namespace prom::query {
namespace {

// A series of the union: where its parts are.
struct Part {
  std::uint32_t source = 0;
  std::size_t series = 0;
};

class MergedBatch final : public SampleBatch {
 public:
  std::vector<std::unique_ptr<SampleBatch>> parts;  // one for each source
  // One for each part of the batch that is being read: views into `parts`
  // live until the next read of the same source.
  Samples merged;
};

// Adds the samples of two or more parts in order of time.  At equal times the
// earlier part wins.
void merge_samples(const std::vector<SeriesSamples>& parts, Samples& into) {
  std::vector<std::size_t> at(parts.size());
  while (true) {
    std::size_t next = parts.size();
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (at[i] == parts[i].t_ms.size()) continue;
      if (next == parts.size() ||
          parts[i].t_ms[at[i]] < parts[next].t_ms[at[next]]) {
        next = i;
      }
    }
    if (next == parts.size()) return;
    const SeriesSamples& from = parts[next];
    const std::size_t sample = at[next];
    const std::int64_t t_ms = from.t_ms[sample];
    if (!from.histogram.empty() && from.histogram[sample] != nullptr) {
      into.push(t_ms, *from.histogram[sample]);
    } else {
      into.push(t_ms, from.value[sample]);
    }
    if (!from.start_ms.empty() && from.start_ms[sample] != 0)
      into.set_start(from.start_ms[sample]);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (at[i] < parts[i].t_ms.size() && parts[i].t_ms[at[i]] == t_ms) ++at[i];
    }
  }
}

class MergedSelection final : public Selection {
 public:
  explicit MergedSelection(std::vector<std::unique_ptr<Selection>> selections)
      : selections_(std::move(selections)) {
    merge();
  }

  [[nodiscard]] std::size_t size() const override { return begins_.size() - 1; }

  [[nodiscard]] Labels labels(std::size_t series) const override {
    const Part& part = parts_[begins_[series]];
    return selections_[part.source]->labels(part.series);
  }

  [[nodiscard]] std::unique_ptr<SampleBatch> new_batch() const override {
    auto batch = std::make_unique<MergedBatch>();
    for (const auto& selection : selections_)
      batch->parts.push_back(selection->new_batch());
    return batch;
  }

  Status read(std::size_t first, std::size_t count,
              SampleBatch& into) const override {
    auto& batch = dynamic_cast<MergedBatch&>(into);
    // The parts of neighbours are neighbours in each source, because all of
    // them are in the order of their labels: one read of each source.
    std::vector<std::size_t> firsts(selections_.size(), SIZE_MAX);
    std::vector<std::size_t> counts(selections_.size());
    for (std::size_t i = begins_[first]; i < begins_[first + count]; ++i) {
      const Part& part = parts_[i];
      if (firsts[part.source] == SIZE_MAX) firsts[part.source] = part.series;
      ++counts[part.source];
    }
    for (std::size_t source = 0; source < selections_.size(); ++source) {
      if (counts[source] == 0) continue;
      Status read = selections_[source]->read(firsts[source], counts[source],
                                              *batch.parts[source]);
      if (!read) return read;
    }
    batch.merged.clear();
    for (std::size_t series = first; series < first + count; ++series) {
      const std::vector<SeriesSamples> parts = parts_of(series, firsts, batch);
      if (parts.size() > 1) merge_samples(parts, batch.merged);
      batch.merged.end_series();
    }
    batch.series.resize(count);
    batch.coarsest_ms.assign(count, 0);
    for (std::size_t i = 0; i < count; ++i) {
      batch.coarsest_ms[i] = coarsest_of(first + i, firsts, batch);
      const std::vector<SeriesSamples> parts =
          parts_of(first + i, firsts, batch);
      batch.series[i] = parts.size() > 1 ? batch.merged.of(i) : parts.front();
    }
    return {};
  }

  // A series that several sources have is told by its samples.
  [[nodiscard]] Result<bool> read_bins(std::size_t series,
                                       const BinRequest& request,
                                       Bins& into) const override {
    if (begins_[series + 1] - begins_[series] > 1) return false;
    const Part& part = parts_[begins_[series]];
    return selections_[part.source]->read_bins(part.series, request, into);
  }

  [[nodiscard]] std::vector<std::string> warnings() const override {
    std::vector<std::string> all;
    for (const auto& selection : selections_) {
      std::vector<std::string> some = selection->warnings();
      std::ranges::move(some, std::back_inserter(all));
    }
    return all;
  }

 private:
  struct Cursor {
    Labels labels;
    std::size_t next = 0;
    bool ended = false;
  };

  void advance(std::size_t source, Cursor& cursor) const {
    cursor.ended = cursor.next == selections_[source]->size();
    if (!cursor.ended) cursor.labels = selections_[source]->labels(cursor.next);
  }

  // Walks all selections side by side, in the order of labels.
  void merge() {
    std::vector<Cursor> cursors(selections_.size());
    for (std::size_t i = 0; i < cursors.size(); ++i) advance(i, cursors[i]);
    begins_.push_back(0);
    while (true) {
      const Labels* least = nullptr;
      for (const Cursor& cursor : cursors) {
        if (!cursor.ended && (least == nullptr || cursor.labels < *least))
          least = &cursor.labels;
      }
      if (least == nullptr) return;
      const Labels labels = *least;
      for (std::size_t i = 0; i < cursors.size(); ++i) {
        Cursor& cursor = cursors[i];
        if (cursor.ended || cursor.labels != labels) continue;
        parts_.push_back(
            {.source = static_cast<std::uint32_t>(i), .series = cursor.next++});
        advance(i, cursor);
      }
      begins_.push_back(parts_.size());
    }
  }

  [[nodiscard]] std::vector<SeriesSamples> parts_of(
      std::size_t series, const std::vector<std::size_t>& firsts,
      const MergedBatch& batch) const {
    std::vector<SeriesSamples> parts;
    for (std::size_t i = begins_[series]; i < begins_[series + 1]; ++i) {
      const Part& part = parts_[i];
      parts.push_back(
          batch.parts[part.source]->series[part.series - firsts[part.source]]);
    }
    return parts;
  }

  [[nodiscard]] std::int64_t coarsest_of(std::size_t series,
                                         const std::vector<std::size_t>& firsts,
                                         const MergedBatch& batch) const {
    std::int64_t coarsest = 0;
    for (std::size_t i = begins_[series]; i < begins_[series + 1]; ++i) {
      const Part& part = parts_[i];
      const auto& own = batch.parts[part.source]->coarsest_ms;
      if (!own.empty())
        coarsest = std::max(coarsest, own[part.series - firsts[part.source]]);
    }
    return coarsest;
  }

  const std::vector<std::unique_ptr<Selection>> selections_;
  std::vector<Part> parts_;          // of all series, one after the other
  std::vector<std::size_t> begins_;  // of each series in parts_, and the end
};

using Names = std::vector<std::string>;

void join(Names& into, const Names& more) {
  Names joined;
  joined.reserve(into.size() + more.size());
  std::ranges::set_union(into, more, std::back_inserter(joined));
  into = std::move(joined);
}

}  // namespace

Result<std::unique_ptr<Selection>> MergedSource::select(
    const Matchers& matchers, const SelectRange& range) const {
  std::vector<std::unique_ptr<Selection>> selections;
  for (const auto& source : sources_) {
    auto selection = source->select(matchers, range);
    if (!selection) return fail(std::move(selection).error());
    selections.push_back(std::move(*selection));
  }
  return std::make_unique<MergedSelection>(std::move(selections));
}

Result<Names> MergedSource::label_names(const Matchers& matchers,
                                        const SelectRange& range,
                                        std::size_t limit) const {
  Names all;
  for (const auto& source : sources_) {
    const auto names = source->label_names(matchers, range, limit);
    if (!names) return fail(names.error());
    join(all, *names);
  }
  if (all.size() > limit) all.resize(limit);
  return all;
}

std::int64_t MergedSource::coarsest_ms(Resolution use) const {
  std::int64_t coarsest = 0;
  for (const auto& source : sources_)
    coarsest = std::max(coarsest, source->coarsest_ms(use));
  return coarsest;
}

Result<Names> MergedSource::label_values(std::string_view name,
                                         const Matchers& matchers,
                                         const SelectRange& range,
                                         std::size_t limit) const {
  Names all;
  for (const auto& source : sources_) {
    const auto values = source->label_values(name, matchers, range, limit);
    if (!values) return fail(values.error());
    join(all, *values);
  }
  if (all.size() > limit) all.resize(limit);
  return all;
}

Result<std::vector<FamilyDescription>> MergedSource::metadata() const {
  std::map<std::string, FamilyDescription> families;
  for (const auto& source : sources_) {
    auto some = source->metadata();
    if (!some) return fail(std::move(some).error());
    for (FamilyDescription& family : *some) {
      const std::string name = family.family;
      families.try_emplace(name, std::move(family));
    }
  }
  std::vector<FamilyDescription> all;
  all.reserve(families.size());
  for (auto& [name, family] : families) all.push_back(std::move(family));
  return all;
}

}  // namespace prom::query
