// What the formats share.
#pragma once

#include <string>
#include <vector>

#include "libprom/query/format.h"

namespace prom::query {

// Series in the order in which they are shown.
std::vector<const Series*> ordered(const QueryResult& result, const View& view);

// A point as text: a number, or a histogram as upstream prints it.
std::string value_text(double value);
std::string value_text(const FloatHistogram& histogram);

// Labels that differ between series, and those that all of several share.
struct Split {
  Labels common;
  std::vector<std::string> differing;
};
// REQUIRES: at least one series.
Split split_labels(const std::vector<const Series*>& series);
// What tells a series apart: {instance="a"}, without common labels.
std::string distinct_name(const Series& series, const Split& split);

// Names that at least one series has, ascending; the metric name first.
std::vector<std::string> label_names(const std::vector<const Series*>& series);

}  // namespace prom::query
