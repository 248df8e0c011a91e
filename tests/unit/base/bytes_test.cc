#include "libprom/base/bytes.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

#include "libprom/base/checksum.h"
#include "libprom/base/diagnostic.h"

namespace prom {
namespace {

TEST(Varint, ReadsBack) {
  for (const std::uint64_t value :
       {std::uint64_t{0}, std::uint64_t{127}, std::uint64_t{128},
        std::uint64_t{16383}, std::uint64_t{16384}, UINT64_MAX >> 1U,
        UINT64_MAX}) {
    std::string text;
    append_varint(text, value);
    ByteReader reader(text);
    EXPECT_EQ(reader.varint(), value);
    EXPECT_TRUE(reader.ok() && reader.done());
  }
  for (const std::int64_t value : {INT64_MIN, std::int64_t{-1}, std::int64_t{0},
                                   std::int64_t{1}, INT64_MAX})
    EXPECT_EQ(unzigzag(zigzag(value)), value);
  EXPECT_EQ(zigzag(-1), 1U);
  EXPECT_EQ(zigzag(1), 2U);
}

TEST(Varint, IsRefusedWhenCutOrTooLong) {
  for (const std::string& text :
       {std::string(), std::string("\x80"), std::string(9, '\xff'),
        std::string(9, '\xff') + "\x02", std::string(10, '\xff'),
        std::string(10, '\x80') + "\x01"}) {
    ByteReader reader(text);
    EXPECT_EQ(reader.varint(), 0U);
    EXPECT_FALSE(reader.ok());
    EXPECT_TRUE(reader.done());
  }
}

TEST(ByteReader, NeverLeavesItsBytes) {
  std::string text;
  append_le<std::uint32_t>(text, 0x04030201);
  append_varint(text, 3);
  text += "abc";
  ByteReader reader(text);
  EXPECT_EQ(reader.fixed<std::uint32_t>(), 0x04030201U);
  EXPECT_EQ(text[0], '\x01');
  EXPECT_EQ(reader.text(), "abc");
  EXPECT_TRUE(reader.ok() && reader.done());
  EXPECT_EQ(reader.fixed<std::uint8_t>(), 0U);
  EXPECT_FALSE(reader.ok());

  ByteReader cut(
      "\x05"
      "ab");
  EXPECT_EQ(cut.text(), "");
  EXPECT_FALSE(cut.ok());
  ByteReader huge("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
  EXPECT_EQ(huge.text(), "");
  EXPECT_FALSE(huge.ok());
  ByteReader taken("abc");
  EXPECT_EQ(as_text(taken.take(2)), "ab");
  EXPECT_EQ(taken.remaining(), 1U);
  EXPECT_EQ(taken.take(2).size(), 0U);
  EXPECT_FALSE(taken.ok());
}

TEST(Checksum, KnowsThePublishedValues) {
  EXPECT_EQ(crc32c(std::string_view("")), 0U);
  EXPECT_EQ(crc32c(std::string_view("123456789")), 0xE3069283U);
  // RFC 3720 B.4.
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62A8AB43U);
  EXPECT_EQ(fnv1a64(""), 0xCBF29CE484222325ULL);
  EXPECT_EQ(fnv1a64("a"), 0xAF63DC4C8601EC8CULL);
  EXPECT_EQ(fnv1a64("foobar"), 0x85944171F73967E8ULL);
  // Part of the file formats: this must never change.
  EXPECT_EQ(hash64(std::string_view("")), 0x2D06800538D394C2ULL);
}

TEST(Checksum, TwinsAgreeAndContinue) {
  std::mt19937 random(3);
  std::string text;
  for (int i = 0; i < 300; ++i) {
    text += static_cast<char>(random());
    const Bytes bytes = as_bytes(text);
    const std::uint32_t whole = crc32c(bytes);
    ASSERT_EQ(whole, crc32c_portable(bytes));
    const std::size_t cut = random() % (text.size() + 1);
    ASSERT_EQ(crc32c(bytes.subspan(cut), crc32c(bytes.first(cut))), whole);
  }
  // Across the sizes at which pieces are summed side by side.
  for (const std::size_t size : {3071U, 3072U, 3073U, 6400U, 10'000U}) {
    while (text.size() < size) text += static_cast<char>(random());
    const Bytes bytes = as_bytes(text).first(size);
    ASSERT_EQ(crc32c(bytes, 7), crc32c_portable(bytes, 7)) << size;
  }
}

TEST(Diagnostic, SaysWhatIsKnown) {
  Diagnostic finding;
  finding.message = "wrong";
  EXPECT_EQ(finding.to_string(), "wrong");
  finding.line = 3;
  EXPECT_EQ(finding.to_string(), "3: wrong");
  finding.column = 7;
  finding.file = "a.yml";
  finding.hint = "did you mean `b`?";
  EXPECT_EQ(finding.to_string(), "a.yml:3:7: wrong (did you mean `b`?)");
}

TEST(PositionOf, CountsBytesFromOne) {
  const std::string text = "ab\n\nc";
  const struct {
    std::size_t offset;
    std::uint32_t line, column;
  } kCases[] = {{0, 1, 1}, {2, 1, 3}, {3, 2, 1},
                {4, 3, 1}, {5, 3, 2}, {99, 3, 2}};
  for (const auto& c : kCases) {
    const TextPosition at = position_of(text, c.offset);
    EXPECT_EQ(at.line, c.line) << c.offset;
    EXPECT_EQ(at.column, c.column) << c.offset;
  }
}

}  // namespace
}  // namespace prom
