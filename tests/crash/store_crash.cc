// Kills everything that changes a store with SIGKILL at random instants, again
// and again, also while it opens the store, and checks after each kill that
// every sample that was acknowledged is there once, that no other value is, and
// that what was to happen wholly or not at all did.
//
//   store_crash [ROUNDS [SEED]]      200 rounds by default, or CRASH_ROUNDS;
//                                    `make crash` does 2,000
//
// In each round a child writes scrapes, closes generations now and then and
// reports each commit through a pipe; beside it another one maintains the
// store: it compacts with windows of two hours, a day and ten days, retains,
// deletes, cleans, imports, exports, backs up and restores, and repairs the
// manifest.  A third child reads views all the while, which must never show
// less than before.  Values are a function of series and time, so the check
// needs nothing else.  Prints TAP lines.
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <thread>

#include "libprom/base/duration.h"
#include "libprom/store/backup.h"
#include "libprom/store/compact.h"
#include "libprom/store/delete_samples.h"
#include "libprom/store/export.h"
#include "libprom/store/import.h"
#include "libprom/store/report.h"

#include "tests/support/store_life.h"
#include "tests/support/temporary_directory.h"

namespace prom::store {
namespace {

constexpr int kRoundsDefault = 200;
constexpr int kRoundsPerStore = 40;  // so that checks stay fast
constexpr int kScrapesPerSync = 16;
constexpr int kScrapesPerGeneration = 12;
constexpr int kDeletedScrapes = 6;
constexpr int kWriterLifeUsMax = 20'000;
constexpr int kBirthUsMax = 1'500;  // within opening
constexpr int kMaintainerLifeUsMax = 100'000;

// What the children tell; a line each, whole because it is small.
struct Report {
  enum class Kind { kScrape, kBegin, kDone } kind = Kind::kScrape;
  int task = 0;
  int n = 0;
};

// -- the children

// Writes scrapes from `first` on and reports each committed one; never ends.
[[noreturn]] void write_for_ever(const std::string& store, int first,
                                 int report) {
  WriterOptions options = StoreLife::options();
  options.allow_future = true;
  auto writer =
      Writer::open(store, options, os::real_file_system(), os::real_clock());
  // A deletion may be beginning a generation.
  while (!writer && writer.error().code == Code::kBusy)
    writer =
        Writer::open(store, options, os::real_file_system(), os::real_clock());
  if (!writer || !StoreLife::add_layouts(**writer)) ::_exit(1);
  for (int n = first;; ++n) {
    if (!StoreLife::add_scrape(**writer, n) || !(*writer)->commit()) ::_exit(1);
    if (n % kScrapesPerSync == 0 && !(*writer)->sync()) ::_exit(1);
    const Report done{.kind = Report::Kind::kScrape, .n = n};
    if (::write(report, &done, sizeof done) != sizeof done) ::_exit(0);
    if (n % kScrapesPerGeneration == 0 && !(*writer)->rotate()) ::_exit(1);
  }
}

enum Task {
  kCompact,
  kCompactAll,
  kRetain,
  kImport,
  kExport,
  kBackup,
  kRestore,
  kRepair,
  kClean,
  kDelete,  // needs the store's lock, so the writer is dead then
  kTasks,
};
constexpr std::array<const char*, kTasks> kTaskNames = {
    "compactions", "compactions of everything",
    "retentions",  "imports",
    "exports",     "backups",
    "restores",    "repairs",
    "cleanings",   "deletions"};

template <typename Run, typename Options>
Status command(Run run, const Options& options) {
  os::Output out;
  os::Output err;
  cli::Io io{.out = out, .err = err, .clock = os::real_clock()};
  const cli::Exit exit = run(options, os::real_file_system(), io);
  if (exit == cli::Exit::kOk) return {};
  return fail(exit == cli::Exit::kBusy      ? Code::kBusy
              : exit == cli::Exit::kMissing ? Code::kMissing
                                            : Code::kIo,
              err.text());
}

Status delete_scrapes(const std::string& store, int from) {
  const std::vector<Matchers> matchers = {{Matcher::equal("t", "2")}};
  const TimeRange range{
      .min_ms = StoreLife::time_of(from, 0),
      .max_ms = StoreLife::time_of(from + kDeletedScrapes, 0) - 1};
  return delete_samples(os::real_file_system(), os::real_clock(), store,
                        matchers, range, false);
}

Status do_task(Task task, const std::string& store, int n) {
  CompactOptions options{.store = store, .all = task == kCompactAll};
  switch (task) {
    case kImport:
      return command(run_import,
                     ImportOptions{.store = store, .paths = {store + ".om"}});
    case kExport:
      return command(run_export,
                     ExportOptions{.store = store, .out = store + ".text"});
    case kBackup:
      return command(run_backup,
                     BackupOptions{.store = store, .out = store + ".bak"});
    case kRestore:
      // In one step: a copy that is half removed would look half restored.
      std::filesystem::remove_all(store + ".gone");
      if (os::exists(store + ".new"))
        std::filesystem::rename(store + ".new", store + ".gone");
      if (!os::exists(store + ".bak")) return {};
      return command(run_restore, RestoreOptions{.store = store + ".new",
                                                 .in = store + ".bak"});
    case kRepair:
      return repair_manifest(os::real_file_system(), store);
    case kDelete:
      return delete_scrapes(store, n);
    case kRetain:
      options.heads = options.merge = false;
      break;
    case kClean:
      options.merge = false;
      options.clean = true;
      break;
    default:
      break;
  }
  // Nothing is too old, which has to be found out block by block.
  options.retention.keep_ms = 10'000 * kDayMs;
  const auto report =
      compact(os::real_file_system(), os::real_clock(), options);
  return report ? Status() : fail(report.error());
}

// Reports what it begins and what is done; ends by itself only when a task
// fails for another reason than that the store is not there yet or busy.
[[noreturn]] void maintain_for_ever(const std::string& store,
                                    const std::vector<Task>& tasks, int n,
                                    int report) {
  for (std::size_t i = 0;; ++i) {
    const Task task = tasks[i % tasks.size()];
    Report told{.kind = Report::Kind::kBegin, .task = task, .n = n};
    if (::write(report, &told, sizeof told) != sizeof told) ::_exit(0);
    const Status done = do_task(task, store, n);
    if (!done && done.error().code != Code::kMissing &&
        done.error().code != Code::kBusy) {
      std::fprintf(stderr, "%s: %s\n", kTaskNames[task],
                   done.error().message.c_str());
      ::_exit(1);
    }
    told.kind = Report::Kind::kDone;
    if (done && ::write(report, &told, sizeof told) != sizeof told) ::_exit(0);
    if (task == kDelete && done) ::pause();
  }
}

// Opens views until it is killed; ends with 1 when one shows fewer series than
// the one before it, with 2 when it shows a wrong sample.
[[noreturn]] void read_for_ever(const std::string& store) {
  int before = 0;
  for (int i = 0;; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    const auto view = View::open(store);
    if (!view && view.error().code == Code::kMissing) continue;
    if (!view) ::_exit(3);
    if (i % 16 != 0) continue;
    LifeExpectation any;
    any.may_to = 1 << 20;
    any.imports_begun = 2;
    int newest = 0;
    if (!check_life(**view, any, nullptr, &newest).empty()) ::_exit(2);
    if (newest < before) ::_exit(1);
    before = newest;
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

// -- the rounds

class Rounds {
 public:
  explicit Rounds(std::uint64_t seed) : random_(seed) {}

  bool run(int rounds) {
    bool right = true;
    for (int round = 0; round < rounds && right; ++round) {
      if (round % kRoundsPerStore == 0) begin_store(round);
      live_and_die(round);
      right = sound_ && check(round);
    }
    end_reader();
    scrapes_ += expected_.must_to;
    return right && sound_;
  }

  [[nodiscard]] int scrapes() const { return scrapes_; }
  [[nodiscard]] const std::array<int, kTasks>& killed() const {
    return killed_;
  }
  [[nodiscard]] const std::array<int, kTasks>& done() const { return done_; }

 private:
  void begin_store(int round) {
    end_reader();
    scrapes_ += expected_.must_to;
    expected_ = {};
    store_ = directory_.path() + "/" + std::to_string(round);
    std::ofstream(store_ + ".om") << StoreLife::import_text(0);
    reader_ = spawn([&] { read_for_ever(store_); });
  }

  void end_reader() {
    if (reader_ == 0) return;
    if (kill_and_wait(reader_)) return;
    std::fprintf(stderr, "a reader saw something wrong\n");
    sound_ = false;
  }

  std::vector<Task> choose_tasks() {
    // A deletion begins a generation, for which nobody may be writing.
    if (expected_.must_to > 3 * kDeletedScrapes && random_() % 8 == 0)
      return {kDelete};
    std::vector<Task> tasks = {kCompact};
    while (tasks.size() < 3)
      tasks.push_back(static_cast<Task>(random_() % kDelete));
    std::ranges::shuffle(tasks, random_);
    // A repair forgets deletions.
    std::erase_if(tasks, [&](Task task) {
      return task == kRepair && !expected_.deleted.empty();
    });
    return tasks;
  }

  void pause_us(std::uint64_t most) {
    std::this_thread::sleep_for(std::chrono::microseconds(random_() % most));
  }

  // One life of a writer, and one of whoever maintains the store.
  void live_and_die(int round) {
    const std::vector<Task> tasks = choose_tasks();
    const bool deletes = tasks.front() == kDelete;
    std::array<int, 2> report{};
    if (::pipe(report.data()) != 0) std::abort();
    const int first = expected_.must_to;
    const int from =
        deletes ? static_cast<int>(random_() % static_cast<std::uint64_t>(
                                                   first - kDeletedScrapes))
                : 0;
    // One that ends because of us must not be taken for one that failed.
    const pid_t writer =
        deletes ? 0 : spawn([&] { write_for_ever(store_, first, report[1]); });
    const pid_t maintainer =
        spawn([&] { maintain_for_ever(store_, tasks, from, report[1]); });
    ::close(report[1]);
    // One in three writers dies while it opens the store.
    if (!deletes) {
      pause_us(random_() % 3 == 0 ? kBirthUsMax : kWriterLifeUsMax);
      if (!kill_and_wait(writer)) fail_round(round, "the writer ended");
    }
    pause_us(random_() % 2 == 0 ? kMaintainerLifeUsMax : kWriterLifeUsMax);
    if (!kill_and_wait(maintainer)) fail_round(round, "a task failed");
    read_reports(report[0]);
    ::close(report[0]);
  }

  void fail_round(int round, const char* what) {
    std::fprintf(stderr, "round %d: %s by itself\n", round, what);
    sound_ = false;
  }

  void read_reports(int fd) {
    int running = -1;
    Report told;
    while (::read(fd, &told, sizeof told) == sizeof told) {
      const auto task = static_cast<std::size_t>(told.task);
      if (told.kind == Report::Kind::kScrape) {
        expected_.must_to = told.n + 1;
      } else if (told.kind == Report::Kind::kBegin) {
        running = told.task;
        if (task == kImport) expected_.imports_begun = 1;
        if (task == kDelete)
          expected_.deleted.push_back(
              {2, told.n, told.n + kDeletedScrapes, false});
      } else {
        running = -1;
        ++done_[task];
        if (task == kImport) expected_.imports_done = 1;
        if (task == kDelete) expected_.deleted.back().done = true;
      }
    }
    if (running >= 0) ++killed_[static_cast<std::size_t>(running)];
    // A commit may be whole although its report was not sent any more.
    expected_.may_to = expected_.must_to + 1;
  }

  bool check(int round) {
    const auto view = View::open(store_);
    if (!view && expected_.must_to == 0) return true;
    std::string problem =
        view ? check_life(**view, expected_) : view.error().message;
    if (problem.empty()) {
      const auto report = verify_store(store_);
      if (!report) problem = report.error().message;
      if (report && !report->damage.empty()) problem = report->damage.front();
    }
    // What was published as a whole is whole.
    if (problem.empty() && os::exists(store_ + ".new")) {
      const auto copy = View::open(store_ + ".new");
      LifeExpectation any;
      any.may_to = expected_.may_to;
      any.imports_begun = 1;
      problem = copy ? check_life(**copy, any) : copy.error().message;
    }
    if (problem.empty()) return true;
    std::fprintf(stderr, "round %d: %s\n", round, problem.c_str());
    return false;
  }

  const TemporaryDirectory directory_;
  std::mt19937_64 random_;
  std::string store_;
  LifeExpectation expected_;
  pid_t reader_ = 0;
  bool sound_ = true;
  int scrapes_ = 0;
  std::array<int, kTasks> killed_{};
  std::array<int, kTasks> done_{};
};

int run(int rounds, std::uint64_t seed) {
  Rounds all(seed);
  const bool right = all.run(rounds);
  std::printf("%s - %d rounds of kills lost nothing of %d scrapes\n",
              right ? "ok" : "not ok", rounds, all.scrapes());
  for (std::size_t task = 0; task < kTasks; ++task)
    std::printf("# %d %s were killed, %d done\n", all.killed()[task],
                kTaskNames[task], all.done()[task]);
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
