// promqltest [--oracle] FILE…: runs test files of PromQL in upstream's
// language, --oracle: on the second engine of tests/support/.
//
// Prints one line per file and a closing line; what failed goes to standard
// error.  Every instant evaluation is repeated as upstream repeats it: with
// its selectors fixed by @ and the query moved in time, and as the middle step
// of a range query.  Cases listed in promql.skip beside this source (or in
// $PROMQL_SKIP) are run too; one that passes has to be taken off the list.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <limits>
#include <map>
#include <optional>
#include <regex>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "libprom/base/duration.h"
#include "libprom/base/number.h"
#include "libprom/model/matcher.h"
#include "libprom/model/sample.h"
#include "libprom/promql/functions.h"
#include "libprom/promql/literals.h"
#include "libprom/promql/parser.h"
#include "libprom/promql/printer.h"
#include "libprom/promql/walk.h"
#include "libprom/query/described_series.h"
#include "libprom/query/engine.h"
#include "libprom/query/memory_source.h"

#include "tests/support/oracle_peer.h"

namespace {

using prom::Code;
using prom::fail;
using prom::Labels;
using prom::Result;
using prom::Status;
using prom::promql::Expr;
using prom::promql::ExprPtr;
using prom::query::DescribedSeries;
using prom::query::DescribedValue;
using prom::query::EngineOptions;
using prom::query::MemorySource;
using prom::query::QueryResult;
using prom::query::Series;

constexpr double kTolerance = 1e-6;

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return "";
  const auto last = text.find_last_not_of(" \t\r");
  return std::string(text.substr(first, last - first + 1));
}

// Takes the first word off a line.
std::string take_word(std::string& line) {
  const auto end = std::min(line.find_first_of(" \t"), line.size());
  std::string word = line.substr(0, end);
  line = trimmed(std::string_view(line).substr(end));
  return word;
}

// -- What a case expects

enum class Kind { kWarn, kInfo, kFail };

struct Expectation {
  Kind kind = Kind::kWarn;
  std::optional<std::string> message;
  std::optional<std::string> pattern;  // neither: anything

  [[nodiscard]] bool matches(const std::string& text) const {
    if (message) return *message == text;
    if (!pattern) return true;
    const auto regex =
        prom::Regex::compile("(?s:.*)(?:" + *pattern + ")(?s:.*)");
    return regex && regex->matches(text);
  }
  [[nodiscard]] std::string describe() const {
    return message ? *message : pattern.value_or("anything");
  }
};

struct ExpectedSeries {
  std::size_t position = 0;  // 1-based
  Labels labels;
  std::vector<DescribedValue> values;
};

struct Case {
  std::size_t line = 0;
  std::string expr;
  bool is_range = false;
  std::int64_t start_ms = 0;  // the time of an instant query
  std::int64_t end_ms = 0;
  std::int64_t step_ms = 0;
  bool ordered = false;
  bool no_warn = false;
  bool no_info = false;
  bool some_warn = false;  // eval_warn, eval_info, eval_fail
  bool some_info = false;
  bool fails = false;
  bool instant_only = false;
  std::vector<Expectation> expectations;
  std::optional<std::string> text;
  std::optional<double> scalar;
  std::vector<ExpectedSeries> series;
};

// -- Comparing

bool near(double a, double b) {
  if (prom::is_stale_nan(a) || prom::is_stale_nan(b)) {
    return prom::is_stale_nan(a) && prom::is_stale_nan(b);
  }
  if (std::isnan(a) && std::isnan(b)) return true;
  if (a == b) return true;
  const double sum = std::fabs(a) + std::fabs(b);
  const double off = std::fabs(a - b);
  constexpr double kTiny = std::numeric_limits<double>::min();
  if (a == 0 || b == 0 || sum < kTiny) return off < kTolerance * kTiny;
  return off / std::min(sum, std::numeric_limits<double>::max()) < kTolerance;
}

