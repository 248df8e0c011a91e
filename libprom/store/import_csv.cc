// CSV (RFC 4180) to samples of an import.  The first row names the columns: one
// is called "timestamp", one "value", the others are labels.  A cell without
// text is no label.  A timestamp is a whole number of milliseconds or RFC 3339.
#include <algorithm>
#include <deque>
#include <optional>
#include <random>
#include <vector>

#include "libprom/base/duration.h"
#include "libprom/base/number.h"
#include "libprom/base/utf8.h"
#include "libprom/store/import_format.h"
#include "libprom/store/sample_text.h"

namespace prom::store {
namespace {

constexpr std::size_t kCsvColumnsMax = 4096;

class CsvReader final : public ImportReader {
 public:
  CsvReader(std::string file, ImportSorter& sorter, ImportErrors& errors)
      : sorter_(sorter), errors_(errors), file_(std::move(file)) {}

  Result<std::size_t> take(std::string_view bytes, bool end) override {
    std::size_t taken = 0;
    if (line_ == 1 && names_.empty() && bytes.starts_with("\xef\xbb\xbf"))
      taken = 3;  // what spreadsheets put in front of UTF-8
    while (taken < bytes.size()) {
      const auto row = read_row(bytes.substr(taken), end);
      if (!row) break;
      taken += *row;
      const bool blank = cells_.size() == 1 && cells_.front().empty();
      Status done;
      if (!blank && names_.empty()) {
        done = read_header();
      } else if (!blank) {
        done = add_row();
      }
      if (!done) return fail(done.error());
      line_ += newlines_;
    }
    return taken;
  }

 private:
  // The first row of `text` into cells_, and how long it is; nullopt when its
  // end is not there yet.
  std::optional<std::size_t> read_row(std::string_view text, bool end) {
    cells_.clear();
    unquoted_.clear();
    newlines_ = 0;
    broken_ = false;
    std::size_t at = 0;
    while (true) {
      const auto cell_end = text.substr(at).starts_with('"')
                                ? read_quoted(text, at, end)
                                : read_plain(text, at, end);
      if (!cell_end) return std::nullopt;
      at = *cell_end;
      if (at < text.size() && text[at] == ',') {
        ++at;
        continue;
      }
      if (at < text.size()) {
        ++at;  // the newline
        ++newlines_;
      }
      return at;
    }
  }

  std::optional<std::size_t> read_plain(std::string_view text, std::size_t at,
                                        bool end) {
    std::size_t to = text.find_first_of(",\n", at);
    if (to == std::string_view::npos) {
      if (!end) return std::nullopt;
      to = text.size();
    }
    std::string_view cell = text.substr(at, to - at);
    const bool ends_line = to == text.size() || text[to] == '\n';
    if (ends_line && cell.ends_with('\r')) cell.remove_suffix(1);
    cells_.push_back(cell);
    return to;
  }

  std::optional<std::size_t> read_quoted(std::string_view text, std::size_t at,
                                         bool end) {
    std::string& cell = unquoted_.emplace_back();
    ++at;
    while (true) {
      const std::size_t quote = text.find('"', at);
      if (quote == std::string_view::npos || (quote + 1 == text.size() && !end))
        return unclosed(text, at, end);
      cell.append(text, at, quote - at);
      at = quote + 1;
      if (at == text.size() || text[at] != '"') break;
      cell += '"';
      ++at;
    }
    newlines_ += static_cast<std::uint64_t>(std::ranges::count(cell, '\n'));
    cells_.emplace_back(cell);
    std::size_t to = text.find_first_of(",\n", at);
    if (to == std::string_view::npos) {
      if (!end) return std::nullopt;
      to = text.size();
    }
    const std::string_view behind = text.substr(at, to - at);
    broken_ = broken_ || (!behind.empty() && behind != "\r");
    return to;
  }

