#include "libprom/http/server.h"

namespace prom::http {

std::string ServerRequest::header(std::string_view lower_name) const {
  for (const Header& field : headers)
    if (field.first == lower_name) return field.second;
  return {};
}

std::string ServerRequest::parameter(std::string_view name) const {
  for (const auto& [key, value] : query)
    if (key == name) return value;
  return {};
}

std::vector<std::string> ServerRequest::parameters(
    std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [key, value] : query)
    if (key == name) values.push_back(value);
  return values;
}

}  // namespace prom::http
