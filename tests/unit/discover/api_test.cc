#include "libprom/discover/api.h"

#include <gtest/gtest.h>

#include "tests/support/sd_test.h"

namespace prom::discover {
namespace {

TEST(Api, LabelNamesAreAsciiWords) {
  EXPECT_EQ(sanitized_label_name("app.kubernetes.io/name"),
            "app_kubernetes_io_name");
  EXPECT_EQ(sanitized_label_name("größe-1"), "gr__e_1");
  EXPECT_EQ(sanitized_label_name("a\xff\xfe z"), "a___z");
  EXPECT_EQ(sanitized_label_name(""), "");
}

TEST(Api, AddressesAndLists) {
  EXPECT_EQ(host_port("a", 1), "a:1");
  EXPECT_EQ(host_port("::1", "x"), "[::1]:x");
  EXPECT_EQ(framed({"a", "b"}, ","), ",a,b,");
  EXPECT_EQ(framed({}, ","), "");
  EXPECT_EQ(framed({}, ",", ",,"), ",,");
}

class ApiTest : public SdTest {
 protected:
  Result<Json> get(const std::string& path) {
    auto task = fetch_json(async_, client_config_, api_.url() + path, 5000);
    task.start();
    turn_until([&] { return task.is_done(); });
    return task.await_resume();
  }

  config::HttpClientConfig client_config_;
};

TEST_F(ApiTest, AnAnswerIsJsonWithAGoodStatus) {
  api_.answer("GET /a", R"({"a":"b"})");
  api_.answer("GET /created", R"(1)", 201);
  api_.answer("GET /not", "{");
  api_.answer("GET /secret", "", 401);
  client_config_.headers.emplace_back().name = "X-A";
  client_config_.headers.back().values = {"b"};
  const auto good = get("/a");
  ASSERT_TRUE(good) << good.error().message;
  EXPECT_EQ((*good)["a"].text(), "b");
  EXPECT_EQ(api_.last("GET /a").header("x-a"), "b");
  EXPECT_EQ(api_.last("GET /a").header("accept"), "application/json");
  EXPECT_EQ(get("/created")->integer(), 1);
  EXPECT_EQ(get("/not").error().code, Code::kBadData);
  const auto refused = get("/secret");
  EXPECT_EQ(refused.error().code, Code::kUnavailable);
  EXPECT_EQ(refused.error().message,
            "server returned HTTP status 401 Unauthorized");
}

TEST_F(ApiTest, ASecretThatCannotBeReadIsAReason) {
  client_config_.authorization.emplace().credentials_file = "/nowhere/token";
  EXPECT_NE(get("/a").error().message.find("/nowhere/token"),
            std::string::npos);
  EXPECT_TRUE(api_.requests().empty());
}

class PagesTest : public ApiTest {
 protected:
  Result<std::vector<Json>> get(NextPage next) {
    auto task = fetch_pages(async_, {.url = api_.url() + "/list?page=1"}, "all",
                            std::move(next), limits_);
    task.start();
    turn_until([&] { return task.is_done(); });
    return task.await_resume();
  }

  ListLimits limits_;
};

TEST_F(PagesTest, AreFollowedOnTheSameServer) {
  api_.answer("GET /list?page=1", R"({"all":[{},{}],"next":"a&b"})");
  api_.answer("GET /list?cursor=a&b&n=1", R"({"all":[{"n":3}]})");
  const auto all = get([](const Page& page) {
    const std::string next = page.body["next"].text();
    return next.empty()
               ? std::nullopt
               : std::optional(to_query(
                     {{"cursor", next}, {"n", std::to_string(page.number)}}));
  });
  ASSERT_TRUE(all) << all.error().message;
  ASSERT_EQ(all->size(), 3U);
  EXPECT_EQ(all->back()["n"].integer(), 3);
}

TEST_F(PagesTest, WithoutAnEndAreRefused) {
  const NextPage for_ever = [](const Page& /*page*/) { return "page=1"; };
  limits_ = {.pages = 5, .items = 9, .bytes = 1000};
  api_.answer("GET /list?page=1", "{}");
  EXPECT_EQ(get(for_ever).error().message, "a list of more than 5 pages");
  api_.answer("GET /list?page=1", R"({"all":[{},{},{}]})");
  EXPECT_EQ(get(for_ever).error().message, "a list of more than 9 items");
  api_.answer("GET /list?page=1",
              R"({"all":[{"":")" + std::string(500, 'x') + "\"}]}");
  const auto bytes = get(for_ever);
  EXPECT_EQ(bytes.error().message, "a list of more than 1000 bytes");
  EXPECT_EQ(bytes.error().code, Code::kLimit);
}

TEST_F(PagesTest, OfSomethingElseAreRefused) {
  const struct {
    const char *body, *reason;
  } kCases[] = {
      {"[]", "unexpected answer: no object"},
      {"null", "unexpected answer: no object"},
      {R"({"all":{}})", "unexpected answer: no list"},
      {R"({"all":"x"})", "unexpected answer: no list"},
      {R"({"all":[{},null]})", "unexpected answer: no list of objects"},
      {R"({"all":[[]]})", "unexpected answer: no list of objects"},
  };
  for (const auto& c : kCases) {
    api_.answer("GET /list?page=1", c.body);
    const auto all = get([](const Page& /*page*/) { return std::nullopt; });
    ASSERT_FALSE(all) << c.body;
    EXPECT_EQ(all.error().message, c.reason) << c.body;
  }
}

}  // namespace
}  // namespace prom::discover
