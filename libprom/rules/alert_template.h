// Expands the labels and annotations of an alerting rule.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "libprom/base/diagnostic.h"
#include "libprom/base/result.h"
#include "libprom/rules/rule.h"
#include "libprom/rules/sample.h"
#include "libprom/template/template.h"

namespace prom::rules {

// Upstream puts it before every text, so that $labels and $value work; columns
// in messages count it.
constexpr std::string_view kTemplatePreamble =
    "{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}"
    "{{$externalURL := .ExternalURL}}{{$value := .Value}}";

// `alert` names the template in messages.
TemplatedText compile_text(std::string_view alert, std::string name,
                           std::string source);

// What all alerts of an evaluation have in common.
struct TemplateContext {
  Labels external_labels;
  std::string external_url;
  std::int64_t t_ms = 0;
  const Evaluate* evaluate = nullptr;  // for the function `query`
  std::int64_t query_offset_ms = 0;
  // Counts of expansions and failures, for the metrics; may be null.
  std::uint64_t* expansions = nullptr;
  std::uint64_t* failures = nullptr;
};

// Expands texts for one element of the rule's expression.
class AlertExpander {
 public:
  // Borrows both.
  AlertExpander(const TemplateContext& context, const Element& element);
  // A failure becomes the text "<error expanding template: …>", as upstream
  // has it, so that the alert is sent all the same.
  std::string expand(std::string_view alert, const TemplatedText& text);

 private:
  const TemplateContext& context_;
  templates::Value data_;
  templates::ExecuteOptions options_;
};

}  // namespace prom::rules
