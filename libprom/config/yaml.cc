#include <algorithm>
#include <iterator>
#include <sstream>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "libprom/base/utf8.h"
#include "libprom/config/scalar_internal.h"
#include "libprom/config/yaml_internal.h"

namespace prom::config {
namespace {

constexpr std::string_view kMergeKey = "<<";
constexpr std::string_view kBinaryTag = "tag:yaml.org,2002:binary";
constexpr std::string_view kStringTag = "tag:yaml.org,2002:str";

TextPosition position(const YAML::Mark& mark) {
  return {static_cast<std::uint32_t>(std::max(mark.line, 0) + 1),
          static_cast<std::uint32_t>(std::max(mark.column, 0) + 1)};
}

Diagnostic finding(TextPosition at, std::string message) {
  Diagnostic diagnostic;
  diagnostic.line = at.line;
  diagnostic.column = at.column;
  diagnostic.message = std::move(message);
  return diagnostic;
}

}  // namespace

std::string_view kind_name(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return "nothing";
    case YamlNode::Kind::kScalar:
      return "a text";
    case YamlNode::Kind::kSequence:
      return "a list";
    case YamlNode::Kind::kMap:
      return "a mapping";
  }
  return "";
}

namespace {

// Takes the parser's events.  It stops the parser with the library's own
// exception, which parse_yaml catches.
class YamlBuilder : public YAML::EventHandler {
 public:
  YamlBuilder(YamlDocument& document, std::string_view text)
      : document_(document), text_(text) {}

