#include "libprom/template/template.h"

#include "libprom/base/utf8.h"
#include "libprom/template/executor.h"
#include "libprom/template/node.h"
#include "libprom/template/parser.h"

namespace prom::templates {

Status TemplateSet::parse(std::string_view name, std::string_view text,
                          Diagnostic* where) {
  auto trees = parse_trees(name, text, *functions_, where);
  if (!trees) return fail(std::move(trees).error());
  for (auto& tree : *trees) {
    if (tree->is_empty() && trees_.contains(tree->name)) continue;
    trees_.insert_or_assign(tree->name, std::move(tree));
  }
  return {};
}

Result<std::string> TemplateSet::execute(std::string_view name,
                                         const Value& data,
                                         const ExecuteOptions& options,
                                         Diagnostic* where) const {
  const auto found = trees_.find(name);
  if (found == trees_.end())
    return fail(Code::kBadData, "template: no template " + quote(name) +
                                    " associated with template \"\"");
  return Executor(*this, options).run(*found->second, data, where);
}

Result<std::string> TemplateSet::expand(std::string_view text,
                                        const Value& data,
                                        const ExecuteOptions& options,
                                        Diagnostic* where) const {
  TemplateSet clone = *this;
  if (auto parsed = clone.parse("", text, where); !parsed)
    return fail(std::move(parsed).error());
  return clone.execute("", data, options, where);
}

bool TemplateSet::defines(std::string_view name) const {
  return trees_.contains(name);
}

std::vector<std::string> TemplateSet::names() const {
  std::vector<std::string> names;
  names.reserve(trees_.size());
  for (const auto& [name, tree] : trees_) names.push_back(name);
  return names;
}

}  // namespace prom::templates
