// prom-alert as a service: the engine behind a mutex, the configuration that
// can be replaced, and the loop that sends.  The HTTP API and the tool's main
// work on it.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "libprom/alert/blocking_pool.h"
#include "libprom/alert/engine.h"
#include "libprom/alert/history.h"
#include "libprom/alert/plan.h"
#include "libprom/config/alertmanager.h"
#include "libprom/exposition/registry.h"
#include "libprom/http/client.h"
#include "libprom/os/clock.h"
#include "libprom/os/file.h"
#include "libprom/os/lock.h"

namespace prom::alert {

struct ServiceOptions {
  std::string config_file;
  std::string storage_path;  // "": nothing is kept
  std::string external_url;  // without a trailing slash
  EngineOptions engine;
};

// A configuration in force.  Immutable.
struct Loaded {
  config::AlertmanagerConfig config;
  Compiled compiled;
};

class Service {
 public:
  Service(ServiceOptions options, os::Clock& clock);
  ~Service();

  // Locks and reads the state and loads the configuration.  Findings of the
  // configuration go to `findings`.
  Status open(Diagnostics& findings);
  // Loads the configuration again.  A bad one changes nothing.  Any thread.
  Status reload(Diagnostics& findings);

  // Calls `f(engine, now)` with the engine locked, then has the loop look what
  // is to be done.  Any thread.
  template <typename F>
  auto with_engine(F f) {
    const Waker waker{*this};
    const std::lock_guard lock(mutex_);
    return f(engine_, now());
  }
  // The same for what changes nothing.
  template <typename F>
  auto look(F f) {
    const std::lock_guard lock(mutex_);
    return f(static_cast<const Engine&>(engine_), now());
  }

  // One turn: sends what is due, waits for at most `timeout_ms` (-1: until
  // something happens) or until `wake_fds` has something, takes outcomes.  One
  // thread.
  void turn(std::int64_t timeout_ms, const std::vector<int>& wake_fds);
  // Transfers that are on their way.
  [[nodiscard]] std::size_t sending() const { return sending_; }
  // Attempts whose failure is final.
  [[nodiscard]] std::size_t failed() const { return failed_; }
  // Ends waiting in turn().  Any thread.
  void wake();

  [[nodiscard]] std::shared_ptr<const Loaded> loaded() const;
  [[nodiscard]] Now now() const;
  [[nodiscard]] const ServiceOptions& options() const { return options_; }
  [[nodiscard]] exposition::Registry& registry() { return registry_; }
  [[nodiscard]] std::int64_t started_ms() const { return started_ms_; }

 private:
  struct Waker {
    Service& service;
    ~Waker() { service.wake(); }
  };
  struct Ended {
    Delivery delivery;
    Outcome outcome;
    std::int64_t took_ms;
  };

  void describe_metrics();
  void send(Delivery delivery);
  void take(const Ended& ended);

  const ServiceOptions options_;
  os::Clock& clock_;
  const std::int64_t started_ms_;
  std::optional<os::FileLock> lock_;
  exposition::Registry registry_;

  mutable std::mutex mutex_;  // guards engine_ and loaded_
  Engine engine_;
  std::shared_ptr<const Loaded> loaded_;
  std::mutex reload_mutex_;  // one reload at a time

  os::Fd wake_;  // eventfd
  // The loop's thread only.
  http::Client client_;
  BlockingPool blocking_;
  std::optional<History> history_;
  std::deque<Ended> ended_;
  std::size_t sending_ = 0;
  std::size_t failed_ = 0;
};

// The configuration as text, with secrets replaced.
std::string show_config(const config::AlertmanagerConfig& config);

}  // namespace prom::alert
