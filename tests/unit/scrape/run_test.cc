#include "libprom/scrape/run.h"

#include <gtest/gtest.h>

namespace prom::scrape {
namespace {

TEST(TargetOfArgument, ReadsWhatPeopleType) {
  struct Case {
    std::string typed, url, instance;
  };
  for (const auto& [typed, url, instance] : std::vector<Case>{
           {"localhost:9100", "http://localhost:9100/metrics",
            "localhost:9100"},
           {"host", "http://host/metrics", "host"},
           {"host:1/x?y=z", "http://host:1/x?y=z", "host:1"},
           {"http://host", "http://host/metrics", "host"},
           {"http://host/", "http://host/", "host"},
           {"https://u:p@host:2/m", "https://u:p@host:2/m", "host:2"},
           {"[::1]:9100", "http://[::1]:9100/metrics", "[::1]:9100"},
           {"/run/x.prom", "file:///run/x.prom", "/run/x.prom"},
           {"./x.prom", "file://./x.prom", "./x.prom"}}) {
    const auto target = target_of_argument(typed, "j");
    ASSERT_TRUE(target) << typed;
    EXPECT_EQ(target->url, url);
    EXPECT_EQ(target->labels.get("instance"), instance);
    EXPECT_EQ(target->labels.get("job"), "j");
  }
}

TEST(TargetOfArgument, RefusesWhatIsNoTarget) {
  for (const std::string_view typed :
       {"ftp://x", "http://", "http:///m", "gopher://x/", ""}) {
    const auto target = target_of_argument(std::string(typed), "j");
    ASSERT_FALSE(target) << typed;
    EXPECT_EQ(target.error().code, Code::kUsage);
  }
}

}  // namespace
}  // namespace prom::scrape
