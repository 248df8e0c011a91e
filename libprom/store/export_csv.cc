// Series as CSV (RFC 4180): a column for each label name, "timestamp" in
// milliseconds, "value".  See import_csv.cc.
#include "libprom/base/number.h"
#include "libprom/store/export_format.h"
#include "libprom/store/sample_text.h"

namespace prom::store {
namespace {

void append_cell(std::string& out, std::string_view text) {
  if (text.find_first_of("\",\r\n") == std::string_view::npos) {
    out += text;
    return;
  }
  out += '"';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

class CsvWriter final : public ExportWriter {
 public:
  explicit CsvWriter(std::vector<std::string> names)
      : names_(std::move(names)) {}

  void begin(std::string& out) override {
    for (const std::string& name : names_) {
      append_cell(out, name);
      out += ',';
    }
    out += "timestamp,value\n";
  }
  void finish(std::string& /*out*/) override {}

  void add(const Labels& labels, const SeriesSamples& samples,
           std::span<const Exemplar> exemplars, std::string& out) override {
    left_out_.exemplars += exemplars.size();
    series_.clear();
    for (const std::string& name : names_) {
      append_cell(series_, labels.get(name));
      series_ += ',';
    }
    for (std::size_t i = 0; i < samples.t_ms.size(); ++i) {
      if (!samples.histogram.empty() && samples.histogram[i] != nullptr) {
        ++left_out_.histograms;
        continue;
      }
      out += series_;
      append_int(out, samples.t_ms[i]);
      out += ',';
      append_value_text(out, samples.value[i]);
      out += '\n';
    }
  }

 private:
  const std::vector<std::string> names_;
  std::string series_;
};

}  // namespace

std::unique_ptr<ExportWriter> make_csv_writer(ExportContext context) {
  return std::make_unique<CsvWriter>(std::move(context.label_names));
}

}  // namespace prom::store
