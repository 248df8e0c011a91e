#include "libprom/model/escape.h"

#include <gtest/gtest.h>

namespace prom {
namespace {

TEST(Escape, WritesNamesInEachScheme) {
  const struct {
    std::string name, underscores, dots, values;
  } cases[] = {
      {"", "", "", ""},
      {"no:escaping_9", "no:escaping_9", "no:escaping__9", "no:escaping_9"},
      {"http.status", "http_status", "http_dot_status", "U__http_2e_status"},
      {"9lead", "_lead", "__lead", "U___39_lead"},
      {"a_b.c", "a_b_c", "a__b_dot_c", "U__a__b_2e_c"},
      {"\xe8\x8a\xb1 1", "__1", "____1", "U___82b1__20_1"},
      {"a\xff"
       "b",
       "a_b", "a__b", "U__a_fffd_b"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(escape_name(c.name, Escaping::kAllowUtf8), c.name);
    EXPECT_EQ(escape_name(c.name, Escaping::kUnderscores), c.underscores);
    EXPECT_EQ(escape_name(c.name, Escaping::kDots), c.dots);
    EXPECT_EQ(escape_name(c.name, Escaping::kValues), c.values);
  }
}

TEST(Escape, UndoesValues) {
  for (const std::string name :
       {"http.status", "9lead", "a_b.c", "\xe8\x8a\xb1 1", "_", "plain",
        "\xf0\x9f\x98\x80"})
    EXPECT_EQ(unescape_name(escape_name(name, Escaping::kValues)), name);
  EXPECT_EQ(unescape_name("U__a_2E_b"), "a.b");
}

TEST(Escape, LeavesNamesThatWereNotEscaped) {
  for (const std::string name :
       {"plain", "U_a", "U__a_", "U__a_2e", "U__a_xyz_", "U__a_d800_",
        "U__a_110000_", "U__a_0000020_", "U__a_-1_"})
    EXPECT_EQ(unescape_name(name), name);
}

TEST(Escape, KnowsTheSchemesByName) {
  for (const Escaping escaping : {Escaping::kAllowUtf8, Escaping::kUnderscores,
                                  Escaping::kDots, Escaping::kValues})
    EXPECT_EQ(parse_escaping(to_string(escaping)), escaping);
  EXPECT_EQ(parse_escaping("none"), std::nullopt);
}

}  // namespace
}  // namespace prom
