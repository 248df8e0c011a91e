#include "libprom/scrape/sampler.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <tuple>

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
  for (const auto& item : loose) {
    total += sizeof item + item.labels.encoded().size();
    if (item.histogram) total += 16 * item.histogram->sample_weight();
  }
  for (const wire::HistogramCell& cell : row.histograms)
    total += sizeof cell + 16 * cell.histogram.sample_weight();
  for (const auto& item : exemplars)
    total += sizeof item + item.series.encoded().size() +
             item.labels.encoded().size();
  for (const auto& item : metadata)
    total += sizeof item + item.family.size() + item.help.size();
  return total;
}

Sampler::Sampler(Labels labels) : labels_(std::move(labels)) {}

void Sampler::forget_series() {
  std::ranges::fill(columns_of_refs_, kUnknown);
}

Status Sampler::take(std::string body, exposition::Format format,
                     std::int64_t now_ms, const Job& job,
                     const exposition::HistogramOptions& histograms) {
  counts_ = {};
  loose_.clear();
  histograms_.clear();
  starts_.clear();
  exemplars_.clear();
  Status status = parser_.parse(std::move(body), format, histograms);
  counts_.scraped = parser_.entries().size();
  values_.assign(columns_->size(), wire::absent());
  if (status) status = fit_histograms(job);
  // Also after a failure: how many samples there were is told all the same.
  if (Status placed = place_series(job); !placed && status)
    status = std::move(placed);
  if (!status) {
    roll_back();
    take_failure();
    return status;
  }
  ++good_scrapes_;
  const auto& entries = parser_.entries();
  for (std::size_t i = 0; i < entries.size(); ++i)
    if (const std::uint32_t column = columns_of_refs_[entries[i].ref];
        column != kDropped)
      store(column, i, now_ms, job);
  std::ranges::sort(histograms_, {}, &wire::HistogramCell::column);
  std::ranges::sort(starts_, {}, &wire::StartCell::column);
  if (starts_.size() > wire::kRowStartsMax) starts_.resize(wire::kRowStartsMax);
  take_exemplars(now_ms, job);
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

// Makes histograms as coarse as the job wants them.
Status Sampler::fit_histograms(const Job& job) {
  const std::uint64_t limit = job.config.native_histogram_bucket_limit;
  std::size_t weight = 0;
  for (FloatHistogram& h : parser_.histograms()) {
    if (!h.uses_custom_buckets() && h.schema > job.histogram_schema_max)
      h.reduce_schema(job.histogram_schema_max);
    const auto buckets = [&] {
      return h.positive_buckets.size() + h.negative_buckets.size();
    };
    while (limit > 0 && buckets() > limit) {
      if (h.uses_custom_buckets() || h.schema <= kHistogramSchemaMin)
        return fail(Code::kLimit, "native_histogram_bucket_limit exceeded: " +
                                      std::to_string(buckets()) +
                                      " of at most " + std::to_string(limit));
      h.reduce_schema(h.schema - 1);
    }
    weight += h.sample_weight();
  }
  if (weight > wire::kRowHistogramWeightMax)
    return fail(Code::kLimit, "histograms that take too much memory");
  return {};
}

// Finds the column of every sample, before anything is stored: a scrape is
// taken as a whole or not at all.
Status Sampler::place_series(const Job& job) {
  columns_of_refs_.resize(parser_.series_count(), kUnknown);
  const auto& entries = parser_.entries();
  const bool may_drop = !job.config.metric_relabel_configs.empty();
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const std::uint32_t ref = entries[i].ref;
    std::uint32_t& column = columns_of_refs_[ref];
    // Beyond the limit samples are only counted.
    const bool fits = counts_.kept < job.limits.samples;
    if (column == kUnknown && (fits || may_drop)) {
      auto labels =
          sample_labels(parser_.labels(ref), target_labels(ref, job), job);
      if (!labels) {
        counts_.scraped = i + 1;
        return fail(std::move(labels).error());
      }
      if (!*labels) {
        column = kDropped;
      } else if (fits) {
        column = add_column(**std::move(labels));
      }
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

// The target's labels for a series: with honor_labels, what the series has
// with an empty value takes the target's label away.
Labels Sampler::target_labels(std::uint32_t ref, const Job& job) const {
  if (!job.config.honor_labels) return labels_;
  const std::vector<std::string> empty = parser_.empty_labels(ref);
  if (empty.empty()) return labels_;
  LabelsBuilder left(labels_);
  for (const std::string& name : empty) left.remove(name);
  return left.build();
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

const Labels& Sampler::labels_of(std::uint32_t column) const {
  return column < columns_->size() ? (*columns_)[column]
                                   : fresh_[column - columns_->size()];
}

void Sampler::store(std::uint32_t column, std::size_t entry_index,
                    std::int64_t now_ms, const Job& job) {
  const exposition::TargetEntry& entry = parser_.entries()[entry_index];
  const bool is_histogram = entry.histogram != exposition::TargetEntry::kFloat;
  const std::int64_t start_ms =
      parser_.starts().empty() ? 0 : parser_.starts()[entry_index];
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
    loose_.push_back({labels_of(column), entry.t_ms, value, start_ms});
    if (is_histogram)
      loose_.back().histogram = std::make_shared<const FloatHistogram>(
          std::move(parser_.histograms()[entry.histogram]));
    return;
  }
  if (!wire::is_absent(values_[column])) {
    ++counts_.duplicates;
    return;
  }
  state.seen = good_scrapes_;
  state.in_row = true;
  values_[column] = value;
  if (is_histogram)
    histograms_.push_back(
        {column, std::move(parser_.histograms()[entry.histogram])});
  if (start_ms != 0) starts_.push_back({column, start_ms});
}

// An exposition repeats its exemplars until there are others, so those that
// were sent are left out.  Order and rules are upstream's storage's.
void Sampler::take_exemplars(std::int64_t now_ms, const Job& job) {
  const auto order = [](const SentExemplar& e) {
    return std::tuple(e.t_ms, e.value, e.labels_hash);
  };
  std::vector<std::pair<std::uint32_t, SentExemplar>> newest;
  for (const exposition::TargetExemplar& one : parser_.exemplars()) {
    const exposition::TargetEntry& entry = parser_.entries()[one.entry];
    const std::uint32_t column = columns_of_refs_[entry.ref];
    if (column == kDropped) continue;
    const bool at_entry = entry.has_timestamp && job.config.honor_timestamps;
    const std::int64_t t_ms =
        one.exemplar.t_ms.value_or(at_entry ? entry.t_ms : now_ms);
    if (t_ms > now_ms + kFutureMsMax) continue;
    const double value =
        std::isnan(one.exemplar.value) ? normal_nan() : one.exemplar.value;
    const SentExemplar now{t_ms, value, one.exemplar.labels.hash()};
    const auto sent = sent_exemplars_.find(column);
    if (sent != sent_exemplars_.end()) {
      const SentExemplar& before = sent->second;
      const bool repeated = !one.exemplar.t_ms && before.value == value &&
                            before.labels_hash == now.labels_hash;
      if (repeated || order(now) <= order(before)) continue;
    }
    exemplars_.push_back({labels_of(column), one.exemplar.labels, t_ms, value});
    newest.emplace_back(column, now);
  }
  for (const auto& [column, now] : newest) {
    SentExemplar& sent = sent_exemplars_.try_emplace(column, now).first->second;
    if (order(sent) < order(now)) sent = now;
  }
  // Those of one series ascending, else a store would refuse some.
  std::ranges::stable_sort(exemplars_, [&](const auto& a, const auto& b) {
    return std::tuple(a.t_ms, a.value, a.labels.hash()) <
           std::tuple(b.t_ms, b.value, b.labels.hash());
  });
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
  histograms_.clear();
  starts_.clear();
  exemplars_.clear();
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
  batch.row.histograms = std::move(histograms_);
  batch.row.starts = std::move(starts_);
  batch.loose = std::move(loose_);
  batch.exemplars = std::move(exemplars_);
  values_ = {};
  histograms_ = {};
  starts_ = {};
  loose_ = {};
  exemplars_ = {};
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
  sent_exemplars_.clear();
  ++version_;
  columns_of_refs_.assign(columns_of_refs_.size(), kUnknown);
}

}  // namespace prom::scrape
