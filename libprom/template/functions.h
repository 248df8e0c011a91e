// Functions that templates call by name.  A table of functions is static and
// shared; what differs from one execution to the next (the time, the query
// engine, the external URL) is the Environment.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/template/value.h"

namespace prom::templates {

// What functions may ask of the world.  Absent callbacks make the functions
// that need them fail.
struct Environment {
  std::int64_t now_ms = 0;
  std::string external_url;  // without a trailing slash
  // PromQL at the time of the evaluation: samples as query_result() builds
  // them.  Errors are shown as upstream shows them.
  std::function<Result<Value>(std::string_view expression)> query;
  // The rendered route label; "" for an unknown one.
  std::function<Result<std::string>(std::string_view name)> route_label;
};

struct Function {
  std::string_view name;
  // One letter per parameter, `*` repeats the one before for the rest:
  //   a anything   s string   i int      f float64   b bool
  //   t time       d duration l list     m map       q result of query
  //   p sample of a query     z list of strings
  std::string_view signature;
  Result<Value> (*call)(std::span<const Value> arguments,
                        const Environment& environment);
};

// A set of functions besides the built-in ones.  Lives for the whole process.
class Functions {
 public:
  explicit Functions(std::vector<std::span<const Function>> tables);
  // Null when there is none; looks among the built-in ones, too.
  [[nodiscard]] const Function* find(std::string_view name) const;

 private:
  std::vector<const Function*> by_name_;  // ascending
};

// What alerting rules may call (29 functions of Prometheus).
const Functions& prometheus_functions();
// What notification templates may call (25 functions of Alertmanager).
const Functions& alertmanager_functions();

// `and` and `or` evaluate no more arguments than they need, so the executor
// evaluates them; they are in the table to be known.
bool is_short_circuit(std::string_view name);

// Go's name of a parameter's type: "string" for 's'.
std::string_view parameter_type(char parameter);
// Whether a value may be passed for it.
bool accepts(char parameter, const Value& value);

// One sample of a query's result, and the result.
struct QuerySample {
  std::map<std::string, std::string> labels;
  Value value;  // a number, or a histogram's text
};
Value query_result(std::vector<QuerySample> samples);

}  // namespace prom::templates
