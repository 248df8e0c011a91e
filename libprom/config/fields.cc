#include <algorithm>
#include <cmath>

#include "libprom/base/duration.h"
#include "libprom/base/letters.h"
#include "libprom/base/number.h"
#include "libprom/base/suggest.h"
#include "libprom/base/utf8.h"
#include "libprom/config/fields_internal.h"
#include "libprom/config/scalar_internal.h"

namespace prom::config {
namespace {

// What a scalar is, for messages.
std::string described(const YamlNode& node) {
  if (!node.is_scalar()) return std::string(kind_name(node));
  constexpr std::size_t kShownMax = 60;
  std::string shown = node.text.substr(0, kShownMax);
  if (node.text.size() > kShownMax) shown += "…";
  return quote(shown);
}

bool is_whole(double number) {
  constexpr double kExactMax = 9007199254740992.0;
  return std::abs(number) <= kExactMax && number == std::trunc(number);
}

}  // namespace

Fields::Fields(FileReader& file, const YamlNode& node, std::string_view what)
    : file_(file), node_(node), what_(what) {
  if (!node.is_map() && !node.is_null())
    file_.error(node, what_ + " must be a mapping, not " + described(node));
}

const YamlNode* Fields::find(std::string_view key) {
  known_.emplace_back(key);
  for (const auto& [name, value] : node_.pairs) {
    if (name->is_scalar() && name->text == key) return value;
  }
  return nullptr;
}

bool Fields::has(std::string_view key) {
  const YamlNode* const value = find(key);
  return value != nullptr && !value->is_null();
}

TextPosition Fields::at(std::string_view key) {
  for (const auto& [name, value] : node_.pairs) {
    if (name->is_scalar() && name->text == key) return name->at;
  }
  return node_.at;
}

void Fields::error(std::string_view key, std::string message) {
  file_.error(at(key), std::move(message));
}

void Fields::wrong(std::string_view key, const YamlNode& node,
                   std::string_view wanted) {
  file_.error(node, std::string(key) + " must be " + std::string(wanted) +
                        ", not " + described(node));
}

const YamlNode* Fields::scalar(std::string_view key, std::string_view wanted,
                               bool& is_null) {
  const YamlNode* const value = find(key);
  is_null = value != nullptr && value->is_null();
  if (value == nullptr || is_null) return nullptr;
  if (value->is_scalar()) return value;
  wrong(key, *value, wanted);
  return nullptr;
}

void Fields::text(std::string_view key, std::string& into) {
  bool is_null = false;
  const YamlNode* const value = scalar(key, "a text", is_null);
  if (is_null) into.clear();
  if (value != nullptr) into = value->text;
}

void Fields::located(std::string_view key, LocatedText& into) {
  bool is_null = false;
  const YamlNode* const value = scalar(key, "a text", is_null);
  if (is_null) into = LocatedText{.text = "", .at = at(key)};
  if (value != nullptr) into = file_.located(*value);
}

void Fields::secret(std::string_view key, Secret& into) {
  const YamlNode* const value = find(key);
  if (value == nullptr) return;
  if (value->is_scalar() || value->is_null()) {
    into = Secret(value->text);
    return;
  }
  wrong(key, *value, "a text");
}

void Fields::path(std::string_view key, std::string& into) {
  text(key, into);
  into = file_.joined(into);
}

void Fields::flag(std::string_view key, bool& into) {
  bool is_null = false;
  const YamlNode* const value = scalar(key, "true or false", is_null);
  if (is_null) into = false;
  if (value == nullptr) return;
  const auto flag = value->is_plain ? scalar_bool(value->text) : std::nullopt;
  if (!flag) return wrong(key, *value, "true or false");
  into = *flag;
}

void Fields::flag(std::string_view key, std::optional<bool>& into) {
  if (!has(key)) return;
  bool value = false;
  flag(key, value);
  into = value;
}

void Fields::integer(std::string_view key, std::int64_t& into) {
  bool is_null = false;
  const YamlNode* const value = scalar(key, "a whole number", is_null);
  if (is_null) into = 0;
  if (value == nullptr) return;
  auto number = value->is_plain ? scalar_int(value->text) : std::nullopt;
  if (!number && value->is_plain) {
    // 1e3 is a number, and a whole one.
    const auto real = scalar_float(value->text);
    if (real && is_whole(*real)) number = static_cast<std::int64_t>(*real);
  }
  if (!number) return wrong(key, *value, "a whole number");
  into = *number;
}

void Fields::count(std::string_view key, std::uint64_t& into) {
  bool is_null = false;
  const YamlNode* const value =
      scalar(key, "a whole number that is not negative", is_null);
  if (is_null) into = 0;
  if (value == nullptr) return;
  auto number = value->is_plain ? scalar_uint(value->text) : std::nullopt;
  if (!number && value->is_plain) {
    const auto real = scalar_float(value->text);
    if (real && *real >= 0 && is_whole(*real))
      number = static_cast<std::uint64_t>(*real);
  }
  if (!number) return wrong(key, *value, "a whole number that is not negative");
  into = *number;
}

void Fields::number(std::string_view key, double& into) {
  bool is_null = false;
  const YamlNode* const value = scalar(key, "a number", is_null);
  if (is_null) into = 0;
  if (value == nullptr) return;
  const auto number =
      value->is_plain ? scalar_float(value->text) : std::nullopt;
  if (!number) return wrong(key, *value, "a number");
  into = *number;
}

void Fields::duration(std::string_view key, std::int64_t& into_ms) {
  bool is_null = false;
  const YamlNode* const value = scalar(key, "a duration such as 30s", is_null);
  if (is_null) into_ms = 0;
  if (value == nullptr) return;
  const auto duration = parse_duration_ms(value->text);
  if (!duration) return file_.error(*value, duration.error().message);
  into_ms = *duration;
}

void Fields::duration(std::string_view key,
                      std::optional<std::int64_t>& into_ms) {
  if (!has(key)) return;
  std::int64_t value_ms = 0;
  duration(key, value_ms);
  into_ms = value_ms;
}

void Fields::go_duration(std::string_view key, std::int64_t& into_ms) {
  bool is_null = false;
  const YamlNode* const value = scalar(key, "a duration such as 30s", is_null);
  if (is_null) into_ms = 0;
  if (value == nullptr) return;
  const auto duration = parse_go_duration_ms(value->text);
  if (!duration) return file_.error(*value, duration.error().message);
  into_ms = *duration;
}

void Fields::size(std::string_view key, std::int64_t& into_bytes) {
  bool is_null = false;
  const YamlNode* const value = scalar(key, "a size such as 10MB", is_null);
  if (is_null) into_bytes = 0;
  if (value == nullptr) return;
  const auto size = parse_size(value->text);
  if (!size) return file_.error(*value, size.error().message);
  into_bytes = *size;
}

void Fields::url(std::string_view key, std::string& into) {
  bool is_null = false;
  const YamlNode* const value = scalar(key, "a URL", is_null);
  if (is_null) into.clear();
  if (value == nullptr) return;
  if (std::string problem = url_problem(value->text); !problem.empty())
    return file_.error(*value, problem);
  into = value->text;
}

void Fields::texts(std::string_view key, std::vector<std::string>& into) {
  const YamlNode* const value = find(key);
  if (value == nullptr) return;
  into.clear();
  read_texts(file_, *value, key, into);
}

void Fields::text_pairs(std::string_view key, TextPairs& into) {
  LocatedPairs located;
  located_pairs(key, located);
  if (!located.empty()) into.clear();
  for (auto& [name, value] : located)
    into.emplace_back(name, std::move(value.text));
}

void Fields::located_pairs(std::string_view key, LocatedPairs& into) {
  map(key, [&](const YamlNode& pairs) {
    for (const auto& [name, value] : pairs.pairs) {
      if (value->is_scalar() || value->is_null()) {
        into.emplace_back(name->text, file_.located(*value));
      } else {
        wrong(name->text, *value, "a text");
      }
    }
  });
}

void Fields::each(std::string_view key,
                  const std::function<void(const YamlNode&)>& read) {
  const YamlNode* const value = find(key);
  if (value == nullptr || value->is_null()) return;
  if (!value->is_sequence()) return wrong(key, *value, "a list");
  for (const YamlNode* item : value->items) read(*item);
}

void Fields::map(std::string_view key,
                 const std::function<void(const YamlNode&)>& read) {
  const YamlNode* const value = find(key);
  if (value == nullptr || value->is_null()) return;
  if (!value->is_map()) return wrong(key, *value, "a mapping");
  read(*value);
}

void Fields::done() {
  for (const auto& [name, value] : node_.pairs) {
    if (!name->is_scalar() ||
        std::ranges::find(known_, name->text) != known_.end())
      continue;
    if (file_.is_full()) return;
    const auto nearest = suggestions(name->text, known_);
    file_.error(
        *name, "unknown field \"" + printable(name->text) + "\" in " + what_,
        nearest.empty() ? "" : "did you mean `" + nearest.front() + "`?");
  }
}

bool read_texts(FileReader& file, const YamlNode& node, std::string_view what,
                std::vector<std::string>& into) {
  if (node.is_null()) return true;
  if (!node.is_sequence()) {
    file.error(node,
               std::string(what) + " must be a list, not " + described(node));
    return false;
  }
  bool good = true;
  for (const YamlNode* item : node.items) {
    if (item->is_scalar() || item->is_null()) {
      into.push_back(item->text);
      continue;
    }
    file.error(*item,
               std::string(what) + " must hold texts, not " + described(*item));
    good = false;
  }
  return good;
}

std::string url_problem(std::string_view url) {
  const std::size_t colon = url.find("://");
  const std::string scheme =
      colon == std::string_view::npos ? "" : to_lower(url.substr(0, colon));
  if (scheme != "http" && scheme != "https")
    return "URL scheme must be 'http' or 'https'";
  std::string_view host = url.substr(colon + 3);
  host = host.substr(0, host.find_first_of("/?#"));
  const std::size_t at = host.rfind('@');
  if (at != std::string_view::npos) host.remove_prefix(at + 1);
  if (host.empty() || host.starts_with(':')) return "host is missing in URL";
  const bool bad = std::ranges::any_of(url, [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F;
  });
  return bad ? "URL holds white space or control characters" : "";
}

}  // namespace prom::config
