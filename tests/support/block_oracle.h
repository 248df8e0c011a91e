// A block and what it must answer: a plain map of series, filled at random,
// and the block that is written of it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "libprom/block/block.h"
#include "libprom/block/writer.h"
#include "libprom/model/labels.h"
#include "libprom/model/samples.h"
#include "libprom/os/file.h"

namespace prom::block {

struct OracleSample {
  std::int64_t t_ms = 0;
  double value = 0;
  std::optional<FloatHistogram> histogram;
  std::int64_t start_ms = 0;
};

struct OracleSeries {
  std::vector<OracleSample> samples;
  std::vector<Exemplar> exemplars;
};

using Oracle = std::map<Labels, OracleSeries>;

struct OracleShape {
  int targets = 5;
  int metrics = 7;
  int scrapes = 50;
  std::int64_t first_ms = 1'700'000'000'000;
  double histograms = 0;  // share of the series that have some
  double starts = 0;
  double shorter = 0;  // share that begins later or ends earlier
};

Oracle make_oracle(const OracleShape& shape, std::mt19937_64& random);

// Samples of a series as a writer takes them.
Samples samples_of(const OracleSeries& series);

Ulid test_id(std::uint64_t number = 1);

// Writes the block; the name of its file.
Result<std::string> write_oracle(const Oracle& oracle, os::FileSystem& files,
                                 const std::string& directory,
                                 const WriterOptions& options);

// What the block must say of `series` in a range of time.
std::vector<OracleSample> in_range(const OracleSeries& series,
                                   std::int64_t min_ms, std::int64_t max_ms);

// Holds the bins of a series, and what read_bins() makes of many ranges,
// against its samples.
void expect_bins(const Block& block, Ordinal series,
                 const OracleSeries& oracle);

// Text of samples, bit by bit; equal texts are equal samples.
std::string dump(const std::vector<OracleSample>& samples);
std::string dump(const Samples& samples);

// Everything that a block answers, as one text; or the first error.
Result<std::string> dump_block(const Block& block);
std::string dump_oracle(const Oracle& oracle);

}  // namespace prom::block
