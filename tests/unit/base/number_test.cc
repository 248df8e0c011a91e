#include "libprom/base/number.h"

#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>

#include <gtest/gtest.h>

namespace prom {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(ParseFloat, TakesWhatGoTakes) {
  const struct {
    std::string text;
    double value;
  } kCases[] = {
      {"0", 0},
      {"-0", -0.0},
      {"1", 1},
      {"+1", 1},
      {"1.", 1},
      {".5", 0.5},
      {"-.5e1", -5},
      {"1e23", 1e23},
      {"1E+05", 1e5},
      {"100000000000000016777215", 100000000000000010000000.0},
      {"1.7976931348623157e308", 1.7976931348623157e308},
      {"4.9e-324", 4.9e-324},
      {"2e-324", 0},
      {"1e-400", 0},
      {"-1e-400", -0.0},
      {"1e-99999999999999999999", 0},
      {"0e99999999999", 0},
      {"inf", kInfinity},
      {"+Inf", kInfinity},
      {"-iNf", -kInfinity},
      {"Infinity", kInfinity},
      {"-INFINITY", -kInfinity},
      {"0x1p-2", 0.25},
      {"-0X1.8P+3", -12},
      {"0x1p-2000", 0},
      {"0x_1_0p0", 16},
      {"1_23.50_0_0e+1_2", 1.235e14},
  };
  for (const auto& c : kCases) {
    const auto value = parse_float(c.text);
    ASSERT_TRUE(value) << c.text;
    EXPECT_EQ(*value, c.value) << c.text;
    EXPECT_EQ(std::signbit(*value), std::signbit(c.value)) << c.text;
  }
  for (const char* text : {"nan", "NaN", "NAN"})
    EXPECT_TRUE(std::isnan(parse_float(text).value_or(0))) << text;
}

TEST(ParseFloat, RefusesWhatGoRefuses) {
  for (const char* text : {"",         " 1",     "1 ",
                           "1x",       "e1",     "1e",
                           "1e+",      ".",      "-",
                           "+-1",      "--1",    "1.1.",
                           "1e2e3",    "infi",   "infx",
                           "+nan",     "-nan",   "nan(1)",
                           "0x",       "0x1",    "0x1.8",
                           "0xp1",     "0x-1p2", "0x+1p2",
                           "0xinfp1",  "1e309",  "-1e309",
                           "0x1p1024", "_1",     "1_",
                           "1__0",     "1_.5",   "1._5",
                           "1e_5",     "0_x1p1", "1p3",
                           "0b1",      "1,5",    "1e99999999999999999999"})
    EXPECT_EQ(parse_float(text), std::nullopt) << text;
}

TEST(ParseInt, TakesTheWholeTextOnly) {
  EXPECT_EQ(parse_int("-9223372036854775808"), INT64_MIN);
  EXPECT_EQ(parse_int("+9223372036854775807"), INT64_MAX);
  EXPECT_EQ(parse_int("007"), 7);
  for (const char* text :
       {"", "+", "-", "+-1", "-+1", "1.0", "1 ", " 1", "0x1", "1_0",
        "9223372036854775808", "-9223372036854775809"})
    EXPECT_EQ(parse_int(text), std::nullopt) << text;
  EXPECT_EQ(parse_uint("18446744073709551615"), UINT64_MAX);
  for (const char* text : {"", "-1", "+1", "18446744073709551616", "1x"})
    EXPECT_EQ(parse_uint(text), std::nullopt) << text;
}

TEST(FormatFloat, IsGosShortestForm) {
  const struct {
    double value;
    std::string plain;  // as JSON answers use it
    std::string g;      // as expositions use it
    std::string fixed;
  } kCases[] = {
      {0, "0", "0", "0"},
      {-0.0, "-0", "-0", "-0"},
      {1, "1", "1", "1"},
      {-1.5, "-1.5", "-1.5", "-1.5"},
      {0.1, "0.1", "0.1", "0.1"},
      {100000, "100000", "100000", "100000"},
      {1000000, "1000000", "1e+06", "1000000"},
      {123456789, "123456789", "1.23456789e+08", "123456789"},
      {0.0001, "0.0001", "0.0001", "0.0001"},
      {0.00001, "0.00001", "1e-05", "0.00001"},
      {1e-6, "0.000001", "1e-06", "0.000001"},
      {1e-7, "1e-07", "1e-07", "0.0000001"},
      {1e20, "100000000000000000000", "1e+20", "100000000000000000000"},
      {1e21, "1e+21", "1e+21", "1000000000000000000000"},
      {1.7976931348623157e308, "1.7976931348623157e+308",
       "1.7976931348623157e+308", "17976931348623157" + std::string(292, '0')},
      {kInfinity, "+Inf", "+Inf", "+Inf"},
      {-kInfinity, "-Inf", "-Inf", "-Inf"},
      {std::nan(""), "NaN", "NaN", "NaN"},
  };
  for (const auto& c : kCases) {
    std::string g;
    append_float_go_g(g, c.value);
    EXPECT_EQ(format_float(c.value), c.plain);
    EXPECT_EQ(g, c.g);
    EXPECT_EQ(format_float_fixed(c.value), c.fixed);
  }
}

TEST(FormatFloat, ReadsBackAsTheSameBits) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 20'000; ++i) {
    const auto value = std::bit_cast<double>(random());
    if (!std::isfinite(value)) continue;
    std::string g;
    append_float_go_g(g, value);
    for (const std::string& text :
         {format_float(value), g, format_float_fixed(value)}) {
      const auto read = parse_float(text);
      ASSERT_TRUE(read) << text;
      EXPECT_EQ(std::bit_cast<std::uint64_t>(*read),
                std::bit_cast<std::uint64_t>(value))
          << text;
    }
  }
}

TEST(ParseFloat, AgreesWithTheSystemOnRandomText) {
  std::mt19937 random(11);
  constexpr std::string_view kAlphabet = "0123456789.eE+-";
  for (int i = 0; i < 50'000; ++i) {
    std::string text;
    for (auto n = random() % 9; n-- > 0;)
      text += kAlphabet[random() % kAlphabet.size()];
    char* end = nullptr;
    const double expected = std::strtod(text.c_str(), &end);
    const bool good = !text.empty() && *end == '\0' && std::isfinite(expected);
    const auto value = parse_float(text);
    ASSERT_EQ(value.has_value(), good) << text;
    if (good) {
      EXPECT_EQ(*value, expected) << text;
    }
  }
}

}  // namespace
}  // namespace prom
