// A mechanism at work for one job: its task and what it has found.
#pragma once

#include <memory>
#include <string_view>

#include "libprom/discover/findings.h"
#include "libprom/discover/mechanism.h"
#include "libprom/discover/task.h"

namespace prom::discover {

// Stays where it is made, since its task knows it.
class Source {
 public:
  Source(std::unique_ptr<Mechanism> mechanism, Surroundings& around)
      : mechanism_(std::move(mechanism)),
        findings_(mechanism_->name(), around.metrics) {}
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  [[nodiscard]] std::string_view mechanism() const {
    return mechanism_->name();
  }
  [[nodiscard]] const Findings& findings() const { return findings_; }

  // Takes over what `before` found, so that a reload in a bad moment loses no
  // targets.  Before start().
  void adopt(const Source& before) {
    if (before.mechanism() != mechanism()) return;
    for (const auto& [place, groups] : before.findings().places()) {
      if (mechanism_->covers(place)) findings_.adopt(place, groups);
    }
  }

  // Begins to look.  Once.
  void start() {
    task_ = mechanism_->run(findings_);
    task_.start();
  }

 private:
  std::unique_ptr<Mechanism> mechanism_;
  Findings findings_;
  Task<Status> task_;  // uses those above
};

}  // namespace prom::discover
