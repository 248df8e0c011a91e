// What one mechanism has found so far, by where it comes from: a file, a
// server, an object of Kubernetes.  A place that cannot be read keeps what it
// had.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/config/discovery.h"
#include "libprom/discover/metrics.h"

namespace prom::discover {

using Groups = std::vector<config::TargetGroup>;

class Findings {
 public:
  using Places = std::map<std::string, Groups, std::less<>>;

  // `mechanism` outlives this, as `metrics` does.
  Findings(std::string_view mechanism, Metrics& metrics)
      : mechanism_(mechanism), metrics_(metrics) {}

  // Everything is known now, and nothing but it is there.
  void found_all(Places places);
  // One place is known anew.  Until settled() nothing of a first look is used.
  void found(std::string_view place, Groups groups);
  void gone(std::string_view place);
  // The first look is complete; also ends a failure.
  void settled();
  // A look at `place` failed.  Logged when the reason is another than before.
  void failed(std::string_view place, std::string_view why);
  // For a reload: what another one found here.
  void adopt(std::string_view place, const Groups& groups);

  [[nodiscard]] const Places& places() const { return places_; }
  // There was an answer, or a failure.
  [[nodiscard]] bool is_settled() const { return is_settled_; }
  // Why the last look failed; empty when it did not.
  [[nodiscard]] const std::string& failure() const { return failure_; }
  // Counts the changes of places().
  [[nodiscard]] std::uint64_t generation() const { return generation_; }

 private:
  const std::string_view mechanism_;
  Metrics& metrics_;
  Places places_;
  bool is_settled_ = false;
  std::string failure_;
  std::uint64_t generation_ = 0;
};

}  // namespace prom::discover
