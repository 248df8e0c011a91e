#include "libprom/store/export_format.h"

#include <array>
#include <utility>

namespace prom::store {
namespace {

constexpr std::array<std::pair<std::string_view, ExportFormat>, 5> kFormats = {
    {{"text", ExportFormat::kText},
     {"openmetrics", ExportFormat::kOpenMetrics},
     {"jsonl", ExportFormat::kJsonLines},
     {"csv", ExportFormat::kCsv},
     {"tsdb", ExportFormat::kTsdb}}};

}  // namespace

Result<ExportFormat> parse_export_format(std::string_view text) {
  for (const auto& [name, format] : kFormats) {
    if (name == text) return format;
  }
  return fail(Code::kUsage,
              "'" + std::string(text) +
                  "' is none of text, openmetrics, jsonl, csv, tsdb");
}

std::string_view to_string(ExportFormat format) {
  for (const auto& [name, value] : kFormats) {
    if (value == format) return name;
  }
  return "";
}

std::unique_ptr<ExportWriter> make_export_writer(ExportFormat format,
                                                 ExportContext context) {
  if (format == ExportFormat::kJsonLines) return make_json_lines_writer();
  if (format == ExportFormat::kCsv) return make_csv_writer(std::move(context));
  return make_exposition_writer(format, std::move(context));
}

}  // namespace prom::store
