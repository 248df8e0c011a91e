#include "libprom/exposition/scan.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

namespace prom::exposition::scan {
namespace {

// Strings of plain bytes with one other byte somewhere, at every alignment.
std::string random_text(std::mt19937& random, std::string_view plain) {
  std::string text(random() % 100, ' ');
  for (char& c : text) c = plain[random() % plain.size()];
  if (!text.empty() && random() % 4 != 0)
    text[random() % text.size()] = static_cast<char>(random());
  return text;
}

TEST(Scan, VectorsAgreeWithTheirScalarTwins) {
  std::mt19937 random(1);
  for (int i = 0; i < 20'000; ++i) {
    const std::string text = random_text(random, "abcXYZ019_:");
    const char* const at = text.data();
    const char* const end = at + text.size();
    EXPECT_EQ(name_end<Name::kMetric>(at, end),
              name_end_scalar<Name::kMetric>(at, end));
    EXPECT_EQ(name_end<Name::kLabel>(at, end),
              name_end_scalar<Name::kLabel>(at, end));
    const std::string value = random_text(random, "/var/lib sda1{}=,#");
    EXPECT_EQ(quotes_end(value.data(), value.data() + value.size()),
              quotes_end_scalar(value.data(), value.data() + value.size()));
  }
}

TEST(Scan, KnowsEveryByte) {
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const std::string text = std::string(5, 'a') + c + std::string(20, 'a');
    const char* const end = text.data() + text.size();
    EXPECT_EQ(name_end<Name::kMetric>(text.data(), end) == end,
              is_name_byte<Name::kMetric>(c))
        << byte;
    EXPECT_EQ(name_end<Name::kLabel>(text.data(), end) == end,
              is_name_byte<Name::kLabel>(c))
        << byte;
    EXPECT_EQ(quotes_end(text.data(), end) == end, !is_special_in_quotes(c))
        << byte;
  }
}

TEST(Scan, EqualPrefixAgreesWithItsScalarTwin) {
  std::mt19937 random(2);
  for (int i = 0; i < 20'000; ++i) {
    std::string a(random() % 300, 'x');
    std::string b = a;
    if (!b.empty() && random() % 5 != 0) b[random() % b.size()] = 'y';
    EXPECT_EQ(equal_prefix(a.data(), b.data(), a.size()),
              equal_prefix_scalar(a.data(), b.data(), a.size()));
  }
}

}  // namespace
}  // namespace prom::exposition::scan
