// What GET /api/v1/… of Prometheus and of servers like it answers, read into
// our own types.  Servers are not trusted: whatever does not have the expected
// shape is kBadData, and an answer that says "error" becomes that error with
// the server's own text.
//
// Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/model/labels.h"
#include "libprom/query/engine.h"
#include "libprom/query/source.h"

namespace prom::query {

// Of query and query_range, with warnings and infos.
Result<QueryResult> read_query_answer(std::string_view body);

// Of labels, label/…/values and series; warnings are appended.
Result<std::vector<std::string>> read_names_answer(
    std::string_view body, std::vector<std::string>& warnings);
Result<std::vector<Labels>> read_series_answer(
    std::string_view body, std::vector<std::string>& warnings);

// Of metadata, ascending by family; of a family with several descriptions the
// first.
Result<std::vector<FamilyDescription>> read_metadata_answer(
    std::string_view body);

}  // namespace prom::query
