#include "libprom/scrape/sampler.h"

#include <algorithm>
#include <cmath>

#include "libprom/base/checksum.h"
#include "libprom/model/sample.h"
#include "libprom/scrape/sample_labels.h"

namespace prom::scrape {
namespace {

// Series that came and went are dropped when there are more of them than of
// those that are there, and enough to be worth it; upstream's rule.
constexpr std::uint64_t kGoneSeriesFactor = 2;
constexpr std::uint64_t kGoneSeriesFree = 1000;

bool too_many(std::uint64_t known, std::uint64_t present) {
  return known > present * kGoneSeriesFactor + kGoneSeriesFree;
}

}  // namespace

std::size_t Batch::bytes() const {
  std::size_t total = sizeof *this + row.values.capacity() * sizeof(double);
  for (const auto& item : loose)
    total += sizeof item + item.labels.encoded().size();
  for (const auto& item : metadata)
    total += sizeof item + item.family.size() + item.help.size();
  return total;
}

Sampler::Sampler(Labels labels) : labels_(std::move(labels)) {}

void Sampler::forget_series() {
  std::ranges::fill(columns_of_refs_, kUnknown);
}

Status Sampler::take(std::string body, exposition::Format format,
                     std::int64_t now_ms, const Job& job) {
  counts_ = {};
  loose_.clear();
  if (auto ok = parser_.parse(std::move(body), format); !ok) {
    take_failure();
    return fail(std::move(ok).error());
  }
  counts_.scraped = parser_.entries().size();
  values_.assign(columns_->size(), wire::absent());
  if (auto ok = place_series(job); !ok) {
    roll_back();
    take_failure();
    return ok;
  }
  ++good_scrapes_;
  for (const auto& entry : parser_.entries())
    if (const std::uint32_t column = columns_of_refs_[entry.ref];
        column != kDropped)
      store(column, entry, now_ms, job);
  // What the scrape before had and this one has not ends here.
  for (std::size_t i = 0; i < states_.size(); ++i) {
    Column& column = states_[i];
    if (column.seen == good_scrapes_ || !column.in_row) continue;
    if (last_was_good_) values_[i] = stale_nan();
    column.in_row = false;
  }
  last_was_good_ = true;
  entries_last_good_ = counts_.scraped;
  return {};
}

// Finds the column of every sample, before anything is stored: a scrape is
// taken as a whole or not at all.
Status Sampler::place_series(const Job& job) {
  columns_of_refs_.resize(parser_.series_count(), kUnknown);
  for (const auto& entry : parser_.entries()) {
    std::uint32_t& column = columns_of_refs_[entry.ref];
    // Beyond the limit samples are only counted.
    if (column == kUnknown && counts_.kept < job.limits.samples) {
      auto labels = sample_labels(parser_.labels(entry.ref), labels_, job);
      if (!labels) return fail(std::move(labels).error());
      column = *labels ? add_column(**std::move(labels)) : kDropped;
    }
    if (column != kDropped) ++counts_.kept;
  }
  if (counts_.kept > job.limits.samples) {
    return fail(Code::kLimit,
                "sample_limit exceeded: " + std::to_string(counts_.kept) +
                    " of at most " + std::to_string(job.limits.samples));
  }
  return {};
}

std::uint32_t Sampler::add_column(Labels labels) {
  const auto next = static_cast<std::uint32_t>(states_.size());
  const auto [at, is_new] = by_hash_.try_emplace(labels.hash(), next);
  if (!is_new) return at->second;
  fresh_.push_back(std::move(labels));
  states_.emplace_back();
  values_.push_back(wire::absent());
  return next;
}

void Sampler::store(std::uint32_t column,
                    const exposition::TargetParser::Entry& entry,
                    std::int64_t now_ms, const Job& job) {
  Column& state = states_[column];
  // All NaNs are one, so that no sample looks like a marker of ours.
  const double value = std::isnan(entry.value) ? normal_nan() : entry.value;
  const bool seen_before = state.seen == good_scrapes_;
  if (!seen_before && state.seen + 1 != good_scrapes_) ++counts_.added;
  if (entry.has_timestamp && job.config.honor_timestamps) {
    state.seen = good_scrapes_;
    state.in_row = job.config.track_timestamps_staleness;
    if (entry.t_ms > now_ms + kFutureMsMax) {
      ++counts_.out_of_bounds;
      return;
    }
    const Labels& labels = column < columns_->size()
                               ? (*columns_)[column]
                               : fresh_[column - columns_->size()];
    loose_.push_back({labels, entry.t_ms, value});
    return;
  }
  if (!wire::is_absent(values_[column])) {
    ++counts_.duplicates;
    return;
  }
  state.seen = good_scrapes_;
  state.in_row = true;
  values_[column] = value;
}

// Takes back the columns of a scrape that failed half-way.
void Sampler::roll_back() {
  for (const Labels& labels : fresh_) by_hash_.erase(labels.hash());
  fresh_.clear();
  states_.resize(columns_->size());
  // A target beyond its limits may have left a great many series behind.
  parser_.forget();
  columns_of_refs_.clear();
}

void Sampler::take_failure() {
  values_.assign(columns_->size(), wire::absent());
  mark_stale();
  last_was_good_ = false;
  counts_.added = 0;
  if (too_many(parser_.series_count(), entries_last_good_)) {
    parser_.forget();
    columns_of_refs_.clear();
    ++flushes_;
  }
}

void Sampler::mark_stale() {
  if (!last_was_good_) return;
  for (std::size_t i = 0; i < states_.size(); ++i)
    if (states_[i].in_row && states_[i].seen == good_scrapes_)
      values_[i] = stale_nan();
}

void Sampler::set_synthetic(std::string_view name, double value) {
  LabelsBuilder labels(labels_);
  labels.set(kMetricName, name);
  const std::uint32_t column = add_column(labels.build());
  // Ours wins over a sample that a target passes off as its own `up`.
  if (!wire::is_absent(values_[column])) ++counts_.duplicates;
  values_[column] = value;
  // Not a sample of the target's: it never goes stale with them.
  states_[column] = {.seen = good_scrapes_, .in_row = false};
}

void Sampler::add_synthetic(const Report& report, const Job& job) {
  set_synthetic("up", report.up ? 1 : 0);
  set_synthetic("scrape_duration_seconds", report.duration_seconds);
  set_synthetic("scrape_samples_scraped", static_cast<double>(counts_.scraped));
  set_synthetic("scrape_samples_post_metric_relabeling",
                static_cast<double>(counts_.kept));
  set_synthetic("scrape_series_added", static_cast<double>(counts_.added));
  if (!job.config.extra_scrape_metrics) return;
  set_synthetic("scrape_timeout_seconds", report.timeout_seconds);
  set_synthetic("scrape_sample_limit",
                static_cast<double>(job.config.limits.samples));
  set_synthetic("scrape_body_size_bytes", report.body_bytes);
}

void Sampler::publish_columns() {
  if (fresh_.empty()) return;
  auto grown = std::make_shared<Columns>();
  grown->reserve(columns_->size() + fresh_.size());
  grown->insert(grown->end(), columns_->begin(), columns_->end());
  std::ranges::move(fresh_, std::back_inserter(*grown));
  // Targets are many and change seldom: what growing left over goes back.
  fresh_ = {};
  states_.shrink_to_fit();
  columns_of_refs_.shrink_to_fit();
  columns_ = std::move(grown);
  ++version_;
}

Batch Sampler::make_batch(std::int64_t now_ms) {
  Batch batch;
  batch.columns = columns_;
  batch.row.version = version_;
  batch.row.t_ms = now_ms;
  batch.row.values = std::move(values_);
  batch.loose = std::move(loose_);
  values_ = {};
  loose_ = {};
  return batch;
}

Batch Sampler::finish(const Report& report, std::int64_t now_ms,
                      const Job& job) {
  add_synthetic(report, job);
  publish_columns();
  Batch batch = make_batch(now_ms);
  collect_metadata(batch);
  if (last_was_good_) forget_gone_series();
  return batch;
}

Batch Sampler::finish_for_good(std::int64_t now_ms) {
  counts_ = {};
  values_.assign(columns_->size(), wire::absent());
  mark_stale();
  // Of the synthetic series, those that were there.
  for (const std::string_view name :
       {"up", "scrape_duration_seconds", "scrape_samples_scraped",
        "scrape_samples_post_metric_relabeling", "scrape_series_added",
        "scrape_timeout_seconds", "scrape_sample_limit",
        "scrape_body_size_bytes"}) {
    LabelsBuilder labels(labels_);
    labels.set(kMetricName, name);
    if (const auto known = by_hash_.find(labels.build().hash());
        known != by_hash_.end())
      values_[known->second] = stale_nan();
  }
  Batch batch = make_batch(now_ms);
  batch.is_last = true;
  return batch;
}

// Sends type, help and unit of families that are new or have changed.
void Sampler::collect_metadata(Batch& batch) {
  if (parser_.metadata_version() == metadata_sent_) return;
  metadata_sent_ = parser_.metadata_version();
  std::vector<wire::MetadataFrame::Item> now;
  for (const exposition::Metadata& line : parser_.metadata()) {
    if (now.empty() || now.back().family != line.family)
      now.push_back(
          {.family = line.family, .type = {}, .help = {}, .unit = {}});
    wire::MetadataFrame::Item& item = now.back();
    switch (line.kind) {
      case exposition::Metadata::Kind::kType:
        item.type = exposition::to_string(line.type);
        break;
      case exposition::Metadata::Kind::kHelp:
        item.help = line.text;
        break;
      case exposition::Metadata::Kind::kUnit:
        item.unit = line.text;
        break;
    }
  }
  std::vector<std::uint64_t> known;
  for (wire::MetadataFrame::Item& item : now) {
    std::string content = item.family;
    for (const std::string* part : {&item.type, &item.help, &item.unit})
      content.append(1, '\0').append(*part);
    known.push_back(hash64(content));
    if (!std::ranges::binary_search(metadata_known_, known.back()))
      batch.metadata.push_back(std::move(item));
  }
  std::ranges::sort(known);
  metadata_known_ = std::move(known);
}

// Begins anew with the series that are there.
void Sampler::forget_gone_series() {
  if (too_many(parser_.series_count(), counts_.scraped)) {
    parser_.forget();
    columns_of_refs_.clear();
  }
  const auto is_here = [&](const Column& column) {
    return column.seen == good_scrapes_;
  };
  const auto here =
      static_cast<std::uint64_t>(std::ranges::count_if(states_, is_here));
  if (!too_many(states_.size(), here)) return;
  auto kept = std::make_shared<Columns>();
  std::vector<Column> states;
  by_hash_.clear();
  for (std::size_t i = 0; i < states_.size(); ++i) {
    if (!is_here(states_[i])) continue;
    by_hash_.emplace((*columns_)[i].hash(),
                     static_cast<std::uint32_t>(kept->size()));
    kept->push_back((*columns_)[i]);
    states.push_back(states_[i]);
  }
  columns_ = std::move(kept);
  states_ = std::move(states);
  ++version_;
  columns_of_refs_.assign(columns_of_refs_.size(), kUnknown);
}

}  // namespace prom::scrape
