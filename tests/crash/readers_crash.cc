// Readers beside a writer and a compaction: threads of one process, which a
// race detector can watch, and several writers that want the same store.
//
//   readers_crash [SECONDS]     5 by default, or CRASH_SECONDS; `make crash`
//                               gives it 60, and `make VARIANT=tsan` watches it
//
// Each reader must see only right samples, everything that was committed when
// it opened the store, and never less than before.  Prints TAP lines.
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "libprom/base/duration.h"
#include "libprom/store/compact.h"

#include "tests/support/store_life.h"
#include "tests/support/temporary_directory.h"

namespace prom::store {
namespace {

constexpr int kSecondsDefault = 5;
constexpr int kReaders = 3;
constexpr int kSharers = 2;  // of one view
constexpr int kScrapesPerGeneration = 10;
constexpr int kScrapesMax = 2000;  // so that reading everything stays quick
constexpr int kWriters = 8;
constexpr int kRaces = 20;

// What the threads tell each other.
struct Shared {
  std::string store;
  std::atomic<bool> stop = false;
  std::atomic<int> committed = 0;
  std::atomic<int> problems = 0;
  std::atomic<std::uint64_t> views = 0;
  std::atomic<std::uint64_t> compactions = 0;
  std::mutex mutex;          // guards what follows
  std::shared_ptr<Ctl> ctl;  // of the generation that is being written
  std::shared_ptr<const View> view;

