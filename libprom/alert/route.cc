#include "libprom/alert/route.h"

#include <algorithm>

#include "libprom/base/utf8.h"

namespace prom::alert {
namespace {

Diagnostic at(const std::string& file, TextPosition position,
              std::string message) {
  return {.file = file,
          .line = position.line,
          .column = position.column,
          .message = std::move(message)};
}

class Builder {
 public:
  Builder(MatcherMode mode, const std::string& file, Diagnostics* warnings)
      : mode_(mode), file_(file), warnings_(warnings) {}

  RouteNode build(const config::Route& from, const RouteNode* parent,
                  std::size_t index, std::size_t depth) {
    RouteNode node;
    node.at = from.at;
    node.continues = from.continue_;
    node.options = options(from, parent);
    node.matchers =
        compile_matchers(from.match, mode_, file_, errors, warnings_);
    const std::string own = to_string(node.matchers);
    node.key = parent == nullptr ? own : parent->key + "/" + own;
    node.id = parent == nullptr
                  ? own
                  : parent->id + "/" + own + "/" + std::to_string(index);
    if (depth == kRouteDepthMax && !from.routes.empty()) {
      errors.push_back(at(file_, from.at, "routes are nested too deeply"));
      return node;
    }
    for (const config::Route& child : from.routes)
      node.children.push_back(
          build(child, &node, node.children.size(), depth + 1));
    return node;
  }

  Diagnostics errors;

 private:
  static RouteOptions options(const config::Route& from,
                              const RouteNode* parent) {
    RouteOptions options;
    if (parent != nullptr) options = parent->options;
    if (!from.receiver.empty()) options.receiver = from.receiver;
    if (from.group_by_all) {
      options.group_by_all = true;
    } else if (from.group_by) {
      options.group_by = {from.group_by->begin(), from.group_by->end()};
      options.group_by_all = false;
    }
    options.group_wait_ms = from.group_wait_ms.value_or(options.group_wait_ms);
    options.group_interval_ms =
        from.group_interval_ms.value_or(options.group_interval_ms);
    options.repeat_interval_ms =
        from.repeat_interval_ms.value_or(options.repeat_interval_ms);
    options.mute_time_intervals = from.mute_time_intervals;
    options.active_time_intervals = from.active_time_intervals;
    for (const auto& [name, text] : from.labels) {
      const auto known =
          std::find_if(options.labels.begin(), options.labels.end(),
                       [&](const auto& label) { return label.first == name; });
      if (known != options.labels.end()) {
        known->second = text.text;
      } else {
        options.labels.emplace_back(name, text.text);
      }
    }
    return options;
  }

  const MatcherMode mode_;
  const std::string& file_;
  Diagnostics* const warnings_;
};

void collect(const RouteNode& node, const Labels& labels,
             std::vector<const RouteNode*>& found) {
  const std::size_t before = found.size();
  for (const RouteNode& child : node.children) {
    if (!matches_all(child.matchers, labels)) continue;
    collect(child, labels, found);
    if (!child.continues) break;
  }
  if (found.size() == before) found.push_back(&node);
}

}  // namespace

Labels RouteNode::group_labels(const Labels& labels) const {
  if (options.group_by_all) return labels;
  std::vector<LabelView> kept;
  for (const LabelView label : labels)
    if (options.group_by.contains(std::string(label.name)))
      kept.push_back(label);
  return Labels::from_sorted(kept);
}

std::expected<RouteNode, Diagnostics> build_routes(const config::Route& root,
                                                   MatcherMode mode,
                                                   const std::string& file,
                                                   Diagnostics* warnings) {
  Builder builder(mode, file, warnings);
  RouteNode tree = builder.build(root, nullptr, 0, 0);
  if (!builder.errors.empty())
    return std::unexpected(std::move(builder.errors));
  return tree;
}

std::vector<const RouteNode*> match_routes(const RouteNode& root,
                                           const Labels& labels) {
  std::vector<const RouteNode*> found;
  collect(root, labels, found);
  return found;
}

LabelMatchers compile_matchers(const config::MatcherTexts& texts,
                               MatcherMode mode, const std::string& file,
                               Diagnostics& errors, Diagnostics* warnings) {
  LabelMatchers all;
  const auto add = [&](Result<LabelMatcher> made, TextPosition position) {
    if (made) {
      all.push_back(std::move(*made));
    } else {
      errors.push_back(at(file, position, std::move(made).error().message));
    }
  };
  for (const auto& [name, text] : texts.match)
    add(LabelMatcher::create(MatchOp::kEqual, name, text.text), text.at);
  // Upstream keeps these with their anchors, which show in group keys.
  for (const auto& [name, text] : texts.match_re)
    add(LabelMatcher::create(MatchOp::kRegex, name, "^(?:" + text.text + ")$"),
        text.at);
  for (const config::LocatedText& text : texts.matchers) {
    std::string warning;
    auto parsed = parse_matchers(text.text, mode, &warning);
    if (!warning.empty() && warnings != nullptr) {
      warnings->push_back(at(file, text.at, std::move(warning)));
      warnings->back().severity = Severity::kWarning;
    }
    if (!parsed) {
      errors.push_back(at(file, text.at, std::move(parsed).error().message));
      continue;
    }
    std::move(parsed->begin(), parsed->end(), std::back_inserter(all));
  }
  std::sort(all.begin(), all.end());
  return all;
}

std::string format_label_set(const Labels& labels) {
  std::string out = "{";
  for (const LabelView label : labels) {
    if (out.size() > 1) out += ", ";
    out += label.name;
    out += '=';
    append_quoted(out, label.value);
  }
  out += '}';
  return out;
}

}  // namespace prom::alert
