// Series as JSON lines; see import_json_lines.cc.
#include "libprom/base/json_writer.h"
#include "libprom/base/number.h"
#include "libprom/store/export_format.h"
#include "libprom/store/sample_text.h"

namespace prom::store {
namespace {

// Readers hold a line in memory.
constexpr std::size_t kSamplesPerLine = 10'000;

class JsonLinesWriter final : public ExportWriter {
 public:
  void begin(std::string& /*out*/) override {}
  void finish(std::string& /*out*/) override {}

  void add(const Labels& labels, const SeriesSamples& samples,
           std::span<const Exemplar> exemplars, std::string& out) override {
    metric_ = "{\"metric\":";
    append_labels(metric_, labels);
    const auto is_histogram = [&](std::size_t i) {
      return !samples.histogram.empty() && samples.histogram[i] != nullptr;
    };
    const std::size_t count = samples.t_ms.size();
    for (std::size_t from = 0; from < count;) {
      std::size_t to = from + 1;
      while (to < count && to - from < kSamplesPerLine &&
             is_histogram(to) == is_histogram(from))
        ++to;
      add_line(samples, from, to, is_histogram(from), out);
      // With the first line of a series.
      if (from == 0) add_exemplars(exemplars, out);
      out += "}\n";
      from = to;
    }
  }

 private:
  void add_line(const SeriesSamples& samples, std::size_t from, std::size_t to,
                bool histograms, std::string& out) const {
    out += metric_;
    out += histograms ? ",\"histograms\":[" : ",\"values\":[";
    for (std::size_t i = from; i < to; ++i) {
      if (i > from) out += ',';
      if (histograms) {
        append_histogram_json(out, *samples.histogram[i]);
      } else {
        append_value_json(out, samples.value[i]);
      }
    }
    out += "],\"timestamps\":[";
    for (std::size_t i = from; i < to; ++i) {
      if (i > from) out += ',';
      append_int(out, samples.t_ms[i]);
    }
    out += ']';
  }

  static void append_labels(std::string& out, const Labels& labels) {
    out += '{';
    for (const auto& [name, value] : labels) {
      if (out.back() != '{') out += ',';
      append_json_string(out, name);
      out += ':';
      append_json_string(out, value);
    }
    out += '}';
  }

  static void add_exemplars(std::span<const Exemplar> exemplars,
                            std::string& out) {
    if (exemplars.empty()) return;
    out += ",\"exemplars\":[";
    for (const Exemplar& exemplar : exemplars) {
      if (out.back() != '[') out += ',';
      out += "{\"labels\":";
      append_labels(out, exemplar.labels);
      out += ",\"value\":";
      append_value_json(out, exemplar.value);
      out += ",\"timestamp\":";
      append_int(out, exemplar.t_ms);
      out += '}';
    }
    out += ']';
  }

  std::string metric_;
};

}  // namespace

std::unique_ptr<ExportWriter> make_json_lines_writer() {
  return std::make_unique<JsonLinesWriter>();
}

}  // namespace prom::store
