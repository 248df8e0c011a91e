#include "libprom/query/explain.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "libprom/base/number.h"
#include "libprom/base/utf8.h"
#include "libprom/cli/table.h"
#include "libprom/promql/functions.h"
#include "libprom/promql/printer.h"
#include "libprom/promql/walk.h"

namespace prom::query {
namespace {

using promql::Expr;
using promql::ValueType;

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

class Explainer {
 public:
  Explainer(const Source& source, const When& when,
            const EngineOptions& options)
      : source_(source), when_(when), options_(options) {}

  Result<std::vector<ExplainedNode>> run(const Expr& root) {
    Status status;
    promql::walk(root,
                 [&](const Expr& expr, std::span<const Expr* const> path) {
                   if (status) status = add(expr, path.size());
                   return status.has_value();
                 });
    if (!status) return fail(std::move(status).error());
    return std::move(nodes_);
  }

 private:
  Status add(const Expr& expr, std::size_t depth) {
    ExplainedNode node;
    node.depth = depth;
    node.text = head_of(expr);
    node.type = expr.type;
    if (nodes_.size() < kExplainedNodesMax) {
      const auto begin = std::chrono::steady_clock::now();
      Status measured = measure(expr, node);
      node.time_us = std::chrono::duration_cast<std::chrono::microseconds>(
                         std::chrono::steady_clock::now() - begin)
                         .count();
      if (!measured) {
        const Code code = measured.error().code;
        if (code == Code::kTimeout || code == Code::kCancelled) return measured;
        node.failure = measured.error().message;
      }
    }
    nodes_.push_back(std::move(node));
    return {};
  }

  Status measure(const Expr& expr, ExplainedNode& node) {
    if (const auto* matrix = expr.as<promql::MatrixSelector>())
      return measure_selector(matrix->selector, matrix->range.ms, node);
    if (const auto* selector = expr.as<promql::VectorSelector>())
      return measure_selector(*selector, options_.lookback_ms, node);
    if (expr.type == ValueType::kString) return {};
    // A range has no range vectors: a subquery is measured at its end.
    const bool as_range = when_.is_range && expr.type != ValueType::kMatrix;
    const std::int64_t time_ms =
        when_.is_range ? when_.times.end_ms : when_.time_ms;
    const auto result = as_range
                            ? range(source_, expr, "", when_.times, options_)
                            : instant(source_, expr, "", time_ms, options_);
    if (!result) return fail(result.error());
    if (expr.type == ValueType::kScalar) return {};
    node.series = result->series.size();
    std::size_t samples = 0;
    for (const Series& one : result->series)
      samples += one.floats.size() + one.histograms.size();
    node.samples = samples;
    return {};
  }

  // What is stored within the times that are looked at.  Where offset or @
  // shift them, the whole of the query's times is shifted.
  Status measure_selector(const promql::VectorSelector& selector,
                          std::int64_t range_ms, ExplainedNode& node) {
    std::int64_t first = when_.is_range ? when_.times.start_ms : when_.time_ms;
    std::int64_t last = when_.is_range ? when_.times.end_ms : when_.time_ms;
    if (selector.at.kind == promql::AtKind::kTime)
      first = last = selector.at.ms;
    if (selector.at.kind == promql::AtKind::kStart) last = first;
    if (selector.at.kind == promql::AtKind::kEnd) first = last;
    const SelectRange span = {
        .min_ms = first - selector.offset.ms - range_ms + 1,
        .max_ms = last - selector.offset.ms};
    const auto selection = source_.select(selector.matchers, span);
    if (!selection) return fail(selection.error());
    node.series = (*selection)->size();
    const auto batch = (*selection)->new_batch();
    constexpr std::size_t kBatch = 128;
    std::size_t samples = 0;
    for (std::size_t at = 0; at < (*selection)->size(); at += kBatch) {
      if (options_.stop.stop_requested())
        return fail(Code::kCancelled, "cancelled");
      const std::size_t count = std::min(kBatch, (*selection)->size() - at);
      Status read = (*selection)->read(at, count, *batch);
      if (!read) return read;
      for (const SeriesSamples& one : batch->series) {
        samples += static_cast<std::size_t>(
            std::ranges::count_if(one.t_ms, [&span](std::int64_t t_ms) {
              return t_ms >= span.min_ms && t_ms <= span.max_ms;
            }));
      }
    }
    node.samples = samples;
    return {};
  }

  const Source& source_;
  const When& when_;
  const EngineOptions& options_;
  std::vector<ExplainedNode> nodes_;
};

std::string time_text(std::int64_t time_us) {
  if (time_us >= 10'000'000) return std::to_string(time_us / 1'000'000) + " s";
  if (time_us >= 10'000) return std::to_string(time_us / 1000) + " ms";
  return std::to_string(time_us / 1000) + "." +
         std::to_string(time_us / 100 % 10) + " ms";
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
  return Explainer(source, when, options).run(expr);
}

void write_explained(const std::vector<ExplainedNode>& nodes, const View& view,
                     os::Output& out) {
  constexpr auto kRight = cli::Table::Align::kRight;
  cli::Table table({{.title = "NODE"},
                    {.title = "TYPE"},
                    {.title = "SERIES", .align = kRight},
                    {.title = "SAMPLES", .align = kRight},
                    {.title = "TIME", .align = kRight}});
  const auto number = [](const std::optional<std::size_t>& value) {
    return value ? std::to_string(*value) : "";
  };
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const ExplainedNode& node = nodes[i];
    table.add({branches_to(nodes, i, view.utf8) + printable(node.text),
               std::string(to_string(node.type)), number(node.series),
               number(node.samples),
               node.time_us ? time_text(*node.time_us) : ""});
  }
  table.write(out, view.columns, view.color, view.utf8);
  for (const ExplainedNode& node : nodes) {
    if (!node.failure.empty())
      out.write(printable(node.text + ": " + node.failure) + "\n");
  }
}

}  // namespace prom::query
