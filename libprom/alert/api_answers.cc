#include <algorithm>

#include "libprom/alert/api_internal.h"

namespace prom::alert {
namespace {

constexpr std::string_view kJson = "application/json";

}  // namespace

using http::ServerRequest;
using http::ServerResponse;

ServerResponse json_answer(int status, std::string body) {
  body += '\n';
  return {.status = status,
          .content_type = std::string(kJson),
          .headers = {{"Cache-Control", "no-store"}},
          .body = std::move(body)};
}

ServerResponse empty_answer(int status) {
  return {
      .status = status, .headers = {{"Cache-Control", "no-store"}}, .body = {}};
}

ServerResponse string_answer(int status, std::string_view message) {
  std::string body;
  append_json_string(body, message);
  return json_answer(status, std::move(body));
}

ServerResponse code_answer(int status, int code, std::string_view message) {
  std::string body;
  JsonWriter json(body);
  json.begin_object();
  json.key("code").integer(code);
  json.key("message").string(message);
  json.end_object();
  return json_answer(status, std::move(body));
}

ServerResponse error_answer(const ApiError& error) {
  if (error.code == 0) return string_answer(error.status, error.message);
  return code_answer(error.status, error.code, error.message);
}

ServerResponse text_answer(int status, std::string_view text) {
  return {.status = status, .headers = {}, .body = std::string(text)};
}

bool flag(const ServerRequest& request, std::string_view name) {
  const auto values = request.parameters(name);
  if (values.empty() || values.back().empty()) return true;
  static constexpr std::string_view kTrue[] = {
      "1",  "t",  "T", "TRUE",    "true",     "True",   "yes",
      "on", "ok", "y", "checked", "selected", "enabled"};
  return std::find(std::begin(kTrue), std::end(kTrue), values.back()) !=
         std::end(kTrue);
}

ServerResponse method_refused(const ServerRequest& request,
                              const std::string& allowed) {
  return code_answer(405, 405,
                     "method " + request.method + " is not allowed, but [" +
                         allowed + "] are");
}

ApiResult<LabelMatchers> read_matchers(const ServerRequest& request,
                                       std::string_view name,
                                       std::string_view complaint,
                                       MatcherMode mode) {
  LabelMatchers matchers;
  for (const std::string& text : request.parameters(name)) {
    auto matcher = parse_matcher(text, mode);
    if (!matcher)
      return std::unexpected(ApiError{.message = std::string(complaint) +
                                                 matcher.error().message});
    matchers.push_back(std::move(*matcher));
  }
  return matchers;
}

}  // namespace prom::alert
