#include "libprom/http/client.h"

#include <poll.h>
#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <unordered_map>

#include "libprom/base/checksum.h"
#include "libprom/http/easy_internal.h"
#include "libprom/os/clock.h"
#include "libprom/os/file.h"

namespace prom::http {
namespace {

constexpr std::int64_t kMillisecondNs = 1'000'000;
// Connections are kept for the next scrape of each target.
constexpr long kIdleConnectionsMax = 65'536;
// Easy handles are reused, since making one costs more than resetting one.
constexpr std::size_t kSpareHandlesMax = 256;
constexpr std::size_t kEventsPerTurn = 256;

// libcurl walks all connections that a multi handle keeps at the end of each
// transfer.  So there are several handles, and an origin always has the same
// one: with a thousand targets that makes a scrape half as expensive.
constexpr std::size_t kShards = 64;

struct FreeMulti {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
struct FreeShare {
  void operator()(CURLSH* share) const { curl_share_cleanup(share); }
};

}  // namespace

std::string Response::header(std::string_view lower_name) const {
  const auto found = std::ranges::find(headers, lower_name, &Header::first);
  return found == headers.end() ? std::string() : found->second;
}

struct Client::State {
  const AddressPolicy policy;
  os::Fd epoll{::epoll_create1(EPOLL_CLOEXEC)};
  std::unique_ptr<CURLSH, FreeShare> share;  // TLS sessions
  // One multi handle, made when it is first needed.
  struct Shard {
    State* state = nullptr;
    std::unique_ptr<CURLM, FreeMulti> multi;
    std::int64_t timer_ns = -1;  // when libcurl wants to be called; -1: not
  };
  std::array<Shard, kShards> shards;

  Id last_id = 0;
  std::unordered_map<Id, std::unique_ptr<Transfer>> transfers;
  std::vector<Easy> spare;
  // Finished before anything was sent: Done is still called by perform().
  std::vector<std::pair<Id, Error>> stillborn;

  explicit State(AddressPolicy addresses);
  ~State();

  CURLM* multi_for(const Origin& origin);
  void begin_hop(Transfer& transfer);
  void give_up(Id id, Error error);
  void finish(Id id, Result<Response> result);
  void release(Transfer& transfer);
  void hop_done(Transfer& transfer, CURLcode code);
  Status redirect(Transfer& transfer);
  Result<Response> answer(Transfer& transfer);
  void wait(int timeout_ms, const std::vector<int>& wake_fds) const;
  void run_sockets();
  void collect_finished();

