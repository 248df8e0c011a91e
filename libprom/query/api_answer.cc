// The only file of query/ that sees nlohmann's JSON.
#include "libprom/query/api_answer.h"

#include <array>
#include <cmath>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "libprom/base/number.h"
#include "libprom/query/histogram_rebuild.h"

namespace prom::query {
namespace {

using Json = nlohmann::json;

// Beyond it a server's error is cut: it may send a page of HTML.
constexpr std::size_t kErrorBytesMax = 2000;
constexpr double kTimeSecondsMax = 9.2e15;

std::unexpected<Error> odd(std::string_view what) {
  return fail(Code::kBadData,
              "the server's answer is not of the API: " + std::string(what));
}

// Upstream's names of kinds of errors.
Code code_of(std::string_view type) {
  constexpr std::array<std::pair<std::string_view, Code>, 7> kTypes = {
      {{"bad_data", Code::kBadData},
       {"execution", Code::kExecution},
       {"timeout", Code::kTimeout},
       {"canceled", Code::kCancelled},
       {"not_found", Code::kMissing},
       {"unavailable", Code::kUnavailable},
       {"internal", Code::kUnavailable}}};
  for (const auto& [name, code] : kTypes) {
    if (name == type) return code;
  }
  return Code::kUnavailable;
}

const Json* find(const Json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto at = object.find(key);
  return at == object.end() ? nullptr : &*at;
}

std::string text_of(const Json& object, const char* key) {
  const Json* const value = find(object, key);
  if (value == nullptr || !value->is_string()) return {};
  return value->get<std::string>();
}

void append_texts(const Json& root, const char* key,
                  std::vector<std::string>& into) {
  const Json* const texts = find(root, key);
  if (texts == nullptr || !texts->is_array()) return;
  for (const Json& text : *texts) {
    if (text.is_string()) into.push_back(text.get<std::string>());
  }
}

// The whole answer; on failure the server's error.
Result<Json> parse(std::string_view body) {
  Json root = Json::parse(body, nullptr, false);
  if (root.is_discarded() || !root.is_object()) return odd("no JSON object");
  const std::string status = text_of(root, "status");
  if (status == "success") {
    if (find(root, "data") == nullptr) return odd("no data");
    return root;
  }
  if (status != "error") return odd("no status");
  std::string reason = text_of(root, "error");
  if (reason.size() > kErrorBytesMax) reason.resize(kErrorBytesMax);
  return fail(code_of(text_of(root, "errorType")), std::move(reason));
}

std::optional<Labels> labels_of(const Json& object) {
  if (!object.is_object()) return std::nullopt;
  LabelsBuilder labels;
  for (const auto& [name, value] : object.items()) {
    if (!value.is_string()) return std::nullopt;
    labels.set(name, value.get_ref<const std::string&>());
  }
  return labels.build();
}

std::optional<double> number_of(const Json& text) {
  if (!text.is_string()) return std::nullopt;
  return parse_float(text.get_ref<const std::string&>());
}

// [seconds, …]
std::optional<std::int64_t> time_of(const Json& pair) {
  if (!pair.is_array() || pair.size() != 2 || !pair[0].is_number())
    return std::nullopt;
  const double seconds = pair[0].get<double>();
  if (!(std::abs(seconds) < kTimeSecondsMax)) return std::nullopt;
  return std::llround(seconds * 1000);
}

std::optional<FloatPoint> float_point(const Json& pair) {
  const auto t_ms = time_of(pair);
  if (!t_ms) return std::nullopt;
  const auto value = number_of(pair[1]);
  if (!value) return std::nullopt;
  return FloatPoint{*t_ms, *value};
}

// [rule, lower, upper, count]; the rules are those of write_json.
std::optional<HistogramBucket> bucket_of(const Json& json) {
  if (!json.is_array() || json.size() != 4 || !json[0].is_number_integer())
    return std::nullopt;
  const auto lower = number_of(json[1]);
  const auto upper = number_of(json[2]);
  const auto count = number_of(json[3]);
  if (!lower || !upper || !count) return std::nullopt;
  const auto rule = json[0].get<std::int64_t>();
  return HistogramBucket{.lower = *lower,
                         .upper = *upper,
                         .lower_inclusive = rule == 1 || rule == 3,
                         .upper_inclusive = rule == 0 || rule == 3,
                         .count = *count};
}

std::optional<HistogramPoint> histogram_point(const Json& pair) {
  const auto t_ms = time_of(pair);
  if (!t_ms) return std::nullopt;
  const Json* const count = find(pair[1], "count");
  const Json* const sum = find(pair[1], "sum");
  if (count == nullptr || sum == nullptr) return std::nullopt;
  const auto total = number_of(*count);
  const auto added = number_of(*sum);
  if (!total || !added) return std::nullopt;
  std::vector<HistogramBucket> buckets;
  if (const Json* const list = find(pair[1], "buckets");
      list != nullptr && list->is_array()) {
    for (const Json& one : *list) {
      const auto bucket = bucket_of(one);
      if (!bucket) return std::nullopt;
      buckets.push_back(*bucket);
    }
  }
  return HistogramPoint{
      *t_ms, std::make_shared<const FloatHistogram>(
                 rebuild_histogram(*total, *added, std::move(buckets)))};
}

// One point under `one`, or a list of them under `many`.
template <typename Point>
bool read_points(const Json& json, const char* one, const char* many,
                 std::optional<Point> (*read)(const Json&),
                 std::vector<Point>& into) {
  const auto add = [&](const Json& pair) {
    auto point = read(pair);
    if (point) into.push_back(std::move(*point));
    return point.has_value();
  };
  if (const Json* const single = find(json, one)) return add(*single);
  const Json* const list = find(json, many);
  if (list == nullptr) return true;
  if (!list->is_array()) return false;
  into.reserve(list->size());
  return std::ranges::all_of(*list, add);
}

bool read_series(const Json& json, Series& into) {
  const Json* const metric = find(json, "metric");
  if (metric == nullptr) return false;
  auto labels = labels_of(*metric);
  if (!labels) return false;
  into.labels = std::move(*labels);
  return read_points(json, "value", "values", float_point, into.floats) &&
         read_points(json, "histogram", "histograms", histogram_point,
                     into.histograms);
}

Status read_value(const std::string& type, const Json& value,
                  QueryResult& into) {
  if (type == "scalar") {
    into.type = promql::ValueType::kScalar;
    const auto point = float_point(value);
    if (!point) return odd("a scalar");
    into.scalar = *point;
    into.t_ms = point->t_ms;
    return {};
  }
  if (type == "string") {
    into.type = promql::ValueType::kString;
    const auto t_ms = time_of(value);
    if (!t_ms || !value[1].is_string()) return odd("a string");
    into.t_ms = *t_ms;
    into.text = value[1].get<std::string>();
    return {};
  }
  if (type != "vector" && type != "matrix") return odd("the type of a result");
  into.type = type == "vector" ? promql::ValueType::kVector
                               : promql::ValueType::kMatrix;
  if (!value.is_array()) return odd("a list of series");
  into.series.resize(value.size());
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (!read_series(value[i], into.series[i])) return odd("a series");
  }
  return {};
}

}  // namespace

