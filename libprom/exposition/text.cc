#include "libprom/exposition/text.h"

#include "libprom/base/number.h"

namespace prom::exposition {
namespace {

void append_escaped(std::string& out, std::string_view text, bool with_quotes) {
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && with_quotes) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
}

void append_name_in_quotes(std::string& out, std::string_view name) {
  out += '"';
  append_escaped(out, name, true);
  out += '"';
}

void append_metric_name(std::string& out, std::string_view name) {
  if (is_legacy_metric_name(name)) {
    out += name;
  } else {
    append_name_in_quotes(out, name);
  }
}

// Writes what stands between the braces.
class LabelList {
 public:
  explicit LabelList(std::string& out) : out_(out) {}

  void metric_name(std::string_view name) {
    separate();
    append_name_in_quotes(out_, name);
  }
  void label(LabelView label) {
    separate();
    if (is_legacy_label_name(label.name)) {
      out_ += label.name;
    } else {
      append_name_in_quotes(out_, label.name);
    }
    out_ += "=\"";
    append_escaped(out_, label.value, true);
    out_ += '"';
  }
  void close() {
    if (open_) out_ += '}';
  }

 private:
  void separate() {
    out_ += open_ ? ',' : '{';
    open_ = true;
  }
  std::string& out_;
  bool open_ = false;
};

void append_series_parts(std::string& out, std::string_view name,
                         const Labels& labels, const LabelView* last) {
  const bool legacy = is_legacy_metric_name(name);
  if (legacy) out += name;
  LabelList list(out);
  if (!legacy) list.metric_name(name);
  for (const LabelView& label : labels) {
    if (label.name != kMetricName) list.label(label);
  }
  if (last != nullptr) list.label(*last);
  list.close();
}

}  // namespace

void append_series(std::string& out, std::string_view name,
                   const Labels& labels) {
  append_series_parts(out, name, labels, nullptr);
}

void append_series(std::string& out, std::string_view name,
                   const Labels& labels, LabelView last) {
  append_series_parts(out, name, labels, &last);
}

void append_label_set(std::string& out, const Labels& labels) {
  if (labels.empty()) {
    out += "{}";
    return;
  }
  LabelList list(out);
  for (const LabelView& label : labels) list.label(label);
  list.close();
}

void append_help(std::string& out, std::string_view name, std::string_view help,
                 HelpEscape escape) {
  out += "# HELP ";
  append_metric_name(out, name);
  out += ' ';
  append_escaped(out, help, escape == HelpEscape::kOpenMetrics);
  out += '\n';
}

void append_type(std::string& out, std::string_view name,
                 std::string_view type) {
  out += "# TYPE ";
  append_metric_name(out, name);
  out += ' ';
  out += type;
  out += '\n';
}

void append_unit(std::string& out, std::string_view name,
                 std::string_view unit) {
  out += "# UNIT ";
  append_metric_name(out, name);
  out += ' ';
  out += unit;
  out += '\n';
}

void append_canonical_float(std::string& out, double value) {
  const std::size_t before = out.size();
  append_float_go_g(out, value);
  // Digits alone look like an integer; the canonical form does not.
  if (out.find_first_not_of("-0123456789", before) == std::string::npos)
    out += ".0";
}

}  // namespace prom::exposition
