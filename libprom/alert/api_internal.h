// API v2 by what it is about: alerts and silences.  Each answers requests that
// api.cc has routed to it, on any thread of the server.
#pragma once

#include <string>
#include <string_view>

#include "libprom/alert/api_json.h"
#include "libprom/alert/matcher.h"
#include "libprom/alert/service.h"
#include "libprom/http/server.h"

namespace prom::alert {

struct Intake;

// GET and POST /alerts, GET /alerts/groups, GET /receivers.
class AlertsApi {
 public:
  explicit AlertsApi(Service& service) : service_(service) {}

  http::ServerResponse alerts(const http::ServerRequest& request);
  http::ServerResponse groups(const http::ServerRequest& request);
  http::ServerResponse receivers(const http::ServerRequest& request);
  http::ServerResponse post(const http::ServerRequest& request);

 private:
  void count_received(const Intake& intake);

  Service& service_;
};

// GET and POST /silences, GET and DELETE /silence/ID.
class SilencesApi {
 public:
  explicit SilencesApi(Service& service) : service_(service) {}

  http::ServerResponse list(const http::ServerRequest& request);
  http::ServerResponse post(const http::ServerRequest& request);
  http::ServerResponse one(const http::ServerRequest& request,
                           std::string_view id);

 private:
  Service& service_;
};

// ---- answers, in the shapes that upstream's have

http::ServerResponse json_answer(int status, std::string body);
http::ServerResponse empty_answer(int status);
// The message as a JSON string.
http::ServerResponse string_answer(int status, std::string_view message);
// {"code":…,"message":…}
http::ServerResponse code_answer(int status, int code,
                                 std::string_view message);
http::ServerResponse error_answer(const ApiError& error);
http::ServerResponse text_answer(int status, std::string_view text);
http::ServerResponse method_refused(const http::ServerRequest& request,
                                    const std::string& allowed);

// ---- parameters

// go-openapi: absent is the default; anything but these words is false.
bool flag(const http::ServerRequest& request, std::string_view name);
// The matchers of every parameter of that name.
ApiResult<LabelMatchers> read_matchers(const http::ServerRequest& request,
                                       std::string_view name,
                                       std::string_view complaint,
                                       MatcherMode mode);

}  // namespace prom::alert
