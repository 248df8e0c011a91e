// Hostile and damaged blocks: an error, or the right answer, never another.
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "libprom/base/checksum.h"
#include "libprom/block/format.h"
#include "libprom/block/writer.h"

#include "tests/support/block_oracle.h"
#include "tests/support/temporary_directory.h"

namespace prom::block {
namespace {

void write_file(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

class Damage : public testing::Test {
 protected:
  Damage() {
    std::mt19937_64 random(1);
    oracle_ = make_oracle({.targets = 2,
                           .metrics = 4,
                           .scrapes = 20,
                           .histograms = 0.2,
                           .starts = 0.2},
                          random);
    path_ = *write_oracle(oracle_, os::real_file_system(), directory_.path(),
                          {.id = test_id(), .statistics = true});
    content_ = *os::read_file(path_);
  }

  TemporaryDirectory directory_;
  Oracle oracle_;
  std::string path_;
  std::string content_;
};

TEST_F(Damage, OfAnyBitIsAnErrorOrChangesNothing) {
  const std::string expected = dump_oracle(oracle_);
  const std::string path = directory_.path() + "/flipped";
  std::size_t refused = 0;
  for (std::size_t i = 0; i < content_.size(); ++i) {
    // Each bit of what is not padding, one of the rest.
    const bool padding = content_[i] == 0;
    for (int bit = static_cast<int>(i % 8); bit < 8; bit += padding ? 8 : 3) {
      std::string flipped = content_;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << bit));
      write_file(path, flipped);
      const auto block = Block::open(path);
      if (!block) {
        ++refused;
        continue;
      }
      std::size_t damage = 0;
      (*block)->verify([&](const Error& error) {
        ++damage;
        EXPECT_NE(error.message.find(path), std::string::npos);
        EXPECT_NE(error.message.find("offset"), std::string::npos);
      });
      ASSERT_GE(damage, 1U) << i << ' ' << bit;
      const auto text = dump_block(**block);
      ASSERT_TRUE(!text || *text == expected) << i << ' ' << bit;
    }
  }
  EXPECT_GT(refused, 0U);
}

TEST_F(Damage, OfAnyLengthIsRefused) {
  const std::string path = directory_.path() + "/cut";
  for (std::size_t size = 0; size < content_.size();
       size += size < 5000 ? 97 : 1013) {
    write_file(path, content_.substr(0, size));
    EXPECT_FALSE(Block::open(path)) << size;
  }
  write_file(path, content_ + "x");
  EXPECT_FALSE(Block::open(path));
}

TEST_F(Damage, CostsItselfOnly) {
  // A large block, one page of values of which is overwritten.
  std::mt19937_64 random(1);
  const Oracle oracle =
      make_oracle({.targets = 30, .metrics = 12, .scrapes = 500}, random);
  const TemporaryDirectory directory;
  const auto path = write_oracle(oracle, os::real_file_system(),
                                 directory.path(), {.id = test_id()});
  std::string content = *os::read_file(*path);
  content.replace(100 * kPageBytes + 50, 20, 20, 'x');
  write_file(*path, content);
  const auto block = Block::open(*path);
  ASSERT_TRUE(block);
  Ordinal ordinal = 0;
  std::size_t damaged = 0;
  for (const auto& [labels, series] : oracle) {
    Samples samples;
    samples.push(1, 1.0);
    samples.end_series();
    EXPECT_EQ((*block)->labels(ordinal).value_or(Labels()), labels);
    const Status status =
        (*block)->read(ordinal++, INT64_MIN, INT64_MAX, samples);
    if (status) {
      EXPECT_EQ(samples.t_ms.size(), 1 + series.samples.size());
      continue;
    }
    ++damaged;
    EXPECT_EQ(status.error().code, Code::kCorrupt);
    EXPECT_NE(status.error().message.find(*path + ": offset 409600"),
              std::string::npos)
        << status.error().message;
    EXPECT_EQ(samples.t_ms.size(), 1U);
    EXPECT_TRUE(samples.histogram.empty());
  }
  EXPECT_GE(damaged, 1U);
  EXPECT_LE(damaged, 30U);
}

TEST_F(Damage, OfAHashIsRepairedFromTheLabels) {
  std::mt19937_64 random(1);
  const Oracle oracle =
      make_oracle({.targets = 100, .metrics = 20, .scrapes = 1}, random);
  const TemporaryDirectory directory;
  const auto path = write_oracle(oracle, os::real_file_system(),
                                 directory.path(), {.id = test_id()});
  std::string content = *os::read_file(*path);
  const auto header =
      decode_header(as_bytes(content).first(kPageBytes), content.size());
  ASSERT_TRUE(header);
  const auto hashes = header->section(SectionKind::kHashes);
  ASSERT_TRUE(hashes);
  // A page with nothing but hashes.
  const std::uint64_t page = hashes->offset / kPageBytes + 1;
  ASSERT_LE((page + 1) * kPageBytes, hashes->offset + hashes->size);
  content[page * kPageBytes + 100] ^= 1;
  write_file(*path, content);
  const auto block = *Block::open(*path);
  Ordinal ordinal = 0;
  for (const auto& [labels, series] : oracle)
    ASSERT_EQ(block->labels_hash(ordinal++), labels.hash());
}

TEST_F(Damage, OfAFileThatShrinksUnderAReaderIsAnError) {
  const std::string expected = dump_oracle(oracle_);
  for (const bool read_before : {false, true}) {
    for (const std::size_t size : {std::size_t{0}, kPageBytes}) {
      const std::string path = directory_.path() + "/shrinking";
      write_file(path, content_);
      const auto block = *Block::open(path);
      if (read_before) {
        ASSERT_EQ(dump_block(*block).value_or(""), expected);
      }
      std::filesystem::resize_file(path, size);
      for (int i = 0; i < 3; ++i) {
        const auto text = dump_block(*block);
        ASSERT_FALSE(text);
        EXPECT_NE(text.error().message.find(path), std::string::npos);
      }
      std::filesystem::remove(path);
    }
  }
}

TEST_F(Damage, InAVersionOfTheFutureIsAskedForByName) {
  std::string future = content_;
  store_le(future.data() + 8, std::uint32_t{2});
  store_le(future.data() + kPageBytes - 4,
           crc32c(std::string_view(future).substr(0, kPageBytes - 4)));
  const std::string path = directory_.path() + "/future";
  write_file(path, future);
  const auto block = Block::open(path);
  ASSERT_FALSE(block);
  EXPECT_EQ(block.error().code, Code::kConfig);
}

}  // namespace
}  // namespace prom::block
