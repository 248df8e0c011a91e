#include "tests/support/exposition_twin.h"

#include <bit>
#include <vector>

namespace prom::test {
namespace {

using exposition::Parser;
using exposition::TargetParser;

struct Found {
  std::string error;
  struct Sample {
    Labels labels;
    double value = 0;
    std::optional<std::int64_t> t_ms;
    std::optional<exposition::Exemplar> exemplar;
  };
  std::vector<Sample> samples;
  std::vector<exposition::Metadata> metadata;
};

Found parse_afresh(const std::string& body, exposition::Format format) {
  Found found;
  Parser parser(body, format);
  for (;;) {
    const Result<Parser::Item> item = parser.next();
    if (!item) {
      found.error = item.error().message;
      return found;
    }
    if (*item == Parser::Item::kEnd) return found;
    if (*item == Parser::Item::kMetadata) {
      found.metadata.push_back(parser.metadata());
      continue;
    }
    if (*item != Parser::Item::kSample) continue;
    if (parser.sample().is_histogram) {
      found.error = "no target exposes histograms in this way";
      return found;
    }
    Found::Sample& sample = found.samples.emplace_back();
    sample.labels = parser.labels();
    sample.value = parser.sample().value;
    sample.t_ms = parser.sample().t_ms;
    if (parser.sample().has_exemplar) sample.exemplar = parser.exemplar();
  }
}

bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

std::string compare_exemplars(const TargetParser& target, const Found& found) {
  std::size_t next = 0;
  for (std::size_t i = 0; i < found.samples.size(); ++i) {
    if (!found.samples[i].exemplar) continue;
    if (next == target.exemplars().size()) return "an exemplar is missing";
    const auto& got = target.exemplars()[next++];
    if (got.entry != i) return "an exemplar belongs to another sample";
    if (got.exemplar.labels != found.samples[i].exemplar->labels ||
        got.exemplar.t_ms != found.samples[i].exemplar->t_ms ||
        !same_bits(got.exemplar.value, found.samples[i].exemplar->value))
      return "an exemplar differs";
  }
  return next == target.exemplars().size() ? "" : "an exemplar too many";
}

}  // namespace

std::string difference_to_parser(TargetParser& target, const std::string& body,
                                 exposition::Format format) {
  const Found found = parse_afresh(body, format);
  const Status status = target.parse(body, format);
  if (status.has_value() != found.error.empty())
    return "one of them fails: parser '" + found.error + "', target '" +
           (status ? "" : status.error().message) + "'";
  if (target.entries().size() != found.samples.size())
    return "other number of samples";
  for (std::size_t i = 0; i < found.samples.size(); ++i) {
    const TargetParser::Entry& entry = target.entries()[i];
    const Found::Sample& sample = found.samples[i];
    if (entry.ref >= target.series_count()) return "ref out of range";
    if (target.labels(entry.ref) != sample.labels)
      return "labels: " + target.labels(entry.ref).to_string() + " for " +
             sample.labels.to_string();
    if (!same_bits(entry.value, sample.value))
      return "value of " + sample.labels.to_string();
    if (entry.has_timestamp != sample.t_ms.has_value() ||
        (sample.t_ms && entry.t_ms != *sample.t_ms))
      return "timestamp of " + sample.labels.to_string();
  }
  if (!status) return target.metadata().empty() ? "" : "metadata of a failure";
  if (target.metadata() != found.metadata) return "metadata";
  return compare_exemplars(target, found);
}

}  // namespace prom::test
