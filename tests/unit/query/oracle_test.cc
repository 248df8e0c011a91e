// The engine against the oracle, on generated series and expressions.
// PROM_ORACLE_SEEDS=N runs N of them (300).
#include "tests/support/oracle.h"

#include <cmath>
#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include "libprom/promql/parser.h"
#include "libprom/query/engine.h"
#include "libprom/query/memory_source.h"

#include "tests/support/query_generator.h"

namespace prom::query {
namespace {

using test::OracleAnswer;
using test::OracleSeries;

bool near(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  if (a == b) return true;
  // Different orders of summation cancel differently.
  constexpr double kRelative = 1e-7;
  constexpr double kAbsolute = 1e-7;
  return std::fabs(a - b) <=
         kAbsolute + kRelative * std::max(std::fabs(a), std::fabs(b));
}

OracleSeries series_of(const QueryResult& result) {
  OracleSeries series;
  for (const Series& s : result.series) {
    for (const FloatPoint& p : s.floats) series[s.labels][p.t_ms] = p.value;
  }
  return series;
}

std::string difference(const OracleSeries& want, const OracleSeries& got) {
  for (const auto& [labels, points] : want) {
    const auto found = got.find(labels);
    if (found == got.end()) return "missing " + labels.to_string();
    for (const auto& [time, value] : points) {
      const auto at = found->second.find(time);
      const std::string place = labels.to_string() + "@" + std::to_string(time);
      if (at == found->second.end()) return "nothing at " + place;
      if (!near(value, at->second)) {
        return place + ": " + std::to_string(value) + " expected, got " +
               std::to_string(at->second);
      }
    }
    if (found->second.size() != points.size()) {
      return "too many points in " + labels.to_string();
    }
  }
  for (const auto& [labels, points] : got) {
    if (!want.contains(labels)) return "unexpected " + labels.to_string();
  }
  return "";
}

MemorySource source_of(const OracleSeries& data) {
  MemorySource source;
  for (const auto& [labels, points] : data) {
    const std::size_t number = source.series(labels);
    for (const auto& [time, value] : points) source.add(number, time, value);
  }
  return source;
}

TEST(Engine, AgreesWithTheOracle) {
  const char* wanted = std::getenv("PROM_ORACLE_SEEDS");
  const std::uint64_t seeds = wanted == nullptr ? 300 : std::stoull(wanted);
  std::size_t compared = 0;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    test::QueryGenerator generator(seed);
    const OracleSeries data = generator.series();
    const MemorySource source = source_of(data);
    for (int i = 0; i < 5; ++i) {
      const std::string query = generator.expression();
      const auto parsed = promql::parse(query);
      if (!parsed) continue;  // not everything that is generated is legal
      const test::OracleTimes times{1'200'000, 3'300'000, 210'000};
      const OracleAnswer want = test::oracle_evaluate(**parsed, data, times);
      if (want.ambiguous) continue;
      EngineOptions options;
      options.threads = 1 + static_cast<unsigned>(seed % 3);
      const auto got =
          range(source, query, {times.start_ms, times.end_ms, times.step_ms},
                options);
      ++compared;
      ASSERT_EQ(want.error.empty(), got.has_value())
          << "seed " << seed << ": " << query << "\n"
          << (got ? want.error : got.error().message);
      if (!got) continue;
      ASSERT_EQ("", difference(want.series, series_of(*got)))
          << "seed " << seed << ": " << query;
    }
  }
  EXPECT_GT(compared, seeds * 3);
}

}  // namespace
}  // namespace prom::query
