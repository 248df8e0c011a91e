// Series as text of the pipe dialect or as OpenMetrics, families with their
// metadata.
#include <algorithm>
#include <optional>
#include <tuple>

#include "libprom/base/number.h"
#include "libprom/exposition/text.h"
#include "libprom/exposition/writer.h"
#include "libprom/model/sample.h"
#include "libprom/store/export_format.h"

namespace prom::store {
namespace {

using exposition::Format;
using exposition::Metadata;
using exposition::MetricType;

// What the names of a family's series may end in.
constexpr std::string_view kSuffixes[] = {"_bucket", "_count",   "_sum",
                                          "_total",  "_created", "_info",
                                          "_gcount", "_gsum"};

// Whether a reader would write this label otherwise, knowing the type.
bool is_canonical(const Labels& labels, std::string_view name) {
  const std::string_view text = labels.get(name);
  if (text.empty()) return true;
  const auto value = parse_float(text);
  if (!value) return true;
  std::string canonical;
  exposition::append_canonical_float(canonical, *value);
  return canonical == text;
}

class ExpositionWriter final : public ExportWriter {
 public:
  ExpositionWriter(ExportFormat format, ExportContext context)
      : format_(format == ExportFormat::kOpenMetrics ? Format::kOpenMetrics
                                                     : Format::kPipe),
        metadata_(std::move(context.metadata)) {}

  void begin(std::string& out) override { writer_.emplace(out, format_); }

  void add(const Labels& labels, const SeriesSamples& samples,
           std::span<const Exemplar> exemplars, std::string& /*out*/) override {
    const std::string_view name = labels.metric_name();
    if (name.empty()) {
      ++left_out_.nameless_series;
      return;
    }
    enter_family(name, labels);
    for (std::size_t i = 0; i < samples.t_ms.size(); ++i) {
      if (!samples.histogram.empty() && samples.histogram[i] != nullptr) {
        ++left_out_.histograms;
        continue;
      }
      if (format_ == Format::kOpenMetrics && is_stale_nan(samples.value[i])) {
        ++left_out_.stale_markers;
        continue;
      }
      add_sample(labels, samples, i, exemplars);
    }
    left_out_.exemplars += exemplars.size();
  }

  void finish(std::string& /*out*/) override { writer_->finish(); }

 private:
  // Takes the exemplars that are told with it off their front: a sample of
  // OpenMetrics has room for one that is not newer, the pipe dialect for all.
  void add_sample(const Labels& labels, const SeriesSamples& samples,
                  std::size_t i, std::span<const Exemplar>& exemplars) {
    const std::int64_t t_ms = samples.t_ms[i];
    const bool is_last = i + 1 == samples.t_ms.size();
    const auto take = [&]() -> std::optional<exposition::Exemplar> {
      if (exemplars.empty() || (exemplars.front().t_ms > t_ms && !is_last))
        return std::nullopt;
      const Exemplar& one = exemplars.front();
      exemplars = exemplars.subspan(1);
      return exposition::Exemplar{one.labels, one.value, one.t_ms};
    };
    if (format_ == Format::kOpenMetrics) {
      const auto exemplar = may_have_exemplars() ? take() : std::nullopt;
      writer_->sample(labels, samples.value[i], t_ms,
                      exemplar ? &*exemplar : nullptr);
      return;
    }
    writer_->sample(labels, samples.value[i], t_ms);
    while (const auto exemplar = take()) writer_->exemplar(labels, *exemplar);
  }

  // OpenMetrics has them for counters and buckets only.
  [[nodiscard]] bool may_have_exemplars() const {
    const bool is_bucket = announced_ == MetricType::kHistogram ||
                           announced_ == MetricType::kGaugeHistogram;
    return (announced_ == MetricType::kCounter && name_.ends_with("_total")) ||
           (is_bucket && name_.ends_with("_bucket")) ||
           (announced_ == MetricType::kUnknown &&
            (name_.ends_with("_total") || name_.ends_with("_bucket")));
  }

  [[nodiscard]] const FamilyMetadata* find(std::string_view family) const {
    const auto at = std::ranges::lower_bound(metadata_, family, {},
                                             &FamilyMetadata::family);
    return at != metadata_.end() && at->family == family ? &*at : nullptr;
  }

  [[nodiscard]] const FamilyMetadata* family_of(std::string_view name) const {
    if (const FamilyMetadata* const exact = find(name)) return exact;
    for (const std::string_view suffix : kSuffixes) {
      if (!name.ends_with(suffix)) continue;
      const FamilyMetadata* const family =
          find(name.substr(0, name.size() - suffix.size()));
      if (family != nullptr) return family;
    }
    return nullptr;
  }

  // Readers write `le` and `quantile` anew under the types that have them;
  // where that would make another series, the type is withheld.
  void enter_family(std::string_view name, const Labels& labels) {
    if (name != name_) {
      name_ = name;
      const FamilyMetadata* const family = family_of(name);
      const std::string_view family_name =
          family != nullptr ? std::string_view(family->family) : name;
      if (family_name != family_) {
        family_ = family_name;
        type_ = family != nullptr ? exposition::metric_type(family->type)
                                  : MetricType::kUnknown;
        // A family of which nothing is known ends the one before.
        if (family != nullptr || announced_ != MetricType::kUnknown)
          announce(family, type_);
      }
    }
    const bool plain =
        (type_ != MetricType::kHistogram || is_canonical(labels, "le")) &&
        (type_ != MetricType::kSummary || is_canonical(labels, "quantile"));
    const MetricType wanted = plain ? type_ : MetricType::kUnknown;
    if (wanted != announced_) announce(nullptr, wanted);
  }

  void announce(const FamilyMetadata* family, MetricType type) {
    Metadata words;
    words.family = family_;
    if (family != nullptr && !family->help.empty()) {
      words.kind = Metadata::Kind::kHelp;
      words.text = family->help;
      writer_->metadata(words);
    }
    words.kind = Metadata::Kind::kType;
    words.type = type;
    writer_->metadata(words);
    announced_ = type;
    if (family == nullptr || family->unit.empty()) return;
    words.kind = Metadata::Kind::kUnit;
    words.text = family->unit;
    writer_->metadata(words);
  }

  const Format format_;
  const std::vector<FamilyMetadata> metadata_;
  std::optional<exposition::Writer> writer_;
  std::string name_;
  std::string family_;
  MetricType type_ = MetricType::kUnknown;       // of the family
  MetricType announced_ = MetricType::kUnknown;  // by the last TYPE line
};

}  // namespace

std::unique_ptr<ExportWriter> make_exposition_writer(ExportFormat format,
                                                     ExportContext context) {
  return std::make_unique<ExpositionWriter>(format, std::move(context));
}

}  // namespace prom::store
