#include "libprom/discover/async.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <vector>

namespace prom::discover {
namespace {

constexpr std::size_t kEventsPerTurn = 64;

}  // namespace

Async::Async(http::Client& client, os::Clock& clock)
    : client_(client), clock_(clock), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {}

std::int64_t Async::deadline_ns(std::int64_t ms) const {
  if (ms < 0 || ms > (kNeverNs - clock_.monotonic_ns()) / kMillisecondNs)
    return kNeverNs;
  return clock_.monotonic_ns() + ms * kMillisecondNs;
}

Async::Wait Async::sleep_ms(std::int64_t ms) {
  return Wait(*this, deadline_ns(std::max<std::int64_t>(ms, 0)), -1, 0);
}

Async::Wait Async::readable(int fd, std::int64_t timeout_ms) {
  return Wait(*this, deadline_ns(timeout_ms), fd, EPOLLIN | EPOLLRDHUP);
}

Async::Wait Async::writable(int fd, std::int64_t timeout_ms) {
  return Wait(*this, deadline_ns(timeout_ms), fd, EPOLLOUT);
}

Async::Fetch Async::fetch(http::Request request) {
  return Fetch(*this, std::move(request));
}

std::int64_t Async::due_ns() const {
  std::int64_t due_ns = kNeverNs;
  for (const auto& [id, wait] : waits_)
    due_ns = std::min(due_ns, wait->due_ns_);
  return due_ns;
}

// A task that goes on may end others, so what is ready is noted by number.
// What begins to wait meanwhile has its turn the next time.
void Async::run_ready() {
  std::array<epoll_event, kEventsPerTurn> events{};
  const int count = ::epoll_wait(epoll_.get(), events.data(),
                                 static_cast<int>(events.size()), 0);
  std::vector<Id> ready;
  for (int i = 0; i < count; ++i) {
    const Id id = events.at(static_cast<std::size_t>(i)).data.u64;
    if (const auto found = waits_.find(id); found != waits_.end()) {
      found->second->is_ready_ = true;
      ready.push_back(id);
    }
  }
  const std::int64_t now_ns = clock_.monotonic_ns();
  for (const auto& [id, wait] : waits_) {
    if (wait->due_ns_ <= now_ns) ready.push_back(id);
  }
  for (const Id id : ready) {
    const auto found = waits_.find(id);
    if (found == waits_.end()) continue;
    Wait& wait = *found->second;
    wait.forget();
    wait.task_.resume();
  }
}

void Async::Wait::await_suspend(std::coroutine_handle<> task) {
  task_ = task;
  id_ = ++async_.last_id_;
  async_.waits_.emplace(id_, this);
  if (fd_ < 0) return;
  epoll_event event{};
  event.events = events_;
  event.data.u64 = id_;
  // What epoll cannot watch, such as a plain file, is always ready.
  if (::epoll_ctl(async_.epoll_.get(), EPOLL_CTL_ADD, fd_, &event) != 0) {
    fd_ = -1;
    is_ready_ = true;
    due_ns_ = 0;
  }
}

void Async::Wait::forget() {
  if (id_ == 0) return;
  async_.waits_.erase(id_);
  id_ = 0;
  if (fd_ >= 0)
    (void)::epoll_ctl(async_.epoll_.get(), EPOLL_CTL_DEL, fd_, nullptr);
}

void Async::Fetch::await_suspend(std::coroutine_handle<> task) {
  id_ = async_.client_.start(std::move(request_),
                             [this, task](Result<http::Response> response) {
                               id_ = 0;
                               response_ = std::move(response);
                               task.resume();
                             });
}

}  // namespace prom::discover
