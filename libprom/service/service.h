// A tool that runs for long, as those see it who start and watch it: signals,
// readiness, the metrics that it keeps about itself, reloading.  A stage owns
// one Service and calls it from its loop:
//
//   exposition::Registry registry;
//   service::Service service("prom-x", options, registry, clock);
//   if (auto ok = service.take_signals(); !ok) …   // before any thread
//   …set up…
//   if (auto ok = service.listen(); !ok) …
//   service.ready();
//   while (true) {
//     while (const auto asked = service.next_request()) {
//       if (*asked == service::Request::kStop) return service.stop();
//       service.reload([&] { return load(); });
//     }
//     service.turn();
//     …wait for service.fd(), at most until service.due_ns()…
//   }
//
// One thread, except for the handler that listen() is given.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "libprom/exposition/registry.h"
#include "libprom/http/server.h"
#include "libprom/os/clock.h"
#include "libprom/os/signals.h"
#include "libprom/service/options.h"

namespace prom::service {

// Runs `load` and tells the service manager and the log how it went.  What
// fails must leave the old configuration in force.
Status announce_reload(const std::function<Status()>& load);

// What a signal asks for: SIGHUP to reload, SIGTERM and SIGINT to stop.
enum class Request { kReload, kStop };

class Service {
 public:
  // Adds process_… and <tool>_build_info to `registry`, which must outlive
  // this, as the clock must.
  Service(std::string tool, const Options& options,
          exposition::Registry& registry, os::Clock& clock);
  ~Service();  // ends the listener

  // Collects signals from here on, and has a reader that went away be an error
  // of writing.  REQUIRES: no thread has started.
  Status take_signals();
  // Readable when next_request() has something; -1 before take_signals().
  [[nodiscard]] int fd() const { return signals_ ? signals_->fd() : -1; }
  std::optional<Request> next_request();
  // For a tool that has nothing else to wait for: the next request, or nullopt
  // when turn() has something to do.
  std::optional<Request> wait();

  // Serves /metrics, /-/healthy and /-/ready where --listen was given.
  // `more` (may be empty) answers other paths, on a thread of the server.
  // What the registry reads from must live until stop().
  Status listen(http::Handler more = {});
  // Serves the same at the socket RUNDIR/<tool>.sock, for tools that ask a
  // running one how it is.  Without RUNDIR nothing happens; a failure is
  // logged.
  void listen_locally(http::Handler more);
  // The address that was bound; "" without a listener.
  [[nodiscard]] std::string address() const;

  // Once, when whoever waits for us can go on.
  void ready();

  // How loading a configuration went, for the metrics.
  void loaded(bool good);
  // announce_reload(), and loaded().
  void reload(const std::function<Status()>& load);

  // Writes RUNDIR/<tool>.prom when its five seconds are over.
  void turn();
  // When turn() has something to do next, as Clock::monotonic_ns.
  [[nodiscard]] std::int64_t due_ns() const { return due_ns_; }
  // Writes it now, as the last thing of a run.  Failures are logged.
  void write_metrics();

  // Says that we stop, and stops listening.
  void stop();

 private:
  [[nodiscard]] http::ServerResponse answer(
      const http::ServerRequest& request) const;

  const std::string tool_;
  const Options options_;
  exposition::Registry& registry_;
  os::Clock& clock_;
  std::optional<os::Signals> signals_;
  std::int64_t due_ns_ = 0;
  std::atomic<bool> is_ready_ = false;
  http::Handler more_;
  std::unique_ptr<http::Server> server_, local_server_;
};

}  // namespace prom::service