bool near(const std::vector<prom::HistogramBucket>& a,
          const std::vector<prom::HistogramBucket>& b) {
  return std::ranges::equal(a, b, [](const auto& x, const auto& y) {
    return x.index == y.index && near(x.count, y.count);
  });
}

bool near(prom::FloatHistogram want, prom::FloatHistogram got,
          bool compare_hint) {
  want.compact();
  got.compact();
  return want.schema == got.schema && near(want.count, got.count) &&
         near(want.sum, got.sum) && want.custom_values == got.custom_values &&
         want.zero_threshold == got.zero_threshold &&
         near(want.zero_count, got.zero_count) &&
         near(want.side(true), got.side(true)) &&
         near(want.side(false), got.side(false)) &&
         (!compare_hint || want.counter_reset_hint == got.counter_reset_hint);
}

std::string show(const Series& series) {
  std::string text = series.labels.to_string() + " [";
  for (const auto& point : series.floats) {
    text += " " + prom::format_float(point.value) + "@" +
            std::to_string(point.t_ms);
  }
  for (const auto& point : series.histograms) {
    text += " " + point.histogram->to_test_expression() + "@" +
            std::to_string(point.t_ms);
  }
  return text + " ]";
}

Status wrong(std::string text) {
  return fail(Code::kNo, std::move(text));
}

// Compares one expected value with what a series has at a time.
Status compare_value(const DescribedValue& want, const Series& got,
                     std::int64_t time_ms) {
  const auto of_time = [time_ms](const auto& point) {
    return point.t_ms == time_ms;
  };
  const auto f = std::ranges::find_if(got.floats, of_time);
  const auto h = std::ranges::find_if(got.histograms, of_time);
  const bool has_float = f != got.floats.end();
  const bool has_histogram = h != got.histograms.end();
  const std::string at = " at " + std::to_string(time_ms);
  if (want.omitted) {
    if (has_float || has_histogram) {
      return wrong("unexpected value" + at + " in " + show(got));
    }
  } else if (want.histogram) {
    if (!has_histogram ||
        !near(*want.histogram, *h->histogram, want.hint_given)) {
      return wrong("expected " + want.histogram->to_test_expression() + at +
                   ", got " + show(got));
    }
  } else if (!has_float || !near(want.value, f->value)) {
    return wrong("expected " + prom::format_float(want.value) + at + ", got " +
                 show(got));
  }
  return {};
}

Status compare_series(const Case& test, const std::vector<Series>& got,
                      bool is_matrix, std::int64_t instant_ms) {
  std::map<Labels, const ExpectedSeries*> wanted;
  for (const ExpectedSeries& series : test.series) {
    wanted[series.labels] = &series;
  }
  for (std::size_t i = 0; i < got.size(); ++i) {
    const auto found = wanted.find(got[i].labels);
    if (found == wanted.end()) {
      return wrong("unexpected series " + show(got[i]));
    }
    const ExpectedSeries& want = *found->second;
    wanted.erase(found);
    if (test.ordered && !is_matrix && want.position != i + 1) {
      return wrong(want.labels.to_string() + " is at position " +
                   std::to_string(i + 1) + " and not at " +
                   std::to_string(want.position));
    }
    std::size_t expected = 0;
    for (std::size_t v = 0; v < want.values.size(); ++v) {
      if (!is_matrix && v > 0) break;
      if (!want.values[v].omitted) ++expected;
      const std::int64_t time =
          is_matrix
              ? test.start_ms + static_cast<std::int64_t>(v) * test.step_ms
              : instant_ms;
      auto ok = compare_value(want.values[v], got[i], time);
      if (!ok) return ok;
    }
    if (is_matrix &&
        expected != got[i].floats.size() + got[i].histograms.size()) {
      return wrong("expected " + std::to_string(expected) + " points, got " +
                   show(got[i]));
    }
  }
  if (!wanted.empty()) {
    return wrong("missing series " + wanted.begin()->first.to_string());
  }
  return {};
}

