// promql_twin [COUNT [SEED]]: random queries on the engine and on the second
// engine of tests/support/oracle.h, which have to agree on results, errors,
// order and annotations.  800 queries by default; PROM_LONG=1: 20,000.
//
// A disagreement is made as small as it can be, in query and data, and printed
// as a promqltest file.  Expressions that ever disagreed are listed in
// promql_twin.txt beside this source and run on several data sets.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "libprom/base/number.h"
#include "libprom/promql/functions.h"
#include "libprom/promql/parser.h"
#include "libprom/promql/printer.h"
#include "libprom/promql/walk.h"

#include "tests/support/oracle_peer.h"
#include "tests/support/query_generator.h"

namespace {

using prom::promql::Expr;
using prom::promql::ExprPtr;
using prom::query::EngineOptions;
using prom::query::QueryResult;
using prom::test::OracleData;
using prom::test::OracleTimes;

constexpr std::size_t kQueriesOfData = 10;
constexpr std::size_t kReportsMax = 20;
// Relative errors of this size that grow beyond what difference() forgives
// are a property of the query.
constexpr double kNoise = 1e-13;

struct Case {
  std::string query;
  OracleTimes times;
  EngineOptions options;
  OracleData data;
};

enum class Verdict { kSame, kDiffers, kOpen, kUnstable };
struct Outcome {
  Verdict verdict = Verdict::kSame;
  std::string text;  // what differs, or why nothing can be compared
  bool failed = false;
};

// The order of an instant result is defined by its outermost node only.
bool is_ordered(const Expr& root) {
  const Expr& expr = prom::promql::unwrap(root);
  if (const auto* call = expr.as<prom::promql::Call>()) {
    return call->function->name.starts_with("sort");
  }
  const auto* aggregate = expr.as<prom::promql::Aggregate>();
  using prom::promql::AggregateOp;
  return aggregate != nullptr && aggregate->grouping.empty() &&
         !aggregate->without &&
         (aggregate->op == AggregateOp::kTopk ||
          aggregate->op == AggregateOp::kBottomk);
}

prom::Result<QueryResult> ask_engine(const Case& c) {
  const auto source = prom::test::source_of(c.data);
  if (c.times.step_ms == 0) {
    return prom::query::instant(source, c.query, c.times.start_ms, c.options);
  }
  return prom::query::range(source, c.query,
                            {c.times.start_ms, c.times.end_ms, c.times.step_ms},
                            c.options);
}

// Where upstream reads histograms without buckets it also fills in what they
// say about resets, from whatever it happened to read before.
bool reads_without_buckets(const std::string& query) {
  return query.find("histogram_count(") != std::string::npos ||
         query.find("histogram_sum(") != std::string::npos ||
         query.find("histogram_avg(") != std::string::npos;
}

void forget_reset_conflicts(QueryResult& result) {
  std::erase_if(result.warnings, [](const std::string& text) {
    return text.find("conflicting counter resets") != std::string::npos;
  });
}

Outcome compare(const Case& c) {
  const auto parsed = prom::promql::parse(c.query, c.options.parse);
  if (!parsed) return {Verdict::kOpen, "does not parse", false};
  const bool ordered = c.times.step_ms == 0 && is_ordered(**parsed);
  auto want = prom::test::oracle_query(c.data, c.query, c.times, c.options);
  if (!want && want.error().code == prom::Code::kNo) {
    return {Verdict::kOpen, want.error().message, false};
  }
  auto got = ask_engine(c);
  std::string differs;
  if (want.has_value() != got.has_value()) {
    differs = want ? "failed: " + got.error().message
                   : "did not fail: " + want.error().message;
  } else if (want) {
    if (reads_without_buckets(c.query)) {
      forget_reset_conflicts(*want);
      forget_reset_conflicts(*got);
    }
    differs = prom::test::difference(*want, *got, ordered);
    if (differs.empty()) {
      differs = prom::test::difference_of_notes(*want, *got);
    }
  }
  if (differs.empty()) return {Verdict::kSame, "", !want};
  auto shaken =
      prom::test::oracle_query(c.data, c.query, c.times, c.options, kNoise);
  if (shaken.has_value() != want.has_value() ||
      (want && !prom::test::difference(*want, *shaken, ordered).empty())) {
    return {Verdict::kUnstable, differs, false};
  }
  return {Verdict::kDiffers, differs, false};
}

// -- Making a case smaller

// Every expression that comes from replacing one node by one of its children.
std::vector<std::string> smaller_queries(const Case& c) {
  std::vector<std::string> queries;
  const auto parsed = prom::promql::parse(c.query, c.options.parse);
  if (!parsed) return queries;
  std::size_t nodes = 0;
  prom::promql::for_each_node(**parsed, [&](const Expr&) { ++nodes; });
  for (std::size_t at = 0; at < nodes; ++at) {
    for (std::size_t child = 0;; ++child) {
      ExprPtr copy = prom::promql::clone(**parsed);
      std::vector<ExprPtr*> pending = {&copy};
      std::size_t seen = 0;
      bool done = false;
      bool changed = false;
      while (!pending.empty() && !done) {
        ExprPtr* node = pending.back();
        pending.pop_back();
        std::vector<ExprPtr*> children;
        prom::promql::append_children(**node, children);
        if (seen++ == at) {
          done = true;
          if (child >= children.size()) break;
          ExprPtr kept = std::move(*children[child]);
          *node = std::move(kept);
          changed = true;
        }
        pending.insert(pending.end(), children.begin(), children.end());
        if (changed) break;
      }
      if (!changed) break;
      queries.push_back(prom::promql::to_string(*copy));
    }
  }
  return queries;
}

bool still_differs(const Case& c) {
  return compare(c).verdict == Verdict::kDiffers;
}

Case shrunk(Case c) {
  for (bool again = true; again;) {
    again = false;
    for (const std::string& query : smaller_queries(c)) {
      Case smaller = c;
      smaller.query = query;
      if (!still_differs(smaller)) continue;
      c = std::move(smaller);
      again = true;
      break;
    }
  }
  const auto try_it = [&](const std::function<void(Case&)>& change) {
    Case smaller = c;
    change(smaller);
    if (still_differs(smaller)) c = std::move(smaller);
  };
  const OracleData all = c.data;
  for (const auto& [labels, samples] : all) {
    try_it([&](Case& s) { s.data.erase(labels); });
  }
  const OracleData left = c.data;
  for (const auto& [labels, samples] : left) {
    for (std::size_t part = samples.size(); part > 0; part /= 2) {
      std::vector<std::int64_t> times;
      for (const auto& [time, sample] : c.data[labels]) times.push_back(time);
      for (std::size_t i = 0; i < times.size(); i += part) {
        try_it([&](Case& s) {
          for (std::size_t j = i; j < std::min(i + part, times.size()); ++j) {
            s.data[labels].erase(times[j]);
          }
        });
      }
    }
  }
  try_it([](Case& s) { s.options.delayed_name_removal = true; });
  try_it([](Case& s) { s.options.use_start_timestamps = true; });
  try_it([](Case& s) { s.options.type_and_unit_labels = false; });
  return c;
}

// -- Printing it

std::string seconds(std::int64_t ms) {
  return ms % 1000 == 0 ? std::to_string(ms / 1000) + "s"
                        : std::to_string(ms) + "ms";
}

void print(const Case& c, const std::string& text) {
  std::printf("# %s%s%s\nclear\nload 1s\n",
              c.options.delayed_name_removal ? "" : "names removed at once ",
              c.options.use_start_timestamps ? "" : "no start timestamps ",
              c.options.type_and_unit_labels ? "type and unit labels" : "");
  for (const auto& [labels, samples] : c.data) {
    std::string line;
    std::string starts;
    std::int64_t next = 0;
    for (const auto& [time, sample] : samples) {
      const std::int64_t gap = time / 1000 - next;
      if (gap > 0) {
        line += " _x" + std::to_string(gap);
        starts += " _x" + std::to_string(gap);
      }
      next = time / 1000 + 1;
      const auto& value = sample.value;
      line += " " +
              (value.histogram
                   ? prom::test::to_model(*value.histogram).to_test_expression()
                   : prom::format_float(value.number));
      starts +=
          " " + (sample.start_ms == 0
                     ? "_"
                     : std::to_string((sample.start_ms - time) / 1000) + "s");
    }
    std::printf("  %s%s\n", labels.to_string().c_str(), line.c_str());
    if (starts.find('s') != std::string::npos) {
      std::printf("  # @st%s\n", starts.c_str());
    }
  }
  if (c.times.step_ms == 0) {
    std::printf("eval instant at %s %s\n", seconds(c.times.start_ms).c_str(),
                c.query.c_str());
  } else {
    std::printf("eval range from %s to %s step %s %s\n",
                seconds(c.times.start_ms).c_str(),
                seconds(c.times.end_ms).c_str(),
                seconds(c.times.step_ms).c_str(), c.query.c_str());
  }
  std::printf("  # %s\n\n", text.c_str());
}

// -- Running

struct Counts {
  std::size_t same = 0;
  std::size_t failing = 0;  // of these
  std::size_t differing = 0;
  std::size_t open = 0;
  std::size_t unstable = 0;
};

void run(const Case& c, Counts& counts) {
  const Outcome outcome = compare(c);
  switch (outcome.verdict) {
    case Verdict::kSame:
      ++counts.same;
      if (outcome.failed) ++counts.failing;
      break;
    case Verdict::kOpen:
      ++counts.open;
      break;
    case Verdict::kUnstable:
      ++counts.unstable;
      break;
    case Verdict::kDiffers: {
      if (++counts.differing > kReportsMax) break;
      const Case small = shrunk(c);
      std::printf("# found with %s\n", c.query.c_str());
      print(small, compare(small).text);
      break;
    }
  }
}

EngineOptions random_options(prom::test::QueryGenerator& generator) {
  EngineOptions options;
  options.parse = prom::promql::ParseOptions::all();
  options.threads = generator.chance(50) ? 1 : 3;
  options.delayed_name_removal = generator.chance(40);
  options.use_start_timestamps = generator.chance(40);
  options.type_and_unit_labels = generator.chance(20);
  return options;
}

void run_generated(std::size_t wanted, std::uint64_t seed, Counts& counts) {
  while (counts.same + counts.differing + counts.unstable < wanted) {
    prom::test::QueryGenerator generator(seed++);
    Case c;
    c.data = generator.data();
    for (std::size_t i = 0; i < kQueriesOfData; ++i) {
      c.options = random_options(generator);
      c.times = generator.times();
      c.query = generator.expression();
      run(c, counts);
    }
  }
}

void run_listed(std::size_t data_sets, Counts& counts) {
  std::ifstream in("tests/conformance/promql_twin.txt");
  std::vector<std::string> queries;
  for (std::string line; std::getline(in, line);) {
    if (!line.empty() && line[0] != '#') queries.push_back(line);
  }
  for (std::uint64_t seed = 0; seed < data_sets; ++seed) {
    prom::test::QueryGenerator generator(seed);
    Case c;
    c.data = generator.data();
    for (const std::string& query : queries) {
      c.options = random_options(generator);
      c.times = generator.times();
      c.query = query;
      run(c, counts);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  constexpr std::size_t kCheck = 800;
  constexpr std::size_t kLong = 20'000;
  const bool is_long = std::getenv("PROM_LONG") != nullptr;
  const auto number = [&](int at, std::uint64_t otherwise) {
    if (at >= argc) return otherwise;
    return prom::parse_uint(argv[at]).value_or(otherwise);
  };
  const std::size_t wanted = number(1, is_long ? kLong : kCheck);
  const std::uint64_t seed = number(2, 1);
  Counts listed;
  run_listed(is_long ? 30 : 6, listed);
  Counts generated;
  run_generated(wanted, seed, generated);
  std::printf(
      "generated from seed %llu: %zu agree (%zu of them are errors), %zu "
      "differ, %zu hang on rounding, %zu are left open\n",
      static_cast<unsigned long long>(seed), generated.same, generated.failing,
      generated.differing, generated.unstable, generated.open);
  const std::size_t failed = listed.differing + generated.differing;
  // A comparison that leaves out most of what it is given shows nothing.
  const bool thin = generated.unstable * 20 > wanted ||
                    generated.failing * 2 > generated.same;
  std::printf("%zu passed, %zu failed, 0 skipped\n",
              listed.same + generated.same, failed + (thin ? 1 : 0));
  return failed == 0 && !thin ? 0 : 1;
}