Result<QueryResult> read_query_answer(std::string_view body) {
  const Result<Json> root = parse(body);
  if (!root) return fail(root.error());
  const Json& data = (*root)["data"];
  const Json* const value = find(data, "result");
  if (value == nullptr) return odd("no result");
  QueryResult result;
  Status read = read_value(text_of(data, "resultType"), *value, result);
  if (!read) return fail(std::move(read).error());
  append_texts(*root, "warnings", result.warnings);
  append_texts(*root, "infos", result.infos);
  return result;
}

Result<std::vector<std::string>> read_names_answer(
    std::string_view body, std::vector<std::string>& warnings) {
  const Result<Json> root = parse(body);
  if (!root) return fail(root.error());
  const Json& data = (*root)["data"];
  std::vector<std::string> names;
  if (!data.is_array() && !data.is_null()) return odd("a list of names");
  for (const Json& name : data) {
    if (!name.is_string()) return odd("a name");
    names.push_back(name.get<std::string>());
  }
  std::ranges::sort(names);
  append_texts(*root, "warnings", warnings);
  return names;
}

Result<std::vector<Labels>> read_series_answer(
    std::string_view body, std::vector<std::string>& warnings) {
  const Result<Json> root = parse(body);
  if (!root) return fail(root.error());
  const Json& data = (*root)["data"];
  if (!data.is_array() && !data.is_null()) return odd("a list of series");
  std::vector<Labels> all;
  all.reserve(data.size());
  for (const Json& one : data) {
    auto labels = labels_of(one);
    if (!labels) return odd("a series");
    all.push_back(std::move(*labels));
  }
  std::ranges::sort(all);
  const auto repeated = std::ranges::unique(all);
  all.erase(repeated.begin(), repeated.end());
  append_texts(*root, "warnings", warnings);
  return all;
}

Result<std::vector<FamilyDescription>> read_metadata_answer(
    std::string_view body) {
  const Result<Json> root = parse(body);
  if (!root) return fail(root.error());
  const Json& data = (*root)["data"];
  if (!data.is_object()) return odd("metadata");
  std::vector<FamilyDescription> all;
  for (const auto& [family, list] : data.items()) {
    if (!list.is_array() || list.empty()) continue;
    all.push_back({.family = family,
                   .type = text_of(list[0], "type"),
                   .help = text_of(list[0], "help"),
                   .unit = text_of(list[0], "unit")});
  }
  return all;
}

}  // namespace prom::query
