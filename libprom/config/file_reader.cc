#include <algorithm>

#include "libprom/config/fields_internal.h"
#include "libprom/os/file.h"

namespace prom::config {
namespace {

std::string_view first_line(std::string_view text) {
  return text.substr(0, text.find('\n'));
}

}  // namespace

FileReader::FileReader(std::string path, std::string_view text)
    : path_(std::move(path)),
      directory_(os::parent_directory(path_)),
      text_(text) {
  line_begins_.push_back(0);
  for (std::size_t at = text.find('\n'); at != std::string_view::npos;
       at = text.find('\n', at + 1))
    line_begins_.push_back(at + 1);
}

std::string_view FileReader::line(std::uint32_t number) const {
  if (number == 0 || number > line_begins_.size()) return {};
  const std::size_t begin = line_begins_[number - 1];
  const std::size_t end =
      number < line_begins_.size() ? line_begins_[number] - 1 : text_.size();
  return text_.substr(begin, end - begin);
}

bool FileReader::is_full() const {
  return findings_.size() >= kFindingsMax;
}

void FileReader::error(TextPosition at, std::string message, std::string hint) {
  failed_ = true;
  if (findings_.size() >= kFindingsMax) return;
  Diagnostic finding;
  finding.file = path_;
  finding.line = at.line;
  finding.column = at.column;
  finding.message = std::move(message);
  finding.hint = std::move(hint);
  findings_.push_back(std::move(finding));
}

void FileReader::warn(TextPosition at, std::string message) {
  if (findings_.size() >= kFindingsMax) return;
  Diagnostic finding;
  finding.severity = Severity::kWarning;
  finding.file = path_;
  finding.line = at.line;
  finding.column = at.column;
  finding.message = std::move(message);
  findings_.push_back(std::move(finding));
}

void FileReader::add(Diagnostics findings) {
  for (Diagnostic& finding : findings) {
    if (finding.severity == Severity::kError) failed_ = true;
    if (finding.file.empty()) finding.file = path_;
    if (findings_.size() < kFindingsMax)
      findings_.push_back(std::move(finding));
  }
}

std::string FileReader::joined(const std::string& path) const {
  return path.empty() ? path : os::join_path(directory_, path);
}

LocatedText FileReader::located(const YamlNode& node) const {
  LocatedText found{.text = node.text, .at = node.at};
  const std::string_view from =
      node.at.column == 0
          ? std::string_view()
          : line(node.at.line)
                .substr(std::min<std::size_t>(node.at.column - 1,
                                              line(node.at.line).size()));
  if (from.empty()) return found;
  if (from[0] == '"' || from[0] == '\'') {
    ++found.at.column;
    found.is_verbatim = from.substr(1).starts_with(node.text);
  } else if (from[0] == '|' || from[0] == '>') {
    const std::string_view below = line(node.at.line + 1);
    const std::size_t indent = below.find_first_not_of(' ');
    if (indent == std::string_view::npos) return found;
    found.indent = static_cast<std::uint32_t>(indent);
    found.at = {node.at.line + 1, found.indent + 1};
    // A folded block is one to one as long as it is one line.
    const bool one_line = node.text.find('\n') + 1 >= node.text.size() ||
                          node.text.find('\n') == std::string::npos;
    found.is_verbatim = below.substr(indent) == first_line(node.text) &&
                        (from[0] == '|' || one_line);
  } else {
    found.is_verbatim = from.starts_with(node.text);
  }
  return found;
}

Diagnostics FileReader::take_findings() {
  std::ranges::stable_sort(
      findings_, [](const Diagnostic& a, const Diagnostic& b) {
        return std::pair(a.line, a.column) < std::pair(b.line, b.column);
      });
  return std::move(findings_);
}

}  // namespace prom::config
