// Sends alerts to Alertmanagers: one queue for each, so that one that is slow
// or away does not keep the others from hearing.
//
// Nothing is retried: rules tell a firing alert again after the resend delay.
// A queue that is full drops its oldest alerts; drops and failures are counted
// under upstream's names.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "libprom/exposition/registry.h"
#include "libprom/http/client.h"
#include "libprom/os/file.h"
#include "libprom/rules/alert_json.h"
#include "libprom/rules/alertmanagers.h"

namespace prom::rules {

class Notifier {
 public:
  struct Options {
    std::size_t queue_alerts_max = 10'000;  // per Alertmanager
    std::size_t batch_alerts_max = 64;
    std::int64_t drain_ms = 5'000;  // at most, when it ends
  };

  // Borrows the registry.
  Notifier(const Options& options, exposition::Registry& registry);
  ~Notifier();  // sends what is queued, at most for drain_ms
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  // Queues of Alertmanagers that stay are kept.  Thread-safe, as push().
  void set_targets(const std::vector<AlertmanagerTarget>& targets);
  // Never waits.
  void push(const std::vector<OutgoingAlert>& alerts);

 private:
  struct Peer {
    AlertmanagerTarget target;
    std::deque<OutgoingAlert> queue;
    bool in_flight = false;
    exposition::Counter* sent = nullptr;
    exposition::Counter* errors = nullptr;
    exposition::Counter* dropped = nullptr;
    exposition::Summary* latency = nullptr;
    exposition::Gauge* length = nullptr;
  };
  using PeerPointer = std::shared_ptr<Peer>;

  // REQUIRES: mutex_ is held.
  void enqueue(Peer& peer, const std::vector<OutgoingAlert>& alerts) const;
  void run();
  void start_requests();
  void start_request(const PeerPointer& peer);
  void finish_request(const PeerPointer& peer, std::size_t count,
                      Result<http::Response> result);
  [[nodiscard]] bool has_work();
  PeerPointer make_peer(const AlertmanagerTarget& target);
  void wake();

  const Options options_;
  exposition::Registry& registry_;
  exposition::Gauge& discovered_;
  os::Fd wake_event_;
  std::atomic<bool> stopping_ = false;

  std::mutex mutex_;  // guards peers_ and what they hold
  std::vector<PeerPointer> peers_;

  http::Client client_;  // used by the thread only
  std::jthread thread_;  // last: it uses everything above
};

}  // namespace prom::rules
