#include "libprom/http/address.h"

#include <gtest/gtest.h>

namespace prom::http {
namespace {

TEST(AddressPolicy, DeniesMetadataServicesAndWhatIsNoHost) {
  const AddressPolicy policy;
  for (const std::string_view denied :
       {"169.254.169.254", "169.254.0.0", "169.254.255.255", "0.0.0.0",
        "0.255.255.255", "224.0.0.1", "239.255.255.255", "255.255.255.255",
        "fd00:ec2::254", "::", "ff02::1", "::ffff:169.254.169.254",
        "::ffff:0.0.0.0", "64:ff9b::a9fe:a9fe"}) {
    const auto address = Address::parse(denied);
    ASSERT_TRUE(address) << denied;
    EXPECT_FALSE(policy.allows(*address)) << denied;
  }
}

TEST(AddressPolicy, AllowsEverythingElse) {
  const AddressPolicy policy;
  for (const std::string_view allowed :
       {"127.0.0.1", "10.0.0.1", "169.253.255.255", "169.255.0.0", "1.0.0.0",
        "223.255.255.255", "240.0.0.1", "::1", "fd00:ec2::253", "fe80::1",
        "2001:db8::1", "::ffff:127.0.0.1"}) {
    const auto address = Address::parse(allowed);
    ASSERT_TRUE(address) << allowed;
    EXPECT_TRUE(policy.allows(*address)) << allowed;
  }
}

TEST(AddressPolicy, AllowWinsOverDeny) {
  AddressPolicy policy;
  ASSERT_TRUE(policy.deny("10.0.0.0/8"));
  ASSERT_TRUE(policy.allow("169.254.169.254"));
  ASSERT_TRUE(policy.allow("10.1.0.0/17"));
  EXPECT_TRUE(policy.allows(*Address::parse("169.254.169.254")));
  EXPECT_FALSE(policy.allows(*Address::parse("169.254.169.253")));
  EXPECT_TRUE(policy.allows(*Address::parse("10.1.127.255")));
  EXPECT_FALSE(policy.allows(*Address::parse("10.1.128.0")));
}

TEST(AddressRange, RefusesWhatIsNone) {
  for (const std::string_view bad :
       {"", "localhost", "10.0.0.0/33", "10.0.0/8", "::/129", "10.0.0.0/",
        "10.0.0.0/-1", "10.0.0.0/8/8"})
    EXPECT_FALSE(AddressRange::parse(bad)) << bad;
}

TEST(Address, PrintsAsItIsWritten) {
  EXPECT_EQ(Address::parse("10.0.0.1")->to_string(), "10.0.0.1");
  EXPECT_EQ(Address::parse("::ffff:10.0.0.1")->to_string(), "10.0.0.1");
  EXPECT_EQ(Address::parse("2001:db8::1")->to_string(), "2001:db8::1");
}

}  // namespace
}  // namespace prom::http
