// A scrape job while prom-discover runs: its settings and its sources.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "libprom/config/prometheus.h"
#include "libprom/discover/source.h"
#include "libprom/discover/target.h"

namespace prom::discover {

// Movable.  One thread.
class Job {
 public:
  // `surroundings` must outlive the job.
  Job(config::ScrapeConfig config, Surroundings& surroundings);

  [[nodiscard]] const std::string& name() const { return config_.job_name; }
  [[nodiscard]] const config::ScrapeConfig& config() const { return config_; }

  // Takes over what the job of the same name found before a reload.
  void adopt(const Job& before);
  // Lets all sources begin to look.  Once.
  void start();

  // Every source has answered or failed at least once.
  [[nodiscard]] bool is_settled() const;
  // Changes whenever a source has found something.
  [[nodiscard]] std::uint64_t generation() const;
  [[nodiscard]] std::vector<const config::TargetGroup*> groups() const;
  [[nodiscard]] BuiltSet build() const {
    return build_targets(config_, groups());
  }

  struct Failure {
    std::string mechanism, message;
  };
  [[nodiscard]] std::vector<Failure> failures() const;

 private:
  config::ScrapeConfig config_;
  std::vector<std::unique_ptr<Source>> sources_;
};

}  // namespace prom::discover
