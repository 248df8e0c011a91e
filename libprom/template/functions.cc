#include "libprom/template/functions.h"

#include <algorithm>

#include "libprom/template/builtin_functions.h"

namespace prom::templates {
namespace {

bool is_type(const Value& value, std::string_view type) {
  return value.plain().type_name() == type || value.type_name() == type;
}

}  // namespace

Functions::Functions(std::vector<std::span<const Function>> tables) {
  tables.push_back(builtin_functions());
  for (const auto table : tables)
    for (const Function& function : table) by_name_.push_back(&function);
  std::ranges::stable_sort(by_name_, {},
                           [](const Function* f) { return f->name; });
}

const Function* Functions::find(std::string_view name) const {
  const auto found = std::ranges::lower_bound(
      by_name_, name, {}, [](const Function* f) { return f->name; });
  return found != by_name_.end() && (*found)->name == name ? *found : nullptr;
}

bool is_short_circuit(std::string_view name) {
  return name == "and" || name == "or";
}

std::string_view parameter_type(char parameter) {
  switch (parameter) {
    case 's':
      return "string";
    case 'i':
      return "int";
    case 'f':
      return "float64";
    case 'b':
      return "bool";
    case 't':
      return "time.Time";
    case 'd':
      return "time.Duration";
    case 'l':
      return "[]interface {}";
    case 'z':
      return "[]string";
    case 'm':
      return "map[string]interface {}";
    case 'q':
      return "template.queryResult";
    case 'p':
      return "*template.sample";
    default:
      return "interface {}";
  }
}

bool accepts(char parameter, const Value& value) {
  const Value::Kind kind = value.kind();
  switch (parameter) {
    case 's':
      return kind == Value::Kind::kString;
    case 'i':
      return kind == Value::Kind::kInt &&
             value.as_integer().style == IntStyle::kNumber;
    case 'f':
      return kind == Value::Kind::kFloat;
    case 'b':
      return kind == Value::Kind::kBool;
    case 't':
      return kind == Value::Kind::kTime;
    case 'd':
      return kind == Value::Kind::kDuration;
    case 'l':
    case 'z':
    case 'm':
    case 'q':
    case 'p':
      return is_type(value, parameter_type(parameter));
    default:
      return true;
  }
}

Value query_result(std::vector<QuerySample> samples) {
  List result{.type = "template.queryResult"};
  result.items.reserve(samples.size());
  for (QuerySample& sample : samples) {
    std::vector<Object::Field> fields;
    fields.push_back(
        {"Labels", "Labels", Value::string_map(std::move(sample.labels))});
    fields.push_back({"Value", "Value", std::move(sample.value)});
    result.items.push_back(Value::object(
        std::make_shared<Record>("*template.sample", std::move(fields))));
  }
  return Value::list(std::move(result));
}

}  // namespace prom::templates
