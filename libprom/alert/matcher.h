// Matchers as Alertmanager reads, prints and orders them.  They differ from
// PromQL's (model/matcher.h) in their two grammars, in that a dot does not
// match a line feed, and in how they are written.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/model/labels.h"
#include "libprom/model/matcher.h"

namespace prom::alert {

// A missing label matches as the empty string.  Immutable; cheap to copy.
class LabelMatcher {
 public:
  // kBadData for a regular expression that does not compile.
  static Result<LabelMatcher> create(MatchOp op, std::string name,
                                     std::string value);

  [[nodiscard]] MatchOp op() const { return op_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::string& value() const { return value_; }
  [[nodiscard]] bool is_regex() const {
    return op_ == MatchOp::kRegex || op_ == MatchOp::kNotRegex;
  }
  [[nodiscard]] bool is_equal() const {
    return op_ == MatchOp::kEqual || op_ == MatchOp::kRegex;
  }
  [[nodiscard]] bool matches(std::string_view label_value) const {
    return compiled_.matches(label_value);
  }
  [[nodiscard]] bool matches(const Labels& labels) const {
    return compiled_.matches(labels.get(name_));
  }

  // name="value"; both quoted as in Go when the name needs quotes.
  [[nodiscard]] std::string to_string() const;
  bool operator==(const LabelMatcher& other) const {
    return op_ == other.op_ && name_ == other.name_ && value_ == other.value_;
  }
  // By name, then value, then operator.
  bool operator<(const LabelMatcher& other) const;

 private:
  LabelMatcher(MatchOp op, std::string name, std::string value,
               Matcher compiled)
      : op_(op),
        name_(std::move(name)),
        value_(std::move(value)),
        compiled_(std::move(compiled)) {}
  MatchOp op_;
  std::string name_;
  std::string value_;
  Matcher compiled_;
};

using LabelMatchers = std::vector<LabelMatcher>;

// True for no matchers.
bool matches_all(const LabelMatchers& matchers, const Labels& labels);
// {a="1",b=~"x"}: what route and group keys are made of.
std::string to_string(const LabelMatchers& matchers);

// Which grammar is read.  kFallback reads both: where they disagree or only
// the classic one accepts, the classic result counts and `warning` says so.
enum class MatcherMode { kFallback, kClassic, kUtf8 };

// Reads "{a=b,c=~d}" with or without braces; none is fine.
Result<LabelMatchers> parse_matchers(std::string_view text, MatcherMode mode,
                                     std::string* warning = nullptr);
// Reads exactly one matcher, without braces but in classic mode.
Result<LabelMatcher> parse_matcher(std::string_view text, MatcherMode mode,
                                   std::string* warning = nullptr);

bool is_valid_label_name(std::string_view name, MatcherMode mode);

}  // namespace prom::alert
