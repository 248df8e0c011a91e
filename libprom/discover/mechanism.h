// A way to find targets.  Each mechanism is a file of its own below sd/; a new
// one implements Mechanism or Poller, has its settings read in config/sd/, and
// gets a line in the tables of config/read_discovery.cc and mechanisms.cc.
//
// All mechanisms of a process live on one thread and take turns by waiting in
// Async; nothing else here may block for long.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "libprom/config/discovery.h"
#include "libprom/config/load.h"
#include "libprom/discover/async.h"
#include "libprom/discover/findings.h"
#include "libprom/discover/metrics.h"
#include "libprom/discover/task.h"

namespace prom::discover {

// What mechanisms share.  Outlives them.
struct Surroundings {
  Async& async;
  Metrics& metrics;
  // Where clouds look for credentials and regions; tests give their own.
  config::Environment environment = config::process_environment;
};

class Mechanism {
 public:
  virtual ~Mechanism() = default;

  // "consul": for logs and metrics, the same for all of a kind.
  [[nodiscard]] virtual std::string_view name() const = 0;
  // Whether what an earlier mechanism of this name found at `place` may stand
  // until this one has looked for itself, after a reload.
  [[nodiscard]] virtual bool covers(std::string_view place) const = 0;
  // Looks for ever, and tells `findings`, which outlive the task.
  virtual Task<Status> run(Findings& findings) = 0;
};

// A mechanism that looks at one place again and again.
class Poller : public Mechanism {
 public:
  // `place` tells servers, regions, projects apart, and is shown in messages:
  // printable and without credentials.
  Poller(std::string place, std::int64_t interval_ms, Surroundings& around)
      : place_(std::move(place)), interval_ms_(interval_ms), around_(around) {}

  [[nodiscard]] bool covers(std::string_view place) const final {
    return place == place_;
  }
  Task<Status> run(Findings& findings) final;

 protected:
  // Everything that is there, or why it cannot be said; then what was found
  // before stays.
  virtual Task<Result<Groups>> poll() = 0;

  [[nodiscard]] Async& async() const { return around_.async; }
  [[nodiscard]] Metrics& metrics() const { return around_.metrics; }
  [[nodiscard]] std::int64_t interval_ms() const { return interval_ms_; }

 private:
  const std::string place_;
  const std::int64_t interval_ms_;
  Surroundings& around_;
};

// The mechanism that `config` is for.
std::unique_ptr<Mechanism> make_mechanism(const config::SdConfig& config,
                                          Surroundings& around);

}  // namespace prom::discover
