#include <gtest/gtest.h>

#include "libprom/http/body_internal.h"

#include "tests/support/test_server.h"

namespace prom::http {
namespace {

using test::gzipped;

// Feeds `wire` in pieces of `step` bytes.
Result<std::string> read_body(std::string_view wire, std::string_view encoding,
                              std::uint64_t bytes_max, std::size_t step) {
  BodyReader reader(bytes_max);
  if (auto ok = reader.begin(encoding); !ok) return fail(ok.error());
  for (std::size_t at = 0; at < wire.size(); at += step)
    if (auto ok = reader.feed(wire.substr(at, step)); !ok)
      return fail(ok.error());
  return reader.finish();
}

std::string noise(std::size_t size) {
  std::string text(size, '\0');
  std::uint64_t state = 1;
  for (char& c : text) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    c = static_cast<char>(state >> 56U);
  }
  return text;
}

TEST(BodyReader, DecompressesSmallAndLargeBodiesAlike) {
  for (const std::size_t size : {0U, 1U, 1000U, 100'000U, 3'000'000U}) {
    const std::string text = noise(size);
    for (const std::size_t step : {1000U, 65536U, 10'000'000U}) {
      const auto got = read_body(gzipped(text), "gzip", 64U << 20U, step);
      ASSERT_TRUE(got) << got.error().message;
      EXPECT_TRUE(*got == text) << size << " in steps of " << step;
    }
  }
}

TEST(BodyReader, JoinsGzipMembers) {
  const auto got =
      read_body(gzipped("first\n") + gzipped("second\n"), "gzip", 100, 7);
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(*got, "first\nsecond\n");
}

TEST(BodyReader, HoldsTheLimitToTheByte) {
  for (const bool gzip : {false, true}) {
    for (const std::size_t size : {4095U, 4096U, 4097U}) {
      const std::string text = noise(size);
      const auto got =
          read_body(gzip ? gzipped(text) : text, gzip ? "gzip" : "", 4096, 100);
      EXPECT_EQ(got.has_value(), size <= 4096) << gzip << " " << size;
      if (!got) {
        EXPECT_EQ(got.error().code, Code::kLimit);
      }
    }
  }
}

TEST(BodyReader, StopsABombAtTheRatio) {
  const std::string bomb = gzipped(std::string(32U << 20U, '0'));
  const auto got = read_body(bomb, "gzip", 1U << 30U, 4096);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Code::kLimit);
  EXPECT_NE(got.error().message.find("1000 times"), std::string::npos);
}

TEST(BodyReader, AllowsTheRatioBelowAMebibyte) {
  const std::string text(1U << 20U, '0');
  EXPECT_TRUE(read_body(gzipped(text), "gzip", 1U << 30U, 4096));
}

TEST(BodyReader, RefusesDamagedData) {
  const std::string good = gzipped(noise(2000));
  for (std::size_t cut = 1; cut < good.size(); cut += 13)
    EXPECT_FALSE(read_body(good.substr(0, cut), "gzip", 1U << 20U, 512)) << cut;
  for (std::size_t at = 12; at < good.size(); at += 13) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    EXPECT_FALSE(read_body(bad, "gzip", 1U << 20U, 512)) << at;
  }
  EXPECT_FALSE(read_body("plain text, longer than a header", "gzip", 100, 9));
}

TEST(BodyReader, KnowsALyingSizeInTheTrailer) {
  std::string lying = gzipped(noise(2000));
  lying[lying.size() - 1] = '\x7f';  // claims 2 GB
  const auto got = read_body(lying, "gzip", 1U << 20U, 512);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Code::kBadData);
}

TEST(BodyReader, RefusesEncodingsNobodyAskedFor) {
  for (const std::string_view encoding : {"br", "deflate", "gzip, gzip"}) {
    const auto got = read_body("x", encoding, 100, 1);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, Code::kBadData);
  }
}

}  // namespace
}  // namespace prom::http
