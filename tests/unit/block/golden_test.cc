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
