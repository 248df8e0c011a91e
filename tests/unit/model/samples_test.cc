#include "libprom/model/samples.h"

#include <gtest/gtest.h>

namespace prom {
namespace {

TEST(Samples, KeepsOptionalColumnsEmptyUntilNeeded) {
  Samples samples;
  samples.push(1, 10.0);
  samples.end_series();
  samples.push(2, 20.0);
  samples.set_start(0);
  samples.end_series();
  EXPECT_TRUE(samples.of(0).histogram.empty());
  EXPECT_TRUE(samples.of(1).start_ms.empty());
  EXPECT_EQ(samples.of(1).value.size(), 1U);
  EXPECT_EQ(samples.of(1).value[0], 20.0);
}

TEST(Samples, FillsOptionalColumnsForEarlierSamples) {
  Samples samples;
  samples.push(1, 10.0);
  FloatHistogram histogram;
  histogram.sum = 3;
  samples.push(2, histogram);
  samples.set_start(1);
  samples.push(3, 30.0);
  samples.end_series();

  const SeriesSamples all = samples.of(0);
  ASSERT_EQ(all.histogram.size(), 3U);
  EXPECT_EQ(all.histogram[0], nullptr);
  ASSERT_NE(all.histogram[1], nullptr);
  EXPECT_EQ(all.value[1], 3.0);
  EXPECT_EQ(all.histogram[2], nullptr);
  ASSERT_EQ(all.start_ms.size(), 3U);
  EXPECT_EQ(all.start_ms[0], 0);
  EXPECT_EQ(all.start_ms[1], 1);
  EXPECT_EQ(all.start_ms[2], 0);
}

}  // namespace
}  // namespace prom
