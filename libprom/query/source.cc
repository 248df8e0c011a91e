#include "libprom/query/source.h"

#include <boost/unordered/unordered_flat_map.hpp>

namespace prom::query {

LabelColumn Selection::column(std::string_view name) const {
  LabelColumn column;
  column.values.emplace_back();
  column.ids.reserve(size());
  boost::unordered_flat_map<std::string, std::uint32_t> ids;
  ids.emplace(std::string(), 0U);
  for (std::size_t i = 0; i < size(); ++i) {
    const Labels of_series = labels(i);
    const auto next = static_cast<std::uint32_t>(column.values.size());
    const auto [at, is_new] =
        ids.try_emplace(std::string(of_series.get(name)), next);
    if (is_new) column.values.push_back(at->first);
    column.ids.push_back(at->second);
  }
  return column;
}

}  // namespace prom::query
