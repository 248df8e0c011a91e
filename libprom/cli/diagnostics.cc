#include "libprom/cli/diagnostics.h"

#include <algorithm>
#include <map>
#include <string>

#include "libprom/base/utf8.h"
#include "libprom/os/file.h"

namespace prom::cli {
namespace {

// A long line is shown around the place only.
constexpr std::size_t kContextBytes = 100;
constexpr std::uint64_t kFileBytesMax = 16ULL << 20U;

std::string_view line_of(std::string_view text, std::uint32_t line) {
  for (std::uint32_t at = 1; at < line; ++at) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  return text.substr(0, text.find('\n'));
}

// Columns that printable text takes: one for each code point.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

std::string one_line(std::string_view text) {
  std::string line = printable(text);
  // A tab would shift the caret.
  for (std::size_t at = 0; (at = line.find("\\x09", at)) != std::string::npos;)
    line.replace(at, 4, " ");
  return line;
}

// Moves `at` off the middle of a code point.
std::size_t code_point_begin(std::string_view text, std::size_t at) {
  while (at > 0 && at < text.size() &&
         (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U) {
    --at;
  }
  return at;
}

void show_line(const Diagnostic& diagnostic, std::string_view line,
               const Palette& colors, os::Output& out) {
  const std::size_t column =
      std::min<std::size_t>(diagnostic.column - 1, line.size());
  std::size_t begin = 0;
  if (column > kContextBytes)
    begin = code_point_begin(line, column - kContextBytes);
  const std::size_t end =
      code_point_begin(line, std::min(line.size(), column + kContextBytes));
  const std::size_t marked =
      std::min<std::size_t>(std::max(diagnostic.width, 1U), end - column);
  const std::string before = one_line(line.substr(begin, column - begin));
  const std::string under = one_line(line.substr(column, marked));
  const std::string after =
      one_line(line.substr(column + marked, end - column - marked));
  const std::string number = std::to_string(diagnostic.line);
  const std::string_view more_before = begin > 0 ? "…" : "";
  const std::string gutter(number.size(), ' ');
  out.write("  ");
  out.write(colors.blue);
  out.write(number + " | ");
  out.write(colors.reset);
  out.write(more_before);
  out.write(before + under + after);
  out.write(end < line.size() ? "…\n" : "\n");
  out.write("  ");
  out.write(colors.blue);
  out.write(gutter + " | ");
  out.write(colors.reset);
  out.write(std::string(width_of(before) + (begin > 0 ? 1 : 0), ' '));
  out.write(colors.red);
  out.write(std::string(std::max<std::size_t>(width_of(under), 1), '^'));
  out.write(colors.reset);
  out.write("\n");
}

void show_one(const Diagnostic& diagnostic, std::string_view text,
              os::Output& out, bool color) {
  const Palette colors = palette(color);
  std::string where = printable(diagnostic.file);
  if (diagnostic.line != 0) {
    if (!where.empty()) where += ':';
    where += std::to_string(diagnostic.line);
    if (diagnostic.column != 0)
      where += ':' + std::to_string(diagnostic.column);
  }
  if (!where.empty()) where += ": ";
  out.write(colors.bold);
  out.write(where);
  switch (diagnostic.severity) {
    case Severity::kError:
      out.write(colors.red);
      out.write("error: ");
      break;
    case Severity::kWarning:
      out.write(colors.yellow);
      out.write("warning: ");
      break;
    case Severity::kInfo:
      out.write(colors.blue);
      out.write("info: ");
      break;
  }
  out.write(colors.reset);
  out.write(printable(diagnostic.message));
  if (!diagnostic.check_id.empty())
    out.write(" [" + printable(diagnostic.check_id) + "]");
  out.write("\n");
  if (!text.empty() && diagnostic.line != 0 && diagnostic.column != 0)
    show_line(diagnostic, line_of(text, diagnostic.line), colors, out);
  if (!diagnostic.hint.empty()) {
    out.write(colors.green);
    out.write("  = " + printable(diagnostic.hint) + "\n");
    out.write(colors.reset);
  }
}

}  // namespace

void show(const Diagnostics& diagnostics, os::Output& out, bool color) {
  std::map<std::string, std::string> texts;
  for (const Diagnostic& diagnostic : diagnostics) {
    // Standard input was consumed; it cannot be shown again.
    const bool is_file = !diagnostic.file.empty() && diagnostic.file != "-";
    if (is_file && !texts.contains(diagnostic.file)) {
      auto text = os::read_file(diagnostic.file, kFileBytesMax);
      texts[diagnostic.file] = text ? std::move(*text) : std::string();
    }
    show_one(diagnostic, is_file ? texts[diagnostic.file] : "", out, color);
  }
}

void show(const Diagnostics& diagnostics, std::string_view text,
          os::Output& out, bool color) {
  for (const Diagnostic& diagnostic : diagnostics)
    show_one(diagnostic, text, out, color);
}

Palette palette(bool color) {
  if (!color) return {};
  return {.red = "\x1b[31m",
          .yellow = "\x1b[33m",
          .green = "\x1b[32m",
          .blue = "\x1b[34m",
          .bold = "\x1b[1m",
          .dim = "\x1b[2m",
          .reset = "\x1b[0m"};
}

}  // namespace prom::cli
