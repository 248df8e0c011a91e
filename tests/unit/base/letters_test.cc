#include "libprom/base/letters.h"

#include <gtest/gtest.h>

namespace prom {
namespace {

TEST(Case, FollowsUnicode) {
  EXPECT_EQ(to_lower("ABC-é-ÄΩЖ-123"), "abc-é-äωж-123");
  EXPECT_EQ(to_upper("abc-É-äωж-ß"), "ABC-É-ÄΩЖ-ß");
  EXPECT_EQ(to_lower(""), "");
  EXPECT_EQ(to_upper("a\xff"), "A\ufffd");
}

TEST(Letters, AreThoseOfAllScripts) {
  for (const std::uint32_t point : {0x41U, 0x7AU, 0xE4U, 0x416U, 0x4E2DU})
    EXPECT_TRUE(is_letter(point)) << point;
  for (const std::uint32_t point : {0x30U, 0x5FU, 0x20U, 0xD7U, 0x661U})
    EXPECT_FALSE(is_letter(point)) << point;
  EXPECT_TRUE(is_digit(0x661));
  EXPECT_TRUE(is_word_character('_'));
  EXPECT_FALSE(is_word_character('-'));
}

TEST(Printable, IsWhatCanBeSeenAndTheSpace) {
  for (const std::uint32_t point : {0x20U, 0x7EU, 0xE4U, 0x20ACU, 0x1F600U})
    EXPECT_TRUE(is_printable(point)) << point;
  for (const std::uint32_t point :
       {0x0U, 0x1FU, 0x7FU, 0xA0U, 0xADU, 0x200BU, 0x202EU, 0xE000U, 0xFEFFU})
    EXPECT_FALSE(is_printable(point)) << point;
}

TEST(Title, BeginsWordsWithACapital) {
  EXPECT_EQ(to_title("it's a.b 1st x_y", false), "It's A.b 1St X_y");
  EXPECT_EQ(to_title("HELLO wORLD", true), "Hello World");
}

}  // namespace
}  // namespace prom
