// JSON lines as VictoriaMetrics' /api/v1/export writes them, to samples of an
// import: {"metric":{…},"values":[…],"timestamps":[…]}, times in milliseconds.
// Ours may have "histograms" instead of "values", and "exemplars" as
// Prometheus' HTTP API has them, with times in milliseconds; sample_text.h has
// the values.
#include <cmath>
#include <vector>

#include "libprom/base/number.h"
#include "libprom/base/utf8.h"
#include "libprom/model/sample.h"
#include "libprom/store/import_format.h"
#include "libprom/store/json_cursor.h"
#include "libprom/store/sample_text.h"

namespace prom::store {
namespace {

// Reads one line; what is wrong is in what().
class Line {
 public:
  std::vector<LabelView> labels;
  std::vector<double> values;
  std::vector<std::int64_t> times;
  std::vector<FloatHistogram> histograms;
  std::vector<block::Exemplar> exemplars;

  bool read(std::string_view text) {
    labels.clear();
    texts_.clear();
    values.clear();
    times.clear();
    histograms.clear();
    exemplars.clear();
    what_ = "";
    JsonCursor json(text);
    const bool good = read_object(json, [&](const std::string& key) {
      if (key == "metric") return read_labels(json, labels);
      if (key == "values")
        return read_list(json, [&] { return read_value(json, values); });
      if (key == "timestamps")
        return read_list(json,
                         [&] { return read_time(json, times.emplace_back()); });
      if (key == "histograms")
        return read_list(json, [&] { return read_histogram(json); });
      if (key == "exemplars")
        return read_list(json, [&] { return read_exemplar(json); });
      return json.skip_value();
    });
    column_ = json.offset() + 1;
    if (!good || !json.done())
      return wrong(good ? "text behind the object" : "not such JSON");
    const std::size_t samples =
        values.empty() ? histograms.size() : values.size();
    if (!values.empty() && !histograms.empty())
      return wrong("values and histograms in one line");
    if (samples != times.size())
      return wrong("as many timestamps as values are needed");
    if (labels.empty()) return wrong("a series without labels");
    return true;
  }

  [[nodiscard]] std::string what() const {
    return std::to_string(column_) + ": " + what_;
  }

 private:
  bool wrong(const char* what) {
    if (*what_ == '\0') what_ = what;
    return false;
  }

  template <typename OnKey>
  bool read_object(JsonCursor& json, OnKey on_key) {
    if (!json.take('{')) return false;
    if (json.take('}')) return true;
    std::string key;
    do {
      if (!json.string(key) || !json.take(':') || !on_key(key)) return false;
    } while (json.take(','));
    return json.take('}');
  }

  template <typename OnItem>
  static bool read_list(JsonCursor& json, OnItem on_item) {
    if (!json.take('[')) return false;
    if (json.take(']')) return true;
    do {
      if (!on_item()) return false;
    } while (json.take(','));
    return json.take(']');
  }

  bool read_labels(JsonCursor& json, std::vector<LabelView>& into) {
    return read_object(json, [&](const std::string& name) {
      const LabelView label{texts_.emplace_back(name), texts_.emplace_back()};
      if (!json.string(texts_.back()))
        return wrong("the value of a label is a string");
      if (name.empty() || !is_valid_utf8(name) || !is_valid_utf8(texts_.back()))
        return wrong("a label that is not UTF-8 or has no name");
      into.push_back({label.name, texts_.back()});
      return true;
    });
  }

  bool read_value(JsonCursor& json, std::vector<double>& into) {
    std::string_view word;
    if (json.looking_at('"')) {
      if (!json.string(text_)) return false;
      word = text_;
    } else if (!json.word(word)) {
      return false;
    }
    if (word == "null") {
      into.push_back(normal_nan());
      return true;
    }
    const auto value = parse_value_text(word);
    if (!value) return wrong("not a value");
    into.push_back(*value);
    return true;
  }

  bool read_time(JsonCursor& json, std::int64_t& into) {
    std::string_view word;
    if (!json.word(word)) return false;
    const auto t_ms = parse_int(word);
    if (!t_ms) return wrong("a timestamp is a whole number of milliseconds");
    into = *t_ms;
    return true;
  }

  bool read_exemplar(JsonCursor& json) {
    block::Exemplar& exemplar = exemplars.emplace_back();
    std::vector<LabelView> some;
    bool has_time = false;
    const bool good = read_object(json, [&](const std::string& key) {
      if (key == "labels") return read_labels(json, some);
      if (key == "value") return read_number(json, exemplar.value);
      if (key != "timestamp") return json.skip_value();
      has_time = true;
      return read_time(json, exemplar.t_ms);
    });
    if (good && !has_time) return wrong("an exemplar without a timestamp");
    exemplar.labels = Labels::from(some);
    return good;
  }

  bool read_integer(JsonCursor& json, std::int64_t& into) {
    std::string_view word;
    if (!json.word(word)) return false;
    const auto value = parse_int(word);
    if (!value || *value != static_cast<std::int32_t>(*value))
      return wrong("not a whole number of a histogram");
    into = *value;
    return true;
  }

