#include "libprom/rules/recording_rule.h"

#include <string>
#include <unordered_set>

namespace prom::rules {

Result<std::vector<Sample>> record(const Rule& rule,
                                   const std::vector<Element>& elements,
                                   std::int64_t t_ms, std::int64_t limit) {
  std::vector<Sample> samples;
  samples.reserve(elements.size());
  std::unordered_set<Labels, LabelsHash> seen;
  for (const Element& element : elements) {
    LabelsBuilder builder(element.labels);
    builder.set(kMetricName, rule.name);
    for (const TemplatedText& label : rule.labels)
      builder.set(label.name, label.source);
    Labels labels = builder.build();
    if (!seen.insert(labels).second)
      return fail(Code::kBadData,
                  "vector contains metrics with the same labelset after "
                  "applying rule labels");
    samples.push_back(
        {std::move(labels), t_ms, element.value, element.histogram});
  }
  if (limit > 0 && samples.size() > static_cast<std::size_t>(limit))
    return fail(Code::kLimit, "exceeded limit of " + std::to_string(limit) +
                                  " with " + std::to_string(samples.size()) +
                                  " series");
  return samples;
}

}  // namespace prom::rules
