#include "libprom/discover/ip.h"

#include <gtest/gtest.h>

namespace prom::discover {
namespace {

TEST(Ip, IsWrittenInOneWay) {
  const struct {
    const char *text, *canonical;
  } kCases[] = {
      {"10.0.0.1", "10.0.0.1"},
      {"2001:0DB8::0:1", "2001:db8::1"},
      {"::ffff:10.0.0.1", "10.0.0.1"},
      {"::1", "::1"},
      {"", nullptr},
      {"10.0.0", nullptr},
      {"10.0.0.01", nullptr},
      {"10.0.0.1/8", nullptr},
      {"fe80::1%eth0", nullptr},
      {"host", nullptr},
  };
  for (const auto& c : kCases) {
    const auto canonical = canonical_ip(c.text);
    EXPECT_EQ(canonical.value_or("none"),
              c.canonical == nullptr ? "none" : c.canonical)
        << c.text;
  }
  EXPECT_FALSE(canonical_ip(std::string_view("::1\0x", 5)));
}

TEST(Ip, NetworksAreMasked) {
  EXPECT_EQ(canonical_network("2001:db8::1/64"), "2001:db8::/64");
  EXPECT_EQ(canonical_network("10.1.2.3/20"), "10.1.0.0/20");
  EXPECT_EQ(canonical_network("10.1.2.3/0"), "0.0.0.0/0");
  EXPECT_EQ(canonical_network("10.1.2.3/32"), "10.1.2.3/32");
  for (const char* bad : {"", "/", "10.1.2.3", "10.1.2.3/33", "::/129", "::/x"})
    EXPECT_FALSE(canonical_network(bad)) << bad;
}

TEST(Ip, KnowsIpv4) {
  EXPECT_TRUE(is_ipv4("1.2.3.4"));
  EXPECT_TRUE(is_ipv4("::ffff:1.2.3.4"));
  EXPECT_FALSE(is_ipv4("2a01:4f8::"));
  EXPECT_FALSE(is_ipv4("x"));
}

}  // namespace
}  // namespace prom::discover
