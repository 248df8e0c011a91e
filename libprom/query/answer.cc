#include "libprom/query/answer.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "libprom/base/utf8.h"
#include "libprom/query/command_internal.h"
#include "libprom/query/json.h"
#include "libprom/query/nagios.h"
#include "libprom/query/output_file.h"
#include "libprom/query/template_output.h"

namespace prom::query {
namespace {

std::optional<Threshold> threshold_of(const std::string& text) {
  if (text.empty()) return std::nullopt;
  auto parsed = Threshold::parse(text);  // was checked with the options
  if (!parsed) return std::nullopt;
  return std::move(*parsed);
}

// What would steer the terminal is escaped, the ends of lines are not.
void write_printable(std::string_view text, os::Output& out) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    out.write(printable(text.substr(0, end)));
    if (end < text.size()) out.write("\n");
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

cli::Exit say_nagios(const NagiosAnswer& answer, cli::Io& io) {
  io.out.write(answer.line + "\n");
  return nagios_exit(answer);
}

cli::Exit report(const Error& error, const QueryOptions& options, cli::Io& io) {
  if (options.nagios) return say_nagios(nagios_unknown(error.message), io);
  if (options.output == "json") {
    write_json_error(error, io.out);
    io.out.write("\n");
  } else {
    io.complain(error.message);
    if (const std::string hint = way_around(error); !hint.empty())
      io.complain(hint);
  }
  return cli::exit_for(error.code);
}

}  // namespace

bool is_empty(const QueryResult& result) {
  const bool has_series = result.type == promql::ValueType::kVector ||
                          result.type == promql::ValueType::kMatrix;
  return has_series && result.series.empty();
}

Result<QueryResult> evaluate(const Question& question, const Inputs& inputs,
                             const TimeFlags& times,
                             const EngineOptions& engine) {
  const Result<When> when = resolve_times(times, inputs.now_ms);
  if (!when) return fail(when.error());
  return when->is_range ? query_range(inputs, *question.expr, question.text,
                                      when->times, engine)
                        : query_instant(inputs, *question.expr, question.text,
                                        when->time_ms, engine);
}

Status render(const QueryResult& result, const Question& question,
              const Inputs& inputs, const QueryOptions& options, View view,
              bool is_terminal, os::Output& out) {
  if (!options.template_text.empty()) {
    const auto text = expand_template(options.template_text, result, inputs,
                                      options.engine.engine());
    if (!text) return fail(text.error());
    out.write(*text);
    return {};
  }
  view.keep_order = order_matters(*question.expr);
  view.style = options.style;
  view.title = question.text;
  view.metric_name = options.metric_name;
  const OutputFormat& format =
      format_for(options.output, options.times.is_range(), is_terminal);
  if (!is_terminal || !format.is_raw) {
    format.write(result, view, out);
    return {};
  }
  os::Output raw;
  format.write(result, view, raw);
  write_printable(raw.text(), out);
  return {};
}

void show_notes(const QueryResult& result, const Question& question,
                const Inputs& inputs, cli::Io& io) {
  for (const std::string& warning : result.warnings)
    io.complain("warning: " + warning);
  for (const std::string& info : result.infos) io.complain(info);
  if (!is_empty(result)) return;
  for (const std::string& hint : empty_result_hints(*question.expr, inputs))
    io.complain(hint);
}

cli::Exit answer_once(const Question& question, const QueryOptions& options,
                      cli::Io& io) {
  InputOptions wanted = options.inputs;
  wanted.files.assign(options.words.begin(), options.words.end() - 1);
  wanted.timeout_ms = options.engine.timeout_ms;
  const Result<Inputs> inputs = open_inputs(wanted, io);
  if (!inputs) return report(inputs.error(), options, io);
  const Result<QueryResult> result =
      evaluate(question, *inputs, options.times, options.engine.engine());
  if (!result) return report(result.error(), options, io);
  if (options.nagios) {
    return say_nagios(nagios_answer(*result, threshold_of(options.warning),
                                    threshold_of(options.critical)),
                      io);
  }
  if (options.output_file.empty()) {
    Status rendered = render(*result, question, *inputs, options, make_view(io),
                             io.out_is_terminal, io.out);
    if (!rendered) return report(rendered.error(), options, io);
  } else {
    os::Output page;
    View view;
    view.columns = 0;
    Status written =
        render(*result, question, *inputs, options, view, false, page);
    if (written) written = replace_file(options.output_file, page.text());
    if (!written) return report(written.error(), options, io);
  }
  // JSON has warnings inside, and says itself that it is empty.
  if (options.output != "json") show_notes(*result, question, *inputs, io);
  return options.exit_status && is_empty(*result) ? cli::Exit::kNo
                                                  : cli::Exit::kOk;
}

}  // namespace prom::query
