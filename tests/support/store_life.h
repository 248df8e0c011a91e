// The life of a small store, from its first sample to blocks of ten days:
// appends, rotations, compactions, deletions, cleaning, imports, retention.
// Every sample can be checked alone, since its value is a function of its
// series and its time, and it is known at any moment which ones have to be
// there.  Programs that make power losses, failing calls and damage share it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "libprom/store/view.h"
#include "libprom/store/writer.h"

#include "tests/support/fake_clock.h"

namespace prom::store {

struct LifeExpectation {
  // Scrapes [must_from, must_to) are there, those up to may_to may be, and
  // none beyond.  Before must_from is what retention may have taken.
  int must_from = 0;
  int must_to = 0;
  int may_to = 0;
  // Scrapes [from, to) of a target were deleted: now, or it has begun.
  struct Deleted {
    int target = 0;
    int from = 0;
    int to = 0;
    bool done = false;
  };
  std::vector<Deleted> deleted = {};
  int imports_done = 0;
  int imports_begun = 0;
};

struct LifeOptions {
  int scrapes = 260;
  int sync_every = 2;
  int rotate_every = 5;
  int compact_every = 15;
  // Steps beside appending happen at these scrapes; -1: never.
  int delete_at = 48;
  int clean_at = 62;
  int import_at = 78;
  int retain_at = 200;
  int compact_all_at = 236;
};

class StoreLife {
 public:
  // The store is at `store`.  What happens is told `on_change` before it
  // begins and when it is done.
  StoreLife(std::string store, os::FileSystem& files, FakeClock& clock,
            std::function<void(const LifeExpectation&)> on_change);

  // Until the end or the first failure.
  Status live(const LifeOptions& options);

  // Goes on with a store that somebody else left, whose expectation is given:
  // scrapes are sent again from the last that must be there up to `scrapes`,
  // then everything becomes blocks.
  Status go_on(const LifeExpectation& from, int scrapes, bool compact);

  [[nodiscard]] const LifeExpectation& expected() const { return expected_; }

  static WriterOptions options();
  static std::int64_t time_of(int scrape, int target);
  static Status add_layouts(Writer& writer);
  static Status add_scrape(Writer& writer, int n);
  // OpenMetrics with samples that only the i-th import has.
  static std::string import_text(int i);

 private:
  Status open();
  Status step(int n, const LifeOptions& options);
  Status remove(int from, int to);
  Status import(int i);
  Status compact(bool all, bool clean, std::int64_t keep_ms);
  void note();

  const std::string store_;
  os::FileSystem& files_;
  FakeClock& clock_;
  const std::function<void(const LifeExpectation&)> on_change_;
  LifeExpectation expected_;
  std::unique_ptr<Writer> writer_;
};

// What is wrong with a store, "" for nothing.  If given, `samples` counts and
// `scrapes` becomes how many there are, the last one included.
std::string check_life(const View& view, const LifeExpectation& expected,
                       std::uint64_t* samples = nullptr,
                       int* scrapes = nullptr);
// Only that each sample that is there has its value: the number of those which
// have not.
std::uint64_t wrong_samples(const View& view, std::uint64_t* samples = nullptr);

}  // namespace prom::store
