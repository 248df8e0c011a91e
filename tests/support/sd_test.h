// What the tests of mechanisms share: an API that answers from a table and
// remembers what it was asked, a loop that turns until something holds, and
// findings printed as text to compare with.
//
//   api_.answer("GET /v2/apps?embed=apps.tasks", R"({"apps":[…]})");
//   Source& source = begin(config);
//   settle(source);
//   EXPECT_EQ(print(source), R"(10.0.0.1:80 {__meta_marathon_app="/web"}
//   )");
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "libprom/discover/source.h"
#include "libprom/http/server.h"

#include "tests/support/fake_clock.h"

namespace prom::discover {

// Listens on a port that the kernel chose.  Thread-safe.
class FakeApi {
 public:
  using Handler =
      std::function<http::ServerResponse(const http::ServerRequest&)>;

  explicit FakeApi(const std::string& listen = "127.0.0.1:0");

  // "GET /path?a=b" (the query decoded, in order) is answered so from now on;
  // what is in no answer gets a 404.
  void answer(const std::string& request, const std::string& body,
              int status = 200,
              const std::string& content_type = "application/json");
  void answer(const std::string& request, Handler handler);
  void forget(const std::string& request);
  // Until mend(), everything is answered so, whatever the table says.
  void break_with(const std::string& body, int status = 200);
  void mend();

  // "http://127.0.0.1:PORT"
  [[nodiscard]] std::string url() const;
  [[nodiscard]] std::string address() const { return server_->address(); }
  // Everything that was asked so far, in order.
  [[nodiscard]] std::vector<http::ServerRequest> requests() const;
  // The last request for "GET /path?a=b".
  [[nodiscard]] http::ServerRequest last(const std::string& request) const;

 private:
  http::ServerResponse handle(const http::ServerRequest& request);

  mutable std::mutex mutex_;
  std::map<std::string, Handler> answers_;
  Handler broken_;
  std::vector<http::ServerRequest> requests_;
  std::unique_ptr<http::Server> server_;  // uses those above
};

class SdTest : public testing::Test {
 protected:
  Source& begin(const config::SdConfig& config);
  // Turns the loop until `holds`, at most for ten seconds.
  void turn_until(const std::function<bool()>& holds);
  // Until the source has answered or failed for the first time.
  void settle(Source& source) {
    turn_until([&] { return source.findings().is_settled(); });
  }
  // Lets time pass and turns until a look has ended after it.
  void pass_and_look(std::int64_t ms);

  // A line for each target: its address and its other labels, those of the
  // group included, sorted.
  static std::string print(const Source& source);
  // What print() must give: tests/unit/discover/golden/NAME.
  static std::string golden(const std::string& name);
  // For many labels: the address of each target on a line, then its other
  // labels, a line "  name=value" each and without "__meta_", sorted.
  static std::string listed(const Source& source);

  using Printed = std::map<std::string, std::string>;
  // The labels of each target, those of the group included.
  static std::vector<Printed> labels_of(const Source& source);

  FakeApi api_;
  FakeClock clock_;
  Metrics metrics_;
  http::Client client_;
  Async async_{client_, clock_};
  Surroundings around_{async_, metrics_};
  std::vector<std::unique_ptr<Source>> sources_;
};

}  // namespace prom::discover
