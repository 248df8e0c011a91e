#include "libprom/exposition/lint.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "libprom/exposition/parser.h"

namespace prom::exposition {
namespace {

struct Unit {
  std::string_view name;
  std::string_view base;
};
constexpr std::array<Unit, 24> kUnits = {{
    {"amperes", "amperes"},    {"bits", "bytes"},      {"bytes", "bytes"},
    {"calories", "joules"},    {"celsius", "celsius"}, {"days", "seconds"},
    {"fahrenheit", "celsius"}, {"grams", "grams"},     {"hours", "seconds"},
    {"inches", "meters"},      {"joules", "joules"},   {"kelvin", "kelvin"},
    {"kelvins", "kelvin"},     {"meters", "meters"},   {"metres", "metres"},
    {"miles", "meters"},       {"minutes", "seconds"}, {"ounces", "grams"},
    {"pounds", "grams"},       {"rankine", "celsius"}, {"seconds", "seconds"},
    {"volts", "volts"},        {"weeks", "seconds"},   {"yards", "meters"},
}};
constexpr std::array<std::string_view, 18> kPrefixes = {
    "pico", "nano", "micro", "milli", "centi", "deci", "deca", "hecto", "kilo",
    "kibi", "mega", "mebi",  "giga",  "gibi",  "tera", "tebi", "peta",  "pebi"};
constexpr std::array<std::string_view, 14> kAbbreviations = {
    "s",  "ms", "us", "ns", "sec", "b", "kb",
    "mb", "gb", "tb", "pb", "m",   "h", "d"};
constexpr std::array<std::string_view, 4> kTypeWords = {"counter", "gauge",
                                                        "histogram", "summary"};

// A family as lint sees it.
struct Family {
  std::optional<MetricType> type;
  bool has_help = false;
  std::set<std::string> labels;
  std::uint64_t series = 0;
  bool has_twice = false;
};
using Families = std::map<std::string, Family>;

const Unit* find_unit(std::string_view word) {
  const auto found = std::ranges::find(kUnits, word, &Unit::name);
  return found == kUnits.end() ? nullptr : &*found;
}

std::vector<std::string_view> words_of(std::string_view name) {
  std::vector<std::string_view> words;
  while (true) {
    const std::size_t end = name.find('_');
    words.push_back(name.substr(0, end));
    if (end == std::string_view::npos) return words;
    name.remove_prefix(end + 1);
  }
}

// The unit that a name states, with its prefix, and its base unit.
std::optional<std::pair<std::string_view, std::string_view>> unit_of(
    std::string_view name) {
  for (const std::string_view word : words_of(name)) {
    if (const Unit* unit = find_unit(word)) return {{word, unit->base}};
    for (const std::string_view prefix : kPrefixes)
      if (word.starts_with(prefix))
        if (const Unit* unit = find_unit(word.substr(prefix.size())))
          return {{word, unit->base}};
  }
  return std::nullopt;
}

// Whether `name` has `word` behind an underscore, up to the next one.
bool has_word(std::string_view name, std::string_view word) {
  const auto words = words_of(name);
  return std::ranges::find(words.begin() + 1, words.end(), word) != words.end();
}

bool is_camel_case(std::string_view name) {
  for (std::size_t i = 1; i < name.size(); ++i)
    if (name[i - 1] >= 'a' && name[i - 1] <= 'z' && name[i] >= 'A' &&
        name[i] <= 'Z')
      return true;
  return false;
}

std::string lower(std::string_view name) {
  std::string text(name);
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

bool is_histogram(MetricType type) {
  return type == MetricType::kHistogram || type == MetricType::kGaugeHistogram;
}

class Linter {
 public:
  Linter(Format format, LintReport& report)
      : is_open_metrics_(format == Format::kOpenMetrics), report_(report) {}

  void check(const std::string& name, const Family& family) {
    name_ = name;
    if (!family.has_help) say("there is no HELP");
    check_name(name);
    if (const auto unit = unit_of(name); unit && unit->first != unit->second)
      say("the base unit is " + std::string(unit->second) + ", not " +
          std::string(unit->first));
    // Nothing is known of what has no type.
    if (family.type && *family.type != MetricType::kUnknown)
      check_type(name, family, *family.type);
    for (const std::string& label : family.labels)
      if (is_camel_case(label))
        say("the label " + label + " is in camelCase, not in snake_case");
    if (family.has_twice) say("the same series stands there twice");
  }

 private:
  void say(std::string text) {
    report_.findings.push_back({name_, std::move(text)});
  }

  void check_name(const std::string& name) {
    if (name.find(':') != std::string::npos)
      say("colons are for recording rules");
    if (is_camel_case(name)) say("the name is in camelCase, not in snake_case");
    const std::string lower_name = lower(name);
    for (const std::string_view word : kTypeWords)
      if (has_word(lower_name, word))
        say("the name says the type, " + std::string(word));
    if (std::ranges::any_of(kAbbreviations, [&](std::string_view unit) {
          return has_word(lower_name, unit);
        }))
      say("the name has a unit that is abbreviated");
  }

  void check_type(const std::string& name, const Family& family,
                  MetricType type) {
    const bool is_counter = type == MetricType::kCounter;
    const bool is_summary = type == MetricType::kSummary;
    const bool has_total = name.ends_with("_total");
    // OpenMetrics names the family without the suffix that its samples have.
    if (is_counter && !has_total && !is_open_metrics_)
      say("a counter's name ends in _total");
    if (!is_counter && has_total) say("only a counter's name ends in _total");
    if (!is_histogram(type) && name.ends_with("_bucket"))
      say("only histograms have names in _bucket");
    for (const std::string_view suffix : {"_count", "_sum"})
      if (!is_histogram(type) && !is_summary && name.ends_with(suffix))
        say("only histograms and summaries have names in " +
            std::string(suffix));
    if (!is_histogram(type) && family.labels.contains("le"))
      say("only histograms have the label le");
    if (!is_summary && family.labels.contains("quantile"))
      say("only summaries have the label quantile");
  }

  const bool is_open_metrics_;
  LintReport& report_;
  std::string name_;
};

// The family that a sample belongs to, by the types that were stated.
std::string family_of(const std::string& name, const Families& families) {
  for (const std::string_view suffix :
       {"_total", "_bucket", "_count", "_sum", "_created", "_info", "_gcount",
        "_gsum"}) {
    if (!name.ends_with(suffix)) continue;
    std::string stem = name.substr(0, name.size() - suffix.size());
    const auto found = families.find(stem);
    if (found == families.end() || !found->second.type) continue;
    const MetricType type = *found->second.type;
    const bool is_counter = type == MetricType::kCounter;
    if (suffix == "_total"     ? is_counter
        : suffix == "_created" ? type != MetricType::kGauge
        : suffix == "_info"    ? type == MetricType::kInfo
        : suffix == "_bucket"
            ? is_histogram(type)
            : is_histogram(type) || type == MetricType::kSummary)
      return stem;
  }
  return name;
}

void take(const Metadata& metadata, Families& families) {
  Family& family = families[metadata.family];
  if (metadata.kind == Metadata::Kind::kType) family.type = metadata.type;
  if (metadata.kind == Metadata::Kind::kHelp) family.has_help = true;
}

}  // namespace

Result<LintReport> lint(std::string_view body, Format format) {
  Families families;
  std::set<Labels> seen;
  Parser parser(body, format);
  while (true) {
    const auto item = parser.next();
    if (!item) return fail(item.error());
    if (*item == Parser::Item::kEnd) break;
    if (*item == Parser::Item::kMetadata) {
      take(parser.metadata(), families);
      continue;
    }
    Labels labels = parser.labels();
    Family& family =
        families[family_of(std::string(labels.metric_name()), families)];
    ++family.series;
    for (const auto& [name, value] : labels)
      if (name != kMetricName) family.labels.emplace(name);
    family.has_twice =
        !seen.insert(std::move(labels)).second || family.has_twice;
  }
  LintReport report;
  Linter linter(format, report);
  for (const auto& [name, family] : families) {
    linter.check(name, family);
    report.series[name] = family.series;
  }
  return report;
}

}  // namespace prom::exposition
