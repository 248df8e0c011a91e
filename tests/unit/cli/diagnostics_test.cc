#include "libprom/cli/diagnostics.h"

#include <gtest/gtest.h>

namespace prom::cli {
namespace {

std::string shown(const Diagnostic& diagnostic, std::string_view text) {
  os::Output out;
  show({diagnostic}, text, out, false);
  return out.text();
}

TEST(Diagnostics, ShowTheLineWithACaretAndAHint) {
  const Diagnostic diagnostic{.file = "a.yml",
                              .line = 2,
                              .column = 3,
                              .width = 4,
                              .message = "field rte is not known",
                              .hint = "did you mean `rate`?"};
  EXPECT_EQ(shown(diagnostic, "x:\n  rte_: 1\n"),
            "a.yml:2:3: error: field rte is not known\n"
            "  2 |   rte_: 1\n"
            "    |   ^^^^\n"
            "  = did you mean `rate`?\n");
}

TEST(Diagnostics, EscapeWhatCouldHarmATerminal) {
  const Diagnostic diagnostic{
      .line = 1, .column = 4, .message = "odd \x1b[31m byte"};
  EXPECT_EQ(shown(diagnostic, "a\tb\x1b"),
            "1:4: error: odd \\x1b[31m byte\n"
            "  1 | a b\\x1b\n"
            "    |    ^^^^\n");
}

TEST(Diagnostics, CutALongLineAroundThePlace) {
  const std::string line =
      std::string(5000, 'x') + "!" + std::string(5000, 'y');
  const Diagnostic diagnostic{.line = 1, .column = 5001, .message = "here"};
  const std::string text = shown(diagnostic, line);
  EXPECT_LT(text.size(), 700U);
  EXPECT_NE(text.find("x!y"), std::string::npos);
}

TEST(Diagnostics, StayInsideTheTextForAnyPosition) {
  for (std::uint32_t line = 0; line < 5; ++line) {
    for (std::uint32_t column = 0; column < 12; ++column) {
      const Diagnostic diagnostic{.file = "f",
                                  .line = line,
                                  .column = column,
                                  .width = 99,
                                  .message = "m"};
      EXPECT_NE(shown(diagnostic, "ä€b\nxy\n").find("error: m"),
                std::string::npos);
    }
  }
}

}  // namespace
}  // namespace prom::cli
