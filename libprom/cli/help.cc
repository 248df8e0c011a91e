#include "libprom/cli/help.h"

#include <algorithm>

namespace prom::cli {
namespace {

constexpr std::size_t kColumns = 80;
constexpr std::size_t kHelpColumn = 30;

// Appends `text`, which begins at column `at`, wrapped and indented.
void append_wrapped(std::string& out, std::string_view text,
                    std::size_t indent) {
  std::size_t at = indent;
  bool first = true;
  while (!text.empty()) {
    const std::size_t word_end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, word_end);
    if (!first && at + 1 + word.size() > kColumns) {
      out += '\n';
      out.append(indent, ' ');
      at = indent;
    } else if (!first) {
      out += ' ';
      ++at;
    }
    out += word;
    at += word.size();
    first = false;
    text.remove_prefix(std::min(word_end + 1, text.size()));
  }
  out += '\n';
}

void append_entry(std::string& out, const std::string& left,
                  std::string_view help) {
  out += "  " + left;
  const std::size_t used = 2 + left.size();
  if (used + 2 > kHelpColumn) {
    out += '\n';
    out.append(kHelpColumn, ' ');
  } else {
    out.append(kHelpColumn - used, ' ');
  }
  append_wrapped(out, help, kHelpColumn);
}

std::string flag_names(const Flag& flag) {
  std::string names =
      flag.short_name.empty() ? "    " : "-" + flag.short_name + ", ";
  names += "--" + flag.name;
  if (!flag.value.empty()) names += ' ' + flag.value;
  return names;
}

std::string placeholder(const Positional& positional) {
  std::string text = positional.name;
  if (positional.count_max == kMany) text += "…";
  return positional.count_min == 0 ? "[" + text + "]" : text;
}

const std::string& group_of(const Flag& flag) {
  static const std::string kOptions = "Options";
  return flag.group.empty() ? kOptions : flag.group;
}

void append_flags(std::string& out, const Command& command, bool everything) {
  std::vector<std::string> groups;
  for (const Flag& flag : command.flags) {
    if (!everything && !flag.common) continue;
    if (std::ranges::find(groups, group_of(flag)) == groups.end())
      groups.push_back(group_of(flag));
  }
  for (const std::string& group : groups) {
    out += '\n' + group + ":\n";
    for (const Flag& flag : command.flags) {
      if (group_of(flag) == group && (everything || flag.common))
        append_entry(out, flag_names(flag), flag.help);
    }
  }
}

}  // namespace

std::string usage_line(const Command& command, const std::string& path) {
  std::string line = "Usage: " + path + " [OPTION…]";
  if (!command.subcommands.empty())
    line += command.run ? " [COMMAND]" : " COMMAND";
  for (const Positional& positional : command.positionals)
    line += ' ' + placeholder(positional);
  return line + '\n';
}

std::string help_text(const Command& command, const std::string& path,
                      bool everything) {
  std::string out = path + ": " + command.summary + "\n\n";
  out += usage_line(command, path);
  if (!command.description.empty()) {
    out += '\n';
    append_wrapped(out, command.description, 0);
  }
  if (!command.examples.empty()) {
    out += "\nExamples:\n";
    for (const Example& example : command.examples)
      out += "  " + example.line + "\n      " + example.what + "\n";
  }
  if (!command.positionals.empty()) out += "\nArguments:\n";
  for (const Positional& positional : command.positionals)
    append_entry(out, positional.name, positional.help);
  if (!command.subcommands.empty()) out += "\nCommands:\n";
  for (const Command& sub : command.subcommands)
    append_entry(out, sub.name, sub.summary);
  append_flags(out, command, everything);
  const bool has_more = std::ranges::any_of(
      command.flags, [](const Flag& flag) { return !flag.common; });
  out += '\n';
  if (has_more && !everything) out += "--help-all shows every option.  ";
  out += "The manual is " + path.substr(0, path.find(' ')) + "(1).\n";
  return out;
}

std::string dump_flags(const Command& command, const std::string& path) {
  std::string out = "command\t" + path + "\t" + command.summary + "\n";
  for (const Flag& flag : command.flags) {
    out += "flag\t" + path + "\t--" + flag.name + "\t" +
           (flag.short_name.empty() ? "" : "-" + flag.short_name) + "\t" +
           flag.value + "\t" + flag.help + "\n";
  }
  for (const Positional& positional : command.positionals)
    out += "positional\t" + path + "\t" + placeholder(positional) + "\t" +
           positional.help + "\n";
  for (const Example& example : command.examples)
    out +=
        "example\t" + path + "\t" + example.line + "\t" + example.what + "\n";
  for (const Command& sub : command.subcommands)
    out += dump_flags(sub, path + " " + sub.name);
  return out;
}

}  // namespace prom::cli
