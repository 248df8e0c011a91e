#include "libprom/http/sigv4.h"

#include <gtest/gtest.h>

namespace prom::http {
namespace {

constexpr std::int64_t kWhenMs = 1'440'938'160'000;  // 20150830T123600Z

const AwsKeys& example_keys() {
  static const AwsKeys kKeys = {
      .access_key = "AKIDEXAMPLE",
      .secret_key = config::Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
      .session_token = {}};
  return kKeys;
}

std::string authorization(Request request, const AwsKeys& keys,
                          const std::string& service) {
  EXPECT_TRUE(sign_v4(request, keys, {"us-east-1", service}, kWhenMs));
  return request.headers.back().second;
}

// AWS's published test suite and the example of its documentation.
TEST(SigV4, SignsAsPublishedExamples) {
  const struct {
    std::string method, path;
    std::vector<Header> headers;
    std::string body, names, signature;
  } kCases[] = {
      {"GET",
       "/",
       {},
       "",
       "host;x-amz-date",
       "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {"GET",
       "",
       {},
       "",
       "host;x-amz-date",
       "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {"GET",
       "/?Param2=value2&Param1=value1",
       {},
       "",
       "host;x-amz-date",
       "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
      {"GET",
       "/\xe1\x88\xb4",
       {},
       "",
       "host;x-amz-date",
       "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
      {"GET",
       "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
       {},
       "",
       "host;x-amz-date",
       "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
      {"GET",
       "/",
       {{"My-Header1", " value1"}, {"My-Header2", " \"a   b   c\""}},
       "",
       "host;my-header1;my-header2;x-amz-date",
       "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
      {"POST",
       "/",
       {},
       "",
       "host;x-amz-date",
       "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
      {"POST",
       "/",
       {{"Content-Type", "application/x-www-form-urlencoded"},
        {"User-Agent", "anything"}},
       "Param1=value1",
       "content-type;host;x-amz-date",
       "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(authorization({.method = c.method,
                             .url = "https://example.amazonaws.com" + c.path,
                             .headers = c.headers,
                             .body = c.body},
                            example_keys(), "service"),
              "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/"
              "service/aws4_request, SignedHeaders=" +
                  c.names + ", Signature=" + c.signature)
        << c.method << c.path;
  }
  EXPECT_TRUE(
      authorization({.url = "https://iam.amazonaws.com/"
                            "?Action=ListUsers&Version=2010-05-08",
                     .headers = {{"Content-Type",
                                  "application/x-www-form-urlencoded; "
                                  "charset=utf-8"}}},
                    example_keys(), "iam")
          .ends_with("5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924"
                     "a6f2b5d7"));
}

TEST(SigV4, SignsThePortAndTheTokenOfTemporaryKeys) {
  AwsKeys keys = example_keys();
  keys.session_token = config::Secret("token");
  Request request{.url = "http://127.0.0.1:8080/a"};
  ASSERT_TRUE(sign_v4(request, keys, {"eu-west-1", "ec2"}, kWhenMs));
  ASSERT_EQ(request.headers.size(), 3U);
  EXPECT_EQ(request.headers[0], Header("X-Amz-Date", "20150830T123600Z"));
  EXPECT_EQ(request.headers[1], Header("X-Amz-Security-Token", "token"));
  EXPECT_NE(request.headers[2].second.find(
                "SignedHeaders=host;x-amz-date;x-amz-security-token,"),
            std::string::npos);
  Request other{.url = "http://127.0.0.1:8081/a"};
  ASSERT_TRUE(sign_v4(other, keys, {"eu-west-1", "ec2"}, kWhenMs));
  EXPECT_NE(other.headers[2], request.headers[2]);
}

TEST(SigV4, RefusesWhatIsNoUrl) {
  Request request{.url = "ftp://example.org/"};
  EXPECT_FALSE(sign_v4(request, example_keys(), {"r", "s"}, kWhenMs));
  EXPECT_TRUE(request.headers.empty());
}

}  // namespace
}  // namespace prom::http
