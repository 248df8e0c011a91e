#include "libprom/query/explain.h"

#include <algorithm>
#include <utility>

#include "libprom/base/number.h"
#include "libprom/base/utf8.h"
#include "libprom/cli/table.h"
#include "libprom/promql/functions.h"
#include "libprom/promql/printer.h"
#include "libprom/promql/walk.h"
#include "libprom/query/profile.h"

namespace prom::query {
namespace {

using promql::Expr;
using promql::ValueType;

constexpr std::int64_t kNsPerUs = 1000;

// A node without what hangs below it.
std::string head_of(const Expr& expr) {
  std::string text;
  if (const auto* aggregate = expr.as<promql::Aggregate>()) {
    promql::append_aggregate_head(text, *aggregate);
    while (text.ends_with(' ')) text.pop_back();
  } else if (const auto* call = expr.as<promql::Call>()) {
    text = std::string(call->function->name) + "()";
  } else if (const auto* binary = expr.as<promql::Binary>()) {
    text = promql::to_string(binary->op);
    promql::append_binary_modifiers(text, *binary);
  } else if (const auto* subquery = expr.as<promql::Subquery>()) {
    promql::append_subquery_suffix(text, *subquery);
  } else if (const auto* unary = expr.as<promql::Unary>()) {
    text = unary->negative ? "-" : "+";
  } else if (expr.as<promql::Paren>() != nullptr) {
    text = "( )";
  } else {
    text = promql::to_string(expr);
  }
  return text;
}

void fill_in(const NodeProfile& profile, ExplainedNode& node) {
  node.is_shared = profile.is_shared;
  node.time_us = profile.time_ns / kNsPerUs;
  if (node.type == ValueType::kScalar) return;
  node.series = profile.series;
  node.samples = profile.samples;
  if (profile.bins > 0) node.bins = profile.bins;
}

std::vector<ExplainedNode> nodes_of(const Profile& profile) {
  std::vector<ExplainedNode> nodes;
  promql::walk(*profile.tree, [&](const Expr& expr,
                                  std::span<const Expr* const> path) {
    // Marks of the engine, of which the user knows nothing.
    if (expr.as<promql::StepInvariant>() != nullptr) return true;
    ExplainedNode node;
    node.depth = static_cast<std::size_t>(
        std::ranges::count_if(path, [](const Expr* above) {
          return above->as<promql::StepInvariant>() == nullptr;
        }));
    node.text = head_of(expr);
    node.type = expr.type;
    if (const NodeProfile* const found = profile.find(expr); found != nullptr)
      fill_in(*found, node);
    nodes.push_back(std::move(node));
    return true;
  });
  return nodes;
}

std::string time_text(std::int64_t time_us) {
  if (time_us >= 10'000'000) return std::to_string(time_us / 1'000'000) + " s";
  if (time_us >= 10'000) return std::to_string(time_us / 1000) + " ms";
  return std::to_string(time_us / 1000) + "." +
         std::to_string(time_us / 100 % 10) + " ms";
}

std::string note_of(const ExplainedNode& node) {
  if (node.is_shared) return "shared: evaluated above";
  if (!node.bins) return {};
  return std::to_string(*node.bins) + " statistics";
}

// The rules that lead to node `index`: a bar for each ancestor that has more
// children to come.
std::string branches_to(const std::vector<ExplainedNode>& nodes,
                        std::size_t index, bool utf8) {
  const std::size_t depth = nodes[index].depth;
  if (depth == 0) return {};
  if (!utf8) return std::string(2 * depth, ' ');
  std::string text;
  for (std::size_t level = 1; level <= depth; ++level) {
    bool goes_on = false;
    for (std::size_t i = index + 1; i < nodes.size(); ++i) {
      if (nodes[i].depth < level) break;
      if (nodes[i].depth != level) continue;
      goes_on = true;
      break;
    }
    if (level == depth) {
      text += goes_on ? "├─" : "└─";
    } else {
      text += goes_on ? "│ " : "  ";
    }
  }
  return text;
}

}  // namespace

Result<std::vector<ExplainedNode>> explain(const Expr& expr,
                                           const Source& source,
                                           const When& when,
                                           const EngineOptions& options) {
  Profile profile;
  EngineOptions profiled = options;
  profiled.profile = &profile;
  const auto result = when.is_range
                          ? range(source, expr, "", when.times, profiled)
                          : instant(source, expr, "", when.time_ms, profiled);
  if (!result && (result.error().code == Code::kTimeout ||
                  result.error().code == Code::kCancelled || !profile.tree))
    return fail(result.error());
  std::vector<ExplainedNode> nodes = nodes_of(profile);
  if (!result) nodes.front().failure = result.error().message;
  return nodes;
}

void write_explained(const std::vector<ExplainedNode>& nodes, const View& view,
                     os::Output& out) {
  constexpr auto kRight = cli::Table::Align::kRight;
  cli::Table table({{.title = "NODE"},
                    {.title = "TYPE"},
                    {.title = "SERIES", .align = kRight},
                    {.title = "SAMPLES", .align = kRight},
                    {.title = "TIME", .align = kRight},
                    {.title = "NOTE"}});
  const auto number = [](const std::optional<std::size_t>& value) {
    return value ? std::to_string(*value) : "";
  };
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const ExplainedNode& node = nodes[i];
    table.add({branches_to(nodes, i, view.utf8) + printable(node.text),
               std::string(to_string(node.type)), number(node.series),
               number(node.samples),
               node.time_us ? time_text(*node.time_us) : "", note_of(node)});
  }
  table.write(out, view.columns, view.color, view.utf8);
  for (const ExplainedNode& node : nodes) {
    if (!node.failure.empty())
      out.write(printable(node.text + ": " + node.failure) + "\n");
  }
}

}  // namespace prom::query
