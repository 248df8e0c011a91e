// Blocks of earlier versions are read for ever.  With PROM_MAKE_GOLDEN set the
// test writes the file of this version instead.
#include <cstdlib>
#include <fstream>

#include <gtest/gtest.h>

#include "libprom/block/block.h"

#include "tests/support/block_oracle.h"
#include "tests/support/temporary_directory.h"

namespace prom::block {
namespace {

constexpr const char* kGolden = "tests/unit/block/golden/v1";

Oracle golden_oracle() {
  std::mt19937_64 random(1);
  return make_oracle({.targets = 2,
                      .metrics = 6,
                      .scrapes = 60,
                      .histograms = 0.2,
                      .starts = 0.3,
                      .shorter = 0.3},
                     random);
}

void make_golden() {
  const TemporaryDirectory directory;
  const Oracle oracle = golden_oracle();
  const auto path =
      write_oracle(oracle, os::real_file_system(), directory.path(),
                   {.id = test_id(),
                    .level = 2,
                    .parents = {test_id(2)},
                    .statistics = true});
  std::ofstream(std::string(kGolden) + ".block", std::ios::binary)
      << *os::read_file(*path);
  std::ofstream(std::string(kGolden) + ".txt") << dump_oracle(oracle);
}

// With bins beside samples, and some alone; without histograms, which keep
// series from having any.
constexpr const char* kGoldenBins = "tests/unit/block/golden/v1-bins";

BinsAlone golden_alone() {
  BinsAlone alone;
  for (std::size_t i = 0; i < kResolutions; ++i) {
    for (std::int64_t k = 1; k <= 3; ++k) {
      const std::int64_t end_ms = 1'699'200'000'000 + k * kResolutionsMs[i];
      alone[i].push({.first_ms = end_ms - 200'000,
                     .last_ms = end_ms - k,
                     .count = 10,
                     .first = 1.5,
                     .last = static_cast<double>(k),
                     .min = -2,
                     .max = 9,
                     .sum = 12.25,
                     .taken = k == 2 ? 3.0 : 0.0},
                    kBinAll);
    }
  }
  return alone;
}

Oracle golden_bins_oracle() {
  std::mt19937_64 random(2);
  return make_oracle({.targets = 2, .metrics = 6, .scrapes = 300}, random);
}

void make_golden_bins() {
  const TemporaryDirectory directory;
  auto writer = *Writer::create(os::real_file_system(), directory.path(),
                                {.id = test_id(), .statistics = true});
  const BinsAlone alone = golden_alone();
  int number = 0;
  for (const auto& [labels, series] : golden_bins_oracle()) {
    const Samples samples = samples_of(series);
    ASSERT_TRUE(writer->add(labels, samples.of(0),
                            number++ % 4 == 0 ? &alone : nullptr));
  }
  ASSERT_TRUE(writer->finish());
  std::ofstream(std::string(kGoldenBins) + ".block", std::ios::binary)
      << *os::read_file(directory.path() + "/" + test_id().to_string());
}

TEST(GoldenBlock, OfBinsIsReadForEver) {
  if (std::getenv("PROM_MAKE_GOLDEN") != nullptr) make_golden_bins();
  const auto block = Block::open(std::string(kGoldenBins) + ".block");
  ASSERT_TRUE(block) << block.error().message;
  EXPECT_TRUE((*block)->info().bins_alone);
  (*block)->verify([](const Error& error) { ADD_FAILURE() << error.message; });
  const BinsAlone alone = golden_alone();
  Ordinal ordinal = 0;
  for (const auto& [labels, series] : golden_bins_oracle()) {
    SCOPED_TRACE(labels.to_string());
    const bool has_alone = ordinal % 4 == 0;
    for (std::size_t i = 0; i < kResolutions; ++i) {
      const auto bins = (*block)->bins(ordinal, i);
      ASSERT_TRUE(bins);
      ASSERT_EQ(bins->alone.size(), has_alone ? alone[i].size() : 0);
      for (std::size_t k = 0; k < bins->alone.size(); ++k) {
        EXPECT_EQ(bins->alone.last_ms[k], alone[i].last_ms[k]);
        EXPECT_EQ(bins->alone.first_ms[k], alone[i].first_ms[k]);
        EXPECT_EQ(bins->alone.sum[k], alone[i].sum[k]);
        EXPECT_EQ(bins->alone.min[k], alone[i].min[k]);
        EXPECT_EQ(bins->alone.taken[k], alone[i].taken[k]);
      }
    }
    if (!has_alone) expect_bins(**block, ordinal, series);
    ++ordinal;
  }
}

TEST(GoldenBlock, IsReadForEver) {
  if (std::getenv("PROM_MAKE_GOLDEN") != nullptr) make_golden();
  const auto block = Block::open(std::string(kGolden) + ".block");
  ASSERT_TRUE(block) << block.error().message;
  EXPECT_EQ((*block)->info().id, test_id());
  EXPECT_EQ((*block)->info().level, 2U);
  EXPECT_EQ((*block)->info().parents, std::vector<Ulid>{test_id(2)});
  const auto text = dump_block(**block);
  ASSERT_TRUE(text) << text.error().message;
  EXPECT_EQ(*text, os::read_file(std::string(kGolden) + ".txt").value());
  (*block)->verify([](const Error& error) { ADD_FAILURE() << error.message; });
}

}  // namespace
}  // namespace prom::block
