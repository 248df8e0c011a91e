#include "libprom/discover/output.h"

#include <algorithm>

#include "libprom/base/duration.h"
#include "libprom/base/json_writer.h"
#include "libprom/base/utf8.h"
#include "libprom/cli/diagnostics.h"

namespace prom::discover {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// Undoes the escaping of the URLs that target.cc makes.
std::string unescaped(std::string_view text, bool is_form) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
        hex_digit(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_digit(text[i + 1]) * 16 +
                               hex_digit(text[i + 2]));
      i += 2;
    } else {
      out += is_form && text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

// The parts of scheme://address/path?query as the labels they came from.
std::string take_url_apart(std::string_view url, LabelsBuilder& labels) {
  const std::size_t colon = url.find("://");
  labels.set("__scheme__", url.substr(0, colon));
  url.remove_prefix(colon + 3);
  const std::size_t question = url.find('?');
  std::string_view query = question == std::string_view::npos
                               ? std::string_view()
                               : url.substr(question + 1);
  url = url.substr(0, question);
  const std::size_t slash = url.find('/');
  if (slash != std::string_view::npos)
    labels.set("__metrics_path__", unescaped(url.substr(slash), false));
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    const std::size_t equals = pair.find('=');
    const std::string name =
        "__param_" + unescaped(pair.substr(0, equals), true);
    // A label holds the first value only.
    if (equals != std::string_view::npos && labels.get(name).empty())
      labels.set(name, unescaped(pair.substr(equals + 1), true));
  }
  return std::string(url.substr(0, slash));
}

void write_change(const RelabelStep::Change& change, const cli::Palette& colors,
                  os::Output& out) {
  const std::string name = printable(change.name);
  if (change.before.empty()) {
    out.write("      ");
    out.write(colors.green);
    out.write("+ " + name + "=" + quote(change.after));
  } else if (change.after.empty()) {
    out.write("      ");
    out.write(colors.red);
    out.write("- " + name + "=" + quote(change.before));
  } else {
    out.write("      ");
    out.write(colors.yellow);
    out.write("~ " + name + "=" + quote(change.before) + " -> " +
              quote(change.after));
  }
  out.write(colors.reset);
  out.write("\n");
}

void trace_target(const config::ScrapeConfig& config, const Labels& discovered,
                  const cli::Palette& colors, os::Output& out) {
  out.write("  discovered " + discovered.to_string() + "\n");
  LabelsBuilder labels(discovered);
  std::vector<RelabelStep> steps;
  const bool kept = trace_relabel(labels, config.relabel_configs, steps);
  for (const RelabelStep& step : steps) {
    out.write("    " + std::to_string(step.rule + 1) + " " +
              config.relabel_configs[step.rule].to_string());
    if (!step.kept) {
      out.write(colors.red);
      out.write("  dropped");
      out.write(colors.reset);
    }
    out.write("\n");
    for (const RelabelStep::Change& change : step.changes)
      write_change(change, colors, out);
  }
  if (!kept) {
    out.write("  dropped\n\n");
    return;
  }
  const auto target = make_target(config, labels.build(), discovered);
  if (target) {
    out.write("  target     " + printable(target->url) + " " +
              target->labels.to_string() + "\n\n");
  } else {
    out.write("  invalid    " + printable(target.error().message) + "\n\n");
  }
}

}  // namespace

std::string to_file_sd(const std::vector<config::TargetSet>& sets) {
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  for (const config::TargetSet& set : sets) {
    for (const config::Target& target : set.targets) {
      LabelsBuilder labels(target.labels);
      const std::string address = take_url_apart(target.url, labels);
      if (target.interval_ms != 0)
        labels.set("__scrape_interval__", format_duration(target.interval_ms));
      if (target.timeout_ms != 0)
        labels.set("__scrape_timeout__", format_duration(target.timeout_ms));
      labels.set("__unix_socket__", target.unix_socket);
      json.begin_object();
      json.key("targets").begin_array().string(address).end_array();
      json.key("labels").begin_object();
      for (const auto& [name, value] : labels.all())
        json.key(name).string(value);
      json.end_object();
      json.end_object();
    }
  }
  json.end_array();
  return out + "\n";
}

void trace_relabelling(const Job& job, os::Output& out, bool color) {
  const cli::Palette colors = cli::palette(color);
  out.write(colors.bold);
  out.write("job " + quote(job.name()));
  out.write(colors.reset);
  out.write("\n");
  for (const config::TargetGroup* group : job.groups()) {
    for (const Labels& target : group->targets)
      trace_target(job.config(),
                   discovered_labels(job.config(), target, group->labels),
                   colors, out);
  }
}

}  // namespace prom::discover