Status compare(const Case& test, const QueryResult& got,
               std::int64_t instant_ms) {
  using prom::promql::ValueType;
  switch (got.type) {
    case ValueType::kString:
      if (test.text.value_or("") != got.text) {
        return wrong("expected string, got \"" + got.text + "\"");
      }
      return {};
    case ValueType::kScalar:
      if (!test.scalar) return wrong("unexpected scalar");
      if (!near(*test.scalar, got.scalar.value)) {
        return wrong("expected " + prom::format_float(*test.scalar) + ", got " +
                     prom::format_float(got.scalar.value));
      }
      return {};
    case ValueType::kVector:
    case ValueType::kMatrix:
      if (test.scalar) return wrong("expected a scalar, got series");
      return compare_series(test, got.series, got.type == ValueType::kMatrix,
                            instant_ms);
    case ValueType::kNone:
      break;
  }
  return wrong("result without a type");
}

Status compare_notes(const Case& test, Kind kind,
                     const std::vector<std::string>& got, bool forbidden) {
  const char* name = kind == Kind::kWarn ? "warning" : "info";
  if (forbidden && !got.empty()) {
    return wrong(std::string("unexpected ") + name + ": " + got.front());
  }
  std::vector<const Expectation*> wanted;
  for (const Expectation& e : test.expectations) {
    if (e.kind == kind) wanted.push_back(&e);
  }
  if (wanted.empty()) return {};
  for (const Expectation* e : wanted) {
    if (std::ranges::none_of(
            got, [&](const std::string& text) { return e->matches(text); })) {
      std::string all;
      for (const std::string& text : got) all += "\n      got " + text;
      return wrong(std::string("no ") + name + " matches " + e->describe() +
                   all);
    }
  }
  for (const std::string& text : got) {
    if (std::ranges::none_of(
            wanted, [&](const Expectation* e) { return e->matches(text); })) {
      return wrong(std::string("unexpected ") + name + ": " + text);
    }
  }
  return {};
}

Status compare_failure(const Case& test, const prom::Error& error) {
  if (!test.fails) return wrong("failed: " + error.message);
  for (const Expectation& e : test.expectations) {
    if (e.kind == Kind::kFail && !e.matches(error.message)) {
      return wrong("expected failure " + e.describe() + ", got " +
                   error.message);
    }
  }
  return {};
}

// -- Running

EngineOptions engine_options() {
  EngineOptions options;
  options.parse = prom::promql::ParseOptions::all();
  options.delayed_name_removal = true;
  options.use_start_timestamps = true;
  options.samples_max = 10'000;
  return options;
}

// What is loaded, for either engine.
struct Data {
  MemorySource source;
  bool for_oracle = false;
  prom::test::OracleData copy;  // for the second
};

Result<QueryResult> instant(const Data& data, const std::string& expr,
                            std::int64_t time_ms) {
  if (!data.for_oracle) {
    return prom::query::instant(data.source, expr, time_ms, engine_options());
  }
  return prom::test::oracle_query(data.copy, expr, {time_ms, time_ms, 0},
                                  engine_options());
}

Result<QueryResult> range(const Data& data, const std::string& expr,
                          const prom::query::RangeTimes& times) {
  if (!data.for_oracle) {
    return prom::query::range(data.source, expr, times, engine_options());
  }
  return prom::test::oracle_query(data.copy, expr,
                                  {times.start_ms, times.end_ms, times.step_ms},
                                  engine_options());
}

