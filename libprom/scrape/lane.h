// One thread beside the event loop for work that would hold up other targets:
// bodies of many megabytes, which only few targets have.  Work runs in the
// order in which it was given.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "libprom/os/file.h"

namespace prom::scrape {

class Lane {
 public:
  using Step = std::function<void()>;

  Lane();
  ~Lane();  // finishes the step that runs; the rest is forgotten
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  // Runs `work` on the lane's thread, then `then` in collect().
  void start(Step work, Step then);
  // Calls what is due, on the caller's thread.
  void collect();
  // Readable when there is something to collect.
  [[nodiscard]] int fd() const { return event_.get(); }

 private:
  struct Job {
    Step work, then;
  };
  void run(const std::stop_token& stop);

  os::Fd event_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable_any wake_;
  std::deque<Job> waiting_;
  std::vector<Step> finished_;
  std::jthread thread_;  // last: it uses everything above
};

}  // namespace prom::scrape
