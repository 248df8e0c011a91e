// Label matchers: =, !=, =~, !~.  Regular expressions are RE2, anchored at
// both ends, with the dot matching newlines, as in PromQL 3.  Literals,
// prefixes and alternations of literals are matched without a regex engine.
//
// The only module that sees RE2 is model/.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/model/labels.h"

namespace re2 {
class RE2;
}

namespace prom {

// A compiled, fully anchored expression.  Immutable, cheap to copy, shared
// between threads.
class Regex {
 public:
  // Patterns over 4 KiB that are no plain alternation, and programs that
  // would not fit into the memory limit, are kLimit; bad syntax is kBadData
  // with RE2's reason.  Go's (?<name>…) is understood; \C is refused.
  static Result<Regex> compile(std::string_view pattern);

  [[nodiscard]] bool matches(std::string_view text) const;
  [[nodiscard]] const std::string& pattern() const { return *pattern_; }

  // When the expression is one literal or an alternation of literals
  // ("a|b|c"): all of them, sorted.  Empty otherwise.
  [[nodiscard]] const std::vector<std::string>& literals() const;
  // A literal that every match begins with; may be empty.
  [[nodiscard]] std::string_view prefix() const;
  // Whatever begins with prefix() matches: "abc.*".
  [[nodiscard]] bool is_prefix_only() const;

  // Matches `text` and, on success, expands `replacement` with its groups
  // ($1, ${name}, $$) as Go's Regexp.Expand does.  False without a match.
  bool expand(std::string_view text, std::string_view replacement,
              std::string& out) const;

 private:
  struct Program;
  std::shared_ptr<const std::string> pattern_;
  std::shared_ptr<const Program> program_;
};

enum class MatchOp { kEqual, kNotEqual, kRegex, kNotRegex };
std::string_view to_string(MatchOp op);

// A missing label matches as the empty string.
class Matcher {
 public:
  // Fails as Regex::compile does; never for the first two operators.
  static Result<Matcher> create(MatchOp op, std::string name,
                                std::string value);
  static Matcher equal(std::string name, std::string value);

  [[nodiscard]] MatchOp op() const { return op_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::string& value() const { return value_; }
  // Only for the regex operators.
  [[nodiscard]] const Regex* regex() const {
    return regex_.empty() ? nullptr : &regex_.front();
  }

  [[nodiscard]] bool matches(std::string_view value) const;
  [[nodiscard]] bool matches(const Labels& labels) const {
    return matches(labels.get(name_));
  }
  [[nodiscard]] bool matches_empty() const {
    return matches(std::string_view());
  }

  // name="value", "odd name"=~"v.*".
  [[nodiscard]] std::string to_string() const;
  bool operator==(const Matcher& other) const;

 private:
  Matcher(MatchOp op, std::string name, std::string value)
      : op_(op), name_(std::move(name)), value_(std::move(value)) {}
  MatchOp op_;
  std::string name_;
  std::string value_;
  std::vector<Regex> regex_;  // at most one
};

using Matchers = std::vector<Matcher>;
bool matches_all(const Matchers& matchers, const Labels& labels);

}  // namespace prom