// The same expression with its selectors fixed at a time; empty when a
// function in it depends on the time of evaluation.
std::string with_at(const Expr& parsed, std::int64_t time_ms) {
  ExprPtr expr = prom::promql::clone(parsed);
  bool movable = true;
  const auto fix = [time_ms](prom::promql::At& at) {
    if (at.is_set()) return;
    at.kind = prom::promql::AtKind::kTime;
    at.ms = time_ms;
  };
  // Selectors inside of a subquery that has a time of its own stay.
  std::vector<Expr*> pending = {expr.get()};
  std::vector<ExprPtr*> children;
  while (!pending.empty()) {
    Expr* node = pending.back();
    pending.pop_back();
    bool descend = true;
    if (auto* vector = node->as<prom::promql::VectorSelector>()) {
      fix(vector->at);
    } else if (auto* matrix = node->as<prom::promql::MatrixSelector>()) {
      fix(matrix->selector.at);
    } else if (auto* subquery = node->as<prom::promql::Subquery>()) {
      // What stands inside counts from the subquery's time.
      fix(subquery->at);
      descend = false;
    } else if (const auto* call = node->as<prom::promql::Call>()) {
      movable = movable && !call->function->depends_on_time;
    }
    if (!descend) continue;
    children.clear();
    prom::promql::append_children(*node, children);
    for (ExprPtr* child : children) pending.push_back(child->get());
  }
  return movable ? prom::promql::to_string(*expr) : std::string();
}

Status check_result(const Case& test, const Result<QueryResult>& result,
                    std::int64_t instant_ms) {
  if (!result) return compare_failure(test, result.error());
  if (test.fails) return wrong("did not fail");
  if (test.some_warn && result->warnings.empty()) return wrong("no warning");
  if (test.some_info && result->infos.empty()) return wrong("no info");
  auto ok = compare_notes(test, Kind::kWarn, result->warnings, test.no_warn);
  if (ok) ok = compare_notes(test, Kind::kInfo, result->infos, test.no_info);
  if (ok) ok = compare(test, *result, instant_ms);
  return ok;
}

bool depends_on_range(const std::string& expr) {
  static const std::regex kFunctions(R"((start|end|range|step)\(\))");
  return std::regex_search(expr, kFunctions);
}

// The middle step of a range query around the instant has the same result.
Status check_in_range(const Case& test, const Data& data,
                      const std::string& expr, std::int64_t time_ms) {
  auto result = range(
      data, expr,
      {time_ms - prom::kMinuteMs, time_ms + prom::kMinuteMs, prom::kMinuteMs});
  if (!result) return wrong("range query failed: " + result.error().message);
  if (test.ordered) return {};
  QueryResult middle;
  middle.type = prom::promql::ValueType::kVector;
  for (Series& series : result->series) {
    const auto elsewhere = [time_ms](const auto& point) {
      return point.t_ms != time_ms;
    };
    std::erase_if(series.floats, elsewhere);
    std::erase_if(series.histograms, elsewhere);
    if (series.floats.empty() && series.histograms.empty()) continue;
    middle.series.push_back(std::move(series));
  }
  if (test.scalar) {
    middle.type = prom::promql::ValueType::kScalar;
    if (middle.series.empty()) return wrong("no scalar in range mode");
    middle.scalar = middle.series.front().floats.front();
  }
  return compare(test, middle, time_ms);
}

Status run_instant(const Case& test, const Data& data, const std::string& expr,
                   std::int64_t time_ms) {
  const auto result = instant(data, expr, time_ms);
  auto ok = check_result(test, result, time_ms);
  if (!ok || !result) return ok;
  if (test.instant_only || depends_on_range(expr)) return {};
  return check_in_range(test, data, expr, time_ms);
}

Status run_case(const Case& test, const Data& data) {
  if (test.is_range) {
    return check_result(
        test,
        range(data, test.expr, {test.start_ms, test.end_ms, test.step_ms}), 0);
  }
  // A range vector is evaluated at the end of what is expected of it.
  const std::int64_t time_ms =
      test.instant_only && test.step_ms > 0 ? test.end_ms : test.start_ms;
  auto ok = run_instant(test, data, test.expr, time_ms);
  if (!ok) return ok;
  const auto parsed =
      prom::promql::parse(test.expr, prom::promql::ParseOptions::all());
  if (!parsed) return {};
  const std::string fixed = with_at(**parsed, time_ms);
  if (fixed.empty()) return {};
  const std::vector<std::int64_t> times =
      time_ms == 0 ? std::vector<std::int64_t>{-1000, 0, 1000}
                   : std::vector<std::int64_t>{-10 * time_ms, 0, time_ms / 5,
                                               time_ms, 10 * time_ms};
  for (const std::int64_t time : times) {
    ok = run_instant(test, data, fixed, time);
    if (!ok) {
      return fail(
          std::move(ok).error().in(fixed + " at " + std::to_string(time)));
    }
  }
  return {};
}

