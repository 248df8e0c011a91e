// The four kinds of value that an expression can have.
#pragma once

#include <cstdint>
#include <string_view>

namespace prom::promql {

enum class ValueType : std::uint8_t {
  kNone,    // of an expression that failed its type check
  kScalar,  // one float
  kVector,  // instant vector: at most one sample for each series
  kMatrix,  // range vector: any number of samples for each series
  kString,
};

// As JSON answers of the API call it: "scalar", "vector", "matrix", "string".
std::string_view to_string(ValueType type);
// As messages and documentation call it: "instant vector", "range vector".
std::string_view documented_name(ValueType type);

}  // namespace prom::promql
