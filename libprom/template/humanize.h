// Numbers for people: the humanize functions that both function sets share.
#pragma once

#include <string>

#include "libprom/base/result.h"
#include "libprom/template/value.h"

namespace prom::templates {

// A number out of a number, a text or a duration; the errors are Go's.
Result<double> to_number(const Value& value);

std::string humanize(double value);             // 1.235M, 120m
std::string humanize_1024(double value);        // 1.177Mi
std::string humanize_percentage(double value);  // of 0.123: 12.3%
std::string humanize_duration(double value);    // of seconds: 1d 2h 3m 4s
// Seconds since 1970 as a time; fails for what does not fit into nanoseconds
// of 63 bits.
Result<Time> time_of_seconds(double seconds);
Result<std::string> humanize_timestamp(double seconds);

}  // namespace prom::templates
