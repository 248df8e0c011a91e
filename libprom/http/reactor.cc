#include <poll.h>
#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>

#include "libprom/base/checksum.h"
#include "libprom/http/reactor_internal.h"
#include "libprom/os/clock.h"

namespace prom::http {
namespace {

constexpr std::int64_t kMillisecondNs = 1'000'000;
// Connections are kept for the next scrape of each target.
constexpr long kIdleConnectionsMax = 65'536;
constexpr std::size_t kEventsPerTurn = 256;

}  // namespace

Reactor::Reactor() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  start_curl();
  share_.reset(curl_share_init());
  curl_share_setopt(share_.get(), CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
}

CURLM* Reactor::multi_for(const Origin& origin) {
  Shard& shard = shards_.at(
      hash64(origin.scheme + origin.host + ':' + origin.port) % kShards);
  if (shard.multi != nullptr) return shard.multi.get();
  shard.reactor = this;
  shard.multi.reset(curl_multi_init());
  CURLM* multi = shard.multi.get();
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
  curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, &shard);
  curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
  curl_multi_setopt(multi, CURLMOPT_TIMERDATA, &shard);
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, kIdleConnectionsMax);
  return multi;
}

Status Reactor::add(Transfer& transfer) {
  transfer.multi = multi_for(transfer.origin);
  if (curl_multi_add_handle(transfer.multi, transfer.easy.get()) != CURLM_OK)
    return fail(Code::kInternal, "cannot start the transfer");
  return {};
}

void Reactor::remove(const Transfer& transfer) {
  if (transfer.easy != nullptr && transfer.multi != nullptr)
    curl_multi_remove_handle(transfer.multi, transfer.easy.get());
}

int Reactor::on_socket(CURL* /*easy*/, curl_socket_t socket, int what,
                       void* user, void* of_socket) {
  auto& shard = *static_cast<Shard*>(user);
  const Reactor& reactor = *shard.reactor;
  const auto index =
      static_cast<std::uint64_t>(&shard - reactor.shards_.data());
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
  if (::epoll_ctl(reactor.epoll_.get(), operation, socket, &event) != 0 &&
      errno == ENOENT && operation == EPOLL_CTL_MOD)
    ::epoll_ctl(reactor.epoll_.get(), EPOLL_CTL_ADD, socket, &event);
  return 0;
}

int Reactor::on_timer(CURLM* /*multi*/, long timeout_ms, void* user) {
  auto& shard = *static_cast<Shard*>(user);
  shard.timer_ns = timeout_ms < 0 ? -1
                                  : os::real_clock().monotonic_ns() +
                                        timeout_ms * kMillisecondNs;
  return 0;
}

void Reactor::wait(int timeout_ms, const std::vector<int>& wake_fds) const {
  std::int64_t timer_ns = -1;
  for (const Shard& shard : shards_)
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
  std::vector<pollfd> fds{{.fd = epoll_.get(), .events = POLLIN, .revents = 0}};
  fds.reserve(wake_fds.size() + 1);
  for (const int fd : wake_fds)
    fds.push_back({.fd = fd, .events = POLLIN, .revents = 0});
  (void)::poll(fds.data(), fds.size(), timeout_ms);
}

void Reactor::run_sockets() {
  std::array<epoll_event, kEventsPerTurn> events{};
  const int count = ::epoll_wait(epoll_.get(), events.data(),
                                 static_cast<int>(events.size()), 0);
  int running = 0;
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events.at(static_cast<std::size_t>(i));
    int what = 0;
    if ((event.events & EPOLLIN) != 0) what |= CURL_CSELECT_IN;
    if ((event.events & EPOLLOUT) != 0) what |= CURL_CSELECT_OUT;
    if ((event.events & (EPOLLERR | EPOLLHUP)) != 0) what |= CURL_CSELECT_ERR;
    const auto socket = static_cast<curl_socket_t>(event.data.u64 & 0xFFFFFFFF);
    curl_multi_socket_action(shards_.at(event.data.u64 >> 32U).multi.get(),
                             socket, what, &running);
  }
  const std::int64_t now_ns = os::real_clock().monotonic_ns();
  for (Shard& shard : shards_) {
    if (shard.timer_ns < 0 || now_ns < shard.timer_ns) continue;
    shard.timer_ns = -1;
    curl_multi_socket_action(shard.multi.get(), CURL_SOCKET_TIMEOUT, 0,
                             &running);
  }
}

void Reactor::collect(const Finished& finished) {
  int left = 0;
  for (const Shard& shard : shards_) {
    if (shard.multi == nullptr) continue;
    while (const CURLMsg* message =
               curl_multi_info_read(shard.multi.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;
      Transfer* transfer = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
      finished(*transfer, code);
    }
  }
}

}  // namespace prom::http
