// Reads YAML mappings into structs.  Each read of a key also declares it, so
// the list of known fields, and with it the finding of unknown ones and the
// suggestion, is the code that reads them.
//
//   Fields fields(file, node, "static_config");
//   fields.texts("targets", targets);
//   fields.done();
//
// Nothing here stops at the first error: a wrong value is reported and its
// variable keeps what it had.  A null value is Go's zero value: "", 0, false,
// an empty list.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libprom/base/diagnostic.h"
#include "libprom/config/http_client.h"
#include "libprom/config/rules.h"
#include "libprom/config/yaml_internal.h"

namespace prom::config {

// One file while it is read: its name, its text and what is wrong with it.
class FileReader {
 public:
  FileReader(std::string path, std::string_view text);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const std::string& directory() const { return directory_; }

  void error(TextPosition at, std::string message, std::string hint = "");
  void error(const YamlNode& node, std::string message, std::string hint = "") {
    error(node.at, std::move(message), std::move(hint));
  }
  void warn(TextPosition at, std::string message);
  // Findings made elsewhere about this file.
  void add(Diagnostics findings);

  // `path` joined to the file's directory when it is relative and not empty.
  [[nodiscard]] std::string joined(const std::string& path) const;

  // A scalar with where its characters stand in the file.
  [[nodiscard]] LocatedText located(const YamlNode& node) const;

  [[nodiscard]] bool failed() const { return failed_; }
  // Further findings are counted as errors but not kept.
  [[nodiscard]] bool is_full() const;
  // Errors and warnings in the order of the file.
  Diagnostics take_findings();

 private:
  [[nodiscard]] std::string_view line(std::uint32_t number) const;

  std::string path_;
  std::string directory_;
  std::string_view text_;
  std::vector<std::size_t> line_begins_;
  Diagnostics findings_;
  bool failed_ = false;
};

// At most so many findings are reported of one file.
constexpr std::size_t kFindingsMax = 200;

class Fields {
 public:
  using TextPairs = std::vector<std::pair<std::string, std::string>>;

  // `what` names the mapping in messages: "scrape_config".
  Fields(FileReader& file, const YamlNode& node, std::string_view what);

  // The value of a key; nullptr when the key is not there.
  const YamlNode* find(std::string_view key);
  // The key is there with a value.
  bool has(std::string_view key);
  // Declares a key without reading it.
  void ignore(std::string_view key) { find(key); }

  void text(std::string_view key, std::string& into);
  void located(std::string_view key, LocatedText& into);
  void secret(std::string_view key, Secret& into);
  // A path, joined to the directory of the file.
  void path(std::string_view key, std::string& into);
  void flag(std::string_view key, bool& into);
  void flag(std::string_view key, std::optional<bool>& into);
  void integer(std::string_view key, std::int64_t& into);
  void count(std::string_view key, std::uint64_t& into);
  void number(std::string_view key, double& into);
  void duration(std::string_view key, std::int64_t& into_ms);
  void duration(std::string_view key, std::optional<std::int64_t>& into_ms);
  // Go's "300ms", "1.5h", without days.
  void go_duration(std::string_view key, std::int64_t& into_ms);
  void size(std::string_view key, std::int64_t& into_bytes);
  // An http or https URL with a host.
  void url(std::string_view key, std::string& into);

  void texts(std::string_view key, std::vector<std::string>& into);
  void text_pairs(std::string_view key, TextPairs& into);
  void located_pairs(std::string_view key, LocatedPairs& into);
  // Calls `read` with every element of a list; null ones included.
  void each(std::string_view key,
            const std::function<void(const YamlNode&)>& read);
  // Calls `read` with a mapping, if the key has one.
  void map(std::string_view key,
           const std::function<void(const YamlNode&)>& read);

  // Reports the keys that nobody asked for.
  void done();

  [[nodiscard]] const YamlNode& node() const { return node_; }
  // The key's position, for messages about a combination of fields.
  TextPosition at(std::string_view key);
  // An error at the key, or at the mapping when the key is not there.
  void error(std::string_view key, std::string message);

  [[nodiscard]] FileReader& file() { return file_; }

 private:
  // The scalar of a key; nullptr when absent, null or no scalar.  For a null
  // value `is_null` becomes true.
  const YamlNode* scalar(std::string_view key, std::string_view wanted,
                         bool& is_null);
  void wrong(std::string_view key, const YamlNode& node,
             std::string_view wanted);

  FileReader& file_;
  const YamlNode& node_;
  std::string what_;
  std::vector<std::string> known_;
};

// The scalars of a list; anything else is reported under `what`.
bool read_texts(FileReader& file, const YamlNode& node, std::string_view what,
                std::vector<std::string>& into);

// Why `url` is no http or https URL with a host; "" when it is one.
std::string url_problem(std::string_view url);

}  // namespace prom::config
