// Answers questions about the targets of a running prom-scrape: the same paths
// as Prometheus' API.  Server threads ask; the thread that scrapes takes a
// snapshot for all who wait, so nothing of it is shared.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>

#include "libprom/http/server.h"
#include "libprom/os/file.h"
#include "libprom/scrape/target_status.h"

namespace prom::scrape {

class TargetsPage {
 public:
  TargetsPage();

  // GET /api/v1/targets?state=active|dropped|any&scrapePool=JOB and
  // /api/v1/scrape_pools; 404 for other paths.  Called by server threads.
  // Waits for serve(), 503 when that does not come within a few seconds.
  http::ServerResponse answer(const http::ServerRequest& request);

  // Nobody will serve() any more: those who wait get their 503 now.
  void close();

  // Readable when somebody waits.
  [[nodiscard]] int fd() const { return event_.get(); }
  // Called by the thread that scrapes: takes the snapshot when one is wanted.
  void serve(const std::function<TargetsSnapshot()>& look);

 private:
  std::shared_ptr<const TargetsSnapshot> wait_for_snapshot();

  os::Fd event_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable looked_;
  std::uint64_t wanted_ = 0;  // counts questions
  std::uint64_t served_ = 0;  // questions that snapshot_ answers
  bool closed_ = false;
  std::shared_ptr<const TargetsSnapshot> snapshot_;
};

}  // namespace prom::scrape