// -- Reading a file

struct Counts {
  std::size_t passed = 0;
  std::size_t failed = 0;
  std::size_t skipped = 0;
};

// As literals of PromQL are written, with a sign.
std::optional<double> read_number(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const auto value = prom::promql::number_value(text);
  if (!value) return std::nullopt;
  return negative ? -*value : *value;
}

Result<std::int64_t> duration(const std::string& text) {
  return prom::parse_duration_ms(text);
}

class File {
 public:
  File(std::string name, std::string shown, const std::string& text,
       const std::map<std::string, std::string>& skips, bool for_oracle)
      : name_(std::move(name)), shown_(std::move(shown)), skips_(skips) {
    data_.for_oracle = for_oracle;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
      line = trimmed(line);
      if (line.starts_with('#')) line.clear();
      lines_.push_back(line);
    }
  }

  Counts run() {
    while (at_ < lines_.size()) {
      const std::size_t line = at_ + 1;
      std::string rest = lines_[at_];
      const std::string word = take_word(rest);
      Status ok;
      if (word.empty()) {
        ++at_;
        continue;
      }
      if (word == "clear") {
        ++at_;
        data_.source.clear();
        data_.copy.clear();
      } else if (word.starts_with("load")) {
        ok = load(word, rest);
      } else if (word.starts_with("eval")) {
        ok = eval(word, rest);
        count(line, ok);
        continue;
      } else {
        ++at_;
        ok = wrong("invalid command " + word);
      }
      if (!ok) count(line, ok);
    }
    return counts_;
  }

 private:
  void count(std::size_t line, const Status& ok) {
    const std::string place = name_ + ":" + std::to_string(line);
    const auto skip = skips_.find(place);
    if (ok) {
      if (skip == skips_.end()) {
        ++counts_.passed;
        return;
      }
      ++counts_.failed;
      std::cerr << place << ": passes; remove it from the list\n";
      return;
    }
    if (skip != skips_.end()) {
      ++counts_.skipped;
      return;
    }
    ++counts_.failed;
    std::cerr << shown_ << ":" << line << ": " << lines_[line - 1] << "\n    "
              << ok.error().message << "\n";
  }

  // Collects the lines of a block, up to the next empty one.
  std::vector<std::string> block() {
    std::vector<std::string> lines;
    for (++at_; at_ < lines_.size() && !lines_[at_].empty(); ++at_) {
      lines.push_back(lines_[at_]);
    }
    return lines;
  }

  Status load(const std::string& word, const std::string& gap) {
    const auto step = duration(gap);
    const std::vector<std::string> lines = block();
    if (!step) return fail(step.error());
    std::vector<DescribedSeries> series;
    std::vector<std::optional<std::int64_t>> starts;
    for (const std::string& line : lines) {
      const std::string head = line.substr(0, line.find_first_of(" \t"));
      if (head.ends_with("@st")) {
        auto parsed = parse_starts(line.substr(head.size()));
        if (!parsed) return fail(std::move(parsed).error());
        starts = std::move(*parsed);
        continue;
      }
      auto one = describe(line, *step, starts);
      if (!one) return fail(std::move(one).error());
      // Of two lines for one series the later counts.
      std::erase_if(series, [&](const DescribedSeries& other) {
        return other.labels == one->labels;
      });
      series.push_back(std::move(*one));
      starts.clear();
    }
    auto ok = prom::query::load(series, data_.source);
    if (!ok || word != "load_with_nhcb") return ok;
    auto custom = prom::query::to_custom_buckets(series);
    if (!custom) return fail(std::move(custom).error());
    return prom::query::load(*custom, data_.source);
  }

  static Result<DescribedSeries> describe(
      const std::string& line, std::int64_t step_ms,
      const std::vector<std::optional<std::int64_t>>& starts) {
    const auto parsed = prom::promql::parse_series_description(line);
    if (!parsed) return fail(prom::promql::to_error(parsed.error()));
    auto values = prom::query::expand(*parsed);
    if (!values) return fail(std::move(values).error());
    if (!starts.empty() && starts.size() != values->size()) {
      return fail(Code::kBadData, "@st line of another length");
    }
    DescribedSeries series;
    series.labels = parsed->labels;
    for (std::size_t i = 0; i < values->size(); ++i) {
      DescribedValue& value = (*values)[i];
      if (value.omitted) continue;
      const std::int64_t time = static_cast<std::int64_t>(i) * step_ms;
      std::int64_t start = 0;
      if (!starts.empty() && starts[i]) start = time + *starts[i];
      series.samples.push_back(
          {time, start, value.value, std::move(value.histogram)});
    }
    return series;
  }

  // A signed duration at the front of `text`.
  static Result<std::int64_t> take_offset(std::string& text) {
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.erase(0, 1);
    const auto digits =
        std::min(text.find_first_not_of("0123456789"), text.size());
    auto end = digits;
    while (end < text.size() && std::isalpha(text[end]) != 0 &&
           text[end] != 'x') {
      ++end;
    }
    auto value = duration(text.substr(0, end));
    text.erase(0, end);
    if (value && negative) *value = -*value;
    return value;
  }

  static Result<std::vector<std::optional<std::int64_t>>> parse_starts(
      std::string text) {
    std::vector<std::optional<std::int64_t>> starts;
    text = trimmed(text);
    while (!text.empty()) {
      std::string item = take_word(text);
      std::optional<std::int64_t> offset;
      std::int64_t change = 0;
      std::size_t count = 0;  // further ones
      const bool omitted = item.starts_with('_');
      if (omitted) {
        item.erase(0, 1);
      } else {
        auto first = take_offset(item);
        if (!first) return fail(std::move(first).error());
        offset = *first;
        if (item.starts_with('+') || item.starts_with('-')) {
          auto by = take_offset(item);
          if (!by) return fail(std::move(by).error());
          change = *by;
        }
      }
      if (item.starts_with('x')) {
        count = prom::parse_uint(item.substr(1)).value_or(0);
        if (omitted && count > 0) --count;
      }
      for (std::size_t i = 0; i <= count; ++i) {
        starts.push_back(offset);
        if (offset) *offset += change;
      }
    }
    return starts;
  }

  Status eval(const std::string& word, std::string rest) {
    Case test;
    test.line = at_ + 1;
    test.ordered = word == "eval_ordered";
    test.fails = word == "eval_fail";
    test.some_warn = word == "eval_warn";
    test.some_info = word == "eval_info";
    auto ok = read_head(rest, test);
    const std::vector<std::string> lines = block();
    for (const std::string& line : lines) {
      if (!ok) break;
      ok = read_expectation(line, test);
    }
    if (data_.for_oracle) data_.copy = prom::test::data_of(data_.source);
    return ok ? run_case(test, data_) : ok;
  }

  static Status read_head(std::string rest, Case& test) {
    const std::string mode = take_word(rest);
    test.is_range = mode == "range";
    if (!test.is_range) {
      if (rest.starts_with("at ")) take_word(rest);
      auto at = duration(take_word(rest));
      if (!at) return fail(std::move(at).error());
      test.start_ms = *at;
      test.expr = rest;
      return {};
    }
    return read_range(rest, test, true);
  }

  // "from F to T step S", and the expression after it.
  static Status read_range(std::string rest, Case& test, bool with_expr) {
    for (std::int64_t* into : {&test.start_ms, &test.end_ms, &test.step_ms}) {
      take_word(rest);
      auto value = duration(take_word(rest));
      if (!value) return fail(std::move(value).error());
      *into = *value;
    }
    if (with_expr) test.expr = rest;
    return {};
  }

  static Status read_expect(std::string rest, Case& test) {
    const std::string what = take_word(rest);
    if (what == "ordered") {
      test.ordered = true;
    } else if (what == "no_warn") {
      test.no_warn = true;
    } else if (what == "no_info") {
      test.no_info = true;
    } else if (what == "range") {
      take_word(rest);  // vector
      test.instant_only = true;
      return read_range(rest, test, false);
    } else if (what == "string") {
      test.text = prom::promql::string_value(rest);
      test.instant_only = true;
    } else if (what == "fail" || what == "warn" || what == "info") {
      Expectation expectation;
      expectation.kind = what == "fail"   ? Kind::kFail
                         : what == "warn" ? Kind::kWarn
                                          : Kind::kInfo;
      if (what == "fail") test.fails = true;
      if (rest.starts_with("msg:")) {
        expectation.message = trimmed(rest.substr(4));
      } else if (rest.starts_with("regex:")) {
        expectation.pattern = trimmed(rest.substr(6));
      }
      test.expectations.push_back(std::move(expectation));
    } else {
      return wrong("unknown expectation " + what);
    }
    return {};
  }

  static Status read_expectation(const std::string& line, Case& test) {
    std::string rest = line;
    const std::string word = take_word(rest);
    if (word == "expect") return read_expect(rest, test);
    if (word == "expected_fail_message" || word == "expected_fail_regexp") {
      Expectation expectation{Kind::kFail, {}, {}};
      (word == "expected_fail_message" ? expectation.message
                                       : expectation.pattern) = rest;
      test.expectations.push_back(std::move(expectation));
      return {};
    }
    if (const auto number = read_number(line)) {
      test.scalar = *number;
      return {};
    }
    const auto parsed = prom::promql::parse_series_description(line);
    if (!parsed) return fail(prom::promql::to_error(parsed.error()));
    auto values = prom::query::expand(*parsed);
    if (!values) return fail(std::move(values).error());
    test.series.push_back(
        {test.series.size() + 1, parsed->labels, std::move(*values)});
    return {};
  }

  const std::string name_;
  const std::string shown_;
  const std::map<std::string, std::string>& skips_;
  std::vector<std::string> lines_;
  std::size_t at_ = 0;
  Data data_;
  Counts counts_;
};

