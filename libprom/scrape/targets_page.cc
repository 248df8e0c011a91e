#include "libprom/scrape/targets_page.h"

#include <sys/eventfd.h>

#include <chrono>
#include <utility>

#include "libprom/base/json_writer.h"
#include "libprom/base/utf8.h"

namespace prom::scrape {
namespace {

constexpr std::chrono::seconds kWaitMax{5};
constexpr std::string_view kJson = "application/json";

http::ServerResponse failed(int status, std::string_view type,
                            const std::string& message) {
  http::ServerResponse response;
  response.status = status;
  response.content_type = kJson;
  JsonWriter json(response.body);
  json.begin_object();
  json.key("status").string("error");
  json.key("errorType").string(type);
  json.key("error").string(message);
  json.end_object();
  response.body += '\n';
  return response;
}

std::string scrape_pools(const TargetsSnapshot& snapshot) {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  json.key("status").string("success");
  json.key("data").begin_object();
  json.key("scrapePools").begin_array();
  for (const auto& job : snapshot.jobs) json.string(job.name);
  json.end_array().end_object().end_object();
  text += '\n';
  return text;
}

}  // namespace

TargetsPage::TargetsPage() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

std::shared_ptr<const TargetsSnapshot> TargetsPage::wait_for_snapshot() {
  std::unique_lock lock(mutex_);
  const std::uint64_t mine = ++wanted_;
  (void)::eventfd_write(event_.get(), 1);
  looked_.wait_for(lock, kWaitMax, [&] { return served_ >= mine || closed_; });
  return served_ >= mine ? snapshot_ : nullptr;
}

void TargetsPage::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  looked_.notify_all();
}

void TargetsPage::serve(const std::function<TargetsSnapshot()>& look) {
  eventfd_t asked = 0;
  if (::eventfd_read(event_.get(), &asked) != 0) return;
  std::uint64_t answers = 0;
  {
    const std::lock_guard lock(mutex_);
    answers = wanted_;
  }
  auto snapshot = std::make_shared<const TargetsSnapshot>(look());
  {
    const std::lock_guard lock(mutex_);
    snapshot_ = std::move(snapshot);
    served_ = answers;
  }
  looked_.notify_all();
}

http::ServerResponse TargetsPage::answer(const http::ServerRequest& request) {
  const bool pools = request.path == "/api/v1/scrape_pools";
  if (!pools && request.path != "/api/v1/targets")
    return failed(404, "not_found", "no such page");
  if (request.method != "GET" && request.method != "HEAD") {
    auto refused = failed(405, "bad_data", "method not allowed");
    refused.headers.emplace_back("Allow", "GET, HEAD");
    return refused;
  }
  std::string state = request.parameter("state");
  for (char& c : state)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  const bool any = state.empty() || state == "any";
  const TargetsFilter filter{.active = any || state == "active",
                             .dropped = any || state == "dropped",
                             .job = request.parameter("scrapePool")};
  const auto snapshot = wait_for_snapshot();
  if (snapshot == nullptr)
    return failed(503, "timeout", "the scraper did not answer");
  http::ServerResponse response;
  response.content_type = kJson;
  response.body = pools ? scrape_pools(*snapshot) : to_json(*snapshot, filter);
  return response;
}

}  // namespace prom::scrape
