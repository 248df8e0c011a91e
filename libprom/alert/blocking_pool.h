// Threads for transfers that block, such as mail.  Work is bounded per key
// (one mail server), so that a server that hangs keeps only its own senders
// waiting.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "libprom/alert/notifier.h"

namespace prom::alert {

// Threads at once for one key; more work of that key waits.
constexpr std::size_t kBlockingPerKeyMax = 4;

// One thread, but for the work itself, which runs on its own.
class BlockingPool {
 public:
  using Work = std::function<Outcome()>;
  BlockingPool();
  // Does not wait: work that is running ends by its own deadline and its
  // outcome is dropped.
  ~BlockingPool();
  BlockingPool(const BlockingPool&) = delete;
  BlockingPool& operator=(const BlockingPool&) = delete;

  // Runs `work` on a thread; `done` is called by collect().  `work` must not
  // refer to anything that may end before it.
  void submit(const std::string& key, Work work, Notifier::Done done);
  // Readable when collect() has something to do.
  [[nodiscard]] int fd() const;
  void collect();

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace prom::alert
