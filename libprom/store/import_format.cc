#include "libprom/store/import_format.h"

#include <array>
#include <utility>

#include "libprom/base/utf8.h"
#include "libprom/exposition/format.h"

namespace prom::store {
namespace {

constexpr std::array<std::pair<std::string_view, ImportFormat>, 6> kFormats = {
    {{"auto", ImportFormat::kAuto},
     {"openmetrics", ImportFormat::kOpenMetrics},
     {"text", ImportFormat::kText},
     {"jsonl", ImportFormat::kJsonLines},
     {"csv", ImportFormat::kCsv},
     {"tsdb", ImportFormat::kTsdb}}};

constexpr std::string_view kBlank = " \t\r\n";

// {"key": …  The text format has {"name"… too, but no colon behind it.
bool begins_with_object(std::string_view text) {
  const auto skip_blanks = [&] {
    text.remove_prefix(std::min(text.find_first_not_of(kBlank), text.size()));
  };
  skip_blanks();
  if (!text.starts_with('{')) return false;
  text.remove_prefix(1);
  skip_blanks();
  if (!text.starts_with('"')) return text.starts_with('}');
  std::size_t at = 1;
  while (at < text.size() && text[at] != '"') at += text[at] == '\\' ? 2 : 1;
  if (at >= text.size()) return false;
  text.remove_prefix(at + 1);
  skip_blanks();
  return text.starts_with(':');
}

// A header that ends in the columns which every CSV of ours has.
bool begins_with_header(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  const std::string_view line = text.substr(0, text.find_first_of("\r\n"));
  return !line.starts_with('#') && line.find('{') == std::string_view::npos &&
         line.find(',') != std::string_view::npos &&
         line.find("timestamp") != std::string_view::npos &&
         line.find("value") != std::string_view::npos;
}

}  // namespace

Result<ImportFormat> parse_import_format(std::string_view text) {
  for (const auto& [name, format] : kFormats) {
    if (name == text) return format;
  }
  return fail(Code::kUsage,
              "'" + std::string(text) +
                  "' is none of auto, openmetrics, text, jsonl, csv, tsdb");
}

std::string_view to_string(ImportFormat format) {
  for (const auto& [name, value] : kFormats) {
    if (value == format) return name;
  }
  return "";
}

ImportFormat guess_format(std::string_view first_bytes) {
  if (begins_with_object(first_bytes)) return ImportFormat::kJsonLines;
  if (begins_with_header(first_bytes)) return ImportFormat::kCsv;
  return ImportFormat::kText;
}

void ImportErrors::add(std::string_view file, std::uint64_t line,
                       std::string_view what) {
  add(file, std::to_string(line) + ": " + std::string(what));
}

void ImportErrors::add(std::string_view file, std::string_view what) {
  ++count_;
  if (first_.size() < kImportErrorsMax)
    first_.push_back(printable(std::string(file) + ":" + std::string(what)));
}

std::unique_ptr<ImportReader> make_import_reader(ImportFormat format,
                                                 bool guessed, std::string file,
                                                 ImportSorter& sorter,
                                                 ImportErrors& errors) {
  if (format == ImportFormat::kJsonLines)
    return make_json_lines_reader(std::move(file), sorter, errors);
  if (format == ImportFormat::kCsv)
    return make_csv_reader(std::move(file), sorter, errors);
  return make_exposition_reader(format, guessed, std::move(file), sorter,
                                errors);
}

}  // namespace prom::store
