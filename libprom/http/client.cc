#include "libprom/http/client.h"

#include <algorithm>

#include "libprom/http/client_internal.h"
#include "libprom/os/clock.h"

namespace prom::http {
namespace {

constexpr std::int64_t kMillisecondNs = 1'000'000;
// Easy handles are reused, since making one costs more than resetting one.
constexpr std::size_t kSpareHandlesMax = 256;

Result<Response> answer_of(Transfer& transfer) {
  Response& response = transfer.response;
  if (transfer.body != nullptr) {
    response.wire_bytes = transfer.body->wire_bytes();
    auto body = transfer.body->finish();
    if (!body) return fail(std::move(body).error());
    response.body = *std::move(body);
  }
  if (response.status_text.empty())
    response.status_text = std::to_string(response.status);
  return std::move(response);
}

}  // namespace

std::string Response::header(std::string_view lower_name) const {
  const auto found = std::ranges::find(headers, lower_name, &Header::first);
  return found == headers.end() ? std::string() : found->second;
}

Client::State::~State() {
  for (const auto& [id, transfer] : transfers) Reactor::remove(*transfer);
}

void Client::State::give_up(Id id, Error error) {
  stillborn.emplace_back(id, std::move(error));
}

void Client::State::begin_hop(Transfer& transfer) {
  auto origin = origin_of(transfer.url);
  if (!origin) return give_up(transfer.id, std::move(origin).error());
  transfer.origin = *std::move(origin);
  transfer.response = {};
  transfer.body.reset();
  transfer.header_bytes = 0;
  transfer.header_lines = 0;
  transfer.stopped.reset();
  transfer.is_streaming = false;
  const std::int64_t left_ms =
      transfer.request.timeout_ms -
      (os::real_clock().monotonic_ns() - transfer.started_ns) / kMillisecondNs;
  if (left_ms <= 0)
    return give_up(transfer.id, hop_error(transfer, CURLE_OPERATION_TIMEDOUT));
  if (transfer.request.on_body) {
    transfer.deadline_ns =
        os::real_clock().monotonic_ns() + left_ms * kMillisecondNs;
    watched.insert(transfer.id);
  }
  if (spare.empty()) {
    transfer.easy.reset(curl_easy_init());
  } else {
    transfer.easy = std::move(spare.back());
    spare.pop_back();
  }
  if (auto ok = prepare_hop(transfer, reactor.share(), left_ms); !ok)
    return give_up(transfer.id, std::move(ok).error());
  if (auto ok = reactor.add(transfer); !ok)
    give_up(transfer.id, std::move(ok).error());
}

// The handle goes back to the others; options and lists of the hop end here.
void Client::State::release(Transfer& transfer) {
  if (transfer.easy == nullptr) return;
  Reactor::remove(transfer);
  transfer.multi = nullptr;
  curl_easy_reset(transfer.easy.get());
  if (spare.size() < kSpareHandlesMax)
    spare.push_back(std::move(transfer.easy));
  transfer.easy.reset();
  transfer.headers.reset();
  transfer.proxy_headers.reset();
  transfer.connect_to.reset();
}

void Client::State::finish(Id id, Result<Response> result) {
  const auto found = transfers.find(id);
  if (found == transfers.end()) return;  // cancelled meanwhile
  const std::unique_ptr<Transfer> transfer = std::move(found->second);
  transfers.erase(found);
  watched.erase(id);
  release(*transfer);
  if (result) {
    result->duration_ns =
        os::real_clock().monotonic_ns() - transfer->started_ns;
  }
  transfer->done(std::move(result));
}

void Client::State::hop_done(Transfer& transfer, CURLcode code) {
  if (code != CURLE_OK)
    return finish(transfer.id, fail(hop_error(transfer, code)));
  long status = 0;
  curl_easy_getinfo(transfer.easy.get(), CURLINFO_RESPONSE_CODE, &status);
  transfer.response.status = static_cast<int>(status);
  if (leads_elsewhere(transfer, status)) {
    if (auto ok = redirect(transfer); !ok)
      return finish(transfer.id, fail(std::move(ok).error()));
    return begin_hop(transfer);
  }
  finish(transfer.id, answer_of(transfer));
}

Status Client::State::redirect(Transfer& transfer) {
  if (++transfer.redirects > kRedirectsMax) {
    return fail(
        Code::kBadData,
        "stopped after " + std::to_string(kRedirectsMax) + " redirects");
  }
  auto next = resolve_url(transfer.url, transfer.response.header("location"));
  if (!next) return fail(std::move(next).error());
  auto origin = origin_of(*next);
  if (!origin) return fail(std::move(origin).error().in("redirect"));
  if (transfer.origin.scheme == "https" && origin->scheme == "http") {
    return fail(Code::kPermission,
                "redirected from https to " + safe_url(*next));
  }
  const bool leaves = *origin != transfer.origin;
  const int status = transfer.response.status;
  const bool drops_body = status == 303 || (status != 307 && status != 308 &&
                                            transfer.method == "POST");
  if (leaves && !drops_body && transfer.body_is_secret) {
    return fail(Code::kPermission,
                "redirected with its credentials to " + safe_url(*next));
  }
  // Once away, credentials do not come back, wherever the chain leads.
  if (leaves) transfer.trusted = false;
  if (drops_body) {
    if (transfer.method != "HEAD") transfer.method = "GET";
    transfer.request.body.clear();
  }
  transfer.url = *std::move(next);
  release(transfer);
  return {};
}

int Client::State::deadline_ms() const {
  std::int64_t first_ns = -1;
  for (const Id id : watched) {
    const std::int64_t at_ns = transfers.at(id)->deadline_ns;
    if (first_ns < 0 || at_ns < first_ns) first_ns = at_ns;
  }
  if (first_ns < 0) return -1;
  const std::int64_t left_ns =
      std::max<std::int64_t>(first_ns - os::real_clock().monotonic_ns(), 0);
  constexpr std::int64_t kHourNs = 3'600'000 * kMillisecondNs;  // fits an int
  return static_cast<int>((std::min(left_ns, kHourNs) + kMillisecondNs - 1) /
                          kMillisecondNs);
}

void Client::State::end_late() {
  const std::int64_t now_ns = os::real_clock().monotonic_ns();
  std::vector<Id> late;
  for (const Id id : watched)
    if (transfers.at(id)->deadline_ns <= now_ns) late.push_back(id);
  for (const Id id : late) {
    const auto found = transfers.find(id);
    if (found == transfers.end()) continue;  // cancelled by one before it
    finish(id, fail(hop_error(*found->second, CURLE_OPERATION_TIMEDOUT)));
  }
}

Client::Client(AddressPolicy policy)
    : state_(std::make_unique<State>(std::move(policy))) {}
Client::~Client() = default;

Transfer& Client::State::add(Request request, Done done) {
  auto transfer = std::make_unique<Transfer>();
  transfer->id = ++last_id;
  transfer->url = request.url;
  transfer->method = request.method;
  transfer->request = std::move(request);
  transfer->done = std::move(done);
  transfer->policy = &policy;
  transfer->started_ns = os::real_clock().monotonic_ns();
  transfer->deadline_ns =
      transfer->started_ns + transfer->request.timeout_ms * kMillisecondNs;
  Transfer& kept = *transfer;
  transfers.emplace(kept.id, std::move(transfer));
  return kept;
}

Client::Id Client::start(Request request, Done done) {
  Transfer& transfer = state_->add(std::move(request), std::move(done));
  const Id id = transfer.id;
  state_->begin(transfer);
  return id;
}

void Client::cancel(Id id) {
  const auto found = state_->transfers.find(id);
  if (found == state_->transfers.end()) return;
  state_->release(*found->second);
  state_->watched.erase(id);
  state_->transfers.erase(found);
}

std::size_t Client::active() const {
  return state_->transfers.size();
}

void Client::perform(int timeout_ms, const std::vector<int>& wake_fds) {
  const int deadline_ms = state_->deadline_ms();
  if (deadline_ms >= 0)
    timeout_ms =
        timeout_ms < 0 ? deadline_ms : std::min(timeout_ms, deadline_ms);
  if (!state_->stillborn.empty()) timeout_ms = 0;
  state_->reactor.wait(timeout_ms, wake_fds);
  state_->reactor.run_sockets();
  state_->reactor.collect([this](Transfer& transfer, CURLcode code) {
    state_->hop_done(transfer, code);
  });
  for (auto& [id, error] : std::exchange(state_->stillborn, {}))
    state_->finish(id, fail(std::move(error)));
  state_->end_late();
}

Result<Response> fetch(Request request, AddressPolicy policy) {
  Client client(std::move(policy));
  std::optional<Result<Response>> result;
  client.start(std::move(request),
               [&](Result<Response> got) { result = std::move(got); });
  while (!result) client.perform(-1);
  return *std::move(result);
}

}  // namespace prom::http
