#include "libprom/http/gzip.h"

#include <gtest/gtest.h>

namespace prom::http {
namespace {

TEST(Gzip, RoundTrips) {
  for (const std::string& text :
       {std::string(), std::string("a"), std::string(1 << 20, 'x')})
    EXPECT_EQ(gunzip(gzip(text), 1 << 20).value(), text);
}

TEST(Gzip, JoinsMembers) {
  EXPECT_EQ(gunzip(gzip("one ") + gzip("two"), 100).value(), "one two");
}

TEST(Gzip, StopsAtTheLimitAndNotBefore) {
  const std::string bomb = gzip(std::string(10 << 20, '\0'));
  EXPECT_LT(bomb.size(), 64U << 10);
  EXPECT_EQ(gunzip(bomb, 1 << 20).error().code, Code::kLimit);
  EXPECT_TRUE(gunzip(bomb, 10 << 20));
  EXPECT_EQ(gunzip(bomb, (10 << 20) - 1).error().code, Code::kLimit);
}

TEST(Gzip, RefusesEveryCutAndEveryFlippedChecksum) {
  const std::string whole = gzip("the quick brown fox");
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_EQ(gunzip(whole.substr(0, size), 1000).error().code, Code::kBadData)
        << size;
  std::string damaged = whole;
  damaged[damaged.size() - 6] = static_cast<char>(~damaged[damaged.size() - 6]);
  EXPECT_EQ(gunzip(damaged, 1000).error().code, Code::kBadData);
  EXPECT_EQ(gunzip(whole + "junk", 1000).error().code, Code::kBadData);
}

}  // namespace
}  // namespace prom::http
