// Go's text/template and html/template, as far as alerting rules and
// notifications use them: the language completely, the data as value.h.
//
// A TemplateSet is a set of named templates that call each other.  Parsing
// adds to it; executing does not change it, so threads may share a set that is
// no longer parsed into.  Copying a set is cheap: trees are shared.
//
// Templates are written by the operator; the data may be hostile.  Data is
// never parsed as a template, and the work of one execution is bounded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/base/diagnostic.h"
#include "libprom/base/result.h"
#include "libprom/template/functions.h"
#include "libprom/template/value.h"

namespace prom::templates {

// Limits.  Beyond them parsing fails with kLimit, execution with kLimit.
constexpr std::size_t kTextBytesMax = 4ULL << 20U;
constexpr std::size_t kNestingMax = 128;   // of actions and parentheses
constexpr std::size_t kCallDepthMax = 16;  // of {{template}} in {{template}}
constexpr std::size_t kOutputBytesMax = 1ULL << 20U;
constexpr std::uint64_t kStepsMax = 1'000'000;       // nodes evaluated
constexpr std::size_t kWorkBytesMax = 64ULL << 20U;  // made by functions

// What `.name` of a map without that entry is.
enum class MissingKey {
  kDefault,  // nil, which prints as "<no value>"
  kZero,     // the zero of the map's elements; upstream uses this
  kError,
};

struct ExecuteOptions {
  MissingKey missing_key = MissingKey::kZero;
  // Escape what actions print for the place in the HTML where it is printed.
  bool html = false;
  Environment environment = {};
};

struct Tree;

class TemplateSet {
 public:
  // Borrows `functions`, which must outlive the set.
  explicit TemplateSet(const Functions& functions) : functions_(&functions) {}

  // Parses `text` as the template `name` together with the templates that it
  // defines.  Later definitions replace earlier ones, except that an empty one
  // replaces nothing.  On failure the set is unchanged; the error is Go's
  // ("template: name:line: reason", kBadData), `where` receives its position.
  Status parse(std::string_view name, std::string_view text,
               Diagnostic* where = nullptr);

  // Executes the template `name`.  The error is Go's ("template:
  // name:line:col: executing "name" at <node>: reason").
  [[nodiscard]] Result<std::string> execute(std::string_view name,
                                            const Value& data,
                                            const ExecuteOptions& options,
                                            Diagnostic* where = nullptr) const;

  // Parses and executes `text` as a template without a name, which sees the
  // templates of this set.
  [[nodiscard]] Result<std::string> expand(std::string_view text,
                                           const Value& data,
                                           const ExecuteOptions& options,
                                           Diagnostic* where = nullptr) const;

  [[nodiscard]] bool defines(std::string_view name) const;
  // Ascending.
  [[nodiscard]] std::vector<std::string> names() const;

 private:
  friend class Executor;
  const Functions* functions_;
  std::map<std::string, std::shared_ptr<const Tree>, std::less<>> trees_;
};

}  // namespace prom::templates
