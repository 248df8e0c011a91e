// The second engine beside the first: the same data for both, the same call,
// and what their answers differ in.
#pragma once

#include <string>
#include <string_view>

#include "libprom/query/engine.h"
#include "libprom/query/memory_source.h"

#include "tests/support/oracle.h"

namespace prom::test {

OracleData data_of(const query::Source& source);
query::MemorySource source_of(const OracleData& data);

// As query::instant() when `times.step_ms` is 0, else query::range(); an
// answer that is open is an error with Code::kNo and the reason.
Result<query::QueryResult> oracle_query(const OracleData& data,
                                        std::string_view query,
                                        const OracleTimes& times,
                                        const query::EngineOptions& options,
                                        double noise = 0);

// Where `got` is not the answer that is wanted: "" when nothing differs beyond
// last digits.  Of instant queries the order counts when `ordered`.
std::string difference(const query::QueryResult& want,
                       const query::QueryResult& got, bool ordered);
// What is said besides the result; notes about repaired histograms, which
// count samples, are compared up to their numbers.
std::string difference_of_notes(const query::QueryResult& want,
                                const query::QueryResult& got);

}  // namespace prom::test
