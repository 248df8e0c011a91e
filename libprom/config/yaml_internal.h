// YAML as a tree of our own, with positions: the strict layer over yaml-cpp,
// which alone neither notices duplicate keys nor knows merge keys nor limits
// aliases.  yaml.cc is the only file that sees the library.
//
// What is limited: file size, nesting, and values, with an alias counting as
// many values as it stands for, so that nine lines cannot become a gigabyte.
#pragma once

#include <cstdint>
#include <deque>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/base/diagnostic.h"

namespace prom::config {

constexpr std::size_t kYamlBytesMax = 16UL << 20U;
constexpr std::size_t kYamlDepthMax = 100;
constexpr std::uint64_t kYamlValuesMax = 1'000'000;

struct YamlNode {
  enum class Kind { kNull, kScalar, kSequence, kMap };
  struct Pair {
    const YamlNode* key = nullptr;
    const YamlNode* value = nullptr;
  };

  Kind kind = Kind::kNull;
  TextPosition at;
  std::string text;                    // kScalar
  bool is_plain = false;               // kScalar: no quotes, no tag
  std::vector<const YamlNode*> items;  // kSequence
  std::vector<Pair> pairs;             // kMap: in file order, merged pairs last

  // How many values this is when every alias is written out.
  std::uint64_t weight = 1;
  bool is_open = false;  // while it is built

  [[nodiscard]] bool is_null() const { return kind == Kind::kNull; }
  [[nodiscard]] bool is_scalar() const { return kind == Kind::kScalar; }
  [[nodiscard]] bool is_map() const { return kind == Kind::kMap; }
  [[nodiscard]] bool is_sequence() const { return kind == Kind::kSequence; }
};

// "a mapping", "a list", "nothing", "a text".
std::string_view kind_name(const YamlNode& node);

struct YamlDocument {
  std::deque<YamlNode> nodes;      // they never move
  const YamlNode* root = nullptr;  // a null value for an empty text
  // Duplicate keys and the like; the tree is usable in spite of them.
  Diagnostics errors;
  bool has_more_documents = false;
};

// The first document of `text`.  The failing side is the syntax error or the
// limit, without a file name.
std::expected<YamlDocument, Diagnostic> parse_yaml(std::string_view text);

// The value as JSON; plain scalars have the type that they look like.
std::string to_json(const YamlNode& node);

}  // namespace prom::config
