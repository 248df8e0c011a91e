#include "libprom/cli/canvas.h"

#include <gtest/gtest.h>

namespace prom::cli {
namespace {

TEST(Canvas, DrawsALineInBraille) {
  Canvas canvas(4, 2, Canvas::Style::kBraille);
  ASSERT_EQ(canvas.width(), 8U);
  ASSERT_EQ(canvas.height(), 8U);
  canvas.connect(0, 0, 7, 7, 0);
  EXPECT_EQ(canvas.row(0, false), "  ⡠⠊");
  EXPECT_EQ(canvas.row(1, false), "⡠⠊  ");
}

TEST(Canvas, DrawsMarksWithoutUtf8) {
  Canvas canvas(3, 3, Canvas::Style::kAscii);
  canvas.connect(0, 2, 2, 0, 0);
  canvas.dot(0, 0, 1);
  EXPECT_EQ(canvas.row(0, false), "*  ");
  EXPECT_EQ(canvas.row(1, false), " * ");
  EXPECT_EQ(canvas.row(2, false), "+ *");
}

TEST(Canvas, DrawsQuartersInBlocks) {
  Canvas canvas(4, 1, Canvas::Style::kBlocks);
  ASSERT_EQ(canvas.width(), 8U);
  ASSERT_EQ(canvas.height(), 2U);
  canvas.dot(0, 1, 0);
  canvas.dot(3, 0, 0);
  canvas.connect(4, 0, 5, 1, 0);
  canvas.connect(6, 0, 6, 1, 0);
  canvas.connect(7, 0, 7, 1, 0);
  EXPECT_EQ(canvas.row(0, false), "▘▗▞█");
}

TEST(Canvas, IgnoresWhatIsOutside) {
  Canvas canvas(1, 1, Canvas::Style::kBraille);
  canvas.dot(2, 0, 0);
  canvas.dot(0, 4, 0);
  EXPECT_EQ(canvas.row(0, false), " ");
}

TEST(Canvas, ColoursEachLineAndResets) {
  Canvas canvas(2, 1, Canvas::Style::kAscii);
  canvas.dot(0, 0, 0);
  canvas.dot(1, 0, 1);
  EXPECT_EQ(canvas.row(0, true), "\x1b[36m*\x1b[33m+\x1b[0m");
}

}  // namespace
}  // namespace prom::cli
