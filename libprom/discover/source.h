// One mechanism that finds targets, for one job.  Each mechanism is a file of
// its own; a new one implements Source and gets a line in make_sources().
//
// All sources of a process live on one thread.  Nothing here blocks for long:
// HTTP goes through the client that the loop drives.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/config/discovery.h"
#include "libprom/discover/metrics.h"
#include "libprom/http/client.h"
#include "libprom/os/clock.h"

namespace prom::discover {

using Groups = std::vector<config::TargetGroup>;
constexpr std::int64_t kNeverNs = INT64_MAX;

// What sources share.  Outlives them.
struct Surroundings {
  http::Client& client;
  os::Clock& clock;
  Metrics& metrics;
};

class Source {
 public:
  virtual ~Source() = default;

  // "file": for logs and metrics.
  [[nodiscard]] virtual std::string_view mechanism() const = 0;

  // Does what is due.  Called when due_ns() has come or fd() is readable.
  virtual void refresh() = 0;
  // Monotonic time of the next regular refresh().
  [[nodiscard]] virtual std::int64_t due_ns() const = 0;
  // Readable when refresh() should run early; -1: never.
  [[nodiscard]] virtual int fd() const { return -1; }

  // The first answer is there, or the first failure.
  [[nodiscard]] virtual bool is_settled() const = 0;
  // Why the last refresh failed; empty when it did not.
  [[nodiscard]] virtual const std::string& failure() const = 0;

  // What was found last, by where it comes from: a path, a URL.  What cannot
  // be read keeps what it had.
  using Found = std::map<std::string, Groups>;
  [[nodiscard]] const Found& found() const { return found_; }
  // Counts the changes of found().
  [[nodiscard]] std::uint64_t generation() const { return generation_; }
  // Takes over what another source found in the same places, so that a reload
  // in a bad moment loses no targets.
  virtual void adopt(const Found& before) = 0;

 protected:
  void replace(Found found) {
    found_ = std::move(found);
    ++generation_;
  }

 private:
  Found found_;
  std::uint64_t generation_ = 0;
};

std::unique_ptr<Source> make_static_source(
    const std::vector<config::TargetGroup>& groups);
std::unique_ptr<Source> make_file_source(const config::FileSdConfig& config,
                                         Surroundings& surroundings);
std::unique_ptr<Source> make_http_source(const config::HttpSdConfig& config,
                                         Surroundings& surroundings);

// Every source of a job that this version has.
std::vector<std::unique_ptr<Source>> make_sources(
    const config::DiscoveryConfigs& configs, Surroundings& surroundings);

}  // namespace prom::discover
