#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "libprom/http/proxy_internal.h"

namespace prom::http {
namespace {

TEST(IsExcepted, FollowsTheRulesOfGo) {
  struct Case {
    std::string host, port, no_proxy;
    bool excepted;
  };
  for (const auto& [host, port, no_proxy, excepted] : std::vector<Case>{
           {"a.example", "80", "", false},
           {"a.example", "80", "*", true},
           {"a.example", "80", "a.example", true},
           {"a.example", "80", " b.example , A.Example ", true},
           {"x.a.example", "80", "a.example", true},
           {"xa.example", "80", "a.example", false},
           {"a.example", "80", ".a.example", false},
           {"x.a.example", "80", ".a.example", true},
           {"a.example", "80", "*.a.example", false},
           {"x.a.example", "80", "*.a.example", true},
           {"a.example", "80", "a.example:80", true},
           {"a.example", "81", "a.example:80", false},
           {"10.1.2.3", "80", "10.0.0.0/8", true},
           {"11.1.2.3", "80", "10.0.0.0/8", false},
           {"10.1.2.3", "80", "10.1.2.3", true},
           {"10.1.2.3", "80", "10.1.2.3:80", true},
           {"10.1.2.3", "80", "10.1.2.3:81", false},
           {"[fd00::1]", "80", "fd00::/8", true},
           {"[fd00::1]", "80", "[fd00::1]:80", true},
           {"[fd00::1]", "80", "[fd00::1]:81", false},
           {"a.example", "80", "10.0.0.0/8,,", false},
           {"localhost", "80", "", true},
           {"127.9.9.9", "80", "", true},
           {"[::1]", "80", "", true},
       })
    EXPECT_EQ(
        is_excepted({.scheme = "http", .host = host, .port = port}, no_proxy),
        excepted)
        << host << ':' << port << " with " << no_proxy;
}

// Sets the variables of the environment that matter, for one test.
class Environment {
 public:
  explicit Environment(const std::map<std::string, std::string>& variables) {
    clear();
    for (const auto& [name, value] : variables)
      ::setenv(name.c_str(), value.c_str(), 1);
  }
  ~Environment() { clear(); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  static void clear() {
    for (const char* name :
         {"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "NO_PROXY",
          "no_proxy", "REQUEST_METHOD"})
      ::unsetenv(name);
  }
};

TEST(ProxyOf, TakesItFromTheOptions) {
  const Origin loopback{.scheme = "http", .host = "127.0.0.1", .port = "80"};
  ClientOptions options;
  EXPECT_EQ(proxy_of(loopback, options), "");
  options.proxy_url = "http://p:1";
  EXPECT_EQ(proxy_of(loopback, options), "http://p:1");
  options.no_proxy = "elsewhere";
  EXPECT_EQ(proxy_of(loopback, options), "");
}

TEST(ProxyOf, TakesItFromTheEnvironmentWhereTheOptionsSaySo) {
  const Origin plain{.scheme = "http", .host = "a.example", .port = "80"};
  const Origin secure{.scheme = "https", .host = "a.example", .port = "443"};
  ClientOptions options;
  const Environment set({{"HTTP_PROXY", "http://one"},
                         {"http_proxy", "http://two"},
                         {"https_proxy", "http://three"}});
  EXPECT_EQ(proxy_of(plain, options), "");
  options.proxy_from_environment = true;
  EXPECT_EQ(proxy_of(plain, options), "http://one");
  EXPECT_EQ(proxy_of(secure, options), "http://three");
}

TEST(ProxyOf, MindsNoProxyAndCgi) {
  const Origin plain{.scheme = "http", .host = "a.example", .port = "80"};
  const Origin other{.scheme = "http", .host = "b.example", .port = "80"};
  ClientOptions options;
  options.proxy_from_environment = true;
  const Environment set(
      {{"http_proxy", "http://two"}, {"no_proxy", "a.example"}});
  EXPECT_EQ(proxy_of(plain, options), "");
  EXPECT_EQ(proxy_of(other, options), "http://two");
  ::setenv("REQUEST_METHOD", "GET", 1);
  EXPECT_EQ(proxy_of(other, options), "");
}

}  // namespace
}  // namespace prom::http
