#include "libprom/scrape/lane.h"

#include <sys/eventfd.h>

#include <utility>

namespace prom::scrape {

Lane::Lane()
    : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

Lane::~Lane() = default;

void Lane::start(Step work, Step then) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back({std::move(work), std::move(then)});
  }
  wake_.notify_one();
}

void Lane::collect() {
  eventfd_t ignored = 0;
  (void)::eventfd_read(event_.get(), &ignored);
  std::vector<Step> finished;
  {
    const std::lock_guard lock(mutex_);
    finished = std::exchange(finished_, {});
  }
  for (const Step& then : finished) then();
}

void Lane::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (wake_.wait(lock, stop, [&] { return !waiting_.empty(); })) {
    if (stop.stop_requested()) return;
    Job job = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    job.work();
    lock.lock();
    finished_.push_back(std::move(job.then));
    (void)::eventfd_write(event_.get(), 1);
  }
}

}  // namespace prom::scrape
