#include "libprom/chunk/time_column.h"

#include <algorithm>
#include <limits>
#include <random>

#include <gtest/gtest.h>

namespace prom::chunk {
namespace {

using Times = std::vector<std::int64_t>;

constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

std::string encode(const Times& t_ms) {
  std::string out;
  encode_times(t_ms, out);
  return out;
}

Result<TimeColumn> open(std::string& bytes) {
  const std::size_t size = bytes.size();
  bytes.append(kOverread, '\x5a');
  return TimeColumn::open(as_bytes(bytes).first(size));
}

void expect_round_trip(const Times& t_ms) {
  std::string bytes = encode(t_ms);
  const std::size_t size = bytes.size();
  const auto column = open(bytes);
  ASSERT_TRUE(column) << column.error().message;
  EXPECT_EQ(column->bytes().size(), size);
  ASSERT_EQ(column->size(), t_ms.size());
  EXPECT_EQ(column->first_ms(), t_ms.front());
  EXPECT_EQ(column->last_ms(), t_ms.back());
  Times decoded(t_ms.size());
  const auto status = column->decode(0, t_ms.size(), decoded.data());
  ASSERT_TRUE(status) << status.error().message;
  ASSERT_EQ(decoded, t_ms);
  const std::size_t middle = t_ms.size() / 2;
  ASSERT_TRUE(column->decode(middle, t_ms.size() - middle, decoded.data()));
  EXPECT_EQ(decoded[0], t_ms[middle]);
}

void expect_bounds(const Times& t_ms) {
  std::string bytes = encode(t_ms);
  const auto column = open(bytes);
  ASSERT_TRUE(column);
  const auto expect_bound = [&](std::int64_t t) {
    const auto found = column->lower_bound(t);
    ASSERT_TRUE(found);
    EXPECT_EQ(*found, static_cast<std::size_t>(
                          std::ranges::lower_bound(t_ms, t) - t_ms.begin()))
        << t;
  };
  expect_bound(kMin);
  expect_bound(kMax);
  for (const std::int64_t t : t_ms) {
    expect_bound(t);
    if (t != kMin) expect_bound(t - 1);
    if (t != kMax) expect_bound(t + 1);
  }
}

// Scrapes every `interval_ms` that come up to `jitter_ms` late, of which one
// in `lost` is missing.
Times scrapes(std::size_t count, std::int64_t interval_ms,
              std::int64_t jitter_ms, unsigned lost, std::mt19937_64& random) {
  Times t_ms;
  for (std::int64_t t = 1'700'000'000'000; t_ms.size() < count;
       t += interval_ms) {
    if (lost != 0 && random() % lost == 0) continue;
    t_ms.push_back(t +
                   static_cast<std::int64_t>(
                       random() % (1 + static_cast<std::uint64_t>(jitter_ms))));
  }
  return t_ms;
}

TEST(TimeColumn, BringsTimesBack) {
  std::mt19937_64 random(1);
  const Times kCases[] = {
      {0},
      {kMin},
      {kMax},
      {kMin, kMax},
      {kMin, 0, kMax},
      {-5, -4, 3},
      {kMax - 2, kMax - 1, kMax},
      {0, 1, kMax - 1, kMax},
  };
  for (const Times& t_ms : kCases) {
    expect_round_trip(t_ms);
    expect_bounds(t_ms);
  }
  for (const std::size_t count : {2U, 255U, 256U, 257U, 512U, 513U, 1500U}) {
    for (const std::int64_t jitter : {0, 5, 40, 5000}) {
      for (const unsigned lost : {0U, 3U, 100U}) {
        const Times t_ms = scrapes(count, 15000, jitter, lost, random);
        expect_round_trip(t_ms);
        expect_bounds(t_ms);
      }
    }
  }
}

TEST(TimeColumn, BringsRandomTimesBack) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 200; ++round) {
    const unsigned width = 10 + static_cast<unsigned>(random() % 54);
    Times t_ms(1 + random() % 600);
    for (std::int64_t& t : t_ms)
      t = static_cast<std::int64_t>(random()) >> (64 - width);
    std::ranges::sort(t_ms);
    const auto twins = std::ranges::unique(t_ms);
    t_ms.erase(twins.begin(), twins.end());
    expect_round_trip(t_ms);
    expect_bounds(t_ms);
  }
}

TEST(TimeColumn, IsSmallWhenRegular) {
  std::mt19937_64 random(3);
  EXPECT_LE(encode(scrapes(100000, 15000, 0, 0, random)).size(), 13U);
  // One in 480 is missing: two frames.
  Times t_ms = scrapes(481, 15000, 0, 0, random);
  t_ms.erase(t_ms.begin() + 100);
  EXPECT_LE(encode(t_ms).size(), 40U);
  // 40 ms of jitter are 5.4 bits.
  EXPECT_LE(encode(scrapes(480, 15000, 40, 0, random)).size(), 400U);
}

TEST(TimeColumn, HasTheBytesOfThePage) {
  EXPECT_EQ(encode({1000, 16000, 31000}),
            std::string("\0\x03\xd0\x0f\x98\x75", 6));
}

TEST(TimeColumn, NeverGivesTimesThatDoNotAscend) {
  std::mt19937_64 random(4);
  const std::string sound = encode(scrapes(700, 15000, 40, 50, random));
  std::size_t opened = 0;
  for (int round = 0; round < 5000; ++round) {
    std::string bytes = sound;
    bytes[random() % bytes.size()] = static_cast<char>(random());
    const auto column = open(bytes);
    if (!column) continue;
    ++opened;
    (void)column->lower_bound(1'700'000'000'000 + 5'000'000);
    Times decoded(column->size());
    if (!column->decode(0, decoded.size(), decoded.data())) continue;
    EXPECT_EQ(std::ranges::adjacent_find(decoded, std::greater_equal()),
              decoded.end());
  }
  EXPECT_GT(opened, 1000U);
}

TEST(TimeColumn, NoticesThatItWasCut) {
  std::mt19937_64 random(5);
  for (const std::int64_t jitter : {0, 40}) {
    const std::string bytes = encode(scrapes(600, 15000, jitter, 0, random));
    for (std::size_t size = 0; size < bytes.size(); ++size)
      EXPECT_FALSE(TimeColumn::open(as_bytes(bytes).first(size)));
  }
}

TEST(TimeColumn, RefusesStepsBeyondAllMeasure) {
  std::string bytes;
  bytes += '\0';
  append_varint(bytes, 1000);
  append_varint(bytes, zigzag(0));
  append_varint(bytes, ~std::uint64_t{0} / 100);
  EXPECT_FALSE(open(bytes));
}

}  // namespace
}  // namespace prom::chunk
