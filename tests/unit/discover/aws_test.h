// AWS as far as its mechanisms ask it: one server that is every service.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "libprom/config/sd/aws.h"
#include "libprom/http/target.h"

#include "tests/support/sd_test.h"

namespace prom::discover {

class AwsTest : public SdTest {
 protected:
  AwsTest() {
    around_.environment = [this](const std::string& name) {
      const auto found = environment_.find(name);
      return found == environment_.end() ? std::string() : found->second;
    };
    environment_["AWS_ENDPOINT_URL"] = api_.url();
    environment_["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = api_.url() + "/imds";
    api_.answer("POST /", [this](const http::ServerRequest& request) {
      return answer(request);
    });
    clock_.set_wall_ms(1'440'938'160'000);
  }

  // Configured with keys of its own.
  template <class Config>
  Config keyed() {
    Config config;
    config.region = "eu-west-1";
    config.access_key = "AKID";
    config.secret_key = config::Secret("hidden");
    return config;
  }

  // What an operation answers; "Action#token" for the page of a token.
  void on(const std::string& action, const std::string& body,
          int status = 200) {
    const std::lock_guard lock(mutex_);
    answers_[action] = {.status = status, .body = body};
  }
  // The bodies that an operation was asked with.
  std::vector<std::string> asked(const std::string& action) {
    const std::lock_guard lock(mutex_);
    return asked_[action];
  }
  std::string authorization(const std::string& action) {
    const std::lock_guard lock(mutex_);
    return authorization_[action];
  }

  // Time passes, since failures are tried again.
  void settle_slowly(Source& source) {
    turn_until([&] {
      clock_.advance_ms(100);
      return source.findings().is_settled();
    });
  }

  std::map<std::string, std::string> environment_;

 private:
  http::ServerResponse answer(const http::ServerRequest& request) {
    std::string action = request.header("x-amz-target");
    action = action.substr(action.find('.') + 1);
    std::string token;
    for (const auto& [name, value] : http::parse_form(request.body)) {
      if (name == "Action") action = value;
      if (name == "NextToken" || name == "Marker") token = value;
    }
    const std::lock_guard lock(mutex_);
    asked_[action].push_back(request.body);
    authorization_[action] = request.header("authorization");
    const auto page = answers_.find(action + "#" + token);
    const auto found =
        page != answers_.end() && !token.empty() ? page : answers_.find(action);
    if (found != answers_.end()) return found->second;
    return {.status = 400,
            .body = "<E><Error><Code>No" + action + "</Code></Error></E>"};
  }

  std::mutex mutex_;
  std::map<std::string, http::ServerResponse> answers_;
  std::map<std::string, std::vector<std::string>> asked_;
  std::map<std::string, std::string> authorization_;
};

}  // namespace prom::discover