// "file:line reason" per line.
std::map<std::string, std::string> read_skips() {
  const char* given = std::getenv("PROMQL_SKIP");
  std::ifstream in(given != nullptr ? given : "tests/conformance/promql.skip");
  std::map<std::string, std::string> skips;
  for (std::string line; std::getline(in, line);) {
    line = trimmed(line);
    if (line.empty() || line.starts_with('#')) continue;
    const std::string place = take_word(line);
    skips[place] = line;
  }
  return skips;
}

}  // namespace

int main(int argc, char** argv) {
  const std::map<std::string, std::string> skips = read_skips();
  Counts total;
  const bool for_oracle = argc > 1 && std::string_view(argv[1]) == "--oracle";
  for (int i = for_oracle ? 2 : 1; i < argc; ++i) {
    std::ifstream in(argv[i]);
    if (!in) {
      std::cerr << argv[i] << ": cannot be read\n";
      ++total.failed;
      continue;
    }
    std::ostringstream text;
    text << in.rdbuf();
    const std::string path = argv[i];
    const std::string name = path.substr(path.find_last_of('/') + 1);
    const Counts counts = File(name, path, text.str(), skips, for_oracle).run();
    std::cout << path << " passed " << counts.passed << " failed "
              << counts.failed << " skipped " << counts.skipped << "\n";
    total.passed += counts.passed;
    total.failed += counts.failed;
    total.skipped += counts.skipped;
  }
  std::cout << total.passed << " passed, " << total.failed << " failed, "
            << total.skipped << " skipped\n";
  return total.failed == 0 ? 0 : 1;
}
