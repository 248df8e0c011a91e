#include <cstdlib>

#include "libprom/config/readers_internal.h"

namespace prom::config {
namespace {

bool is_special(char c) {
  return (c >= '0' && c <= '9') ||
         std::string_view("*#$@!?-").find(c) != std::string_view::npos;
}
bool is_name(char c) {
  return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
         (c >= 'A' && c <= 'Z');
}

struct Name {
  std::string_view name;
  std::size_t size = 0;  // of the text that names it
};

// What follows a dollar.  REQUIRES: !text.empty()
Name name_at(std::string_view text) {
  if (text[0] == '{') {
    const std::size_t end = text.find('}');
    if (text.size() > 2 && is_special(text[1]) && text[2] == '}')
      return {text.substr(1, 1), 3};
    if (end == std::string_view::npos) return {{}, 1};
    return {text.substr(1, end - 1), end + 1};
  }
  if (is_special(text[0])) return {text.substr(0, 1), 1};
  std::size_t size = 0;
  while (size < text.size() && is_name(text[size])) ++size;
  return {text.substr(0, size), size};
}

}  // namespace

std::string process_environment(const std::string& name) {
  const char* const value = std::getenv(name.c_str());
  return value == nullptr ? "" : value;
}

std::string expand_variables(
    std::string_view text,
    const std::function<std::string(const std::string&)>& value_of) {
  std::string out;
  while (!text.empty()) {
    const std::size_t dollar = text.find('$');
    out += text.substr(0, dollar);
    if (dollar == std::string_view::npos) break;
    text.remove_prefix(dollar + 1);
    if (text.empty()) {
      out += '$';
      break;
    }
    const Name found = name_at(text);
    if (!found.name.empty()) {
      out += value_of(std::string(found.name));
    } else if (found.size == 0) {
      out += '$';
    }
    text.remove_prefix(found.size);
  }
  return out;
}

}  // namespace prom::config
