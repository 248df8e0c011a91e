// Every encoding of floats: what goes in comes out, bit for bit; cut or wrong
// bytes are refused and leave nothing behind; and bytes that upstream's own
// encoders made are read as what they were made of.
#include "libprom/tsdb/chunk.h"

#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "libprom/model/sample.h"
#include "libprom/tsdb/xor2_chunk.h"
#include "libprom/tsdb/xor_chunk.h"

namespace prom::tsdb {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

struct Point {
  std::int64_t t_ms = 0;
  double value = 0;
  std::int64_t start_ms = 0;
};

struct NamedPoints {
  std::string name;
  std::vector<Point> points;
};

std::vector<Point> regular(std::size_t count, double step) {
  std::vector<Point> points;
  for (std::size_t i = 0; i < count; ++i) {
    points.push_back({.t_ms = 1'700'000'000'000 + 15'000 * static_cast<int>(i),
                      .value = step * static_cast<double>(i)});
  }
  return points;
}

std::vector<Point> with_starts(std::vector<Point> points, std::size_t from,
                               std::size_t every) {
  for (std::size_t i = from; i < points.size(); ++i)
    points[i].start_ms =
        points[i / every * every].t_ms - 40'000 + (i % every == 0 ? 0 : 1);
  return points;
}

std::vector<NamedPoints> all_points() {
  const double stale = stale_nan();
  std::vector<Point> wild;
  std::uint64_t state = 7;
  std::int64_t t_ms = -3'000'000;
  for (int i = 0; i < 500; ++i) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    t_ms += 1 + static_cast<std::int64_t>(state >> (20 + state % 40));
    wild.push_back({.t_ms = t_ms, .value = std::bit_cast<double>(state)});
  }
  return {
      {"nothing", {}},
      {"one", {{.t_ms = -5, .value = 0.5}}},
      {"two", {{.t_ms = 0, .value = 1}, {.t_ms = 1, .value = -1}}},
      {"constant", regular(300, 0)},
      {"counter", regular(300, 1)},
      {"fraction", regular(300, 0.1)},
      {"stale",
       {{.t_ms = 0, .value = stale},
        {.t_ms = 10, .value = 4},
        {.t_ms = 20, .value = stale},
        {.t_ms = 30, .value = 4},
        {.t_ms = 41, .value = stale},
        {.t_ms = 53, .value = stale}}},
      {"specials",
       {{.t_ms = 0, .value = kInf},
        {.t_ms = 1, .value = -kInf},
        {.t_ms = 2, .value = normal_nan()},
        {.t_ms = 3, .value = -0.0},
        {.t_ms = 4, .value = 0.0},
        {.t_ms = 5, .value = 5e-324}}},
      {"jitter of each class",
       {{.t_ms = 0},
        {.t_ms = 1000},
        {.t_ms = 2000 + 4095},
        {.t_ms = 20'000},
        {.t_ms = 20'000 + 65'536},
        {.t_ms = 1'000'000},
        {.t_ms = 1'000'001},
        {.t_ms = 5'000'000'000},
        {.t_ms = std::numeric_limits<std::int64_t>::max() - 1}}},
      {"whole range of time",
       {{.t_ms = std::numeric_limits<std::int64_t>::min()},
        {.t_ms = 0},
        {.t_ms = std::numeric_limits<std::int64_t>::max()}}},
      {"wild", wild},
      {"start known at once", with_starts(regular(300, 1), 0, 1000)},
      {"start that changes", with_starts(regular(300, 1), 0, 7)},
      {"start known late", with_starts(regular(300, 1), 200, 50)},
  };
}

std::string encode(Encoding encoding, const std::vector<Point>& points) {
  XorEncoder plain;
  Xor2Encoder second;
  for (const Point& point : points) {
    plain.add(point.t_ms, point.value);
    second.add(point.t_ms, point.value, point.start_ms);
  }
  return encoding == Encoding::kXor ? plain.bytes() : second.bytes();
}

Status decode(Encoding encoding, std::string_view bytes, Samples& into) {
  return decode_chunk(static_cast<std::uint8_t>(encoding), as_bytes(bytes),
                      into);
}

void expect_points(const Samples& samples, std::size_t from,
                   const std::vector<Point>& points, bool has_starts) {
  ASSERT_EQ(samples.t_ms.size(), from + points.size());
  for (std::size_t i = 0; i < points.size(); ++i) {
    EXPECT_EQ(samples.t_ms[from + i], points[i].t_ms) << i;
    EXPECT_EQ(std::bit_cast<std::uint64_t>(samples.value[from + i]),
              std::bit_cast<std::uint64_t>(points[i].value))
        << i;
    if (!has_starts) continue;
    EXPECT_EQ(samples.start_ms.empty() ? 0 : samples.start_ms[from + i],
              points[i].start_ms)
        << i;
  }
}

class FloatChunk : public testing::TestWithParam<Encoding> {};

TEST_P(FloatChunk, ReturnsWhatWentIn) {
  for (const auto& [name, points] : all_points()) {
    SCOPED_TRACE(name);
    Samples samples;
    samples.push(1, 2);
    ASSERT_TRUE(decode(GetParam(), encode(GetParam(), points), samples));
    expect_points(samples, 1, points, GetParam() == Encoding::kXor2);
  }
}

TEST_P(FloatChunk, RefusesEveryCut) {
  for (const auto& [name, points] : all_points()) {
    SCOPED_TRACE(name);
    const std::string whole = encode(GetParam(), points);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      Samples samples;
      samples.push(1, 2);
      const Status decoded =
          decode(GetParam(), std::string_view(whole).substr(0, size), samples);
      ASSERT_FALSE(decoded) << size;
      EXPECT_EQ(decoded.error().code, Code::kCorrupt);
      ASSERT_EQ(samples.t_ms.size(), 1U);
      ASSERT_EQ(samples.value.size(), 1U);
      ASSERT_TRUE(samples.start_ms.empty());
    }
  }
}

TEST_P(FloatChunk, SurvivesAnyFlippedBit) {
  const std::string whole =
      encode(GetParam(), with_starts(regular(60, 0.1), 3, 5));
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string wrong = whole;
    wrong[bit / 8] = static_cast<char>(wrong[bit / 8] ^ (1U << (bit % 8)));
    Samples samples;
    if (!decode(GetParam(), wrong, samples)) {
      EXPECT_TRUE(samples.t_ms.empty());
    }
    EXPECT_EQ(samples.t_ms.size(), samples.value.size());
  }
}