  void OnDocumentStart(const YAML::Mark& /*mark*/) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    YamlNode& node = make(YamlNode::Kind::kNull, mark, anchor);
    node.at = position_of_null(mark);
    node.is_plain = true;
    add(node);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag,
                YAML::anchor_t anchor, const std::string& value) override {
    YamlNode& node = make(YamlNode::Kind::kScalar, mark, anchor);
    node.text = value;
    node.is_plain = tag == "?";
    if (tag == kBinaryTag) {
      auto bytes = decode_base64(value);
      if (bytes) {
        node.text = std::move(*bytes);
      } else {
        error(node, "!!binary value contains invalid base64 data");
      }
    } else if (tag != "?" && tag != "!" && tag != kStringTag) {
      // !!int "5" and the like: as if it were written without quotes.
      node.is_plain = tag.starts_with("tag:yaml.org,2002:");
    }
    add(node);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) stop(mark, "unknown anchor");
    if (found->second->is_open) stop(mark, "an anchor contains itself");
    count(mark, found->second->weight);
    add(*found->second);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& /*tag*/,
                       YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    open(make(YamlNode::Kind::kSequence, mark, anchor), mark);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& /*tag*/,
                  YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    open(make(YamlNode::Kind::kMap, mark, anchor), mark);
  }
  void OnMapEnd() override {
    YamlNode& map = *open_.back().node;
    check_duplicates(map);
    merge(map);
    close();
  }

 private:
  struct Open {
    YamlNode* node = nullptr;
    YamlNode* key = nullptr;  // of a map, waiting for its value
  };

  [[noreturn]] static void stop(const YAML::Mark& mark,
                                const std::string& message) {
    throw YAML::ParserException(mark, message);
  }

  void count(const YAML::Mark& mark, std::uint64_t values) {
    values_ += values;
    if (values_ > kYamlValuesMax)
      stop(mark, "more than " + std::to_string(kYamlValuesMax) +
                     " values, counting aliases each time they are used");
  }

  void error(const YamlNode& node, std::string message) {
    document_.errors.push_back(finding(node.at, std::move(message)));
  }

  YamlNode& make(YamlNode::Kind kind, const YAML::Mark& mark,
                 YAML::anchor_t anchor) {
    count(mark, 1);
    YamlNode& node = document_.nodes.emplace_back();
    node.kind = kind;
    node.at = position(mark);
    if (anchor != 0) anchors_[anchor] = &node;
    return node;
  }

  // For a value that is not written the library says where the next thing
  // begins; the hyphen or colon before it is what a person looks for.
  [[nodiscard]] TextPosition position_of_null(const YAML::Mark& mark) const {
    const auto offset = static_cast<std::size_t>(std::max(mark.pos, 0));
    const std::string_view rest = text_.substr(std::min(offset, text_.size()));
    const bool is_written = rest.starts_with('~') || rest.starts_with('n') ||
                            rest.starts_with('N') || rest.starts_with('&');
    const std::size_t before = text_.substr(0, offset).find_last_of("-:,[{");
    if (is_written || before == std::string_view::npos) return position(mark);
    const std::string_view between = text_.substr(before, offset - before);
    const auto lines = std::ranges::count(between, '\n');
    const TextPosition next = position(mark);
    if (lines == 0)
      return {next.line,
              next.column - static_cast<std::uint32_t>(between.size())};
    const std::size_t line_end = text_.substr(0, before).rfind('\n');
    const std::size_t line_begin =
        line_end == std::string_view::npos ? 0 : line_end + 1;
    return {next.line - static_cast<std::uint32_t>(lines),
            static_cast<std::uint32_t>(before - line_begin + 1)};
  }

  void open(YamlNode& node, const YAML::Mark& mark) {
    if (open_.size() >= kYamlDepthMax)
      stop(mark, "nested deeper than " + std::to_string(kYamlDepthMax));
    node.is_open = true;
    open_.push_back({&node});
  }

  void close() {
    YamlNode& node = *open_.back().node;
    node.is_open = false;
    open_.pop_back();
    add(node);
  }

  // Puts a complete node where it belongs.
  void add(YamlNode& node) {
    if (open_.empty()) {
      document_.root = &node;
      return;
    }
    Open& parent = open_.back();
    parent.node->weight += node.weight;
    if (parent.node->is_sequence()) {
      parent.node->items.push_back(&node);
    } else if (parent.key == nullptr) {
      parent.key = &node;
    } else {
      parent.node->pairs.push_back({parent.key, &node});
      parent.key = nullptr;
    }
  }

  static bool is_merge(const YamlNode& key) {
    return key.is_scalar() && key.is_plain && key.text == kMergeKey;
  }

  void check_duplicates(const YamlNode& map) {
    std::unordered_set<std::string_view> seen;
    for (const auto& [key, value] : map.pairs) {
      if (!key->is_scalar()) {
        error(*key,
              "a key must be a text, not " + std::string(kind_name(*key)));
      } else if (!is_merge(*key) && !seen.insert(key->text).second) {
        error(*key, "duplicate key \"" + printable(key->text) + "\"");
      }
    }
  }

  // Takes over the pairs that `<<: *anchor` or `<<: [*a, *b]` name; a key
  // that is there already wins.
  void merge(YamlNode& map) {
    if (std::ranges::none_of(map.pairs, [](const YamlNode::Pair& pair) {
          return is_merge(*pair.key);
        }))
      return;
    std::vector<YamlNode::Pair> own;
    std::vector<const YamlNode*> sources;
    for (const YamlNode::Pair& pair : map.pairs) {
      if (!is_merge(*pair.key)) {
        own.push_back(pair);
      } else if (pair.value->is_sequence()) {
        std::ranges::copy(pair.value->items, std::back_inserter(sources));
      } else {
        sources.push_back(pair.value);
      }
    }
    std::unordered_set<std::string_view> seen;
    for (const YamlNode::Pair& pair : own) seen.insert(pair.key->text);
    for (const YamlNode* source : sources) {
      if (!source->is_map()) {
        error(*source,
              "map merge requires map or sequence of maps as the "
              "value");
        continue;
      }
      for (const YamlNode::Pair& pair : source->pairs) {
        if (seen.insert(pair.key->text).second) own.push_back(pair);
      }
    }
    map.pairs = std::move(own);
  }

  YamlDocument& document_;
  const std::string_view text_;
  std::vector<Open> open_;
  std::unordered_map<YAML::anchor_t, YamlNode*> anchors_;
  std::uint64_t values_ = 0;
};

// What YAML forbids and the library lets through, or guesses an encoding from.
std::optional<Diagnostic> bad_bytes(std::string_view text) {
  if (text.size() > kYamlBytesMax)
    return finding({0, 0}, "file is larger than " +
                               std::to_string(kYamlBytesMax >> 20U) + " MiB");
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto c = static_cast<unsigned char>(rest[0]);
    const auto offset = static_cast<std::size_t>(rest.data() - text.data());
    if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F)
      return finding(position_of(text, offset),
                     "control characters are not allowed");
    std::size_t size = 1;
    if (c >= 0x80) {
      size = decode_utf8(rest).size;
      if (size == 1) return finding(position_of(text, offset), "invalid UTF-8");
    }
    rest.remove_prefix(size);
  }
  return std::nullopt;
}

}  // namespace

std::expected<YamlDocument, Diagnostic> parse_yaml(std::string_view text) {
  if (auto bad = bad_bytes(text)) return std::unexpected(std::move(*bad));
  YamlDocument document;
  YamlBuilder builder(document, text);
  std::istringstream stream{std::string(text)};
  try {
    YAML::Parser parser(stream);
    if (parser.HandleNextDocument(builder))
      document.has_more_documents = static_cast<bool>(parser);
  } catch (const YAML::Exception& e) {
    return std::unexpected(finding(position(e.mark), e.msg));
  }
  if (document.root == nullptr) document.root = &document.nodes.emplace_back();
  return document;
}

}  // namespace prom::config
