#include "libprom/alert/blocking_pool.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "libprom/os/file.h"

namespace prom::alert {
namespace {

struct Task {
  std::string key;
  BlockingPool::Work work;
  Notifier::Done done;
};
struct Finished {
  std::string key;
  Outcome outcome;
  Notifier::Done done;
};

}  // namespace

struct BlockingPool::Shared {
  os::Fd event{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  // The owner's thread only.
  std::map<std::string, std::size_t> running;
  std::map<std::string, std::deque<Task>> waiting;

  std::mutex mutex;
  std::vector<Finished> finished;  // guarded by mutex

  static void launch(const std::shared_ptr<Shared>& self, Task task) {
    ++self->running[task.key];
    std::thread([self, task = std::move(task)]() mutable {
      Outcome outcome = task.work();
      {
        const std::lock_guard lock(self->mutex);
        self->finished.push_back({.key = std::move(task.key),
                                  .outcome = std::move(outcome),
                                  .done = std::move(task.done)});
      }
      const std::uint64_t one = 1;
      // The counter cannot overflow; a full one is readable anyway.
      [[maybe_unused]] const ssize_t written =
          write(self->event.get(), &one, sizeof one);
    }).detach();
  }
};

BlockingPool::BlockingPool() : shared_(std::make_shared<Shared>()) {}
BlockingPool::~BlockingPool() = default;

void BlockingPool::submit(const std::string& key, Work work,
                          Notifier::Done done) {
  Task task{.key = key, .work = std::move(work), .done = std::move(done)};
  if (shared_->running[key] < kBlockingPerKeyMax) {
    Shared::launch(shared_, std::move(task));
  } else {
    shared_->waiting[key].push_back(std::move(task));
  }
}

int BlockingPool::fd() const {
  return shared_->event.get();
}

void BlockingPool::collect() {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t got =
      read(shared_->event.get(), &count, sizeof count);
  std::vector<Finished> finished;
  {
    const std::lock_guard lock(shared_->mutex);
    finished.swap(shared_->finished);
  }
  for (Finished& item : finished) {
    --shared_->running[item.key];
    auto& waiting = shared_->waiting[item.key];
    if (!waiting.empty()) {
      Task next = std::move(waiting.front());
      waiting.pop_front();
      Shared::launch(shared_, std::move(next));
    }
    item.done(std::move(item.outcome));
  }
}

}  // namespace prom::alert
