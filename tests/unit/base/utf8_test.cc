#include "libprom/base/utf8.h"

#include <string>

#include <gtest/gtest.h>

namespace prom {
namespace {

TEST(Utf8, IsValidWhereTheStandardSaysSo) {
  for (const char* text :
       {"", "a", "é", "→", "😀", "\x7f", "\u0080", "\u07ff", "\u0800", "\ud7ff",
        "\ue000", "\uffff", "\U00010000", "\U0010ffff", "0123456789abcdefé"})
    EXPECT_TRUE(is_valid_utf8(text)) << text;
  EXPECT_TRUE(is_valid_utf8(std::string_view("\0", 1)));
  for (const char* text :
       {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc3", "\xc3(", "\xe0\x80\x80",
        "\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf", "\xe2\x82",
        "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80", "\xff", "\xfe", "01234567\xff", "0123456\xc3"})
    EXPECT_FALSE(is_valid_utf8(text));
}

TEST(Utf8, IsDecodedAndEncodedBack) {
  for (std::uint32_t c = 1; c < 0x110000; c += c < 0x3000 ? 1 : 97) {
    if (c >= 0xD800 && c < 0xE000) continue;
    std::string text;
    append_utf8(text, c);
    const CodePoint point = decode_utf8(text + "x");
    ASSERT_EQ(point.value, c);
    ASSERT_EQ(point.size, text.size());
  }
  for (const char* text : {"\xff", "\xc3", "\xe2\x82", "\xed\xa0\x80"}) {
    EXPECT_EQ(decode_utf8(text).value, 0xFFFDU);
    EXPECT_EQ(decode_utf8(text).size, 1U);
  }
}

TEST(Quote, IsGosStrconvQuote) {
  const struct {
    std::string text, expected;
  } kCases[] = {
      {"", R"("")"},
      {"abc", R"("abc")"},
      {"a\"b\\c", R"("a\"b\\c")"},
      {"\a\b\f\n\r\t\v", R"("\a\b\f\n\r\t\v")"},
      {std::string("\0\x01\x1f\x7f", 4), R"("\x00\x01\x1f\x7f")"},
      {"é→😀", "\"é→😀\""},
      {"\xff\xc3", R"("\xff\xc3")"},
      {"\u0080\u009f", R"("\u0080\u009f")"},
      {"\u00a0", R"("\u00a0")"},
      {"\u00ad", R"("\u00ad")"},
      {"\u200b\u200e\u202e", R"("\u200b\u200e\u202e")"},
      {"\u2028\u2029\u3000", R"("\u2028\u2029\u3000")"},
      {"\ufeff", R"("\ufeff")"},
      {"\ue000", R"("\ue000")"},
      {"\uffff", R"("\uffff")"},
      {"\U000e0001", R"("\U000e0001")"},
      {"\U0010ffff", R"("\U0010ffff")"},
      {"\ufffd", "\"\ufffd\""},
      {"e\u0301", "\"e\u0301\""},
      {"'`", R"("'`")"},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(quote(c.text), c.expected);
  }
}

TEST(Printable, IsSafeForATerminal) {
  const struct {
    std::string text, expected;
  } kCases[] = {
      {"plain é", "plain é"},
      {"\x1b[31m", "\\x1b[31m"},
      {"a\nb\tc\r", "a\\x0ab\\x09c\\x0d"},
      {"\x7f", "\\x7f"},
      {"\u009b31m", "\\xc2\\x9b31m"},
      {"\xff\xfe", "\\xff\\xfe"},
      {"\u202egnp.exe", "\\u202egnp.exe"},
      {"\u2066\u200f", "\\u2066\\u200f"},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(printable(c.text), c.expected);
  }
}

}  // namespace
}  // namespace prom
