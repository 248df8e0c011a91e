#include "libprom/block/ulid.h"

#include <gtest/gtest.h>

namespace prom::block {
namespace {

TEST(Ulid, IsWrittenAsTheSpecificationSays) {
  const Ulid id = Ulid::make(1'469'918'176'385, 0, 0);
  EXPECT_EQ(id.to_string().substr(0, 10), "01ARYZ6S41");
  EXPECT_EQ(id.to_string().size(), 26U);
  EXPECT_EQ(id.t_ms(), 1'469'918'176'385);
}

TEST(Ulid, ComesBackFromItsText) {
  for (const std::uint64_t random :
       {0ULL, 1ULL, 0xFFFFFFFFFFFFFFFFULL, 0x0123456789ABCDEFULL}) {
    const Ulid id = Ulid::make(1'700'000'000'000, random, ~random);
    const auto parsed = Ulid::parse(id.to_string());
    ASSERT_TRUE(parsed);
    EXPECT_EQ(*parsed, id);
  }
  EXPECT_EQ(Ulid::parse("7ZZZZZZZZZZZZZZZZZZZZZZZZZ")->to_string(),
            "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
}

TEST(Ulid, SortsByTime) {
  EXPECT_LT(Ulid::make(1, ~0ULL, ~0ULL), Ulid::make(2, 0, 0));
  EXPECT_LT(Ulid::make(1, ~0ULL, ~0ULL).to_string(),
            Ulid::make(2, 0, 0).to_string());
}

TEST(Ulid, RefusesWhatIsNone) {
  for (const char* text :
       {"", "01ARYZ6S4", "01ARYZ6S41TSV4RRFFQ69G5FAVX",
        "8ZZZZZZZZZZZZZZZZZZZZZZZZZ", "01ARYZ6S41TSV4RRFFQ69G5FAU",
        "01ARYZ6S41TSV4RRFFQ69G5F/V"})
    EXPECT_FALSE(Ulid::parse(text)) << text;
  EXPECT_TRUE(Ulid::parse("01aryz6s41tsv4rrffq69g5fav"));
}

}  // namespace
}  // namespace prom::block
