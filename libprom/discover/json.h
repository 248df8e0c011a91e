// What an API answered, read without trust: a member that is absent or of
// another type is null, "" or 0, so that a mechanism names only what it wants.
//
//   for (const Json& app : answer["apps"].items())
//     labels.add("__meta_marathon_app", app["id"].text());
//
// Seen through a small class because the library's header is heavy.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libprom/base/result.h"

namespace prom::discover {

constexpr std::size_t kJsonValuesMax = 4'000'000;
constexpr std::size_t kJsonDepthMax = 100;

// A value within a parsed text, which it keeps alive.  Cheap to copy.
class Json {
 public:
  Json() = default;  // null

  // kBadData with the position for what is no JSON, kLimit for what would take
  // many times the memory of its text.
  static Result<Json> parse(std::string_view text);

  // Null when this is no object or has no such member, no array or no such
  // element.
  Json operator[](std::string_view key) const;
  Json operator[](std::size_t index) const;

  [[nodiscard]] bool is_null() const;
  [[nodiscard]] bool is_object() const;
  [[nodiscard]] bool is_array() const;

  // Of an array, else none.
  [[nodiscard]] std::vector<Json> items() const;
  // Of an object in the order of names, else none.
  [[nodiscard]] std::vector<std::pair<std::string, Json>> members() const;

  // A string, else "".
  [[nodiscard]] std::string text() const;
  // A scalar as Go prints it: strings bare, numbers, true and false; else "".
  [[nodiscard]] std::string printed() const;
  // A whole number, else 0.
  [[nodiscard]] std::int64_t integer() const;
  // Any number, else nullopt.
  [[nodiscard]] std::optional<double> number() const;
  // Whether it is true.
  [[nodiscard]] bool flag() const;
  // The value as compact JSON.
  [[nodiscard]] std::string dump() const;

 private:
  std::shared_ptr<const void> root_;
  const void* value_ = nullptr;
};

}  // namespace prom::discover
