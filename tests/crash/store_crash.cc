// Kills a writer and a compaction with SIGKILL at random instants, again and
// again, also while they open the store, and checks after each kill that every
// sample that was acknowledged is there once and that no other value is.
//
//   store_crash [ROUNDS [SEED]]      100 rounds of two kills by default, or
//                                    CRASH_ROUNDS; prints TAP lines
//
// A child writes scrapes, closes generations now and then, and reports each
// commit through a pipe; values are a function of series and time, so the check
// needs nothing else.  Another one compacts.  A third reads views all the
// while: it must never see fewer samples than before.
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <random>
#include <thread>

#include "libprom/base/duration.h"
#include "libprom/store/compact.h"
#include "libprom/store/report.h"

#include "tests/support/temporary_directory.h"
#include "tests/unit/store/oracle.h"

namespace prom::store {
namespace {

constexpr int kRoundsDefault = 100;
constexpr int kReaders = 1;
constexpr int kScrapesPerSync = 16;
constexpr int kScrapesPerGeneration = 40;
constexpr int kLifeUsMax = 12'000;
constexpr int kBirthUsMax = 1'500;  // within opening

WriterOptions options() {
  WriterOptions small;
  small.arena_bytes_min = 65536;
  small.arena_bytes_max = 1U << 20U;
  small.allow_future = true;
  return small;
}

// Writes scrapes from `first` on and reports each committed one; never ends.
[[noreturn]] void write_for_ever(const std::string& path, int first,
                                 int report) {
  auto writer =
      Writer::open(path, options(), os::real_file_system(), os::real_clock());
  if (!writer || !oracle::add_layouts(**writer)) ::_exit(1);
  for (int n = first;; ++n) {
    if (!oracle::add_rows(**writer, n) || !(*writer)->commit()) ::_exit(1);
    if (n % kScrapesPerSync == 0 && !(*writer)->sync()) ::_exit(1);
    if (::write(report, &n, sizeof n) != sizeof n) ::_exit(0);
    if (n % kScrapesPerGeneration == 0 && !(*writer)->rotate()) ::_exit(1);
  }
}

// Compacts for ever, and everything now and then.
[[noreturn]] void compact_for_ever(const std::string& path) {
  for (int i = 0;; ++i) {
    CompactOptions options{.store = path, .all = i % 3 == 2};
    options.retention.keep_ms = 10'000 * kDayMs;
    const auto done =
        compact(os::real_file_system(), os::real_clock(), options);
    if (!done && done.error().code != Code::kMissing) ::_exit(1);
  }
}

std::uint64_t samples_in(const View& view) {
  std::uint64_t samples = 0;
  for (const auto& head : view.heads()) samples += head->root().samples;
  for (const ManifestBlock& block : view.manifest().blocks)
    samples += block.samples;
  return samples;
}

// Opens views until it is killed; ends with 1 when one shows less than the
// one before it or a wrong sample.
[[noreturn]] void read_for_ever(const std::string& path) {
  std::uint64_t before = 0;
  for (int i = 0;; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    const auto view = View::open(path);
    if (!view && view.error().code == Code::kMissing) continue;
    if (!view) ::_exit(3);
    const std::uint64_t samples = samples_in(**view);
    if (samples < before) ::_exit(1);
    before = samples;
    if (i % 64 == 0) {
      const auto count = oracle::check(**view);
      if (count.wrong != 0 || count.samples != samples) ::_exit(2);
    }
  }
}

pid_t spawn(const std::function<void()>& body) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    body();
    ::_exit(0);
  }
  return pid;
}

