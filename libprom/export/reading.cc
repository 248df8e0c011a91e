#include "libprom/export/reading.h"

#include <charconv>

#include "libprom/base/number.h"
#include "libprom/os/file.h"

namespace prom::exports {

Result<std::string> read_text(const std::string& path) {
  return os::read_file(path, kFileBytesMax);
}

std::optional<std::string> read_word(const std::string& path) {
  Result<std::string> text = read_text(path);
  if (!text) return std::nullopt;
  while (!text->empty() && (text->back() == '\n' || text->back() == ' '))
    text->pop_back();
  return std::move(*text);
}

std::optional<double> read_value(const std::string& path) {
  const std::optional<std::string> word = read_word(path);
  if (!word || word->empty()) return std::nullopt;
  if (word->starts_with("0x")) return hex_number(word->substr(2));
  return parse_float(*word);
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::vector<std::string_view> words_of(std::string_view line) {
  constexpr std::string_view kBlanks = " \t";
  std::vector<std::string_view> words;
  for (;;) {
    const std::size_t begin = line.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) return words;
    line.remove_prefix(begin);
    const std::size_t end = std::min(line.find_first_of(kBlanks), line.size());
    words.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

double number(std::string_view text) {
  return parse_float(text).value_or(0);
}

double hex_number(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return static_cast<double>(value);
}

std::vector<std::string> names_in(const std::string& directory) {
  std::vector<std::string> names;
  const auto entries = os::real_file_system().list(directory);
  if (!entries) return names;
  for (const os::DirectoryEntry& entry : *entries) names.push_back(entry.name);
  return names;
}

}  // namespace prom::exports
