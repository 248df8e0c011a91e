#include <algorithm>

#include "libprom/alert/api_internal.h"
#include "libprom/os/log.h"

namespace prom::alert {

using http::ServerRequest;
using http::ServerResponse;

namespace {

// A filter names matchers that the silence has, not alerts that it covers.
bool has_matchers(const Silence& silence, const LabelMatchers& filter) {
  return std::all_of(
      filter.begin(), filter.end(), [&](const LabelMatcher& wanted) {
        return std::find(silence.matchers.begin(), silence.matchers.end(),
                         wanted) != silence.matchers.end();
      });
}

// Active ones first, by their end; then pending ones by their start; then
// expired ones, the latest first.
bool comes_before(const Silence& a, const Silence& b, std::int64_t now_ms) {
  constexpr int kPlace[] = {1, 0, 2};
  const SilenceState left = a.state_at(now_ms);
  const SilenceState right = b.state_at(now_ms);
  if (left != right)
    return kPlace[static_cast<int>(left)] < kPlace[static_cast<int>(right)];
  if (left == SilenceState::kPending) return a.starts_at_ms < b.starts_at_ms;
  return left == SilenceState::kActive ? a.ends_at_ms < b.ends_at_ms
                                       : a.ends_at_ms > b.ends_at_ms;
}

}  // namespace

ServerResponse SilencesApi::list(const ServerRequest& request) {
  auto filter = read_matchers(request, "filter", "",
                              service_.options().engine.matcher_mode);
  if (!filter) return error_answer(filter.error());
  const bool wanted[] = {flag(request, "pending"), flag(request, "active"),
                         flag(request, "expired")};
  std::string body;
  JsonWriter json(body);
  json.begin_array();
  service_.look([&](const Engine& engine, Now now) {
    std::vector<const Silence*> found;
    for (const auto& [id, silence] : engine.silences().all())
      if (wanted[static_cast<int>(silence.state_at(now.wall_ms))] &&
          has_matchers(silence, *filter))
        found.push_back(&silence);
    std::stable_sort(found.begin(), found.end(),
                     [&](const Silence* a, const Silence* b) {
                       return comes_before(*a, *b, now.wall_ms);
                     });
    for (const Silence* silence : found)
      write_silence(json, *silence, now.wall_ms);
  });
  json.end_array();
  return json_answer(200, std::move(body));
}

ServerResponse SilencesApi::post(const ServerRequest& request) {
  auto silence = read_silence(request.body);
  if (!silence) return error_answer(silence.error());
  if (!silence->id.empty() && !is_uuid(silence->id))
    return code_answer(
        422, 601, "id in body must be of type uuid: \"" + silence->id + "\"");
  const std::int64_t now_ms = service_.now().wall_ms;
  if (silence->starts_at_ms >= silence->ends_at_ms)
    return string_answer(400,
                         "Failed to create silence: start time must be "
                         "before end time");
  if (silence->ends_at_ms < now_ms)
    return string_answer(
        400, "Failed to create silence: end time can't be in the past");
  const std::string who = silence->created_by;
  const std::string what = to_string(silence->matchers);
  const auto id = service_.with_engine([&](Engine& engine, Now now) {
    return engine.set_silence(std::move(*silence), now);
  });
  if (!id) {
    const Code code = id.error().code;
    if (code == Code::kMissing) return string_answer(404, id.error().message);
    const bool theirs = code == Code::kBadData || code == Code::kLimit;
    return string_answer(theirs ? 400 : 500, id.error().message);
  }
  os::log_info(
      "silence set",
      {{"id", *id}, {"matchers", what}, {"by", who}, {"peer", request.peer}});
  std::string body;
  JsonWriter json(body);
  json.begin_object();
  json.key("silenceID").string(*id);
  json.end_object();
  return json_answer(200, std::move(body));
}

ServerResponse SilencesApi::one(const ServerRequest& request,
                                std::string_view id) {
  if (request.method != "GET" && request.method != "HEAD" &&
      request.method != "DELETE")
    return method_refused(request, "DELETE,GET");
  if (!is_uuid(id))
    return code_answer(
        422, 601,
        "silenceID in path must be of type uuid: \"" + std::string(id) + "\"");
  if (request.method == "DELETE") {
    const Status done = service_.with_engine([&](Engine& engine, Now now) {
      return engine.expire_silence(std::string(id), now);
    });
    if (!done)
      return done.error().code == Code::kMissing
                 ? empty_answer(404)
                 : string_answer(500, done.error().message);
    os::log_info("silence expired",
                 {{"id", std::string(id)}, {"peer", request.peer}});
    return empty_answer(200);
  }
  std::string body;
  service_.look([&](const Engine& engine, Now now) {
    JsonWriter json(body);
    if (const Silence* found = engine.silences().find(std::string(id)))
      write_silence(json, *found, now.wall_ms);
  });
  return body.empty() ? empty_answer(404) : json_answer(200, body);
}

}  // namespace prom::alert