  static int on_socket(CURL* easy, curl_socket_t socket, int what, void* user,
                       void* of_socket);
  static int on_timer(CURLM* multi, long timeout_ms, void* user);
};

Client::State::State(AddressPolicy addresses) : policy(std::move(addresses)) {
  start_curl();
  share.reset(curl_share_init());
  curl_share_setopt(share.get(), CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
}

CURLM* Client::State::multi_for(const Origin& origin) {
  Shard& shard = shards.at(
      hash64(origin.scheme + origin.host + ':' + origin.port) % kShards);
  if (shard.multi != nullptr) return shard.multi.get();
  shard.state = this;
  shard.multi.reset(curl_multi_init());
  CURLM* multi = shard.multi.get();
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
  curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, &shard);
  curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
  curl_multi_setopt(multi, CURLMOPT_TIMERDATA, &shard);
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, kIdleConnectionsMax);
  return multi;
}

Client::State::~State() {
  for (auto& [id, transfer] : transfers)
    if (transfer->easy != nullptr)
      curl_multi_remove_handle(transfer->multi, transfer->easy.get());
  transfers.clear();
  spare.clear();
  for (Shard& shard : shards) shard.multi.reset();
}

int Client::State::on_socket(CURL* /*easy*/, curl_socket_t socket, int what,
                             void* user, void* of_socket) {
  auto& shard = *static_cast<Shard*>(user);
  const State& state = *shard.state;
  const auto index = static_cast<std::uint64_t>(&shard - state.shards.data());
  epoll_event event{};
  event.data.u64 = (index << 32U) | static_cast<std::uint32_t>(socket);
  if (what != CURL_POLL_REMOVE) {
    if ((what & CURL_POLL_IN) != 0) event.events |= EPOLLIN;
    if ((what & CURL_POLL_OUT) != 0) event.events |= EPOLLOUT;
  }
  int operation = EPOLL_CTL_ADD;
  if (what == CURL_POLL_REMOVE) {
    operation = EPOLL_CTL_DEL;
  } else if (of_socket != nullptr) {
    operation = EPOLL_CTL_MOD;
  } else {
    // Any pointer will do: it only says that the socket is known.
    curl_multi_assign(shard.multi.get(), socket, &shard);
  }
  if (::epoll_ctl(state.epoll.get(), operation, socket, &event) != 0 &&
      errno == ENOENT && operation == EPOLL_CTL_MOD)
    ::epoll_ctl(state.epoll.get(), EPOLL_CTL_ADD, socket, &event);
  return 0;
}

int Client::State::on_timer(CURLM* /*multi*/, long timeout_ms, void* user) {
  auto& shard = *static_cast<Shard*>(user);
  shard.timer_ns = timeout_ms < 0 ? -1
                                  : os::real_clock().monotonic_ns() +
                                        timeout_ms * kMillisecondNs;
  return 0;
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
  const std::int64_t left_ms =
      transfer.request.timeout_ms -
      (os::real_clock().monotonic_ns() - transfer.started_ns) / kMillisecondNs;
  if (left_ms <= 0)
    return give_up(transfer.id, hop_error(transfer, CURLE_OPERATION_TIMEDOUT));
  if (spare.empty()) {
    transfer.easy.reset(curl_easy_init());
  } else {
    transfer.easy = std::move(spare.back());
    spare.pop_back();
  }
  if (auto ok = prepare_hop(transfer, share.get(), left_ms); !ok)
    return give_up(transfer.id, std::move(ok).error());
  transfer.multi = multi_for(transfer.origin);
  if (curl_multi_add_handle(transfer.multi, transfer.easy.get()) != CURLM_OK)
    give_up(transfer.id, Error{Code::kInternal, "cannot start the transfer"});
}

// The handle goes back to the others; options and lists of the hop end here.
void Client::State::release(Transfer& transfer) {
  if (transfer.easy == nullptr) return;
  curl_multi_remove_handle(transfer.multi, transfer.easy.get());
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
  finish(transfer.id, answer(transfer));
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
  // Once away, credentials do not come back, wherever the chain leads.
  if (*origin != transfer.origin) transfer.trusted = false;
  const int status = transfer.response.status;
  if (status == 303 ||
      (status != 307 && status != 308 && transfer.method == "POST")) {
    if (transfer.method != "HEAD") transfer.method = "GET";
    transfer.request.body.clear();
  }
  transfer.url = *std::move(next);
  release(transfer);
  return {};
}

Result<Response> Client::State::answer(Transfer& transfer) {
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

void Client::State::wait(int timeout_ms,
                         const std::vector<int>& wake_fds) const {
  if (!stillborn.empty()) timeout_ms = 0;
  std::int64_t timer_ns = -1;
  for (const Shard& shard : shards)
    if (shard.timer_ns >= 0 && (timer_ns < 0 || shard.timer_ns < timer_ns))
      timer_ns = shard.timer_ns;
  if (timer_ns >= 0) {
    // Rounded up: waking a moment early would only mean waking twice.
    const std::int64_t left_ns =
        std::max<std::int64_t>(timer_ns - os::real_clock().monotonic_ns(), 0);
    const auto left_ms =
        static_cast<int>((left_ns + kMillisecondNs - 1) / kMillisecondNs);
    if (timeout_ms < 0 || left_ms < timeout_ms) timeout_ms = left_ms;
  }
  std::vector<pollfd> fds{{.fd = epoll.get(), .events = POLLIN, .revents = 0}};
  for (const int fd : wake_fds)
    fds.push_back({.fd = fd, .events = POLLIN, .revents = 0});
  (void)::poll(fds.data(), fds.size(), timeout_ms);
}

void Client::State::run_sockets() {
  std::array<epoll_event, kEventsPerTurn> events{};
  const int count = ::epoll_wait(epoll.get(), events.data(),
                                 static_cast<int>(events.size()), 0);
  int running = 0;
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events.at(static_cast<std::size_t>(i));
    int what = 0;
    if ((event.events & EPOLLIN) != 0) what |= CURL_CSELECT_IN;
    if ((event.events & EPOLLOUT) != 0) what |= CURL_CSELECT_OUT;
    if ((event.events & (EPOLLERR | EPOLLHUP)) != 0) what |= CURL_CSELECT_ERR;
    const auto socket = static_cast<curl_socket_t>(event.data.u64 & 0xFFFFFFFF);
    curl_multi_socket_action(shards.at(event.data.u64 >> 32U).multi.get(),
                             socket, what, &running);
  }
  const std::int64_t now_ns = os::real_clock().monotonic_ns();
  for (Shard& shard : shards) {
    if (shard.timer_ns < 0 || now_ns < shard.timer_ns) continue;
    shard.timer_ns = -1;
    curl_multi_socket_action(shard.multi.get(), CURL_SOCKET_TIMEOUT, 0,
                             &running);
  }
}

void Client::State::collect_finished() {
  int left = 0;
  for (const Shard& shard : shards) {
    if (shard.multi == nullptr) continue;
    while (const CURLMsg* message =
               curl_multi_info_read(shard.multi.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;
      Transfer* transfer = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
      hop_done(*transfer, code);
    }
  }
  for (auto& [id, error] : std::exchange(stillborn, {}))
    finish(id, fail(std::move(error)));
}

Client::Client(AddressPolicy policy)
    : state_(std::make_unique<State>(std::move(policy))) {}
Client::~Client() = default;

Client::Id Client::start(Request request, Done done) {
  auto transfer = std::make_unique<Transfer>();
  transfer->id = ++state_->last_id;
  transfer->url = request.url;
  transfer->method = request.method;
  transfer->request = std::move(request);
  transfer->done = std::move(done);
  transfer->policy = &state_->policy;
  transfer->started_ns = os::real_clock().monotonic_ns();
  Transfer& kept = *transfer;
  state_->transfers.emplace(kept.id, std::move(transfer));
  state_->begin_hop(kept);
  return kept.id;
}

void Client::cancel(Id id) {
  const auto found = state_->transfers.find(id);
  if (found == state_->transfers.end()) return;
  state_->release(*found->second);
  state_->transfers.erase(found);
}

std::size_t Client::active() const {
  return state_->transfers.size();
}

void Client::perform(int timeout_ms, const std::vector<int>& wake_fds) {
  state_->wait(timeout_ms, wake_fds);
  state_->run_sockets();
  state_->collect_finished();
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
