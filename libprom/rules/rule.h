// Rules and groups as they are evaluated: compiled from config/rules.h by
// compile.h, immutable, shared by whoever evaluates them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libprom/model/labels.h"
#include "libprom/rules/sample.h"
#include "libprom/template/template.h"

namespace prom::rules {

// A label or annotation of a rule.
struct TemplatedText {
  std::string name;
  std::string source;
  // Null when the source has no action or does not parse; then
  // `parse_error` tells which.
  std::shared_ptr<const templates::TemplateSet> compiled = {};
  std::string parse_error = {};
};

struct Rule {
  bool is_alert = false;
  std::string name;
  Expression expression;
  std::int64_t for_ms = 0;
  std::int64_t keep_firing_for_ms = 0;
  std::vector<TemplatedText> labels;       // the group's among them, by name
  std::vector<TemplatedText> annotations;  // by name

  // The labels as they are written: with the name they identify the rule when
  // its state is carried over.
  [[nodiscard]] Labels static_labels() const;
  [[nodiscard]] std::string identity() const;
};

struct Group {
  std::string file;
  std::string name;
  std::int64_t interval_ms = 60'000;
  std::int64_t query_offset_ms = 0;
  std::int64_t limit = 0;  // 0: none
  std::vector<std::shared_ptr<const Rule>> rules;

  // "file;name", as upstream labels its metrics.
  [[nodiscard]] std::string key() const { return file + ";" + name; }
  // A digest of all that is written about the group: the same before and after
  // a reload means that nothing changed.
  std::uint64_t fingerprint = 0;
};

}  // namespace prom::rules
