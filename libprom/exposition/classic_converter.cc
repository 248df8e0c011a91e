#include "libprom/exposition/classic_converter.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "libprom/base/number.h"

namespace prom::exposition {

void ClassicConverter::see(std::uint32_t ref, std::string_view family,
                           const Labels& labels, SeriesTable& table) {
  if (ref >= parts_.size()) parts_.resize(ref + std::size_t{1});
  Part part;
  const std::string_view name = labels.metric_name();
  if (!family.empty() && name.starts_with(family)) {
    const std::string_view suffix = name.substr(family.size());
    if (suffix == "_bucket") {
      const auto bound = parse_float(labels.get("le"));
      if (bound && !std::isnan(*bound)) {
        part.kind = Kind::kBucket;
        part.upper_bound = *bound;
      }
    } else if (suffix == "_count") {
      part.kind = Kind::kCount;
    } else if (suffix == "_sum") {
      part.kind = Kind::kSum;
    }
  }
  if (part.kind != Kind::kOther) {
    LabelsBuilder whole(labels);
    whole.set(kMetricName, std::string(family)).remove("le");
    part.histogram =
        table.find_or_add(whole.build().encoded(), Canonical::kEncoded);
  }
  parts_[ref] = part;
}

void ClassicConverter::convert(const TargetScrape& from, bool keep_classic,
                               TargetScrape& into) {
  into.clear();
  const auto& entries = from.entries;
  for (std::size_t begin = 0; begin < entries.size();) {
    const Part& first = parts_[entries[begin].ref];
    std::size_t end = begin + 1;
    if (first.kind == Kind::kOther) {
      copy(from, begin, end, into);
    } else {
      for (; end < entries.size(); ++end) {
        const Part& next = parts_[entries[end].ref];
        if (next.kind == Kind::kOther || next.histogram != first.histogram)
          break;
      }
      convert_run(from, begin, end, keep_classic, into);
    }
    begin = end;
  }
}

void ClassicConverter::copy(const TargetScrape& from, std::size_t begin,
                            std::size_t end, TargetScrape& into) {
  const auto first_exemplar = std::ranges::lower_bound(
      from.exemplars, begin, {}, &TargetExemplar::entry);
  for (auto at = first_exemplar; at != from.exemplars.end() && at->entry < end;
       ++at) {
    TargetExemplar exemplar = *at;
    exemplar.entry =
        static_cast<std::uint32_t>(into.entries.size() + (at->entry - begin));
    into.exemplars.push_back(std::move(exemplar));
  }
  const auto range = [&](const auto& column) {
    return std::span(column).subspan(begin, end - begin);
  };
  const auto entries = range(from.entries);
  into.entries.insert(into.entries.end(), entries.begin(), entries.end());
  if (from.starts.empty()) return;
  const auto starts = range(from.starts);
  into.starts.insert(into.starts.end(), starts.begin(), starts.end());
}

void ClassicConverter::convert_run(const TargetScrape& from, std::size_t begin,
                                   std::size_t end, bool keep_classic,
                                   TargetScrape& into) {
  custom_.clear();
  for (std::size_t i = begin; i < end; ++i) {
    const TargetEntry& entry = from.entries[i];
    const Part& part = parts_[entry.ref];
    if (part.kind == Kind::kBucket)
      custom_.add_bucket(part.upper_bound, entry.value);
    if (part.kind == Kind::kCount) custom_.set_count(entry.value);
    if (part.kind == Kind::kSum) custom_.set_sum(entry.value);
  }
  auto histogram = custom_.convert();
  if (!histogram || keep_classic) copy(from, begin, end, into);
  if (!histogram) return;
  TargetEntry entry = from.entries[begin];
  entry.ref = parts_[entry.ref].histogram;
  entry.value = histogram->sum;
  entry.histogram = static_cast<std::uint32_t>(into.histograms.size());
  const auto number = static_cast<std::uint32_t>(into.entries.size());
  into.entries.push_back(entry);
  into.histograms.push_back(std::move(*histogram));
  if (!from.starts.empty()) into.starts.push_back(from.starts[begin]);
  // Those of a native histogram need their time.
  auto one = std::ranges::lower_bound(from.exemplars, begin, {},
                                      &TargetExemplar::entry);
  for (; one != from.exemplars.end() && one->entry < end; ++one) {
    if (one->exemplar.t_ms) into.exemplars.push_back({number, one->exemplar});
  }
}

void ClassicConverter::forget() {
  parts_.clear();
}

}  // namespace prom::exposition
