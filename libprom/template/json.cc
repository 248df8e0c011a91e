#include "libprom/template/json.h"

#include <cmath>

#include "libprom/base/json_writer.h"
#include "libprom/base/number.h"
#include "libprom/template/format.h"
#include "libprom/template/time.h"

namespace prom::templates {
namespace {

// A JSON string with <, > and & as \u003c …, so that it may stand in HTML.
void append_string(std::string& out, std::string_view text) {
  std::string plain;
  append_json_string(plain, text);
  for (const char c : plain) {
    switch (c) {
      case '<':
        out += "\\u003c";
        break;
      case '>':
        out += "\\u003e";
        break;
      case '&':
        out += "\\u0026";
        break;
      default:
        out += c;
    }
  }
}

Status append(std::string& out, const Value& value);

Status append_list(std::string& out, const List& list) {
  if (list.is_null) {
    out += "null";
    return {};
  }
  out += '[';
  std::string_view separator;
  for (const Value& item : list.items) {
    out += separator;
    separator = ",";
    if (auto done = append(out, item); !done) return done;
  }
  out += ']';
  return {};
}

Status append_map(std::string& out, const Map& map) {
  if (map.is_null) {
    out += "null";
    return {};
  }
  out += '{';
  std::string_view separator;
  for (const auto& [key, item] : map.entries) {
    out += separator;
    separator = ",";
    append_string(out, key);
    out += ':';
    if (auto done = append(out, item); !done) return done;
  }
  out += '}';
  return {};
}

Status append_object(std::string& out, const Object& object) {
  if (!object.data().is_nil()) return append(out, object.data());
  out += '{';
  std::string_view separator;
  for (const Object::Field& field : object.fields()) {
    out += separator;
    separator = ",";
    append_string(out, field.json_name);
    out += ':';
    if (auto done = append(out, field.value); !done) return done;
  }
  out += '}';
  return {};
}

Status append(std::string& out, const Value& value) {
  if (out.size() > kFormattedBytesMax)
    return fail(Code::kLimit, "json: text too long");
  switch (value.kind()) {
    case Value::Kind::kNil:
      out += "null";
      return {};
    case Value::Kind::kBool:
      out += value.as_bool() ? "true" : "false";
      return {};
    case Value::Kind::kInt:
      append_int(out, value.as_int());
      return {};
    case Value::Kind::kDuration:
      append_int(out, value.as_duration().nanoseconds);
      return {};
    case Value::Kind::kFloat:
      if (!std::isfinite(value.as_float()))
        return fail(Code::kBadData,
                    "json: unsupported value: " + to_text(value));
      append_float(out, value.as_float());
      return {};
    case Value::Kind::kString:
      append_string(out, value.as_string());
      return {};
    case Value::Kind::kTime:
      append_string(out, format_time(value.as_time(),
                                     "2006-01-02T15:04:05.999999999Z07:00"));
      return {};
    case Value::Kind::kList:
      return append_list(out, value.as_list());
    case Value::Kind::kMap:
      return append_map(out, value.as_map());
    case Value::Kind::kObject:
      return append_object(out, value.as_object());
  }
  return {};
}

}  // namespace

Result<std::string> to_json(const Value& value) {
  std::string out;
  auto done = append(out, value);
  if (!done) return fail(std::move(done).error());
  return out;
}

}  // namespace prom::templates
