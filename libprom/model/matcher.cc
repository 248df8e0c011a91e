#include "libprom/model/matcher.h"

#include <algorithm>
#include <unordered_set>

#include <re2/re2.h>

#include "libprom/base/utf8.h"
#include "libprom/model/regex_expand.h"
#include "libprom/model/regex_shape.h"

namespace prom {
namespace {

// Memory of one compiled expression and its lazily built automaton.
constexpr std::int64_t kProgramBytesMax = 8LL << 20U;
constexpr std::size_t kPatternBytesMax = 4096;
// Long choices ("host1\..*|host2\..*|…") are common and harmless when each
// alternative is short, but need more.
constexpr std::int64_t kChoiceProgramBytesMax = 256LL << 20U;
constexpr std::size_t kChoicePatternBytesMax = 1UL << 20U;
// Above this many literals a hash table is faster than looking at each.
constexpr std::size_t kScannedLiteralsMax = 8;
constexpr int kGroupsMax = 1000;

bool matches_affix(const RegexShape& shape, std::string_view text) {
  const std::size_t front = shape.front_non_empty ? 1 : 0;
  const std::size_t back = shape.back_non_empty ? 1 : 0;
  const std::size_t size = shape.text.size();
  if (text.size() < size + front + back) return false;
  if (!shape.open_front) return text.starts_with(shape.text);
  if (!shape.open_back) return text.ends_with(shape.text);
  return text.substr(0, text.size() - back).find(shape.text, front) !=
         std::string_view::npos;
}

}  // namespace

struct Regex::Program {
  RegexShape shape;
  // Views into shape.literals; empty when there are few.
  std::unordered_set<std::string_view> literal_set;
  // Null when the shape alone answers every question.
  std::unique_ptr<re2::RE2> engine;

