// Upstream's test data, which lives beside the repository.
#pragma once

#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace prom::alert {

inline std::string conformance_path(const std::string& name) {
  const char* shared = std::getenv("PROM_SHARED");
  return std::string(shared != nullptr ? shared : "../shared") +
         "/conformance/alertmanager/" + name;
}

inline std::optional<nlohmann::json> conformance(const std::string& name) {
  std::string path = conformance_path(name);
  std::ifstream in(path);
  if (!in && std::getenv("PROM_SHARED") == nullptr) in.open("../" + path);
  if (!in) return std::nullopt;
  return nlohmann::json::parse(in);
}

#define SKIP_WITHOUT(data) \
  if (!(data)) GTEST_SKIP() << "upstream's test data is not here"

}  // namespace prom::alert
