#include "tests/support/block_oracle.h"

#include <algorithm>
#include <bit>
#include <numeric>

#include "libprom/model/sample.h"

namespace prom::block {
namespace {

double random_value(int kind, double before, std::mt19937_64& random) {
  switch (kind % 6) {
    case 0:
      return 1;
    case 1:
      return random() % 50 == 0 ? 0
                                : before + static_cast<double>(random() % 9);
    case 2:
      return static_cast<double>(random() % 10'000) / 100;
    case 3:
      return std::bit_cast<double>(random());  // any pattern, NaNs among them
    case 4:
      return random() % 9 == 0 ? stale_nan() : before;
    default:
      return before + static_cast<double>(random() % 1000) / 7;
  }
}

FloatHistogram random_histogram(std::mt19937_64& random) {
  FloatHistogram one;
  one.integer = true;
  one.schema = 2;
  one.zero_threshold = 0.001;
  one.positive_spans = {{1, 2}, {1, 1}};
  for (int i = 0; i < 3; ++i)
    one.positive_buckets.push_back(static_cast<double>(random() % 100));
  one.zero_count = static_cast<double>(random() % 5);
  one.count = one.zero_count + std::accumulate(one.positive_buckets.begin(),
                                               one.positive_buckets.end(), 0.0);
  one.sum = static_cast<double>(random() % 1000) / 8;
  return one;
}

std::string dump_histogram(const FloatHistogram& one) {
  std::string text = one.to_test_expression();
  text += one.integer ? " i " : " f ";
  text += std::to_string(static_cast<int>(one.counter_reset_hint));
  return text + std::to_string(std::bit_cast<std::uint64_t>(one.sum));
}

std::string dump_exemplars(const std::vector<Exemplar>& exemplars) {
  std::string text;
  for (const Exemplar& one : exemplars)
    text += "  # " + one.labels.to_string() + ' ' + std::to_string(one.value) +
            ' ' + std::to_string(one.t_ms) + '\n';
  return text;
}

}  // namespace

Oracle make_oracle(const OracleShape& shape, std::mt19937_64& random) {
  const auto chance = [&](double share) {
    return static_cast<double>(random() % 1000) < share * 1000;
  };
  Oracle oracle;
  for (int target = 0; target < shape.targets; ++target) {
    std::vector<std::int64_t> t_ms;
    for (int i = 0; i < shape.scrapes; ++i)
      t_ms.push_back(
          shape.first_ms + i * 15'000 + target +
          (target % 2 == 0 ? 0 : static_cast<std::int64_t>(random() % 40)));
    for (int metric = 0; metric < shape.metrics; ++metric) {
      LabelsBuilder labels;
      labels.set("__name__", "metric_" + std::to_string(metric));
      labels.set("instance", "host-" + std::to_string(target) + ":9100");
      if (metric % 2 == 0) labels.set("job", "node");
      if (metric % 3 == 0)
        labels.set("odd name", "\xc3\xa4 " + std::to_string(metric * target));
      OracleSeries& series = oracle[labels.build()];
      std::size_t first = 0;
      std::size_t last = t_ms.size();
      if (chance(shape.shorter)) {
        first = random() % t_ms.size();
        last = first + 1 + random() % (t_ms.size() - first);
      }
      const bool histograms = chance(shape.histograms);
      const bool starts = chance(shape.starts);
      double value = 10;
      for (std::size_t i = first; i < last; ++i) {
        OracleSample sample;
        sample.t_ms = t_ms[i];
        value = random_value(metric, value, random);
        sample.value = value;
        if (histograms && random() % 3 != 0)
          sample.histogram = random_histogram(random);
        if (starts) sample.start_ms = shape.first_ms - 1000;
        series.samples.push_back(sample);
      }
      if (metric % 3 == 1)
        series.exemplars = {{Labels{{"trace_id", "abc"}}, 1.5, t_ms[0]},
                            {Labels{}, -2, t_ms[0] - 9}};
    }
  }
  return oracle;
}

Samples samples_of(const OracleSeries& series) {
  Samples samples;
  for (const OracleSample& one : series.samples) {
    if (one.histogram) {
      samples.push(one.t_ms, *one.histogram);
    } else {
      samples.push(one.t_ms, one.value);
    }
    if (one.start_ms != 0) samples.set_start(one.start_ms);
  }
  samples.end_series();
  return samples;
}

Ulid test_id(std::uint64_t number) {
  return Ulid::make(1'700'000'000'000, 7, number);
}

Result<std::string> write_oracle(const Oracle& oracle, os::FileSystem& files,
                                 const std::string& directory,
                                 const WriterOptions& options) {
  auto writer = Writer::create(files, directory, options);
  if (!writer) return fail(writer.error());
  (*writer)->add_metadata({"metric_0", "counter", "Nothing", "seconds"});
  for (const auto& [labels, series] : oracle) {
    const Samples samples = samples_of(series);
    if (Status status = (*writer)->add(labels, samples.of(0)); !status)
      return fail(status.error());
    (*writer)->add_exemplars(series.exemplars);
  }
  (*writer)->add_metadata({"metric_0", "gauge", "Something", ""});
  const auto info = (*writer)->finish();
  if (!info) return fail(info.error());
  return os::join_path(directory, options.id.to_string());
}

std::vector<OracleSample> in_range(const OracleSeries& series,
                                   std::int64_t min_ms, std::int64_t max_ms) {
  std::vector<OracleSample> found;
  std::ranges::copy_if(series.samples, std::back_inserter(found),
                       [&](const OracleSample& one) {
                         return one.t_ms >= min_ms && one.t_ms <= max_ms;
                       });
  return found;
}

std::string dump(const std::vector<OracleSample>& samples) {
  std::string text;
  for (const OracleSample& one : samples) {
    text += "  " + std::to_string(one.t_ms) + ' ';
    text += one.histogram
                ? dump_histogram(*one.histogram)
                : std::to_string(std::bit_cast<std::uint64_t>(one.value));
    text += " @" + std::to_string(one.start_ms) + '\n';
  }
  return text;
}

std::string dump(const Samples& samples) {
  std::vector<OracleSample> all;
  for (std::size_t i = 0; i < samples.t_ms.size(); ++i) {
    OracleSample one;
    one.t_ms = samples.t_ms[i];
    one.value = samples.value[i];
    if (!samples.histogram.empty() && samples.histogram[i] != nullptr)
      one.histogram = *samples.histogram[i];
    if (!samples.start_ms.empty()) one.start_ms = samples.start_ms[i];
    all.push_back(std::move(one));
  }
  return dump(all);
}

Result<std::string> dump_block(const Block& block) {
  std::string text;
  const auto all = block.select({});
  if (!all) return fail(all.error());
  for (const Ordinal series : *all) {
    const auto labels = block.labels(series);
    if (!labels) return fail(labels.error());
    Samples samples;
    if (Status status = block.read(series, INT64_MIN, INT64_MAX, samples);
        !status)
      return fail(status.error());
    const auto exemplars = block.exemplars(series);
    if (!exemplars) return fail(exemplars.error());
    if (block.labels_hash(series) != labels->hash())
      return fail(Code::kInternal, "another hash");
    text +=
        labels->to_string() + '\n' + dump(samples) + dump_exemplars(*exemplars);
  }
  const auto metadata = block.metadata();
  if (!metadata) return fail(metadata.error());
  for (const FamilyMetadata& one : *metadata)
    text +=
        one.family + '|' + one.type + '|' + one.help + '|' + one.unit + '\n';
  return text;
}

std::string dump_oracle(const Oracle& oracle) {
  std::string text;
  for (const auto& [labels, series] : oracle)
    text += labels.to_string() + '\n' + dump(series.samples) +
            dump_exemplars(series.exemplars);
  return text + "metric_0|gauge|Something|\n";
}

}  // namespace prom::block
