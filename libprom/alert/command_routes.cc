#include <algorithm>

#include "libprom/alert/command_internal.h"
#include "libprom/alert/plan.h"
#include "libprom/base/duration.h"
#include "libprom/cli/diagnostics.h"
#include "libprom/config/load.h"

namespace prom::alert {
namespace {

struct Options {
  std::string config_file = "alertmanager.yml";
  std::string features;
  std::string verify;  // receivers that are expected, with commas
  bool tree = false;
  std::vector<std::string> labels;
};

struct Tree {
  config::AlertmanagerConfig config;
  Compiled compiled;
};

std::expected<Tree, cli::Exit> load(const Options& options, cli::Io& io) {
  auto mode = parse_features(options.features);
  if (!mode) return std::unexpected(report(io, mode.error()));
  auto config = config::load_alertmanager(options.config_file);
  if (!config)
    return std::unexpected(
        report(io, config::to_error(config.error()), config.error()));
  auto compiled = compile(*config, *mode);
  if (!compiled)
    return std::unexpected(
        report(io, config::to_error(compiled.error()), compiled.error()));
  return Tree{.config = std::move(*config), .compiled = std::move(*compiled)};
}

std::string describe(const RouteNode& node) {
  std::string text =
      node.matchers.empty() ? "default" : to_string(node.matchers);
  if (node.continues) text += "  continue: true";
  text += "  receiver: " + node.options.receiver;
  text += "  wait " + format_duration(node.options.group_wait_ms);
  text += " interval " + format_duration(node.options.group_interval_ms);
  text += " repeat " + format_duration(node.options.repeat_interval_ms);
  return text;
}

// Of the nodes in `chosen`, or of all, what leads to them.
bool leads_to(const RouteNode& node,
              const std::vector<const RouteNode*>& chosen) {
  if (std::find(chosen.begin(), chosen.end(), &node) != chosen.end())
    return true;
  return std::any_of(
      node.children.begin(), node.children.end(),
      [&](const RouteNode& child) { return leads_to(child, chosen); });
}

void draw(const RouteNode& node, const std::string& indent, bool last,
          bool root, const std::vector<const RouteNode*>* chosen,
          os::Output& out) {
  if (chosen != nullptr && !leads_to(node, *chosen)) return;
  out.write(root ? describe(node) + "\n"
                 : indent + (last ? "└── " : "├── ") + describe(node) + "\n");
  std::vector<const RouteNode*> shown;
  for (const RouteNode& child : node.children)
    if (chosen == nullptr || leads_to(child, *chosen)) shown.push_back(&child);
  const std::string below = root ? "" : indent + (last ? "    " : "│   ");
  for (const RouteNode* child : shown)
    draw(*child, below, child == shown.back(), false, chosen, out);
}

cli::Exit show(const Options& options, cli::Io& io) {
  auto tree = load(options, io);
  if (!tree) return tree.error();
  draw(tree->compiled.plan->routes, "", true, true, nullptr, io.out);
  return cli::Exit::kOk;
}

cli::Exit test(const Options& options, cli::Io& io) {
  auto labels = parse_label_arguments(options.labels);
  if (!labels) return report(io, labels.error());
  auto tree = load(options, io);
  if (!tree) return tree.error();
  const auto nodes = match_routes(tree->compiled.plan->routes, *labels);
  if (options.tree)
    draw(tree->compiled.plan->routes, "", true, true, &nodes, io.out);
  std::string receivers;
  for (const RouteNode* node : nodes)
    receivers += (receivers.empty() ? "" : ",") + node->options.receiver;
  io.out.write(receivers + "\n");
  if (options.verify.empty() || options.verify == receivers)
    return cli::Exit::kOk;
  io.complain("expected receivers " + options.verify + ", got " + receivers);
  return cli::Exit::kNo;
}

std::vector<cli::Flag> flags(Options& options) {
  return {{.name = "config.file",
           .value = "FILE",
           .help = "The configuration (alertmanager.yml).",
           .set = cli::into_text(options.config_file)},
          {.name = "enable-feature",
           .value = "LIST",
           .help = "classic-mode or utf8-strict-mode.",
           .set = cli::into_text(options.features),
           .common = false}};
}

}  // namespace

cli::Command routes_command() {
  auto options = std::make_shared<Options>();
  std::vector<cli::Flag> test_flags = flags(*options);
  test_flags.push_back({.name = "verify.receivers",
                        .value = "LIST",
                        .help = "Exit 1 unless just these receivers, in this "
                                "order, are found.",
                        .set = cli::into_text(options->verify)});
  test_flags.push_back({.name = "tree",
                        .help = "Also draw the routes that lead there.",
                        .set = cli::into_switch(options->tree)});
  return {.name = "routes",
          .summary = "show the routing tree, or where an alert goes",
          .flags = flags(*options),
          .subcommands =
              {{.name = "show",
                .summary = "draw the routing tree",
                .flags = flags(*options),
                .run = [options](cli::Io& io) { return show(*options, io); }},
               {.name = "test",
                .summary = "print the receivers of an alert",
                .flags = std::move(test_flags),
                .positionals = {{.name = "LABEL=VALUE",
                                 .help = "The labels of the alert.",
                                 .set = cli::into_texts(options->labels),
                                 .count_max = cli::kMany}},
                .examples = {{"prom-alert routes test --config.file "
                              "alertmanager.yml severity=page team=db",
                              "who is told of this alert"}},
                .run = [options](cli::Io& io) { return test(*options, io); }}},
          .run = [options](cli::Io& io) { return show(*options, io); }};
}

}  // namespace prom::alert
