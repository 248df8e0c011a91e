// What a task can wait for: an answer, a moment, a file descriptor.  One per
// process, on the thread of the loop, which calls run_ready() whenever
// due_ns() has come or fd() is readable, and drives the HTTP client.
#pragma once

#include <coroutine>
#include <cstdint>
#include <map>
#include <optional>

#include "libprom/base/result.h"
#include "libprom/http/client.h"
#include "libprom/os/clock.h"
#include "libprom/os/file.h"

namespace prom::discover {

constexpr std::int64_t kNeverNs = INT64_MAX;
constexpr std::int64_t kMillisecondNs = 1'000'000;

class Async {
 public:
  // Both outlive this, and this outlives every task that waits here.
  Async(http::Client& client, os::Clock& clock);

  // Awaitables.  They stay where they were made: in the frame of the task,
  // whose end takes them back.
  class Wait;
  class Fetch;

  // Goes on after `ms`, at the earliest in the next turn of the loop.
  Wait sleep_ms(std::int64_t ms);
  // True once `fd` is readable or writable or broken, false after `timeout_ms`
  // (-1: never).  REQUIRES: one wait for an fd at a time.
  Wait readable(int fd, std::int64_t timeout_ms = -1);
  Wait writable(int fd, std::int64_t timeout_ms = -1);
  // The answer, as of http::Client.
  Fetch fetch(http::Request request);

  [[nodiscard]] os::Clock& clock() const { return clock_; }

  // For the loop.
  [[nodiscard]] int fd() const { return epoll_.get(); }
  [[nodiscard]] std::int64_t due_ns() const;
  void run_ready();

 private:
  using Id = std::uint64_t;

  [[nodiscard]] std::int64_t deadline_ns(std::int64_t ms) const;

  http::Client& client_;
  os::Clock& clock_;
  os::Fd epoll_;
  std::map<Id, Wait*> waits_;
  Id last_id_ = 0;
};

class Async::Wait {
 public:
  Wait(Async& async, std::int64_t due_ns, int fd, std::uint32_t events)
      : async_(async), due_ns_(due_ns), fd_(fd), events_(events) {}
  ~Wait() { forget(); }
  Wait(const Wait&) = delete;
  Wait& operator=(const Wait&) = delete;

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> task);
  [[nodiscard]] bool await_resume() const noexcept { return is_ready_; }

 private:
  friend class Async;

  void forget();

  Async& async_;
  std::int64_t due_ns_;
  int fd_;
  std::uint32_t events_;
  Id id_ = 0;  // 0: not waiting
  bool is_ready_ = false;
  std::coroutine_handle<> task_;
};

class Async::Fetch {
 public:
  Fetch(Async& async, http::Request request)
      : async_(async), request_(std::move(request)) {}
  ~Fetch() {
    if (id_ != 0) async_.client_.cancel(id_);
  }
  Fetch(const Fetch&) = delete;
  Fetch& operator=(const Fetch&) = delete;

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> task);
  Result<http::Response> await_resume() { return *std::move(response_); }

 private:
  Async& async_;
  http::Request request_;
  http::Client::Id id_ = 0;  // 0: not under way
  std::optional<Result<http::Response>> response_;
};

}  // namespace prom::discover
