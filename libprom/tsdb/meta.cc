#include "libprom/tsdb/meta.h"

#include <nlohmann/json.hpp>

#include "libprom/base/json_writer.h"

namespace prom::tsdb {
namespace {

using nlohmann::json;

constexpr std::int64_t kVersion = 1;

template <typename T>
T number(const json& object, const char* name) {
  const auto at = object.find(name);
  return at != object.end() && at->is_number_integer() ? at->get<T>() : T{};
}

std::vector<std::string> texts(const json& object, const char* name) {
  std::vector<std::string> all;
  const auto at = object.find(name);
  if (at == object.end() || !at->is_array()) return all;
  for (const json& item : *at)
    if (item.is_string()) all.push_back(item.get<std::string>());
  return all;
}

const json& child(const json& object, const char* name) {
  static const json kNone = json::object();
  const auto at = object.find(name);
  return at != object.end() && at->is_object() ? *at : kNone;
}

}  // namespace

Result<BlockMeta> parse_meta(std::string_view text) {
  const json document = json::parse(text.begin(), text.end(), nullptr,
                                    /*allow_exceptions=*/false);
  if (!document.is_object()) return fail(Code::kBadData, "no JSON object");
  const auto version = number<std::int64_t>(document, "version");
  if (version != kVersion) {
    return fail(Code::kConfig, "unknown version " + std::to_string(version));
  }
  BlockMeta meta;
  if (const auto at = document.find("ulid");
      at != document.end() && at->is_string()) {
    meta.ulid = at->get<std::string>();
  }
  meta.min_time_ms = number<std::int64_t>(document, "minTime");
  meta.max_time_ms = number<std::int64_t>(document, "maxTime");
  if (meta.min_time_ms >= meta.max_time_ms)
    return fail(Code::kBadData, "minTime is not before maxTime");
  const json& stats = child(document, "stats");
  meta.samples = number<std::uint64_t>(stats, "numSamples");
  meta.float_samples = number<std::uint64_t>(stats, "numFloatSamples");
  meta.histogram_samples = number<std::uint64_t>(stats, "numHistogramSamples");
  meta.series = number<std::uint64_t>(stats, "numSeries");
  meta.chunks = number<std::uint64_t>(stats, "numChunks");
  meta.tombstones = number<std::uint64_t>(stats, "numTombstones");
  const json& compaction = child(document, "compaction");
  meta.level = number<std::int64_t>(compaction, "level");
  meta.sources = texts(compaction, "sources");
  meta.hints = texts(compaction, "hints");
  return meta;
}

std::string write_meta(const BlockMeta& meta) {
  std::string out;
  JsonWriter json(out);
  const auto count = [&json](const char* name, std::uint64_t value) {
    json.key(name).integer(static_cast<std::int64_t>(value));
  };
  json.begin_object();
  json.key("ulid").string(meta.ulid);
  json.key("minTime").integer(meta.min_time_ms);
  json.key("maxTime").integer(meta.max_time_ms);
  json.key("stats").begin_object();
  count("numSamples", meta.samples);
  count("numFloatSamples", meta.float_samples);
  count("numHistogramSamples", meta.histogram_samples);
  count("numSeries", meta.series);
  count("numChunks", meta.chunks);
  count("numTombstones", meta.tombstones);
  json.end_object();
  json.key("compaction").begin_object();
  json.key("level").integer(meta.level);
  json.key("sources").begin_array();
  for (const std::string& source : meta.sources) json.string(source);
  json.end_array();
  if (!meta.hints.empty()) {
    json.key("hints").begin_array();
    for (const std::string& hint : meta.hints) json.string(hint);
    json.end_array();
  }
  json.end_object();
  json.key("version").integer(kVersion);
  json.end_object();
  out += '\n';
  return out;
}

}  // namespace prom::tsdb
