#include "libprom/rules/rule.h"

namespace prom::rules {

Labels Rule::static_labels() const {
  LabelsBuilder builder;
  for (const TemplatedText& label : labels)
    builder.set(label.name, label.source);
  return builder.build();
}

std::string Rule::identity() const {
  return (is_alert ? "alert " : "record ") + name + static_labels().to_string();
}

}  // namespace prom::rules
