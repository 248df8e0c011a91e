#include <zstd.h>

#include <algorithm>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "libprom/http/body_internal.h"
#include "libprom/http/client.h"

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

std::string zstd_compressed(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(),
                           ZSTD_CLEVEL_DEFAULT));
  return out;
}

TEST(BodyReader, DecompressesZstdInPiecesOfAnySize) {
  for (const std::size_t size : {0U, 1U, 1000U, 300'000U}) {
    const std::string text = noise(size);
    for (const std::size_t step : {1U, 1000U, 10'000'000U}) {
      const auto got =
          read_body(zstd_compressed(text), "zstd", 64U << 20U, step);
      ASSERT_TRUE(got) << got.error().message;
      EXPECT_TRUE(*got == text) << size << " in steps of " << step;
    }
  }
}

TEST(BodyReader, JoinsZstdFrames) {
  const auto got = read_body(
      zstd_compressed("first\n") + zstd_compressed("second\n"), "zstd", 100, 7);
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(*got, "first\nsecond\n");
}

TEST(BodyReader, RefusesZstdThatIsCutMalformedOrTooLarge) {
  const std::string packed = zstd_compressed(noise(10'000));
  const auto cut =
      read_body(packed.substr(0, packed.size() - 1), "zstd", 1U << 20U, 1000);
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().code, Code::kBadData);
  const auto malformed = read_body("no frame at all", "zstd", 1U << 20U, 4);
  ASSERT_FALSE(malformed);
  EXPECT_EQ(malformed.error().code, Code::kBadData);
  const auto large = read_body(packed, "zstd", 9999, 1000);
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, Code::kLimit);
  EXPECT_TRUE(read_body(packed, "zstd", 10'000, 1000));
}

TEST(BodyReader, StopsAZstdBombAtItsRatio) {
  const std::string bomb = zstd_compressed(std::string(512U << 20U, '\n'));
  ASSERT_LT(bomb.size(), 24'000U);
  const auto got = read_body(bomb, "zstd", 1ULL << 40U, 1000);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Code::kLimit);
}

TEST(BodyReader, StreamsWhatIsThereAndForgetsIt) {
  const std::string text = noise(300'000);
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", text}, {"gzip", gzipped(text)}, {"zstd", zstd_compressed(text)}};
  for (const auto& [encoding, wire] : cases) {
    for (const std::size_t step : {1000U, 10'000'000U}) {
      BodyReader reader(10);  // which does not count here
      std::string got;
      std::size_t largest = 0;
      reader.stream_to([&](std::string_view piece) -> Status {
        got += piece;
        largest = std::max(largest, piece.size());
        return {};
      });
      ASSERT_TRUE(reader.begin(encoding));
      ASSERT_TRUE(reader.expect(wire.size()));
      for (std::size_t at = 0; at < wire.size(); at += step)
        ASSERT_TRUE(reader.feed(std::string_view(wire).substr(at, step)));
      const auto rest = reader.finish();
      ASSERT_TRUE(rest) << rest.error().message;
      EXPECT_EQ(*rest, "");
      EXPECT_TRUE(got == text) << encoding << " in steps of " << step;
      EXPECT_LE(largest, kStreamPieceBytes);
    }
  }
}

TEST(BodyReader, StopsAStreamThatIsABomb) {
  BodyReader reader(10);
  std::uint64_t got = 0;
  reader.stream_to([&](std::string_view piece) -> Status {
    got += piece.size();
    return {};
  });
  ASSERT_TRUE(reader.begin("zstd"));
  const auto ok = reader.feed(zstd_compressed(std::string(512U << 20U, '\n')));
  ASSERT_FALSE(ok);
  EXPECT_EQ(ok.error().code, Code::kLimit);
  EXPECT_LT(got, 512U << 20U);
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