// True when the child was killed, and not ended by its own account.
bool kill_and_wait(pid_t pid) {
  ::kill(pid, SIGKILL);
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

struct Result {
  int acknowledged = 0;
  bool sound = true;
  std::uint64_t manifests =
      0;  // published by compactions, of one store, at most
};

// One life of a writer.
void live_and_die(const std::string& path, std::mt19937_64& random,
                  Result& result) {
  std::array<int, 2> report{};
  if (::pipe(report.data()) != 0) std::abort();
  const int first = result.acknowledged;
  const pid_t writer = spawn([&] { write_for_ever(path, first, report[1]); });
  ::close(report[1]);
  const pid_t compaction = spawn([&] { compact_for_ever(path); });
  // One in three dies while it opens the store.
  const int life_us = random() % 3 == 0
                          ? static_cast<int>(random() % kBirthUsMax)
                          : static_cast<int>(random() % kLifeUsMax);
  std::this_thread::sleep_for(std::chrono::microseconds(life_us));
  if (!kill_and_wait(writer)) result.sound = false;
  // Half of the compactions outlive their writer a little.
  if (random() % 2 == 0)
    std::this_thread::sleep_for(
        std::chrono::microseconds(random() % kLifeUsMax));
  if (!kill_and_wait(compaction)) result.sound = false;
  int n = 0;
  while (::read(report[0], &n, sizeof n) == sizeof n)
    result.acknowledged = n + 1;
  ::close(report[0]);
}

bool check(const std::string& path, Result& result, int round) {
  if (result.acknowledged == 0) return true;
  const auto view = View::open(path);
  if (!view) {
    std::fprintf(stderr, "round %d: %s\n", round, view.error().message.c_str());
    return false;
  }
  result.manifests = std::max(result.manifests, (*view)->manifest().version);
  const auto count = oracle::check(**view);
  const bool once = count.samples == samples_in(**view);
  const bool clean = once && verify(**view).damage.empty();
  // A commit may be whole although its report was not sent any more.
  const bool right = count.wrong == 0 && clean &&
                     count.rows_of_all >= result.acknowledged &&
                     count.rows_of_all <= result.acknowledged + 1;
  if (!right)
    std::fprintf(stderr,
                 "round %d: %d scrapes acknowledged, %d there, %llu samples "
                 "wrong, %s\n",
                 round, result.acknowledged, count.rows_of_all,
                 static_cast<unsigned long long>(count.wrong),
                 !once   ? "some seen twice"
                 : clean ? "no damage"
                         : "damage");
  return right;
}

int run(int rounds, std::uint64_t seed) {
  const TemporaryDirectory directory;
  std::mt19937_64 random(seed);
  Result result;
  bool right = true;
  std::string path;
  std::array<pid_t, kReaders> readers{};
  int scrapes = 0;
  for (int round = 0; round < rounds && right; ++round) {
    if (round % 50 ==
        0) {  // a new store now and then, so that checks stay fast
      for (const pid_t reader : readers) {
        if (reader != 0) result.sound &= kill_and_wait(reader);
      }
      scrapes += result.acknowledged;
      result.acknowledged = 0;
      path = directory.path() + "/" + std::to_string(round);
      for (pid_t& reader : readers)
        reader = spawn([&] { read_for_ever(path); });
    }
    live_and_die(path, random, result);
    right = check(path, result, round) && result.sound;
  }
  for (const pid_t reader : readers) right &= kill_and_wait(reader);
  scrapes += result.acknowledged;
  std::printf(
      "%s - %d writers and compactions killed at random lost nothing of %d "
      "scrapes in up to %llu manifests\n",
      right ? "ok" : "not ok", rounds, scrapes,
      static_cast<unsigned long long>(result.manifests));
  if (!right)
    std::fprintf(stderr, "seed %llu\n", static_cast<unsigned long long>(seed));
  return right ? 0 : 1;
}

}  // namespace
}  // namespace prom::store

int main(int argc, char** argv) {
  const char* const asked = argc > 1 ? argv[1] : std::getenv("CRASH_ROUNDS");
  const int rounds =
      asked != nullptr ? std::atoi(asked) : prom::store::kRoundsDefault;
  const std::uint64_t seed =
      argc > 2 ? std::strtoull(argv[2], nullptr, 10) : std::random_device()();
  return prom::store::run(rounds, seed);
}
