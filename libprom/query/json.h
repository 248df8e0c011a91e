// A result or an error byte for byte as GET /api/v1/query and /query_range of
// Prometheus answer it.
#pragma once

#include <string>

#include "libprom/base/json_writer.h"
#include "libprom/base/result.h"
#include "libprom/os/output.h"
#include "libprom/query/engine.h"

namespace prom::query {

// {"status":"success","data":{"resultType":…,"result":…},"warnings":…}.
// Writes series by series, so that a large result is not there twice.
void write_json(const QueryResult& result, os::Output& out);

// One element of the result: {"metric":{…},"value":[…]}.
void write_json_series(const Series& series, bool is_range, JsonWriter& json);

// {"status":"error","errorType":"bad_data","error":…}
void write_json_error(const Error& error, os::Output& out);

// What upstream calls this kind of error: "bad_data", "timeout" ….
std::string_view error_type(Code code);

}  // namespace prom::query
