#include "libprom/promql/types.h"

namespace prom::promql {

std::string_view to_string(ValueType type) {
  switch (type) {
    case ValueType::kNone:
      return "none";
    case ValueType::kScalar:
      return "scalar";
    case ValueType::kVector:
      return "vector";
    case ValueType::kMatrix:
      return "matrix";
    case ValueType::kString:
      return "string";
  }
  return "";
}

std::string_view documented_name(ValueType type) {
  switch (type) {
    case ValueType::kVector:
      return "instant vector";
    case ValueType::kMatrix:
      return "range vector";
    case ValueType::kNone:
    case ValueType::kScalar:
    case ValueType::kString:
      break;
  }
  return to_string(type);
}

}  // namespace prom::promql
