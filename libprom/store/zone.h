// A zone: the labels of kZoneSeries consecutive series by column, in the index
// stream.  For each label name the zone has the sorted distinct values and one
// small number per series, so a matcher looks at each value once and then
// scans a few kilobytes.  Every section has its own checksum, which is checked
// when the section is first touched: a query reads the columns of its
// matchers and no others.  The format is specified in prom-head(5).
//
//   ZoneBody | entries | label names | sections…
//   entry:   u32 offset (from the body), u32 size, u32 crc, u32 name size
//            entry 0: u64 label hash of each series
//            entry 1: u32 home source of each series
//            others: one label column each, names ascending
//   column:  u32 values, u32 width (0, 1, 2: bytes of a number), u32 blob
//            bytes, u32 0 | u32 value end[values] | blob, padded to 4 |
//            numbers.  Number 0: no such label.  Width 0: all have number 1.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/model/labels.h"
#include "libprom/store/format.h"

namespace prom::store {

// The body of a zone record.  REQUIRES: labels.size() == homes.size(), at most
// kZoneSeries of them.
std::string encode_zone(std::span<const Labels> labels,
                        std::span<const SourceId> homes, SeriesId first,
                        Position previous);

// One label column of one zone.  Borrows the zone's bytes.
class ZoneColumn {
 public:
  // Checks everything that later reads rely on.
  static Result<ZoneColumn> parse(Bytes section, std::uint32_t series_count);

  [[nodiscard]] std::uint32_t value_count() const { return value_count_; }
  // REQUIRES: number in [1, value_count()].
  [[nodiscard]] std::string_view value(std::uint32_t number) const;
  // 0: the series has no such label.
  [[nodiscard]] std::uint32_t number(std::uint32_t series) const;
  // The number of a value; 0 when no series has it.
  [[nodiscard]] std::uint32_t find(std::string_view value) const;
  // Clears keep[i] of each series whose number is not wanted.
  // REQUIRES: wanted.size() == value_count() + 1.
  void filter(std::span<const std::uint8_t> wanted,
              std::span<std::uint8_t> keep) const;

 private:
  Bytes ends_;  // u32 each
  std::string_view blob_;
  Bytes numbers_;
  std::uint32_t value_count_ = 0;
  std::uint32_t width_ = 0;
  std::uint32_t series_count_ = 0;
};

// A zone as a reader sees it.  Thread-safe; borrows the record's bytes.
class ZoneView {
 public:
  // Checks the section table; the sections are checked when first touched.
  static Result<std::unique_ptr<ZoneView>> parse(Bytes body);

  [[nodiscard]] const ZoneBody& header() const { return header_; }
  [[nodiscard]] std::uint32_t count() const { return header_.count; }
  [[nodiscard]] const std::vector<std::string_view>& names() const {
    return names_;
  }
  // kCorrupt when the section is damaged; a column without values when the
  // zone has no such label.
  [[nodiscard]] const Result<ZoneColumn>& column(std::string_view name) const;
  // REQUIRES: name_index < names().size().
  [[nodiscard]] const Result<ZoneColumn>& column(std::size_t name_index) const;
  [[nodiscard]] Result<Bytes> hashes() const;        // u64 each
  [[nodiscard]] const Result<Bytes>& homes() const;  // u32 each
  [[nodiscard]] Result<Labels> labels(std::uint32_t series) const;

 private:
  struct Entry {
    std::uint32_t offset = 0;
    std::uint32_t size = 0;
    std::uint32_t crc = 0;
    std::uint32_t name_size = 0;
  };
  struct LazyColumn {
    std::once_flag once;
    Result<ZoneColumn> column;
  };
  ZoneView() = default;
  [[nodiscard]] Result<Bytes> section(std::size_t entry) const;

  Bytes body_;
  ZoneBody header_{};
  std::vector<Entry> entries_;
  std::vector<std::string_view> names_;  // of entries_[2…]
  std::unique_ptr<LazyColumn[]> columns_;
  Result<ZoneColumn> no_column_;
  mutable std::once_flag homes_once_;
  mutable Result<Bytes> homes_;
};

}  // namespace prom::store
