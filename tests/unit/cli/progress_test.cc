#include "libprom/cli/progress.h"

#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"

namespace prom::cli {
namespace {

TEST(Progress, SaysNothingWhereThereIsNoTerminal) {
  os::Output err;
  FakeClock clock;
  Progress progress(err, clock, "import", 100);
  progress.show(10, "note");
  progress.clear();
  EXPECT_EQ(err.text(), "");
}

TEST(Progress, ShowsAmountsWithTwoOrThreeDigits) {
  const std::pair<std::uint64_t, const char*> cases[] = {
      {0, "0 B"},
      {999, "999 B"},
      {1000, "1.0 kB"},
      {99'949, "99.9 kB"},
      {99'951, "100 kB"},
      {999'499, "999 kB"},
      {999'500, "1.0 MB"},
      {1'234'567'890, "1.2 GB"},
      {UINT64_MAX, "18.4 EB"},
  };
  for (const auto& [bytes, text] : cases) EXPECT_EQ(format_bytes(bytes), text);
  EXPECT_EQ(format_count(12), "12");
  EXPECT_EQ(format_count(3'200'000), "3.2 M");
}

TEST(Progress, DrawsOneLineAndTakesItAway) {
  FakeClock clock;
  EXPECT_EQ(progress_line({.what = "read",
                           .total = 200,
                           .done = 50,
                           .note = "7 samples",
                           .seconds = 1}),
            "read  [======>                 ]  25%  50 B of 200 B  7 samples  "
            "50 B/s  4s left");
  EXPECT_EQ(progress_line({.what = "read", .done = 50}), "read  50 B");
}

}  // namespace
}  // namespace prom::cli
