// What collectors produce: metric families with their samples, gathered so
// that a family's lines stand together whoever adds to it.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "libprom/base/result.h"
#include "libprom/exposition/format.h"
#include "libprom/model/labels.h"

namespace prom::exports {

using exposition::MetricType;

class Families {
 public:
  // One sample.  Type and help of a family are those that came first; of two
  // samples with the same labels the first one stays, as one scrape can hold
  // only one.  A name that is none, made of what some file says, is left out;
  // label values become UTF-8.  REQUIRES: no __name__ in `labels`.
  void add(std::string_view name, MetricType type, std::string_view help,
           const Labels& labels, double value);
  void gauge(std::string_view name, std::string_view help, double value,
             const Labels& labels = {}) {
    add(name, MetricType::kGauge, help, labels, value);
  }
  void counter(std::string_view name, std::string_view help, double value,
               const Labels& labels = {}) {
    add(name, MetricType::kCounter, help, labels, value);
  }
  void untyped(std::string_view name, std::string_view help, double value,
               const Labels& labels = {}) {
    add(name, MetricType::kUnknown, help, labels, value);
  }

  // Takes what `text`, an exposition in the text format, holds: histograms and
  // summaries stay together.  kBadData when it does not parse or has
  // timestamps; then nothing is taken.
  [[nodiscard]] Status add_text(std::string_view text);

  // Text format, families by name, samples by labels.
  [[nodiscard]] std::string text() const;

 private:
  struct Family {
    MetricType type = MetricType::kUnknown;
    std::string help;
    // By name, since a histogram's family has three, and labels.
    std::map<std::pair<std::string, Labels>, double> samples;
  };
  Family& family(std::string_view name, MetricType type, std::string_view help);

  std::map<std::string, Family, std::less<>> families_;
};

}  // namespace prom::exports