  void complain(const std::string& what) {
    if (problems.fetch_add(1) < 5) std::fprintf(stderr, "%s\n", what.c_str());
  }
};

void write(Shared& shared) {
  WriterOptions options = StoreLife::options();
  options.allow_future = true;
  auto writer = Writer::open(shared.store, options, os::real_file_system(),
                             os::real_clock());
  if (!writer || !StoreLife::add_layouts(**writer))
    return shared.complain("the writer does not begin");
  for (int n = 0; n < kScrapesMax && !shared.stop; ++n) {
    if (!StoreLife::add_scrape(**writer, n) || !(*writer)->commit())
      return shared.complain("the writer ended");
    shared.committed.store(n + 1, std::memory_order_release);
    if (n % 8 == 0 && !(*writer)->sync()) return shared.complain("not synced");
    if (n % kScrapesPerGeneration == 0) {
      if (const Status done = (*writer)->rotate(); !done)
        return shared.complain("not rotated: " + done.error().message);
      const std::scoped_lock lock(shared.mutex);
      shared.ctl = (*writer)->ctl();
    }
    std::this_thread::sleep_for(std::chrono::microseconds(500));
  }
}

void compact_all_the_time(Shared& shared) {
  for (int i = 0; !shared.stop; ++i) {
    CompactOptions options{.store = shared.store, .all = i % 4 == 3};
    options.retention.keep_ms = 10'000 * kDayMs;
    const auto done =
        compact(os::real_file_system(), os::real_clock(), options);
    if (done && !done->damage.empty()) shared.complain(done->damage.front());
    if (!done && done.error().code != Code::kMissing)
      shared.complain("compaction: " + done.error().message);
    if (done) ++shared.compactions;
  }
}

// What a view must show that is opened after `committed` was read.
void look(Shared& shared, const View& view, int committed, int& before) {
  LifeExpectation expected;
  expected.must_to = std::max(committed, before);
  expected.may_to = kScrapesMax;
  int newest = 0;
  const std::string problem = check_life(view, expected, nullptr, &newest);
  if (!problem.empty()) shared.complain(problem);
  before = std::max(before, newest);
  ++shared.views;
}

void read(Shared& shared) {
  int before = 0;
  while (!shared.stop) {
    const int committed = shared.committed.load(std::memory_order_acquire);
    const auto view = View::open(shared.store);
    if (!view && view.error().code == Code::kMissing && committed == 0)
      continue;
    if (!view) return shared.complain(view.error().message);
    look(shared, **view, committed, before);
    const std::scoped_lock lock(shared.mutex);
    shared.view = *view;
  }
}

// Reads views that others opened, at the same time as they do.
void share(Shared& shared) {
  while (!shared.stop) {
    std::shared_ptr<const View> view;
    {
      const std::scoped_lock lock(shared.mutex);
      view = shared.view;
    }
    int before = 0;
    if (view) look(shared, *view, 0, before);
  }
}

// Reads the head through the counters that the writer stores to, as the same
// mapping: only then does a race detector see both sides.
void read_by_counters(Shared& shared) {
  while (!shared.stop) {
    std::shared_ptr<Ctl> ctl;
    {
      const std::scoped_lock lock(shared.mutex);
      ctl = shared.ctl;
    }
    if (!ctl) continue;
    const auto snapshot = Snapshot::open(shared.store, ctl);
    // The generation may be in blocks and gone by now.
    if (!snapshot) continue;
    const auto end = ctl->log_end();
    if (!end || *end < (*snapshot)->head().log_end())
      shared.complain("the log shrank");
  }
}

bool run_threads(const std::string& store, int seconds) {
  Shared shared;
  shared.store = store;
  std::vector<std::thread> threads;
  threads.emplace_back([&] { write(shared); });
  threads.emplace_back([&] { compact_all_the_time(shared); });
  threads.emplace_back([&] { read_by_counters(shared); });
  for (int i = 0; i < kReaders; ++i)
    threads.emplace_back([&] { read(shared); });
  for (int i = 0; i < kSharers; ++i)
    threads.emplace_back([&] { share(shared); });
  std::this_thread::sleep_for(std::chrono::seconds(seconds));
  shared.stop = true;
  for (std::thread& thread : threads) thread.join();
  const bool right = shared.problems == 0 && shared.views > 0 &&
                     shared.compactions > 0 && shared.committed > 0;
  std::printf(
      "%s - %llu views beside %d commits and %llu compactions show "
      "all that was committed and nothing else\n",
      right ? "ok" : "not ok",
      static_cast<unsigned long long>(shared.views.load()),
      shared.committed.load(),
      static_cast<unsigned long long>(shared.compactions.load()));
  return right;
}

// -- several writers

// The content of all files, by name.
std::map<std::string, std::string> files_of(const std::string& store) {
  std::map<std::string, std::string> all;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(store)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    all[entry.path()].assign(std::istreambuf_iterator<char>(file), {});
  }
  return all;
}

enum Outcome : char { kWon = 'w', kBusyCode = 'b', kFailed = 'f' };

// Wants to write; tells how that went, and keeps the store until it is told.
[[noreturn]] void want_to_write(const std::string& store, int go, int told,
                                int keep) {
  char word = 0;
  (void)!::read(go, &word, 1);  // ends when all have been made
  const auto writer = Writer::open(store, StoreLife::options(),
                                   os::real_file_system(), os::real_clock());
  word = writer                               ? kWon
         : writer.error().code == Code::kBusy ? kBusyCode
                                              : kFailed;
  (void)!::write(told, &word, 1);
  (void)!::read(keep, &word, 1);
  ::_exit(0);
}

bool race_once(const std::string& store) {
  std::array<int, 2> go{};
  std::array<int, 2> told{};
  std::array<int, 2> keep{};
  if (::pipe(go.data()) != 0 || ::pipe(told.data()) != 0 ||
      ::pipe(keep.data()) != 0)
    std::abort();
  for (int i = 0; i < kWriters; ++i) {
    if (::fork() != 0) continue;
    ::close(go[1]);
    ::close(keep[1]);
    want_to_write(store, go[0], told[1], keep[0]);
  }
  ::close(go[0]);
  ::close(go[1]);
  int won = 0;
  int busy = 0;
  for (int i = 0; i < kWriters; ++i) {
    char word = 0;
    if (::read(told[0], &word, 1) != 1) break;
    won += word == kWon ? 1 : 0;
    busy += word == kBusyCode ? 1 : 0;
  }
  // While it is held, another one changes nothing.
  const auto before = files_of(store);
  const auto late = Writer::open(store, StoreLife::options(),
                                 os::real_file_system(), os::real_clock());
  const bool refused = !late && late.error().code == Code::kBusy;
  const bool same = files_of(store) == before;
  for (const int fd : {told[0], told[1], keep[0], keep[1]}) ::close(fd);
  while (::wait(nullptr) > 0) {
  }
  return won == 1 && busy == kWriters - 1 && refused && same;
}

bool run_writers(const std::string& directory) {
  int right = 0;
  for (int i = 0; i < kRaces; ++i) {
    // Half of them make the store as well.
    const std::string store = directory + "/w" + std::to_string(i / 2);
    right += race_once(store) ? 1 : 0;
  }
  std::printf(
      "%s - of %d writers at once one writes, %d times, and the others "
      "change nothing\n",
      right == kRaces ? "ok" : "not ok", kWriters, right);
  return right == kRaces;
}

}  // namespace
}  // namespace prom::store

int main(int argc, char** argv) {
  const char* const asked = argc > 1 ? argv[1] : std::getenv("CRASH_SECONDS");
  const int seconds =
      asked != nullptr ? std::atoi(asked) : prom::store::kSecondsDefault;
  const prom::TemporaryDirectory directory;
  // Processes first: a race detector and fork do not go together.
  const bool writers = prom::store::run_writers(directory.path());
  const bool threads =
      prom::store::run_threads(directory.path() + "/s", seconds);
  return writers && threads ? 0 : 1;
}
