#include "libprom/store/compression.h"

#include <fcntl.h>
#include <unistd.h>

#include <random>

#include <gtest/gtest.h>

#include "libprom/os/file.h"

#include "tests/support/temporary_directory.h"

namespace prom::store {
namespace {

class CompressionTest : public testing::TestWithParam<Compression> {
 protected:
  std::string write(std::string_view bytes) {
    const std::string path = directory_.path() + "/file";
    const os::Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600));
    EXPECT_EQ(::write(fd.get(), bytes.data(), bytes.size()),
              static_cast<ssize_t>(bytes.size()));
    return path;
  }

  static Result<std::string> read(const std::string& path,
                                  std::size_t piece = 1000) {
    const os::Fd fd(::open(path.c_str(), O_RDONLY));
    CompressedInput input(fd.get());
    std::string text;
    std::string buffer(piece, '\0');
    while (true) {
      const auto n = input.read(buffer);
      if (!n) return fail(n.error());
      if (*n == 0) return text;
      text.append(buffer, 0, *n);
    }
  }

  static std::string compressed(std::string_view plain, Compression how) {
    os::Output out;
    CompressedOutput output(out, how);
    for (std::size_t at = 0; at < plain.size(); at += 100'000)
      EXPECT_TRUE(output.write(plain.substr(at, 100'000)));
    EXPECT_TRUE(output.finish());
    return out.text();
  }

  TemporaryDirectory directory_;
};

std::string sample_text(std::size_t bytes) {
  std::mt19937_64 random(7);
  std::string text;
  while (text.size() < bytes) text += std::to_string(random() % 1000) + "\n";
  return text;
}

TEST_P(CompressionTest, ComesBackAsItWasWhateverItsSize) {
  for (const std::size_t size : {0U, 1U, 5000U, 3'000'000U}) {
    const std::string plain = sample_text(size);
    const auto back = read(write(compressed(plain, GetParam())));
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_TRUE(*back == plain) << size;
  }
}

TEST_P(CompressionTest, FramesMayFollowOneAnother) {
  const auto back = read(
      write(compressed("one ", GetParam()) + compressed("two", GetParam())));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, "one two");
}

TEST_P(CompressionTest, ACutOrDamagedInputIsAnErrorAndNeverAHang) {
  if (GetParam() == Compression::kPlain) GTEST_SKIP() << "has no checksum";
  const std::string plain = sample_text(200'000);
  const std::string whole = compressed(plain, GetParam());
  for (const std::size_t size :
       {whole.size() - 1, whole.size() / 2, std::size_t{20}}) {
    const auto cut = read(write(whole.substr(0, size)));
    ASSERT_FALSE(cut) << size;
    EXPECT_EQ(cut.error().code, Code::kBadData);
  }
  std::string damaged = whole;
  damaged[damaged.size() / 2] ^= 0x10;
  EXPECT_FALSE(read(write(damaged)));
}

INSTANTIATE_TEST_SUITE_P(All, CompressionTest,
                         testing::Values(Compression::kPlain,
                                         Compression::kGzip, Compression::kLz4,
                                         Compression::kZstd));

TEST(Compression, IsKnownByContentAndBySuffix) {
  EXPECT_EQ(compression_of_name("a.gz"), Compression::kGzip);
  EXPECT_EQ(compression_of_name("a.lz4"), Compression::kLz4);
  EXPECT_EQ(compression_of_name("a.zst"), Compression::kZstd);
  EXPECT_EQ(compression_of_name("a.txt"), Compression::kPlain);
  EXPECT_EQ(detect_compression("up 1 2\n"), Compression::kPlain);
}

TEST(Compression, AFailedWriteIsReported) {
  const os::Fd full(::open("/dev/full", O_WRONLY));
  os::Output out(full.get(), 10);
  CompressedOutput output(out, Compression::kZstd);
  (void)output.write(sample_text(1'000'000));
  EXPECT_FALSE(output.finish());
}

}  // namespace
}  // namespace prom::store
