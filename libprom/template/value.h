// What a template computes with: a value of Go's kinds that occur in
// notifications and alerts.  Values are immutable and cheap to copy: lists,
// maps and objects are shared.  Values may cross threads.
//
// The namespace is `templates` because `template` is a C++ keyword.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "libprom/base/result.h"

namespace prom::templates {

class Object;
class Value;

// A point in time as Go's time.Time: its zero is the first of January of the
// year 1, and it remembers the zone in which it is shown.
struct Time {
  static constexpr std::int64_t kZeroSeconds = -62135596800;

  std::int64_t seconds = kZeroSeconds;  // since 1970
  std::int32_t nanoseconds = 0;         // 0 .. 999999999
  std::string zone = {};                // IANA name; "" is UTC

  static Time from_ms(std::int64_t unix_ms);
  [[nodiscard]] bool is_zero() const {
    return seconds == kZeroSeconds && nanoseconds == 0;
  }
  // The same instant, in whatever zone it is shown.
  [[nodiscard]] bool same_instant(const Time& other) const {
    return seconds == other.seconds && nanoseconds == other.nanoseconds;
  }
};

struct Duration {
  std::int64_t nanoseconds = 0;
};

// A string and what a template author vouches for: the HTML engine leaves the
// named kind of content unescaped where it belongs.
enum class Trust : std::uint8_t { kNone, kHtml, kUrl };
struct Text {
  std::string text;
  Trust trust = Trust::kNone;
};

// An integer that prints as a word, as Go's time.Month and time.Weekday do.
enum class IntStyle : std::uint8_t { kNumber, kMonth, kWeekday };
struct Integer {
  std::int64_t value = 0;
  IntStyle style = IntStyle::kNumber;
};

struct List;
struct Map;

class Value {
 public:
  enum class Kind {
    kNil,
    kBool,
    kInt,
    kFloat,
    kString,
    kTime,
    kDuration,
    kList,
    kMap,
    kObject,
  };

  Value() = default;  // nil: Go's missing or nil interface value
  static Value boolean(bool value) { return Value(value); }
  static Value integer(std::int64_t value) { return Value(Integer{value}); }
  static Value integer(Integer value) { return Value(value); }
  static Value number(double value) { return Value(value); }
  static Value string(std::string value) {
    return Value(Text{std::move(value)});
  }
  static Value trusted(std::string value, Trust trust) {
    return Value(Text{std::move(value), trust});
  }
  static Value time(Time value) { return Value(std::move(value)); }
  static Value duration(Duration value) { return Value(value); }
  static Value list(List value);
  static Value list(std::vector<Value> items);
  static Value strings(const std::vector<std::string>& items);
  static Value map(Map value);
  // A map[string]string: a missing key is the empty string.
  static Value string_map(std::map<std::string, std::string> entries);
  // REQUIRES: not null.
  static Value object(std::shared_ptr<const Object> value);

  [[nodiscard]] Kind kind() const {
    return Kind{static_cast<int>(of_.index())};
  }
  [[nodiscard]] bool is_nil() const { return kind() == Kind::kNil; }

  // REQUIRES: the kind.
  [[nodiscard]] bool as_bool() const { return std::get<bool>(of_); }
  [[nodiscard]] std::int64_t as_int() const { return as_integer().value; }
  [[nodiscard]] const Integer& as_integer() const {
    return std::get<Integer>(of_);
  }
  [[nodiscard]] double as_float() const { return std::get<double>(of_); }
  [[nodiscard]] const std::string& as_string() const { return as_text().text; }
  [[nodiscard]] const Text& as_text() const { return std::get<Text>(of_); }
  [[nodiscard]] const Time& as_time() const { return std::get<Time>(of_); }
  [[nodiscard]] Duration as_duration() const { return std::get<Duration>(of_); }
  [[nodiscard]] const List& as_list() const;
  [[nodiscard]] const Map& as_map() const;
  [[nodiscard]] const Object& as_object() const;

  // The list or map that an object stands for; otherwise the value itself.
  [[nodiscard]] const Value& plain() const;

  // Go's truth: not zero, not empty.
  [[nodiscard]] bool truth() const;
  // Go's name of the type, for messages: "int", "map[string]string".
  [[nodiscard]] std::string type_name() const;
  // How deep lists, maps and objects are nested: 0 for a number.
  [[nodiscard]] std::size_t depth() const;
  // A measure of the memory behind the value itself, without its items'.
  [[nodiscard]] std::size_t weight() const;

 private:
  using Variant =
      std::variant<std::monostate, bool, Integer, double, Text, Time, Duration,
                   std::shared_ptr<const List>, std::shared_ptr<const Map>,
                   std::shared_ptr<const Object>>;
  // By the variant's type, so that nothing else converts.
  explicit Value(Variant value) : of_(std::move(value)) {}

  Variant of_;
};

// Values never nest deeper: printing and freeing them recurse.
constexpr std::size_t kValueDepthMax = 64;

struct List {
  std::vector<Value> items = {};
  std::string_view type = "[]interface {}";  // static storage
  bool is_null = false;                      // Go's nil slice
  std::size_t depth = 1;                     // filled in by Value::list
};

struct Map {
  std::map<std::string, Value> entries = {};
  Value missing = {};  // the zero of the element type
  std::string_view type = "map[string]interface {}";
  bool is_null = false;
  std::size_t depth = 1;  // filled in by Value::map
};

// Something with fields and methods: a struct, or a list or map with methods.
class Object {
 public:
  struct Field {
    std::string_view name;  // static storage, like json_name
    std::string_view json_name;
    Value value;
  };
  struct Method {
    std::string_view name;
    // The parameters, as in functions.h.
    std::string_view signature;
    Result<Value> (*call)(const Object& self, std::span<const Value> arguments);
  };

  virtual ~Object() = default;

  [[nodiscard]] virtual std::string_view type_name() const = 0;
  // In the order of the struct; empty for lists and maps.
  [[nodiscard]] virtual std::span<const Field> fields() const { return {}; }
  [[nodiscard]] virtual std::span<const Method> methods() const { return {}; }
  // A list or map; nil for a struct.
  [[nodiscard]] virtual const Value& data() const;
  // How it prints when that is not Go's default (Go's String method).
  [[nodiscard]] virtual std::optional<std::string> text() const { return {}; }

  [[nodiscard]] const Field* find_field(std::string_view name) const;
  [[nodiscard]] const Method* find_method(std::string_view name) const;
  [[nodiscard]] std::size_t depth() const;
};

// A struct without methods.
class Record : public Object {
 public:
  Record(std::string_view type, std::vector<Field> fields)
      : type_(type), fields_(std::move(fields)) {}
  [[nodiscard]] std::string_view type_name() const override { return type_; }
  [[nodiscard]] std::span<const Field> fields() const override {
    return fields_;
  }

 private:
  std::string_view type_;
  std::vector<Field> fields_;
};

}  // namespace prom::templates
