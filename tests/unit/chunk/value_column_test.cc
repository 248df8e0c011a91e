#include "libprom/chunk/value_column.h"

#include <bit>
#include <cstring>

#include <gtest/gtest.h>

#include "libprom/chunk/kernels.h"

#include "tests/support/value_patterns.h"

namespace prom::chunk {
namespace {

using Bits = std::vector<std::uint64_t>;

// The bytes of a column with room to overread, filled with what must not
// matter.
class Encoded {
 public:
  explicit Encoded(std::string bytes) : bytes_(std::move(bytes)) {
    size_ = bytes_.size();
    bytes_.append(kOverread, '\xa5');
  }
  [[nodiscard]] Bytes view() const { return as_bytes(bytes_).first(size_); }

 private:
  std::string bytes_;
  std::size_t size_ = 0;
};

Encoded encode(const Bits& bits) {
  ValueEncoder encoder;
  std::string out;
  encoder.encode(bits, out);
  return Encoded(std::move(out));
}

bool rises(std::span<const std::uint64_t> bits) {
  double before = -HUGE_VAL;
  for (const std::uint64_t each : bits) {
    if (!(std::bit_cast<double>(each) >= before)) return false;
    before = std::bit_cast<double>(each);
  }
  return true;
}

// Everything that a column tells about its values.
void expect_column(const ValueColumn& column, const Bits& bits) {
  ASSERT_EQ(column.size(), bits.size());
  Bits decoded(bits.size());
  const auto status = column.decode(0, bits.size(), decoded.data());
  ASSERT_TRUE(status) << status.error().message;
  ASSERT_EQ(decoded, bits);
  std::size_t next = 0;
  for (std::size_t i = 0; i < column.frame_count(); ++i) {
    const auto info = column.frame(i);
    ASSERT_TRUE(info);
    ASSERT_EQ(info->first, next);
    const auto frame = std::span(bits).subspan(info->first, info->count);
    EXPECT_EQ(std::bit_cast<std::uint64_t>(info->first_value), frame.front());
    EXPECT_EQ(std::bit_cast<std::uint64_t>(info->last_value), frame.back());
    EXPECT_EQ(info->no_reset, rises(frame));
    EXPECT_EQ(column.frame_of(info->first), i);
    EXPECT_EQ(column.frame_of(info->first + info->count - 1), i);
    next += info->count;
  }
  EXPECT_EQ(next, bits.size());
}

void expect_round_trip(const Bits& bits) {
  const Encoded encoded = encode(bits);
  const auto column = ValueColumn::open(encoded.view(), bits.size());
  ASSERT_TRUE(column) << column.error().message;
  EXPECT_EQ(column->bytes().size(), encoded.view().size());
  expect_column(*column, bits);
}

TEST(ValueColumn, BringsEveryPatternBack) {
  std::mt19937_64 random(1);
  for (std::size_t kind = 0; kind < test::pattern_count(); ++kind) {
    SCOPED_TRACE(test::pattern_name(kind));
    for (const std::size_t count :
         {1U, 2U, 3U, 7U, 8U, 9U, 63U, 120U, 255U, 256U, 257U, 480U, 1000U}) {
      SCOPED_TRACE(count);
      expect_round_trip(test::make_pattern(kind, count, random));
    }
  }
}

TEST(ValueColumn, DecodesAnyRange) {
  std::mt19937_64 random(2);
  for (std::size_t kind = 0; kind < test::pattern_count(); ++kind) {
    SCOPED_TRACE(test::pattern_name(kind));
    const Bits bits = test::make_pattern(kind, 700, random);
    const Encoded encoded = encode(bits);
    const auto column = ValueColumn::open(encoded.view(), bits.size());
    ASSERT_TRUE(column);
    for (int round = 0; round < 50; ++round) {
      const std::size_t first = random() % bits.size();
      const std::size_t count = random() % (bits.size() - first + 1);
      // What is behind must stay as it is.
      Bits decoded(count + 8, 77);
      ASSERT_TRUE(column->decode(first, count, decoded.data()));
      for (std::size_t i = 0; i < count; ++i)
        ASSERT_EQ(decoded[i], bits[first + i]) << first << '+' << i;
      for (std::size_t i = count; i < decoded.size(); ++i)
        ASSERT_EQ(decoded[i], 77U);
    }
  }
}

TEST(ValueColumn, IsConstantAndSmallWhenAllValuesAreTheSame) {
  const struct {
    double value;
    std::size_t bytes;
  } kCases[] = {{0, 1}, {1, 2}, {0.5, 3}, {63, 2}, {1e9, 6}, {0.1, 9}};
  for (const auto& [value, bytes] : kCases) {
    const Encoded encoded =
        encode(Bits(480, std::bit_cast<std::uint64_t>(value)));
    const auto column = ValueColumn::open(encoded.view(), 480);
    ASSERT_TRUE(column);
    EXPECT_TRUE(column->is_constant());
    EXPECT_LE(encoded.view().size(), bytes) << value;
  }
}

// The examples of prom-block(5): the format does not change.
TEST(ValueColumn, HasTheBytesOfThePage) {
  const auto bytes_of = [](std::initializer_list<double> values) {
    Bits bits;
    for (const double value : values)
      bits.push_back(std::bit_cast<std::uint64_t>(value));
    ValueEncoder encoder;
    std::string out;
    encoder.encode(bits, out);
    return out;
  };
  EXPECT_EQ(bytes_of({42, 42, 42}), "\x48\x54");
  EXPECT_EQ(bytes_of({1000, 1010, 1030, 1030, 1070, 1080}),
            "\x01\x0b\x13\xd0\x0f\xa0\x01\x14\x07\x94\x13\x74\x07");
}

TEST(ValueColumn, IsNotConstantAcrossTheTwoZeros) {
  const Bits bits = {std::bit_cast<std::uint64_t>(0.0),
                     std::bit_cast<std::uint64_t>(-0.0)};
  const Encoded encoded = encode(bits);
  const auto column = ValueColumn::open(encoded.view(), 2);
  ASSERT_TRUE(column);
  EXPECT_FALSE(column->is_constant());
  expect_column(*column, bits);
}

TEST(ValueColumn, RefusesWhatItDoesNotKnow) {
  std::string bytes(1 + kOverread, '\0');
  for (const unsigned type : {3U, 4U, 5U, 6U, 7U}) {
    bytes[0] = static_cast<char>(type);
    const auto column = ValueColumn::open(as_bytes(bytes).first(1), 4);
    ASSERT_FALSE(column) << type;
    EXPECT_EQ(column.error().code, Code::kCorrupt);
  }
  EXPECT_FALSE(ValueColumn::open({}, 4));
  bytes[0] = 0;
  EXPECT_FALSE(ValueColumn::open(as_bytes(bytes).first(1), 0));
  EXPECT_FALSE(
      ValueColumn::open(as_bytes(bytes).first(1), kColumnValuesMax + 1));
}

TEST(ValueColumn, NoticesThatItWasCut) {
  std::mt19937_64 random(3);
  const Bits bits = test::make_pattern(3, 600, random);
  const Encoded encoded = encode(bits);
  for (std::size_t size = 0; size < encoded.view().size(); ++size)
    EXPECT_FALSE(ValueColumn::open(encoded.view().first(size), bits.size()));
}

TEST(ValueColumn, SurvivesAnyDamage) {
  std::mt19937_64 random(4);
  for (std::size_t kind = 0; kind < test::pattern_count(); ++kind) {
    const Bits bits = test::make_pattern(kind, 300, random);
    ValueEncoder encoder;
    std::string sound;
    encoder.encode(bits, sound);
    for (int round = 0; round < 200; ++round) {
      std::string bytes = sound;
      for (int i = 0; i < 3; ++i)
        bytes[random() % bytes.size()] = static_cast<char>(random());
      const std::size_t size = bytes.size();
      bytes.append(kOverread, '\0');
      const auto column =
          ValueColumn::open(as_bytes(bytes).first(size), bits.size());
      if (!column) continue;
      Bits decoded(bits.size());
      (void)column->decode(0, bits.size(), decoded.data());
      for (std::size_t i = 0; i < column->frame_count(); ++i)
        (void)column->frame(i);
    }
  }
}

struct Part {
  Bits bits;
  Encoded encoded;
};

Part make_part(std::size_t kind, std::size_t count, std::mt19937_64& random) {
  Bits bits = test::make_pattern(kind, count, random);
  Encoded encoded = encode(bits);
  return {std::move(bits), std::move(encoded)};
}

void expect_concatenation(const std::vector<Part>& parts) {
  std::vector<ValueColumn> columns;
  Bits all;
  for (const Part& part : parts) {
    columns.push_back(
        ValueColumn::open(part.encoded.view(), part.bits.size()).value());
    all.insert(all.end(), part.bits.begin(), part.bits.end());
  }
  ValueEncoder encoder;
  std::string out = "before";
  ASSERT_TRUE(encoder.concatenate(columns, out));
  ASSERT_TRUE(out.starts_with("before"));
  const Encoded joined(out.substr(6));
  const auto column = ValueColumn::open(joined.view(), all.size());
  ASSERT_TRUE(column) << column.error().message;
  EXPECT_EQ(column->bytes().size(), joined.view().size());
  expect_column(*column, all);
}

TEST(ValueEncoder, ConcatenatesColumnsOfAnyLength) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 300; ++round) {
    const std::size_t kind = random() % test::pattern_count();
    std::vector<Part> parts;
    for (std::size_t i = 0; i < 1 + random() % 6; ++i) {
      const std::size_t limit = random() % 2 == 0 ? 70 : 600;
      const bool other = random() % 4 == 0;
      parts.push_back(
          make_part(other ? 0 : kind, 1 + random() % limit, random));
    }
    expect_concatenation(parts);
  }
}

