// Native histograms as the second engine has them: buckets in ordered maps by
// index, and every operation written out from its definition.  Shares nothing
// with libprom's arithmetic but the type that data comes in.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "libprom/model/histogram.h"

namespace prom::test {

struct OracleBucket {
  double lower = 0;
  double upper = 0;
  double count = 0;
};

struct OracleHistogram {
  CounterResetHint hint = CounterResetHint::kUnknown;
  std::int32_t schema = 0;
  double zero_threshold = 0;
  double zero_count = 0;
  double count = 0;
  double sum = 0;
  std::map<std::int32_t, double> positive;
  std::map<std::int32_t, double> negative;
  std::vector<double> bounds;  // of custom buckets

  [[nodiscard]] bool is_custom() const {
    return schema == kCustomBucketsSchema;
  }
  [[nodiscard]] bool is_gauge() const {
    return hint == CounterResetHint::kGauge;
  }
};

OracleHistogram to_oracle(const FloatHistogram& histogram);
FloatHistogram to_model(const OracleHistogram& histogram);

// Drops buckets without observations.
void compact(OracleHistogram& histogram);
void reduce(OracleHistogram& histogram, std::int32_t schema);
void multiply(OracleHistogram& histogram, double factor);
void divide(OracleHistogram& histogram, double divisor);

struct OracleMerge {
  bool incompatible = false;  // nothing was done
  bool conflict = false;      // of counter resets
  bool reconciled = false;    // custom bounds differed
};
// into += sign * other
OracleMerge combine(OracleHistogram& into, OracleHistogram other, int sign);

// The sum or the mean of one or more, with what rounding loses added at the
// end.  Stops at the first that does not go with those before.
struct OracleTotal {
  OracleHistogram value;
  OracleMerge merge;
  std::size_t looked_at = 0;
};
OracleTotal total_of(const std::vector<const OracleHistogram*>& histograms,
                     bool average);

bool is_reset(const OracleHistogram& now, const OracleHistogram& before);
bool same(const OracleHistogram& a, const OracleHistogram& b);
void trim(OracleHistogram& histogram, double bound, bool keep_below);

// All buckets ascending, the zero bucket where it is populated.
std::vector<OracleBucket> buckets_of(const OracleHistogram& histogram);
OracleBucket zero_bucket_of(const OracleHistogram& histogram);

}  // namespace prom::test