  [[nodiscard]] bool matches(std::string_view text) const;
};

bool Regex::Program::matches(std::string_view text) const {
  switch (shape.kind) {
    case RegexShape::Kind::kAny:
      return true;
    case RegexShape::Kind::kNonEmpty:
      return !text.empty();
    case RegexShape::Kind::kAffix:
      return matches_affix(shape, text);
    case RegexShape::Kind::kLiterals:
      if (!literal_set.empty()) return literal_set.contains(text);
      return std::ranges::find(shape.literals, text) != shape.literals.end();
    case RegexShape::Kind::kGeneral:
      break;
  }
  if (!text.starts_with(shape.prefix) || !text.ends_with(shape.suffix) ||
      text.find(shape.middle, shape.prefix.size()) == std::string_view::npos)
    return false;
  const re2::StringPiece piece(text.data(), text.size());
  return engine->Match(piece, 0, piece.size(), re2::RE2::ANCHOR_BOTH, nullptr,
                       0);
}

namespace {

Result<std::unique_ptr<re2::RE2>> compile_engine(std::string_view pattern) {
  const bool is_long = pattern.size() > kPatternBytesMax;
  if (is_long && (pattern.size() > kChoicePatternBytesMax ||
                  longest_alternative(pattern) > kPatternBytesMax)) {
    return fail(Code::kLimit, "regular expression of " +
                                  std::to_string(pattern.size()) +
                                  " bytes is over the limit of " +
                                  std::to_string(kPatternBytesMax));
  }
  std::string translated;
  if (!translate_go_regex(pattern, translated))
    return fail(Code::kBadData, "invalid escape sequence: \\C");
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_dot_nl(true);
  options.set_max_mem(is_long ? kChoiceProgramBytesMax : kProgramBytesMax);
  auto engine = std::make_unique<re2::RE2>(translated, options);
  if (engine->ok()) {
    // RE2 lets a name be given twice; Go does not.
    if (engine->NamedCapturingGroups().size() !=
        engine->CapturingGroupNames().size())
      return fail(Code::kBadData, "duplicate capture group name");
    return engine;
  }
  if (engine->error_code() == re2::RE2::ErrorPatternTooLarge)
    return fail(Code::kLimit, "regular expression needs more than " +
                                  std::to_string(options.max_mem() >> 20U) +
                                  " MiB");
  return fail(Code::kBadData, engine->error());
}

}  // namespace

Result<Regex> Regex::compile(std::string_view pattern) {
  auto program = std::make_shared<Program>();
  program->shape = shape_of(pattern);
  const RegexShape& shape = program->shape;
  if (shape.literals.size() > kScannedLiteralsMax) {
    program->literal_set = std::unordered_set<std::string_view>(
        shape.literals.begin(), shape.literals.end());
  }
  if (shape.kind == RegexShape::Kind::kGeneral || shape.has_inner_groups) {
    auto engine = compile_engine(pattern);
    if (!engine) return fail(std::move(engine).error());
    program->engine = std::move(*engine);
  }
  Regex regex;
  regex.pattern_ = std::make_shared<const std::string>(pattern);
  regex.program_ = std::move(program);
  return regex;
}

bool Regex::matches(std::string_view text) const {
  return program_->matches(text);
}

const std::vector<std::string>& Regex::literals() const {
  return program_->shape.literals;
}

std::string_view Regex::prefix() const {
  return program_->shape.prefix;
}

bool Regex::is_prefix_only() const {
  const RegexShape& shape = program_->shape;
  return shape.kind == RegexShape::Kind::kAny ||
         (shape.kind == RegexShape::Kind::kAffix && !shape.open_front &&
          !shape.back_non_empty);
}

bool Regex::expand(std::string_view text, std::string_view replacement,
                   std::string& out) const {
  if (!program_->matches(text)) return false;
  if (program_->engine == nullptr) {
    const int groups = program_->shape.has_outer_group ? 1 : 0;
    expand_references(replacement, out, [&](const GroupReference& group) {
      if (group.number >= 0 && group.number <= groups) out += text;
    });
    return true;
  }
  const re2::RE2& engine = *program_->engine;
  const int count = 1 + std::min(engine.NumberOfCapturingGroups(), kGroupsMax);
  std::vector<re2::StringPiece> groups(static_cast<std::size_t>(count));
  const re2::StringPiece piece(text.data(), text.size());
  if (!engine.Match(piece, 0, piece.size(), re2::RE2::ANCHOR_BOTH,
                    groups.data(), count))
    return false;
  expand_references(replacement, out, [&](const GroupReference& group) {
    int number = group.number;
    if (number < 0) {
      const auto& names = engine.NamedCapturingGroups();
      const auto named = names.find(std::string(group.name));
      if (named != names.end()) number = named->second;
    }
    if (number < 0 || number >= count) return;
    const re2::StringPiece& found = groups[static_cast<std::size_t>(number)];
    out.append(found.data(), found.size());
  });
  return true;
}

std::string_view to_string(MatchOp op) {
  switch (op) {
    case MatchOp::kEqual:
      return "=";
    case MatchOp::kNotEqual:
      return "!=";
    case MatchOp::kRegex:
      return "=~";
    case MatchOp::kNotRegex:
      return "!~";
  }
  return "";
}

Result<Matcher> Matcher::create(MatchOp op, std::string name,
                                std::string value) {
  Matcher matcher(op, std::move(name), std::move(value));
  if (op == MatchOp::kRegex || op == MatchOp::kNotRegex) {
    auto regex = Regex::compile(matcher.value_);
    if (!regex) return fail(std::move(regex).error());
    matcher.regex_.push_back(std::move(*regex));
  }
  return matcher;
}

Matcher Matcher::equal(std::string name, std::string value) {
  return {MatchOp::kEqual, std::move(name), std::move(value)};
}

bool Matcher::matches(std::string_view value) const {
  switch (op_) {
    case MatchOp::kEqual:
      return value == value_;
    case MatchOp::kNotEqual:
      return value != value_;
    case MatchOp::kRegex:
      return regex_.front().matches(value);
    case MatchOp::kNotRegex:
      return !regex_.front().matches(value);
  }
  return false;
}

std::string Matcher::to_string() const {
  std::string out;
  if (is_legacy_label_name(name_)) {
    out += name_;
  } else {
    append_quoted(out, name_);
  }
  out += prom::to_string(op_);
  append_quoted(out, value_);
  return out;
}

bool Matcher::operator==(const Matcher& other) const {
  return op_ == other.op_ && name_ == other.name_ && value_ == other.value_;
}

bool matches_all(const Matchers& matchers, const Labels& labels) {
  return std::ranges::all_of(
      matchers, [&](const Matcher& m) { return m.matches(labels); });
}

}  // namespace prom
