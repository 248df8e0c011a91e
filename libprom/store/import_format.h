// Formats of prom-store import that are text: each has a reader which takes
// bytes as they come and puts samples into an ImportSorter.  What is wrong is
// noted with its line and left out; whether anything is imported then is the
// caller's decision.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/store/import_sorter.h"

namespace prom::store {

enum class ImportFormat : std::uint8_t {
  kAuto,
  kOpenMetrics,
  kText,  // also the pipe dialect, which is known by its first line
  kJsonLines,
  kCsv,
  kTsdb,  // not text: import_tsdb.h
};
// "auto", "openmetrics", "text", "jsonl", "csv", "tsdb"; kUsage otherwise.
Result<ImportFormat> parse_import_format(std::string_view text);
std::string_view to_string(ImportFormat format);
// What an input is that begins with these bytes: kJsonLines, kCsv or kText.
// OpenMetrics is known by its end only.
ImportFormat guess_format(std::string_view first_bytes);

// A record (a line, a row) may not be longer.
constexpr std::size_t kImportRecordBytesMax = 64U << 20U;
// Findings that are kept; more are counted.
constexpr std::size_t kImportErrorsMax = 20;

// What is wrong with the inputs.
class ImportErrors {
 public:
  // "FILE:LINE: what".
  void add(std::string_view file, std::uint64_t line, std::string_view what);
  // `what` begins with its own "LINE:COLUMN: ".
  void add(std::string_view file, std::string_view what);

  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] const std::vector<std::string>& first() const { return first_; }

 private:
  std::uint64_t count_ = 0;
  std::vector<std::string> first_;
};

// One input, one reader, one thread.
class ImportReader {
 public:
  virtual ~ImportReader() = default;
  // Takes what is whole from the front of `bytes` and returns how much that
  // is; the caller offers the rest again with more behind it.  With `end`
  // nothing follows and all is taken.  Fails when the sorter does, and with
  // kBadData when nothing of the input can be understood.
  virtual Result<std::size_t> take(std::string_view bytes, bool end) = 0;
};

// REQUIRES: a text format, not kAuto.  `guessed`: nobody said that it is this
// format, so that text which turns out to be OpenMetrics is refused.  Borrows
// sorter and errors.
std::unique_ptr<ImportReader> make_import_reader(ImportFormat format,
                                                 bool guessed, std::string file,
                                                 ImportSorter& sorter,
                                                 ImportErrors& errors);
std::unique_ptr<ImportReader> make_exposition_reader(ImportFormat format,
                                                     bool guessed,
                                                     std::string file,
                                                     ImportSorter& sorter,
                                                     ImportErrors& errors);
std::unique_ptr<ImportReader> make_json_lines_reader(std::string file,
                                                     ImportSorter& sorter,
                                                     ImportErrors& errors);
std::unique_ptr<ImportReader> make_csv_reader(std::string file,
                                              ImportSorter& sorter,
                                              ImportErrors& errors);

}  // namespace prom::store