TEST(ValueEncoder, KeepsAConstantConstant) {
  std::vector<ValueColumn> columns;
  const Encoded part = encode(Bits(100, 42));
  columns.assign(12, ValueColumn::open(part.view(), 100).value());
  ValueEncoder encoder;
  std::string out;
  ASSERT_TRUE(encoder.concatenate(columns, out));
  const Encoded joined(std::move(out));
  const auto column = ValueColumn::open(joined.view(), 1200);
  ASSERT_TRUE(column);
  EXPECT_TRUE(column->is_constant());
}

TEST(ValueEncoder, JoinsSmallFrames) {
  std::mt19937_64 random(6);
  std::vector<Part> parts;
  std::vector<ValueColumn> columns;
  for (int i = 0; i < 64; ++i) parts.push_back(make_part(3, 8, random));
  for (const Part& part : parts)
    columns.push_back(ValueColumn::open(part.encoded.view(), 8).value());
  ValueEncoder encoder;
  std::string out;
  ASSERT_TRUE(encoder.concatenate(columns, out));
  const Encoded joined(std::move(out));
  EXPECT_EQ(ValueColumn::open(joined.view(), 512)->frame_count(), 2U);
}

TEST(ValueEncoder, RefusesADamagedPart) {
  std::mt19937_64 random(7);
  const Bits bits = test::make_pattern(1, 700, random);
  ValueEncoder encoder;
  std::string bytes;
  encoder.encode(bits, bytes);
  bytes[1] = '\xff';  // the end of the first frame
  bytes[2] = '\x7f';
  const Encoded encoded(std::move(bytes));
  const auto column = ValueColumn::open(encoded.view(), bits.size());
  ASSERT_TRUE(column);
  std::string out = "before";
  const auto status = encoder.concatenate({{*column}}, out);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Code::kCorrupt);
  EXPECT_EQ(out, "before");
}

}  // namespace
}  // namespace prom::chunk
