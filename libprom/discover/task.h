// A coroutine that ends with a T: how a mechanism that asks one thing after
// another reads from top to bottom while the process has one thread.
//
//   Task<Result<Groups>> Eureka::poll() {
//     http::Request request = …;
//     auto answer = co_await async_.fetch(std::move(request));
//     if (!answer) co_return fail(std::move(answer).error());
//
// A task begins when it is awaited, or by start(), after which it may still be
// awaited: several that were started wait side by side (together.h).  Whoever
// holds the Task owns its frame: destroying the Task ends it where it stands,
// with everything that it awaits.  Parameters by value or longer living than
// the task; no lambdas with captures.  What is awaited should be named, not
// built in place: g++ 12 destroys some temporaries in a co_await twice.
#pragma once

#include <coroutine>
#include <cstdlib>
#include <optional>
#include <utility>

namespace prom::discover {

template <class T>
class [[nodiscard]] Task {
 public:
  struct promise_type;  // NOLINT(readability-identifier-naming)
  using Handle = std::coroutine_handle<promise_type>;

  Task() = default;
  Task(Task&& from) noexcept : handle_(std::exchange(from.handle_, {})) {}
  Task& operator=(Task&& from) noexcept {
    if (this != &from) {
      if (handle_) handle_.destroy();
      handle_ = std::exchange(from.handle_, {});
    }
    return *this;
  }
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  ~Task() {
    if (handle_) handle_.destroy();
  }

  // Runs until the task first waits.  REQUIRES: once, and not awaited before.
  void start() {
    handle_.promise().is_started = true;
    handle_.resume();
  }
  [[nodiscard]] bool is_done() const { return handle_ && handle_.done(); }

  // co_await: begins the task if nobody has, and goes on with its value.
  [[nodiscard]] bool await_ready() const noexcept { return handle_.done(); }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> by) noexcept {
    promise_type& promise = handle_.promise();
    promise.awaited_by = by;
    if (promise.is_started) return std::noop_coroutine();
    promise.is_started = true;
    return handle_;
  }
  T await_resume() { return *std::move(handle_.promise().value); }

 private:
  explicit Task(Handle handle) : handle_(handle) {}

  Handle handle_;
};

template <class T>
struct Task<T>::promise_type {  // NOLINT(readability-identifier-naming)
  struct AtEnd {
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(Handle ended) noexcept {
      return ended.promise().awaited_by;
    }
    void await_resume() const noexcept {}
  };

  std::optional<T> value = {};
  std::coroutine_handle<> awaited_by = std::noop_coroutine();
  bool is_started = false;

  Task get_return_object() { return Task(Handle::from_promise(*this)); }
  [[nodiscard]] std::suspend_always initial_suspend() const noexcept {
    return {};
  }
  [[nodiscard]] AtEnd final_suspend() const noexcept { return {}; }
  void return_value(T result) { value.emplace(std::move(result)); }
  // Exceptions of libraries do not come this far.
  void unhandled_exception() { std::abort(); }
};

}  // namespace prom::discover
