// Target sets as they arrive on a pipe: one JSON line per change of a job.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/config/targets.h"
#include "libprom/os/child.h"
#include "libprom/os/file.h"

namespace prom::scrape {

class TargetInput {
 public:
  using Take = std::function<void(const config::TargetSet&)>;
  using Complain = std::function<void(const Error&)>;

  // Borrows the descriptor.
  explicit TargetInput(int fd) : fd_(fd) {}
  // Reads the output of a prom-discover that it runs: the one beside this
  // program, else the one along PATH.
  static Result<TargetInput> discover(std::vector<std::string> arguments);

  // -1 after the end.
  [[nodiscard]] int fd() const { return fd_; }
  // REQUIRES: fd() is readable.  Hands on every whole line; a line that is no
  // target set is complained about and skipped.
  void read(const Take& take, const Complain& complain);

  // The child, if it is one: passes a signal on, says how it ended.
  void signal(int number) const;
  std::optional<int> wait_for_child();

 private:
  int fd_ = -1;
  std::optional<os::Child> child_;
  std::string pending_;         // of a line whose end has not come
  bool skipping_line_ = false;  // it was too long
};

}  // namespace prom::scrape
