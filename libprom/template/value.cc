#include "libprom/template/value.h"

#include <algorithm>
#include <cassert>

namespace prom::templates {
namespace {

std::size_t deepest(const std::vector<Value>& items) {
  std::size_t depth = 0;
  for (const Value& item : items) depth = std::max(depth, item.depth());
  return depth;
}

}  // namespace

Time Time::from_ms(std::int64_t unix_ms) {
  std::int64_t seconds = unix_ms / 1000;
  std::int64_t rest = unix_ms % 1000;
  if (rest < 0) {
    --seconds;
    rest += 1000;
  }
  return {.seconds = seconds,
          .nanoseconds = static_cast<std::int32_t>(rest * 1'000'000)};
}

Value Value::list(List value) {
  value.depth = 1 + deepest(value.items);
  return Value(std::make_shared<const List>(std::move(value)));
}

Value Value::list(std::vector<Value> items) {
  return list(List{.items = std::move(items)});
}

Value Value::strings(const std::vector<std::string>& items) {
  List result{.type = "[]string"};
  result.items.reserve(items.size());
  for (const std::string& item : items) result.items.push_back(string(item));
  return list(std::move(result));
}

Value Value::map(Map value) {
  std::size_t depth = 0;
  for (const auto& [key, entry] : value.entries)
    depth = std::max(depth, entry.depth());
  value.depth = 1 + depth;
  return Value(std::make_shared<const Map>(std::move(value)));
}

Value Value::string_map(std::map<std::string, std::string> entries) {
  Map result{.missing = string(""), .type = "map[string]string"};
  for (auto& [key, entry] : entries)
    result.entries.emplace(key, string(std::move(entry)));
  return map(std::move(result));
}

Value Value::object(std::shared_ptr<const Object> value) {
  assert(value != nullptr);
  return Value(std::move(value));
}

const List& Value::as_list() const {
  return *std::get<std::shared_ptr<const List>>(of_);
}
const Map& Value::as_map() const {
  return *std::get<std::shared_ptr<const Map>>(of_);
}
const Object& Value::as_object() const {
  return *std::get<std::shared_ptr<const Object>>(of_);
}

const Value& Value::plain() const {
  if (kind() != Kind::kObject) return *this;
  const Value& data = as_object().data();
  return data.is_nil() ? *this : data;
}

bool Value::truth() const {
  switch (kind()) {
    case Kind::kNil:
      return false;
    case Kind::kBool:
      return as_bool();
    case Kind::kInt:
      return as_int() != 0;
    case Kind::kFloat:
      return as_float() != 0;
    case Kind::kString:
      return !as_string().empty();
    case Kind::kTime:
      return true;
    case Kind::kDuration:
      return as_duration().nanoseconds != 0;
    case Kind::kList:
      return !as_list().items.empty();
    case Kind::kMap:
      return !as_map().entries.empty();
    case Kind::kObject:
      return as_object().data().is_nil() || as_object().data().truth();
  }
  return false;
}

std::string Value::type_name() const {
  switch (kind()) {
    case Kind::kNil:
      return "<nil>";
    case Kind::kBool:
      return "bool";
    case Kind::kInt:
      switch (as_integer().style) {
        case IntStyle::kNumber:
          return "int";
        case IntStyle::kMonth:
          return "time.Month";
        case IntStyle::kWeekday:
          return "time.Weekday";
      }
      break;
    case Kind::kFloat:
      return "float64";
    case Kind::kString:
      switch (as_text().trust) {
        case Trust::kNone:
          return "string";
        case Trust::kHtml:
          return "template.HTML";
        case Trust::kUrl:
          return "template.URL";
      }
      break;
    case Kind::kTime:
      return "time.Time";
    case Kind::kDuration:
      return "time.Duration";
    case Kind::kList:
      return std::string(as_list().type);
    case Kind::kMap:
      return std::string(as_map().type);
    case Kind::kObject:
      return std::string(as_object().type_name());
  }
  return {};
}

std::size_t Value::depth() const {
  switch (kind()) {
    case Kind::kList:
      return as_list().depth;
    case Kind::kMap:
      return as_map().depth;
    case Kind::kObject:
      return as_object().depth();
    default:
      return 0;
  }
}

std::size_t Value::weight() const {
  switch (kind()) {
    case Kind::kString:
      return sizeof(Value) + as_string().size();
    case Kind::kList:
      return sizeof(Value) * (1 + as_list().items.size());
    case Kind::kMap:
      return sizeof(Value) * (1 + 4 * as_map().entries.size());
    default:
      return sizeof(Value);
  }
}

const Value& Object::data() const {
  static const Value kNone;
  return kNone;
}

const Object::Field* Object::find_field(std::string_view name) const {
  const auto all = fields();
  const auto found = std::ranges::find(all, name, &Field::name);
  return found == all.end() ? nullptr : &*found;
}

const Object::Method* Object::find_method(std::string_view name) const {
  const auto all = methods();
  const auto found = std::ranges::find(all, name, &Method::name);
  return found == all.end() ? nullptr : &*found;
}

std::size_t Object::depth() const {
  std::size_t depth = data().depth();
  for (const Field& field : fields())
    depth = std::max(depth, field.value.depth());
  return 1 + depth;
}

}  // namespace prom::templates
