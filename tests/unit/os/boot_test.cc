#include "libprom/os/boot.h"

#include <gtest/gtest.h>

namespace prom::os {
namespace {

TEST(BootId, StaysTheSameWhileTheMachineRuns) {
  EXPECT_NE(boot_id(), 0U);
  EXPECT_EQ(boot_id(), boot_id());
}

}  // namespace
}  // namespace prom::os
