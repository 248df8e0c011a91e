#include "libprom/query/expression_completion.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string>

#include "libprom/base/utf8.h"
#include "libprom/promql/functions.h"

namespace prom::query {
namespace {

constexpr std::size_t kNamesMax = 200'000;
constexpr SelectRange kEver = {
    .min_ms = std::numeric_limits<std::int64_t>::min() / 2,
    .max_ms = std::numeric_limits<std::int64_t>::max() / 2};

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') || c == '_' || c == ':';
}

// What the text is inside of at its end.
struct Scope {
  char open = 0;            // '(' '{' '[', or 0
  std::string_view before;  // the word before the bracket: sum, by, a metric
};

struct State {
  std::vector<Scope> scopes;
  std::string_view word;      // being typed; ends where the text ends
  std::string_view previous;  // the word before it
  char quote = 0;             // inside of a string that began with it
  std::size_t string_begin = 0;
  bool in_comment = false;
  std::string_view label;  // in braces: the name before the last operator

  [[nodiscard]] char open() const {
    return scopes.empty() ? '\0' : scopes.back().open;
  }
};

// The end of the string that begins at `at`; npos when it is open.
std::size_t string_end(std::string_view text, std::size_t at) {
  const char quote = text[at];
  for (std::size_t i = at + 1; i < text.size(); ++i) {
    if (text[i] == '\\' && quote != '`') {
      ++i;
    } else if (text[i] == quote) {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

State read_state(std::string_view text) {
  State state;
  std::size_t at = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (is_word(c)) {
      std::size_t end = at;
      while (end < text.size() && is_word(text[end])) ++end;
      if (!state.word.empty()) state.previous = state.word;
      state.word = text.substr(at, end - at);
      at = end;
      continue;
    }
    if (c == '"' || c == '\'' || c == '`') {
      const std::size_t end = string_end(text, at);
      if (end == std::string_view::npos) {
        state.quote = c;
        state.string_begin = at + 1;
        return state;
      }
      at = end;
      continue;
    }
    if (c == '#') {  // a comment, to the end of its line
      at = std::min(text.find('\n', at), text.size());
      if (at == text.size()) state.in_comment = true;
      continue;
    }
    if (c == '(' || c == '{' || c == '[') {
      state.scopes.push_back({c, state.word});
    } else if ((c == ')' || c == '}' || c == ']') && !state.scopes.empty()) {
      state.scopes.pop_back();
    } else if ((c == '=' || c == '!') && state.open() == '{' &&
               !state.word.empty()) {
      state.label = state.word;
    }
    if (c != ' ' && c != '\t' && c != '\n' && !state.word.empty()) {
      state.previous = state.word;
      state.word = {};
    }
    ++at;
  }
  // Only a word that touches the cursor is being typed.
  if (!text.empty() && !is_word(text.back()) && !state.word.empty()) {
    state.previous = state.word;
    state.word = {};
  }
  return state;
}

bool is_grouping(std::string_view word) {
  constexpr std::array<std::string_view, 6> kWords = {
      "by", "without", "on", "ignoring", "group_left", "group_right"};
  return std::ranges::find(kWords, word) != kWords.end();
}

class Collector {
 public:
  Collector(std::string_view text, const Source* source)
      : text_(text), source_(source), state_(read_state(text)) {}

  ExpressionCompletion run() {
    if (state_.in_comment) {
      result_.begin = text_.size();
    } else if (state_.quote != 0) {
      in_string();
    } else if (state_.open() == '{' ||
               (state_.open() == '(' &&
                is_grouping(state_.scopes.back().before))) {
      begin_at(state_.word);
      label_names();
    } else if (state_.open() == '[') {
      durations();
    } else {
      begin_at(state_.word);
      language();
      metrics();
    }
    return std::move(result_);
  }

 private:
  void begin_at(std::string_view word) {
    typed_ = word;
    result_.begin = text_.size() - word.size();
  }

  void offer(std::string_view text, std::string_view what) {
    if (text.starts_with(typed_) && result_.candidates.size() < kCompletionsMax)
      result_.candidates.push_back({std::string(text), std::string(what)});
  }

  void in_string() {
    if (state_.open() != '{' || state_.label.empty()) return;
    const std::string_view typed = text_.substr(state_.string_begin);
    begin_at(typed);
    if (source_ == nullptr) return;
    const auto values =
        source_->label_values(state_.label, matchers(), kEver, kNamesMax);
    if (!values) return;
    for (const std::string& value : *values) {
      // Escaped as the string wants it.
      std::string quoted = quote(value);
      offer(std::string_view(quoted).substr(1, quoted.size() - 2), "");
    }
  }

  [[nodiscard]] Matchers matchers() const {
    Matchers all;
    if (state_.open() == '{' && !state_.scopes.back().before.empty()) {
      all.push_back(Matcher::equal(std::string(kMetricName),
                                   std::string(state_.scopes.back().before)));
    }
    return all;
  }

  void label_names() {
    if (source_ == nullptr) return;
    const auto names = source_->label_names(matchers(), kEver, kNamesMax);
    if (!names) return;
    for (const std::string& name : *names) {
      if (name != kMetricName && is_legacy_label_name(name)) offer(name, "");
    }
  }

  void durations() {
    const std::size_t begin = text_.rfind('[') + 1;
    begin_at(text_.substr(begin));
    for (const std::string_view text : {"1m]", "5m]", "15m]", "1h]", "1d]"})
      offer(text, "");
  }

  void language() {
    if (typed_.empty()) return;  // that would be all of them
    struct Word {
      std::string_view text, what;
    };
    constexpr auto kAggregations = std::to_array<Word>({
        {"avg", "mean"},
        {"bottomk", "least elements"},
        {"count", "number of elements"},
        {"count_values", "number of elements of each value"},
        {"group", "1 for each group"},
        {"max", "greatest"},
        {"min", "least"},
        {"quantile", "a quantile over elements"},
        {"stddev", "standard deviation"},
        {"stdvar", "variance"},
        {"sum", "sum"},
        {"topk", "greatest elements"},
    });
    for (const Word& word : kAggregations) offer(word.text, word.what);
    for (const promql::Function& function : promql::functions()) {
      if (!function.experimental) offer(function.name, function.summary);
    }
    constexpr auto kKeywords = std::to_array<std::string_view>(
        {"and", "bool", "by", "group_left", "group_right", "ignoring", "offset",
         "on", "or", "unless", "without"});
    for (const std::string_view word : kKeywords) offer(word, "");
  }

  void metrics() {
    if (source_ == nullptr) return;
    const auto names = source_->label_values(kMetricName, {}, kEver, kNamesMax);
    if (!names) return;
    for (const std::string& name : *names) {
      if (is_legacy_metric_name(name)) offer(name, "metric");
    }
  }

  const std::string_view text_;
  const Source* const source_;
  const State state_;
  std::string_view typed_;
  ExpressionCompletion result_;
};

}  // namespace

ExpressionCompletion complete_expression(std::string_view text,
                                         const Source* source) {
  return Collector(text, source).run();
}

bool is_unfinished(std::string_view text) {
  const State state = read_state(text);
  // Only raw strings go over the end of a line.
  return state.quote == '`' || (state.quote == 0 && !state.scopes.empty());
}

}  // namespace prom::query
