// The routing tree, compiled: which receivers an alert goes to and how it is
// grouped on the way.  Immutable once built; shared between threads.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "libprom/alert/matcher.h"
#include "libprom/base/diagnostic.h"
#include "libprom/base/result.h"
#include "libprom/config/alertmanager.h"

namespace prom::alert {

// What a node says about its alerts, with what it inherited.
struct RouteOptions {
  std::string receiver;
  std::set<std::string> group_by;
  bool group_by_all = false;
  std::int64_t group_wait_ms = 30'000;
  std::int64_t group_interval_ms = 5 * 60'000LL;
  std::int64_t repeat_interval_ms = 4 * 3'600'000LL;
  std::vector<std::string> mute_time_intervals;    // not inherited
  std::vector<std::string> active_time_intervals;  // not inherited
  config::TextPairs labels;                        // templates, by name
};

struct RouteNode {
  LabelMatchers matchers;  // sorted
  RouteOptions options;
  bool continues = false;
  // The matchers from the root: {}/{a="1"}.  Siblings may share a key.
  std::string key;
  // The key with each node's place among its siblings: unique.
  std::string id;
  std::vector<RouteNode> children;
  TextPosition at;

  // The labels of an alert that its group is known by.
  [[nodiscard]] Labels group_labels(const Labels& labels) const;
};

// Deepest nesting of routes; matching recurses.
constexpr std::size_t kRouteDepthMax = 64;

// All errors of the tree, with positions in `file`; `warnings` receives what
// the grammars of matchers disagree about.
std::expected<RouteNode, Diagnostics> build_routes(const config::Route& root,
                                                   MatcherMode mode,
                                                   const std::string& file,
                                                   Diagnostics* warnings);

// The nodes that an alert ends at: at least one, the root if nothing else.
std::vector<const RouteNode*> match_routes(const RouteNode& root,
                                           const Labels& labels);

// All three ways to write matchers as one sorted list.
LabelMatchers compile_matchers(const config::MatcherTexts& texts,
                               MatcherMode mode, const std::string& file,
                               Diagnostics& errors, Diagnostics* warnings);

// {a="b", c="d"}: how a group's labels stand in its key.
std::string format_label_set(const Labels& labels);

}  // namespace prom::alert
