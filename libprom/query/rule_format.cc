#include "libprom/query/rule_format.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "libprom/config/load.h"
#include "libprom/promql/comments.h"
#include "libprom/promql/format.h"

namespace prom::query {
namespace {

using config::LocatedText;

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string_view without_line_ends(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  return text;
}

// YAML reads it as this very text when it stands there without quotes.
bool is_plain_scalar(std::string_view text) {
  constexpr std::string_view kIndicators = "-?:,[]{}#&*!|>'\"%@`";
  return !text.empty() && !kIndicators.contains(text.front()) &&
         !text.contains(": ") && !text.contains(" #") && !text.ends_with(':');
}

// A replacement of bytes of the file.
struct Edit {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string text;
};

class RuleFormatter {
 public:
  RuleFormatter(std::string_view text, const std::string& path)
      : text_(text), path_(path) {
    begins_.push_back(0);
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\n') begins_.push_back(i + 1);
    }
  }

  Status add(const LocatedText& expr, const promql::ParseOptions& options) {
    const auto tree = promql::parse(expr.text, options);
    if (!tree) {
      Error error = promql::to_error(tree.error());
      return fail(
          std::move(error).in(path_ + ":" + std::to_string(expr.at.line)));
    }
    // YAML takes the indentation of a block from its first line.
    const std::string formatted = promql::pretty(**tree);
    const std::string pretty =
        formatted.substr(formatted.find_first_not_of(' '));
    if (pretty == without_line_ends(expr.text)) return {};
    const char* const reason =
        !promql::comments_of(expr.text).empty() ? "it has comments inside"
        : !expr.is_verbatim                     ? "it is folded or has escapes"
        : replace(expr, pretty)                 ? nullptr
                                                : "it is written inline";
    if (reason != nullptr) leave(expr, reason);
    return {};
  }

  FormattedRules finish() {
    std::ranges::sort(edits_, {}, &Edit::begin);
    FormattedRules formatted;
    std::size_t at = 0;
    for (const Edit& edit : edits_) {
      formatted.text += text_.substr(at, edit.begin - at);
      formatted.text += edit.text;
      at = edit.end;
    }
    formatted.text += text_.substr(at);
    formatted.changed = edits_.size();
    formatted.left = std::move(left_);
    return formatted;
  }

 private:
  [[nodiscard]] std::size_t offset_of(const TextPosition& at) const {
    return begins_[at.line - 1] + at.column - 1;
  }
  [[nodiscard]] std::size_t line_end(std::size_t offset) const {
    return std::min(text_.find('\n', offset), text_.size());
  }

  void leave(const LocatedText& expr, std::string_view reason) {
    left_.push_back(
        {.severity = Severity::kInfo,
         .file = path_,
         .line = expr.at.line,
         .column = expr.at.column,
         .message = "the expression stays as it is: " + std::string(reason),
         .check_id = "format-left"});
  }

  bool replace(const LocatedText& expr, const std::string& pretty) {
    return expr.indent > 0 ? replace_block(expr, pretty)
                           : replace_line(expr, pretty);
  }

  static std::string block(const std::string& pretty, std::size_t indent) {
    std::string text;
    for (const std::string_view line : lines_of(pretty)) {
      if (!text.empty()) text += '\n';
      text.append(indent, ' ').append(line);
    }
    return text;
  }

  bool replace_block(const LocatedText& expr, const std::string& pretty) {
    const std::size_t lines = lines_of(without_line_ends(expr.text)).size();
    const std::size_t first = expr.at.line - 1;
    if (first + lines > begins_.size()) return false;
    // A folded block would join what is on several lines.
    const std::size_t header = begins_[first - 1];
    const std::string_view above =
        text_.substr(header, line_end(header) - header);
    const std::size_t bar = above.find_last_of("|>");
    if (bar == std::string_view::npos) return false;
    if (above[bar] == '>' && pretty.contains('\n'))
      edits_.push_back({header + bar, header + bar + 1, "|"});
    edits_.push_back({begins_[first], line_end(begins_[first + lines - 1]),
                      block(pretty, expr.indent)});
    return true;
  }

  bool replace_line(const LocatedText& expr, const std::string& pretty) {
    const std::size_t begin = offset_of(expr.at);
    const std::size_t end = begin + expr.text.size();
    if (begin == 0 || end > line_end(begin)) return false;
    const char before = text_[begin - 1];
    const bool quoted = before == '\'' || before == '"';
    const bool fits = !pretty.contains('\n') &&
                      (quoted ? !pretty.contains(before) &&
                                    !(before == '"' && pretty.contains('\\'))
                              : is_plain_scalar(pretty));
    if (fits) {
      edits_.push_back({begin, end, pretty});
      return true;
    }
    // A block below the key, which keeps what follows on its line.
    const std::size_t line = begins_[expr.at.line - 1];
    const std::string_view front = text_.substr(line, begin - line);
    const std::size_t key = front.find_first_not_of(" -");
    if (key == std::string_view::npos ||
        !front.substr(key).starts_with("expr:"))
      return false;
    const std::size_t scalar_begin = quoted ? begin - 1 : begin;
    const std::size_t scalar_end = quoted ? end + 1 : end;
    const std::size_t rest_end = line_end(begin);
    const std::string rest(text_.substr(scalar_end, rest_end - scalar_end));
    edits_.push_back(
        {scalar_begin, rest_end, "|" + rest + "\n" + block(pretty, key + 2)});
    return true;
  }

  const std::string_view text_;
  const std::string& path_;
  std::vector<std::size_t> begins_;  // of lines
  std::vector<Edit> edits_;
  Diagnostics left_;
};

// The file means what it meant: the same rules, and expressions that are the
// same trees.
bool means_the_same(const config::RuleFile& a, const config::RuleFile& b,
                    const promql::ParseOptions& options) {
  if (a.groups.size() != b.groups.size()) return false;
  for (std::size_t g = 0; g < a.groups.size(); ++g) {
    const auto& rules_a = a.groups[g].rules;
    const auto& rules_b = b.groups[g].rules;
    if (rules_a.size() != rules_b.size()) return false;
    for (std::size_t r = 0; r < rules_a.size(); ++r) {
      const auto tree_a = promql::parse(rules_a[r].expr.text, options);
      const auto tree_b = promql::parse(rules_b[r].expr.text, options);
      if (!tree_a || !tree_b || !promql::same_tree(**tree_a, **tree_b))
        return false;
      if (rules_a[r].record != rules_b[r].record ||
          rules_a[r].alert != rules_b[r].alert)
        return false;
    }
  }
  return true;
}

}  // namespace

Result<FormattedRules> format_rules(std::string_view text,
                                    const std::string& path,
                                    const promql::ParseOptions& options) {
  const auto file = config::parse_rules(text, path);
  if (!file) return fail(config::to_error(file.error()));
  RuleFormatter formatter(text, path);
  for (const config::RuleGroup& group : file->groups) {
    for (const config::Rule& rule : group.rules) {
      Status added = formatter.add(rule.expr, options);
      if (!added) return fail(std::move(added).error());
    }
  }
  FormattedRules formatted = formatter.finish();
  if (formatted.changed == 0) return formatted;
  const auto again = config::parse_rules(formatted.text, path);
  if (!again || !means_the_same(*file, *again, options)) {
    return fail(Code::kInternal,
                path + ": the formatted file would mean something else");
  }
  return formatted;
}

}  // namespace prom::query
