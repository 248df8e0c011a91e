#include "libprom/cli/table.h"

#include <gtest/gtest.h>

namespace prom::cli {
namespace {

std::string written(const Table& table, std::size_t width) {
  os::Output out;
  table.write(out, width, false);
  return out.text();
}

Table sample_table() {
  Table table({{.title = "JOB"},
               {.title = "INSTANCE"},
               {.title = "VALUE", .align = Table::Align::kRight}});
  table.add({"node", "10.0.0.1:9100", "1"});
  table.add({"a", "日本", "12.5"});
  return table;
}

TEST(Table, AlignsColumnsByWhatTheyShow) {
  EXPECT_EQ(written(sample_table(), 0),
            "JOB   INSTANCE       VALUE\n"
            "node  10.0.0.1:9100      1\n"
            "a     日本            12.5\n");
}

TEST(Table, CutsTheWidestColumnsToFit) {
  EXPECT_EQ(written(sample_table(), 20),
            "JOB   INSTAN…  VALUE\n"
            "node  10.0.0…      1\n"
            "a     日本      12.5\n");
  // Narrower than anything sensible: readable columns win.
  EXPECT_TRUE(written(sample_table(), 1).starts_with("JOB   INS…  VAL…"));
}

TEST(Table, MakesUntrustedTextPrintable) {
  Table table({{.title = "X"}});
  table.add({"a\x1b[31m\n"});
  EXPECT_EQ(written(table, 0), "X\na\\x1b[31m\\x0a\n");
}

TEST(DisplayWidth, CountsWhatATerminalShows) {
  EXPECT_EQ(display_width("abc"), 3U);
  EXPECT_EQ(display_width("é"), 1U);
  EXPECT_EQ(display_width("e\u0301"), 1U);
  EXPECT_EQ(display_width("日本"), 4U);
  EXPECT_EQ(display_width(""), 0U);
}

TEST(Fit, LeavesRoomForTheEllipsis) {
  EXPECT_EQ(fit("abcdef", 6), "abcdef");
  EXPECT_EQ(fit("abcdef", 4), "abc…");
  EXPECT_EQ(fit("日本語", 5), "日本…");
  EXPECT_EQ(fit("日本語", 4), "日…");
  EXPECT_EQ(fit("abc", 1), "…");
  EXPECT_EQ(fit("abc", 0), "");
}

}  // namespace
}  // namespace prom::cli