  // A quote that never ends costs its line only.
  std::optional<std::size_t> unclosed(std::string_view text, std::size_t at,
                                      bool end) {
    if (!end) return std::nullopt;
    broken_ = true;
    cells_.emplace_back();
    return std::min(text.find('\n', at), text.size());
  }

  Status read_header() {
    if (cells_.size() > kCsvColumnsMax)
      return fail(Code::kLimit, file_ + ":1: more than " +
                                    std::to_string(kCsvColumnsMax) +
                                    " columns");
    names_.assign(cells_.begin(), cells_.end());
    for (std::size_t i = 0; i < names_.size(); ++i) {
      // The last of a name is it: the ones before may be labels of that name.
      if (names_[i] == "timestamp") timestamp_ = i;
      if (names_[i] == "value") value_ = i;
      if (names_[i].empty() || !is_valid_utf8(names_[i]))
        return fail(Code::kBadData, file_ + ":1: a column without a name");
    }
    if (!timestamp_ || !value_)
      return fail(Code::kBadData,
                  file_ +
                      ":1: the first row has to name a column \"timestamp\" "
                      "and a column \"value\"");
    return {};
  }

  Status add_row() {
    if (broken_ || cells_.size() != names_.size()) {
      errors_.add(file_, line_,
                  broken_ ? "quotes in the wrong place"
                          : std::to_string(cells_.size()) + " cells where " +
                                std::to_string(names_.size()) +
                                " columns have a name");
      return {};
    }
    const auto t_ms = time_of(cells_[*timestamp_]);
    const auto value = parse_value_text(cells_[*value_]);
    if (!t_ms || !value) {
      errors_.add(file_, line_,
                  t_ms ? "not a value"
                       : "a timestamp is a whole number of milliseconds or "
                         "RFC 3339");
      return {};
    }
    const auto series = series_of_row();
    if (!series) return fail(series.error());
    if (*series == kNoSeries) return {};
    return sorter_.add(*series, *t_ms, *value);
  }

  static std::optional<std::int64_t> time_of(std::string_view cell) {
    if (const auto t_ms = parse_int(cell)) return t_ms;
    return parse_rfc3339_ms(cell);
  }

  // Rows of one series often follow one another.
  Result<ImportSeries> series_of_row() {
    key_.clear();
    labels_.clear();
    for (std::size_t i = 0; i < cells_.size(); ++i) {
      if (i == *timestamp_ || i == *value_ || cells_[i].empty()) continue;
      labels_.push_back({names_[i], cells_[i]});
      key_.append(names_[i]).append(1, '\0');
      key_.append(cells_[i]).append(1, '\0');
    }
    const Hash128 key = hash128(key_, seed_);
    const ImportSeries known = sorter_.known(key);
    if (known != kNoSeries) return known;
    if (labels_.empty()) {
      errors_.add(file_, line_, "a series without labels");
      return kNoSeries;
    }
    if (!is_valid_utf8(key_)) {
      errors_.add(file_, line_, "a label that is not UTF-8");
      return kNoSeries;
    }
    return sorter_.series(Labels::from(labels_), &key);
  }

  ImportSorter& sorter_;
  ImportErrors& errors_;
  const std::string file_;
  const std::uint64_t seed_ = std::random_device()();
  std::uint64_t line_ = 1;
  std::vector<std::string> names_;
  std::optional<std::size_t> timestamp_;
  std::optional<std::size_t> value_;
  // Of the row.
  std::vector<std::string_view> cells_;
  std::deque<std::string> unquoted_;
  std::uint64_t newlines_ = 0;
  bool broken_ = false;
  std::string key_;
  std::vector<LabelView> labels_;
};

}  // namespace

std::unique_ptr<ImportReader> make_csv_reader(std::string file,
                                              ImportSorter& sorter,
                                              ImportErrors& errors) {
  return std::make_unique<CsvReader>(std::move(file), sorter, errors);
}

}  // namespace prom::store
