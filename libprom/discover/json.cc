#include "libprom/discover/json.h"

#include <nlohmann/json.hpp>

#include "libprom/base/number.h"

namespace prom::discover {
namespace {

using Value = nlohmann::json;

const Value& null_value() {
  static const Value kNull;
  return kNull;
}

const Value& at(const void* value) {
  return value == nullptr ? null_value() : *static_cast<const Value*>(value);
}

// What can be seen without building it.  Strings are skipped; what is no JSON
// is for the parser to find.
Status check_size(std::string_view text) {
  std::size_t values = 1;
  std::size_t depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') {
      for (++i; i < text.size() && text[i] != '"'; ++i) {
        if (text[i] == '\\') ++i;
      }
    } else if (c == '[' || c == '{') {
      ++values;
      ++depth;
    } else if (c == ']' || c == '}') {
      if (depth > 0) --depth;
    } else if (c == ',') {
      ++values;
    }
    if (values > kJsonValuesMax || depth > kJsonDepthMax)
      return fail(Code::kLimit, depth > kJsonDepthMax
                                    ? "JSON is nested too deeply"
                                    : "JSON has too many values");
  }
  return {};
}

}  // namespace

Result<Json> Json::parse(std::string_view text) {
  if (const Status fits = check_size(text); !fits) return fail(fits.error());
  auto root = std::make_shared<Value>();
  try {
    *root = Value::parse(text);
  } catch (const nlohmann::json::parse_error& error) {
    return fail(Code::kBadData,
                "no JSON: error at byte " + std::to_string(error.byte));
  } catch (const nlohmann::json::exception&) {
    return fail(Code::kBadData, "no JSON: a number is out of range");
  }
  Json json;
  json.value_ = root.get();
  json.root_ = std::move(root);
  return json;
}

Json Json::operator[](std::string_view key) const {
  const Value& value = at(value_);
  if (!value.is_object()) return {};
  const auto found = value.find(key);
  if (found == value.end()) return {};
  Json json;
  json.root_ = root_;
  json.value_ = &*found;
  return json;
}

Json Json::operator[](std::size_t index) const {
  const Value& value = at(value_);
  if (!value.is_array() || index >= value.size()) return {};
  Json json;
  json.root_ = root_;
  json.value_ = &value[index];
  return json;
}

bool Json::is_null() const {
  return at(value_).is_null();
}
bool Json::is_object() const {
  return at(value_).is_object();
}
bool Json::is_array() const {
  return at(value_).is_array();
}

std::vector<Json> Json::items() const {
  std::vector<Json> items;
  const Value& value = at(value_);
  if (!value.is_array()) return items;
  items.reserve(value.size());
  for (const Value& item : value) {
    Json& json = items.emplace_back();
    json.root_ = root_;
    json.value_ = &item;
  }
  return items;
}

std::vector<std::pair<std::string, Json>> Json::members() const {
  std::vector<std::pair<std::string, Json>> members;
  const Value& value = at(value_);
  if (!value.is_object()) return members;
  members.reserve(value.size());
  for (const auto& [name, member] : value.items()) {
    Json json;
    json.root_ = root_;
    json.value_ = &member;
    members.emplace_back(name, std::move(json));
  }
  return members;
}

std::string Json::text() const {
  const Value& value = at(value_);
  return value.is_string() ? value.get_ref<const std::string&>()
                           : std::string();
}

std::string Json::printed() const {
  const Value& value = at(value_);
  if (value.is_string()) return text();
  if (value.is_boolean()) return value.get<bool>() ? "true" : "false";
  if (value.is_number_unsigned())
    return std::to_string(value.get<std::uint64_t>());
  if (value.is_number_integer())
    return std::to_string(value.get<std::int64_t>());
  if (value.is_number()) return format_float(value.get<double>());
  return "";
}

std::int64_t Json::integer() const {
  const Value& value = at(value_);
  return value.is_number_integer() ? value.get<std::int64_t>() : 0;
}

std::optional<double> Json::number() const {
  const Value& value = at(value_);
  if (!value.is_number()) return std::nullopt;
  return value.get<double>();
}

bool Json::flag() const {
  const Value& value = at(value_);
  return value.is_boolean() && value.get<bool>();
}

std::string Json::dump() const {
  return at(value_).dump(-1, ' ', false, Value::error_handler_t::replace);
}

}  // namespace prom::discover
