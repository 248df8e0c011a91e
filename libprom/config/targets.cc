#include "libprom/config/targets.h"

#include <optional>

#include <nlohmann/json.hpp>

#include "libprom/base/json_writer.h"

namespace prom::config {
namespace {

using Json = nlohmann::json;

void write_labels(JsonWriter& json, const Labels& labels) {
  json.begin_object();
  for (const auto& [name, value] : labels) json.key(name).string(value);
  json.end_object();
}

void write_target(JsonWriter& json, const Target& target) {
  json.begin_object();
  json.key("url").string(target.url);
  json.key("labels");
  write_labels(json, target.labels);
  if (target.interval_ms != 0)
    json.key("interval_ms").integer(target.interval_ms);
  if (target.timeout_ms != 0) json.key("timeout_ms").integer(target.timeout_ms);
  if (!target.unix_socket.empty())
    json.key("unix_socket").string(target.unix_socket);
  if (target.scrape_native_histograms)
    json.key("scrape_native_histograms").boolean(true);
  if (target.convert_classic_histograms_to_nhcb)
    json.key("convert_classic_histograms_to_nhcb").boolean(true);
  if (target.always_scrape_classic_histograms)
    json.key("always_scrape_classic_histograms").boolean(true);
  if (!target.discovered.empty()) {
    json.key("discovered");
    write_labels(json, target.discovered);
  }
  json.end_object();
}

std::optional<Labels> read_labels(const Json& json) {
  if (!json.is_object() || json.size() > kLabelsPerTargetMax)
    return std::nullopt;
  std::vector<LabelView> all;
  all.reserve(json.size());
  for (const auto& [name, text] : json.items()) {
    if (!text.is_string()) return std::nullopt;
    all.push_back({name, text.get_ref<const std::string&>()});
  }
  return Labels::from(std::move(all));
}

// Reads one object's members into variables; the first member of a wrong type
// is remembered.
class Members {
 public:
  explicit Members(const Json& object) : object_(object) {}

  void text(const char* key, std::string& into) {
    if (const Json* value = find(key, &Json::is_string))
      into = value->get_ref<const std::string&>();
  }
  void flag(const char* key, bool& into) {
    if (const Json* value = find(key, &Json::is_boolean))
      into = value->get<bool>();
  }
  void count(const char* key, std::int64_t& into) {
    const Json* value = find(key, &Json::is_number_integer);
    if (value == nullptr) return;
    if (value->is_number_unsigned() &&
        value->get<std::uint64_t>() > std::uint64_t{INT64_MAX})
      return spoil(key);
    const auto number = value->get<std::int64_t>();
    if (number < 0) return spoil(key);
    into = number;
  }
  void labels(const char* key, Labels& into) {
    const Json* value = find(key, &Json::is_object);
    if (value == nullptr) return;
    auto read = read_labels(*value);
    if (!read) return spoil(key);
    into = *std::move(read);
  }
  // The key of the first wrong member; empty when all is well.
  [[nodiscard]] const std::string& wrong() const { return wrong_; }

 private:
  const Json* find(const char* key, bool (Json::*is_type)() const noexcept) {
    const auto at = object_.find(key);
    if (at == object_.end() || at->is_null()) return nullptr;
    if (((*at).*is_type)()) return &*at;
    spoil(key);
    return nullptr;
  }
  void spoil(const char* key) {
    if (wrong_.empty()) wrong_ = key;
  }

  const Json& object_;
  std::string wrong_;
};

std::unexpected<Error> bad(const std::string& what) {
  return fail(Code::kBadData, "target line: " + what);
}

Result<Target> read_target(const Json& json) {
  if (!json.is_object()) return bad("a target is no object");
  Target target;
  Members members(json);
  members.text("url", target.url);
  members.labels("labels", target.labels);
  members.labels("discovered", target.discovered);
  members.count("interval_ms", target.interval_ms);
  members.count("timeout_ms", target.timeout_ms);
  members.text("unix_socket", target.unix_socket);
  members.flag("scrape_native_histograms", target.scrape_native_histograms);
  members.flag("convert_classic_histograms_to_nhcb",
               target.convert_classic_histograms_to_nhcb);
  members.flag("always_scrape_classic_histograms",
               target.always_scrape_classic_histograms);
  if (!members.wrong().empty())
    return bad("\"" + members.wrong() + "\" of a target is not valid");
  if (target.url.empty()) return bad("a target has no url");
  return target;
}

Result<TargetSet> read_set(const Json& json) {
  if (!json.is_object()) return bad("no object");
  TargetSet set;
  Members members(json);
  std::int64_t dropped = 0;
  members.text("job", set.job);
  members.count("dropped", dropped);
  if (!members.wrong().empty())
    return bad("\"" + members.wrong() + "\" is not valid");
  set.dropped = static_cast<std::uint64_t>(dropped);
  if (set.job.empty()) return bad("no job");
  const auto dropped_targets = json.find("dropped_targets");
  if (dropped_targets != json.end()) {
    if (!dropped_targets->is_array() ||
        dropped_targets->size() > kDroppedTargetsMax)
      return bad("\"dropped_targets\" is not valid");
    for (const Json& labels : *dropped_targets) {
      auto read = read_labels(labels);
      if (!read) return bad("\"dropped_targets\" is not valid");
      set.dropped_targets.push_back(*std::move(read));
    }
  }
  const auto targets = json.find("targets");
  if (targets == json.end() || !targets->is_array()) return bad("no targets");
  if (targets->size() > kTargetsPerJobMax)
    return fail(Code::kLimit, "target line: more than " +
                                  std::to_string(kTargetsPerJobMax) +
                                  " targets");
  set.targets.reserve(targets->size());
  for (const Json& each : *targets) {
    auto target = read_target(each);
    if (!target) return fail(std::move(target).error());
    set.targets.push_back(std::move(*target));
  }
  return set;
}

// Keeps the parser from building what is nested deeper than a target set.
constexpr int kDepthMax = 8;
bool is_shallow(int depth, Json::parse_event_t /*event*/, Json& /*value*/) {
  return depth <= kDepthMax;
}

}  // namespace

std::string to_json(const TargetSet& set) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.key("job").string(set.job);
  json.key("targets").begin_array();
  for (const Target& target : set.targets) write_target(json, target);
  json.end_array();
  if (set.dropped != 0)
    json.key("dropped").integer(static_cast<std::int64_t>(set.dropped));
  if (!set.dropped_targets.empty()) {
    json.key("dropped_targets").begin_array();
    for (const Labels& labels : set.dropped_targets) write_labels(json, labels);
    json.end_array();
  }
  json.end_object();
  return out;
}

Result<TargetSet> parse_target_set(std::string_view line) {
  if (line.size() > kTargetLineBytesMax)
    return fail(Code::kLimit, "target line: longer than " +
                                  std::to_string(kTargetLineBytesMax >> 20U) +
                                  " MiB");
  const Json json = Json::parse(line, is_shallow, /*allow_exceptions=*/false);
  if (json.is_discarded()) return bad("no JSON");
  return read_set(json);
}

}  // namespace prom::config
