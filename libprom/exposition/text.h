// The pieces of exposition text that everything which writes it shares: the
// registry of self-metrics, the writer, prom-export.  All append to a string
// and never fail; any bytes may be given as values and help.
#pragma once

#include <string>
#include <string_view>

#include "libprom/model/labels.h"

namespace prom::exposition {

// name{label="value",…}: with the name inside the braces and in quotes when it
// is not a legacy name, as text 1.0.0 and OpenMetrics have it.  Labels called
// __name__ in `labels` are left out: the name is `name`.
void append_series(std::string& out, std::string_view name,
                   const Labels& labels);
// The same with one more label at the end: le of a bucket, a quantile.
void append_series(std::string& out, std::string_view name,
                   const Labels& labels, LabelView last);
// {a="b"}, or {} without labels: what follows an exemplar's "# ".
void append_label_set(std::string& out, const Labels& labels);

// "# HELP name text\n" and "# TYPE name type\n".  Help is escaped as the text
// format wants it (backslash, newline); OpenMetrics also escapes quotes.
enum class HelpEscape { kText, kOpenMetrics };
void append_help(std::string& out, std::string_view name, std::string_view help,
                 HelpEscape escape = HelpEscape::kText);
void append_type(std::string& out, std::string_view name,
                 std::string_view type);
// "# UNIT name unit\n"; only OpenMetrics has it.
void append_unit(std::string& out, std::string_view name,
                 std::string_view unit);

// A bucket bound or a quantile as both formats write it in canonical form:
// "1.0", "0.5", "1e+06", "+Inf".
void append_canonical_float(std::string& out, double value);

}  // namespace prom::exposition
