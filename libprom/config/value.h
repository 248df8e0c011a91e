// A YAML value of no fixed form: webhook payloads, PagerDuty details.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "libprom/base/result.h"

namespace prom::config {

struct Value;
struct NamedValue;
using ValueList = std::vector<Value>;
using ValueMap = std::vector<NamedValue>;  // in file order

struct Value {
  std::variant<std::monostate, bool, std::int64_t, double, std::string,
               ValueList, ValueMap>
      data;

  // Defined where NamedValue is complete.
  bool operator==(const Value& other) const;
};

struct NamedValue {
  std::string name;
  Value value;

  bool operator==(const NamedValue&) const = default;
};

// Reads `text` as one YAML value; how templates that produce YAML are read
// back.  Keys that are no strings are dropped.  kBadData, kLimit.
Result<Value> parse_value(std::string_view text);

// Appends the value as JSON, keys in their order.
void append_json(std::string& out, const Value& value);

}  // namespace prom::config