  bool read_number(JsonCursor& json, double& into) {
    std::vector<double> one;
    if (!read_value(json, one)) return false;
    into = one.front();
    return true;
  }

  bool read_numbers(JsonCursor& json, std::vector<double>& into) {
    return read_list(json, [&] { return read_value(json, into); });
  }

  bool read_spans(JsonCursor& json, std::vector<BucketSpan>& into) {
    return read_list(json, [&] {
      std::int64_t offset = 0;
      std::int64_t length = 0;
      if (!json.take('[') || !read_integer(json, offset) || !json.take(',') ||
          !read_integer(json, length) || !json.take(']'))
        return false;
      if (length < 0) return wrong("a span of negative length");
      into.push_back({static_cast<std::int32_t>(offset),
                      static_cast<std::uint32_t>(length)});
      return true;
    });
  }

  bool read_hint(JsonCursor& json, CounterResetHint& into) {
    if (!json.string(text_)) return false;
    if (text_ == "unknown") {
      into = CounterResetHint::kUnknown;
    } else if (text_ == "reset") {
      into = CounterResetHint::kReset;
    } else if (text_ == "not_reset") {
      into = CounterResetHint::kNotReset;
    } else if (text_ == "gauge") {
      into = CounterResetHint::kGauge;
    } else {
      return wrong("an unknown counter_reset_hint");
    }
    return true;
  }

  bool read_field(JsonCursor& json, const std::string& key, FloatHistogram& h) {
    if (key == "count") return read_number(json, h.count);
    if (key == "sum") return read_number(json, h.sum);
    if (key == "zero_threshold") return read_number(json, h.zero_threshold);
    if (key == "zero_count") return read_number(json, h.zero_count);
    if (key == "positive_spans") return read_spans(json, h.positive_spans);
    if (key == "negative_spans") return read_spans(json, h.negative_spans);
    if (key == "positive_buckets")
      return read_numbers(json, h.positive_buckets);
    if (key == "negative_buckets")
      return read_numbers(json, h.negative_buckets);
    if (key == "custom_values") return read_numbers(json, h.custom_values);
    if (key == "counter_reset_hint")
      return read_hint(json, h.counter_reset_hint);
    if (key == "schema") {
      std::int64_t schema = 0;
      if (!read_integer(json, schema)) return false;
      h.schema = static_cast<std::int32_t>(schema);
      return true;
    }
    if (key == "integer") {
      std::string_view word;
      if (!json.word(word)) return false;
      h.integer = word == "true";
      return true;
    }
    return wrong("an unknown field of a histogram");
  }

  bool read_histogram(JsonCursor& json) {
    FloatHistogram& h = histograms.emplace_back();
    if (!read_object(json, [&](const std::string& key) {
          return read_field(json, key, h);
        }))
      return false;
    if (!is_stale_nan(h.sum) && !h.validate())
      return wrong("a histogram that contradicts itself");
    return true;
  }

  std::deque<std::string> texts_;
  std::string text_;
  const char* what_ = "";
  std::size_t column_ = 0;
};

class JsonLinesReader final : public ImportReader {
 public:
  JsonLinesReader(std::string file, ImportSorter& sorter, ImportErrors& errors)
      : sorter_(sorter), errors_(errors), file_(std::move(file)) {}

  Result<std::size_t> take(std::string_view bytes, bool end) override {
    std::size_t taken = 0;
    while (taken < bytes.size()) {
      const std::size_t newline = bytes.find('\n', taken);
      if (newline == std::string_view::npos && !end) break;
      const std::size_t to = std::min(newline, bytes.size());
      const std::string_view line = bytes.substr(taken, to - taken);
      taken = std::min(to + 1, bytes.size());
      ++number_;
      if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
      if (!line_.read(line)) {
        errors_.add(file_, std::to_string(number_) + ":" + line_.what());
      } else if (Status done = add(); !done) {
        return fail(done.error());
      }
    }
    return taken;
  }

 private:
  Status add() {
    const auto series = sorter_.series(Labels::from(line_.labels));
    if (!series) return fail(series.error());
    for (std::size_t i = 0; i < line_.values.size(); ++i) {
      Status done = sorter_.add(*series, line_.times[i], line_.values[i]);
      if (!done) return done;
    }
    for (std::size_t i = 0; i < line_.histograms.size(); ++i) {
      Status done =
          sorter_.add(*series, line_.times[i], std::move(line_.histograms[i]));
      if (!done) return done;
    }
    for (block::Exemplar& exemplar : line_.exemplars)
      sorter_.add_exemplar(Labels::from(line_.labels), std::move(exemplar));
    return {};
  }

  ImportSorter& sorter_;
  ImportErrors& errors_;
  const std::string file_;
  std::uint64_t number_ = 0;
  Line line_;
};

}  // namespace

std::unique_ptr<ImportReader> make_json_lines_reader(std::string file,
                                                     ImportSorter& sorter,
                                                     ImportErrors& errors) {
  return std::make_unique<JsonLinesReader>(std::move(file), sorter, errors);
}

}  // namespace prom::store
