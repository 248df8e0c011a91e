#include "libprom/store/manifest.h"

#include <cerrno>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/support/fault_file_system.h"
#include "tests/support/temporary_directory.h"

namespace prom::store {
namespace {

// As in prom-manifest(5).
constexpr std::string_view kExample =
    "prom-manifest 1\n"
    "version 9\n"
    "head 14\n"
    "deletions 1\n"
    "block 01HF7YAT00041061050R3GG28A 1 1700006400000 1700092799000 1200 "
    "6912000 1801330 0\n"
    "block 01HFAGR800041061050R3GG28B 0 1700092800000 1700099999000 1201 "
    "576480 160112 1\n"
    "delete 1 14 1700006400000 1700050000000 {job=\"test\"}\n"
    "crc 68df9157\n";

block::BlockInfo block_info(std::uint64_t number) {
  block::BlockInfo info;
  info.id = block::Ulid::make(1'700'000'000'000, 0, number);
  info.min_ms = 1000;
  info.max_ms = 2000;
  info.series = info.samples = info.bytes = 1;
  return info;
}

void make_file(const std::string& path) {
  std::ofstream(path) << "a block";
}

TEST(Manifest, ReadsTheExampleOfItsPage) {
  const auto manifest = parse_manifest(kExample);
  ASSERT_TRUE(manifest) << manifest.error().message;
  EXPECT_EQ(manifest->version, 9U);
  EXPECT_EQ(manifest->first_generation, 14U);
  ASSERT_EQ(manifest->blocks.size(), 2U);
  EXPECT_EQ(manifest->blocks[1].deleted, 1U);
  ASSERT_EQ(manifest->deletions.size(), 1U);
  EXPECT_EQ(manifest->deletions[0].max_ms, 1'700'050'000'000);
  EXPECT_EQ(format_manifest(*manifest), kExample);
}

TEST(Manifest, NoticesEveryFlippedBit) {
  for (std::size_t bit = 0; bit < kExample.size() * 8; ++bit) {
    std::string text(kExample);
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(parse_manifest(text)) << bit;
  }
}

TEST(Manifest, NoticesEveryCut) {
  for (std::size_t size = 0; size < kExample.size(); ++size)
    EXPECT_FALSE(parse_manifest(kExample.substr(0, size))) << size;
}

TEST(Manifest, IsOldOrNewWhicheverCallFails) {
  for (std::uint64_t call = 1;; ++call) {
    const TemporaryDirectory directory;
    const std::string store = directory.path();
    FaultFileSystem files;
    files.fail_at(call, EIO, false);
    const std::vector<block::BlockInfo> made = {block_info(call)};
    const Status done = publish_blocks(files, store, made);
    const auto manifest = load_manifest(store);
    ASSERT_TRUE(manifest) << manifest.error().message;
    EXPECT_LE(manifest->blocks.size(), 1U);
    if (done) {
      EXPECT_EQ(manifest->blocks.size(), 1U);
    }
    if (!files.has_failed()) {
      ASSERT_TRUE(done);
      EXPECT_GT(call, 3U);
      break;
    }
  }
}

TEST(Manifest, KeepsBlocksThatItNamesThoughPublishingFailed) {
  const TemporaryDirectory directory;
  const std::string store = directory.path();
  ASSERT_TRUE(publish_blocks(os::real_file_system(), store, {}));
  std::filesystem::create_directory(blocks_path(store));
  const std::vector<block::BlockInfo> named = {block_info(1)};
  const std::vector<block::BlockInfo> unnamed = {block_info(2)};
  make_file(block_path(store, named[0].id));
  make_file(block_path(store, unnamed[0].id));

  // The new manifest has its name when the directory cannot be synced.
  FaultFileSystem files;
  files.only("sync directory");
  files.fail_at(1, EIO, true);
  EXPECT_FALSE(publish_blocks(files, store, named));
  ASSERT_TRUE(files.has_failed());

  remove_unnamed(os::real_file_system(), store, named);
  remove_unnamed(os::real_file_system(), store, unnamed);
  EXPECT_TRUE(os::exists(block_path(store, named[0].id)));
  EXPECT_FALSE(os::exists(block_path(store, unnamed[0].id)));
}

}  // namespace
}  // namespace prom::store