INSTANTIATE_TEST_SUITE_P(All, FloatChunk,
                         testing::Values(Encoding::kXor, Encoding::kXor2),
                         [](const auto& which) {
                           return which.param == Encoding::kXor ? "Xor"
                                                                : "Xor2";
                         });

std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes += static_cast<char>(
        std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  return bytes;
}

// What the chunks below were made of by upstream's encoders.
std::vector<Point> golden_points() {
  const double stale = stale_nan();
  return {{1000, 1, 500},          {16000, 1, 500},
          {31000, 2.5, 500},       {46000, stale, 500},
          {61001, 2.5, 500},       {76001, -7, 46500},
          {91000, kInf, 46500},    {200000, 1e300, 46500},
          {5000000000, 0, 199000}, {5000015000, stale, 199000},
          {5000030000, 3.25, 0},   {5000045000, 3.25, 0}};
}

TEST(Chunk, IsWhatUpstreamMakes) {
  const struct {
    Encoding encoding;
    bool has_starts;
    const char* hex;
  } cases[] = {
      {Encoding::kXor, false,
       "000cd00f3ff00000000000009875309bffd62f7ff400000000000300037fe800"
       "0000000006ffff01b003bfffc075ff7c2de639f7e3f21e44003acfe000000025"
       "40275f187dfc6fc8791000eb3fffffffff6afeaaec61fbff80000000000014ff"
       "e8000000000008"},
      {Encoding::kXor2, false,
       "000c00d00f3ff00000000000009875509bffdfe000b7fff00d801efffe01d7fd"
       "f0b798e3efc7e43c8800759fc00000002540275f183efe37e43c8800759fdfff"
       "ffffdabfaabb1e400a000000000000"},
      {Encoding::kXor2, true,
       "000c85d00f3ff0000000000000e8079875509bffdfe000b7fff00d801fc1c52e"
       "fffe01d7fdfc1d4c70b798e3efc7e43c8800759fe0ea5fc00000002540275f18"
       "3efe37e43c8800759fed5853dfffffffdabfaabb1ff8000004a80b9302400a00"
       "0000000003f00d0fc1f07530"},
  };
  for (const auto& [encoding, has_starts, hex] : cases) {
    std::vector<Point> points = golden_points();
    if (!has_starts)
      for (Point& point : points) point.start_ms = 0;
    EXPECT_EQ(encode(encoding, points), from_hex(hex));
    Samples samples;
    ASSERT_TRUE(decode(encoding, from_hex(hex), samples));
    expect_points(samples, 0, points, has_starts);
  }
}

TEST(Chunk, OfUnknownEncodingIsRefused) {
  Samples samples;
  for (const int encoding : {0, 7, 255}) {
    const Status decoded = decode_chunk(static_cast<std::uint8_t>(encoding),
                                        as_bytes("\0\0\0"), samples);
    ASSERT_FALSE(decoded);
    EXPECT_EQ(decoded.error().message,
              "unknown chunk encoding " + std::to_string(encoding));
  }
}

TEST(Chunk, LargerThanTheLimitIsRefused) {
  Samples samples;
  const std::string large(kChunkBytesMax + 1, '\0');
  const Status decoded = decode_chunk(1, as_bytes(large), samples);
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code, Code::kLimit);
  EXPECT_TRUE(decode_chunk(1, as_bytes(large).subspan(1), samples));
}

}  // namespace
}  // namespace prom::tsdb
