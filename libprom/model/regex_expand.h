// Replacement texts with group references, as Go's Regexp.Expand reads them:
// "$1", "${1}", "$name", "${name}", "$$".  Shared by the expressions here.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace prom {

// The group that "$1", "${1}" or "$name" at the front of `text` (after the
// dollar) means; the text it takes, or 0 when the dollar stands for itself.
struct GroupReference {
  std::string_view name;
  int number = -1;  // -1: by name
  std::size_t size = 0;
};
GroupReference group_reference(std::string_view text);

// Replaces each group reference in `replacement` with what `group` appends
// for it.
template <typename AppendGroup>
void expand_references(std::string_view replacement, std::string& out,
                       AppendGroup append_group) {
  while (true) {
    const std::size_t dollar = replacement.find('$');
    out += replacement.substr(0, dollar);
    if (dollar == std::string_view::npos) return;
    replacement.remove_prefix(dollar + 1);
    if (replacement.starts_with('$')) {
      out += '$';
      replacement.remove_prefix(1);
      continue;
    }
    const GroupReference reference = group_reference(replacement);
    if (reference.size == 0) {
      out += '$';
      continue;
    }
    append_group(reference);
    replacement.remove_prefix(reference.size);
  }
}

}  // namespace prom
