// What an API answered as XML, read without trust: an element that is absent
// is null, its text "".  Prefixes of namespaces are left out of names.
//
//   for (const Xml& app : answer.items("application"))
//     labels.set("__meta_eureka_app_name", app["name"].text());
//
// Document types and their entities are skipped, so nothing expands and
// nothing is fetched.  Seen through a small class because the library's header
// is heavy.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/base/result.h"

namespace prom::discover {

// An element within a parsed document, which it keeps alive.  Cheap to copy.
class Xml {
 public:
  Xml() = default;  // null

  // The root element.  kBadData with the position for what is no XML or not
  // in UTF-8.
  static Result<Xml> parse(std::string_view text);

  // The first element of that name in this one, or null.
  Xml operator[](std::string_view name) const;
  // The elements of that name in this one, in order; all of them for "".
  [[nodiscard]] std::vector<Xml> items(std::string_view name = "") const;

  [[nodiscard]] bool is_null() const { return element_ == nullptr; }
  [[nodiscard]] std::string name() const;
  // The characters directly in this element, with their white space.
  [[nodiscard]] std::string text() const;
  // "" when there is no such attribute.
  [[nodiscard]] std::string attribute(std::string_view name) const;

 private:
  std::shared_ptr<const void> root_;
  const void* element_ = nullptr;  // the library's handle
};

}  // namespace prom::discover
