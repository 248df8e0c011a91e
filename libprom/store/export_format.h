// Formats of prom-store export that are text: each has a writer that turns
// series into bytes.  What a format cannot carry is left out and counted.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/model/labels.h"
#include "libprom/model/samples.h"
#include "libprom/store/snapshot.h"

namespace prom::store {

enum class ExportFormat : std::uint8_t {
  kText,  // the pipe dialect, which is Prometheus text to everybody else
  kOpenMetrics,
  kJsonLines,
  kCsv,
  kTsdb,  // not text: export_tsdb.h
};
// "text", "openmetrics", "jsonl", "csv", "tsdb"; kUsage otherwise.
Result<ExportFormat> parse_export_format(std::string_view text);
std::string_view to_string(ExportFormat format);

struct LeftOut {
  std::uint64_t histograms = 0;  // native ones
  std::uint64_t stale_markers = 0;
  std::uint64_t nameless_series = 0;  // without __name__
  std::uint64_t exemplars = 0;
};

// One thread.  Appends to `out`, which the owner drains and clears between
// calls.
class ExportWriter {
 public:
  virtual ~ExportWriter() = default;
  virtual void begin(std::string& out) = 0;
  // In the order of labels; exemplars ascending in time.
  virtual void add(const Labels& labels, const SeriesSamples& samples,
                   std::span<const Exemplar> exemplars, std::string& out) = 0;
  virtual void finish(std::string& out) = 0;

  [[nodiscard]] const LeftOut& left_out() const { return left_out_; }

 protected:
  LeftOut left_out_;
};

// What a writer has to know beforehand.
struct ExportContext {
  std::vector<FamilyMetadata> metadata;  // by family
  std::vector<std::string> label_names;  // of all series, ascending
};

// REQUIRES: a text format.
std::unique_ptr<ExportWriter> make_export_writer(ExportFormat format,
                                                 ExportContext context);
std::unique_ptr<ExportWriter> make_exposition_writer(ExportFormat format,
                                                     ExportContext context);
std::unique_ptr<ExportWriter> make_json_lines_writer();
std::unique_ptr<ExportWriter> make_csv_writer(ExportContext context);

}  // namespace prom::store
