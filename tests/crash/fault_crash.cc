// Failing system calls: appends, rotations, compactions, deletions, imports,
// exports, backups, restores and repairs, each with its first call failing, its
// second, and so on, until all have failed: once and for good, with EIO,
// ENOSPC, EMFILE, EINTR and half-done reads and writes.  After each failure
// nothing that was acknowledged is missing, no sample is wrong, the same
// operation succeeds when it is done again, and nothing half made is left.
//
//   fault_crash [STRIDE]     every STRIDE-th call; 16 by default, or
//                            CRASH_STRIDE; 1 is every one (`make crash`)
//
// Prints TAP lines.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <set>

#include "libprom/store/backup.h"
#include "libprom/store/compact.h"
#include "libprom/store/delete_samples.h"
#include "libprom/store/export.h"
#include "libprom/store/import.h"
#include "libprom/store/report.h"

#include "tests/crash/fault_calls.h"
#include "tests/support/store_life.h"
#include "tests/support/temporary_directory.h"

namespace prom::store {
namespace {

constexpr std::uint64_t kStrideDefault = 16;
constexpr int kScrapes = 34;  // of the store that every run begins with
constexpr std::uint64_t kCallsMax = 20'000;

struct Mode {
  const char* name;
  unsigned groups;
  int error_number;  // 0: half of it is done
  bool for_good = false;
  bool alternating = false;
};
constexpr unsigned kAll = ~0U;
constexpr unsigned kGrowing = faults::kWrite | faults::kReserve | faults::kName;
constexpr unsigned kSlow = faults::kOpen | faults::kRead | faults::kWrite |
                           faults::kSync | faults::kReserve;
constexpr Mode kModes[] = {
    {.name = "EIO", .groups = kAll, .error_number = EIO},
    {.name = "EIO for good",
     .groups = kAll,
     .error_number = EIO,
     .for_good = true},
    {.name = "ENOSPC", .groups = kGrowing, .error_number = ENOSPC},
    {.name = "ENOSPC for good",
     .groups = kGrowing,
     .error_number = ENOSPC,
     .for_good = true},
    {.name = "EMFILE", .groups = faults::kOpen, .error_number = EMFILE},
    {.name = "ENOMEM", .groups = faults::kMap, .error_number = ENOMEM},
    {.name = "EINTR",
     .groups = kSlow,
     .error_number = EINTR,
     .alternating = true},
    {.name = "half-done calls",
     .groups = faults::kRead | faults::kWrite,
     .error_number = 0,
     .alternating = true},
};
bool is_harmless(const Mode& mode) {
  return mode.error_number == EINTR || mode.error_number == 0;
}

// The store that an operation works on, in a directory of its own.
struct Bench {
  std::string root;  // what is below it counts
  FakeClock clock = {};
  LifeExpectation expected = {};
  std::string errors = {};  // what the operation said

  [[nodiscard]] std::string store() const { return root + "/s"; }

  // Runs a command of the tool.
  template <typename Run, typename Options>
  bool command(Run run, const Options& options) {
    os::Output out;
    os::Output err;
    cli::Io io{.out = out, .err = err, .clock = clock};
    const cli::Exit exit = run(options, os::real_file_system(), io);
    if (exit != cli::Exit::kOk) errors = err.text();
    return exit == cli::Exit::kOk;
  }
  bool note(const Status& status) {
    if (!status) errors = status.error().message;
    return status.has_value();
  }
};

struct Operation {
  const char* name;
  // True when it succeeded; what it acknowledged is in the bench.
  std::function<bool(Bench&)> run;
  // What must hold after it succeeded; "" when it does.
  std::function<std::string(Bench&)> check = {};
};

bool append(Bench& bench, bool rotating) {
  auto writer = Writer::open(bench.store(), StoreLife::options(),
                             os::real_file_system(), bench.clock);
  if (!writer) return bench.note(fail(writer.error()));
  if (!bench.note(StoreLife::add_layouts(**writer))) return false;
  const int end = kScrapes + 4;
  for (int n = bench.expected.must_to; n < end; ++n) {
    bench.expected.may_to = std::max(bench.expected.may_to, n + 1);
    if (!bench.note(StoreLife::add_scrape(**writer, n))) return false;
    // The live writer tries again.
    Status done = (*writer)->commit();
    if (!done) done = (*writer)->commit();
    if (!bench.note(done)) return false;
    bench.expected.must_to = n + 1;
    if (n % 2 == 0 && !bench.note((*writer)->sync())) return false;
    if (rotating && !(*writer)->rotate()) bench.errors = "not rotated";
  }
  return bench.note((*writer)->sync());
}

bool run_compaction(Bench& bench, const CompactOptions& given,
                    const std::string& store = {}) {
  CompactOptions options = given;
  options.store = store.empty() ? bench.store() : store;
  const auto report = compact(os::real_file_system(), bench.clock, options);
  if (!report) return bench.note(fail(report.error()));
  if (report->damage.empty()) return true;
  bench.errors = report->damage.front();
  return false;
}

bool remove(Bench& bench) {
  if (bench.expected.deleted.empty())
    bench.expected.deleted.push_back({2, 3, 9, false});
  const std::vector<Matchers> matchers = {{Matcher::equal("t", "2")}};
  const Status done = delete_samples(os::real_file_system(), bench.clock,
                                     bench.store(), matchers,
                                     {.min_ms = StoreLife::time_of(3, 0),
                                      .max_ms = StoreLife::time_of(9, 0) - 1},
                                     false);
  if (done) bench.expected.deleted.back().done = true;
  return bench.note(done);
}

std::string look_at_copy(const std::string& store,
                         const LifeExpectation& expected) {
  const auto view = View::open(store);
  if (!view) return view.error().message;
  return check_life(**view, expected);
}

// Lines of samples in an export.
std::string check_export(const Bench& bench, const std::string& name) {
  std::ifstream file(bench.root + "/" + name);
  std::size_t samples = 0;
  for (std::string line; std::getline(file, line);)
    samples += line.empty() || line.front() == '#' ? 0 : 1;
  const auto view = View::open(bench.store());
  std::uint64_t wanted = 0;
  if (!view) return view.error().message;
  (void)check_life(**view, bench.expected, &wanted);
  return samples == wanted ? "" : "the export is not whole";
}

std::vector<Operation> operations() {
  return {
      {"append", [](Bench& b) { return append(b, false); }},
      {"rotate", [](Bench& b) { return append(b, true); }},
      {"compact", [](Bench& b) { return run_compaction(b, {.all = true}); }},
      {"retain",
       [](Bench& b) {
         b.expected.must_from = 20;
         CompactOptions options{.heads = false, .merge = false};
         options.retention.keep_ms = 13 * std::int64_t{3'600'000};
         return run_compaction(b, options);
       }},
      {"delete", remove},
      {"delete and clean",
       [](Bench& b) {
         return remove(b) && run_compaction(b, {.clean = true});
       }},
      {"import",
       [](Bench& b) {
         std::ofstream(b.root + ".om") << StoreLife::import_text(0);
         b.expected.imports_begun = 1;
         if (!b.command(run_import, ImportOptions{.store = b.store(),
                                                  .paths = {b.root + ".om"}}))
           return false;
         b.expected.imports_done = 1;
         return true;
       }},
      {"import into a new store",
       [](Bench& b) {
         std::ofstream(b.root + ".om") << StoreLife::import_text(0);
         return b.command(run_import, ImportOptions{.store = b.root + "/new",
                                                    .paths = {b.root + ".om"}});
       },
       [](Bench& b) {
         return look_at_copy(b.root + "/new",
                             {.imports_done = 1, .imports_begun = 1});
       }},
      {"export as text",
       [](Bench& b) {
         return b.command(run_export, ExportOptions{.store = b.store(),
                                                    .out = b.root + "/text"});
       },
       [](Bench& b) { return check_export(b, "text"); }},
      {"export as blocks of Prometheus",
       [](Bench& b) {
         return b.command(run_export,
                          ExportOptions{.store = b.store(),
                                        .format = ExportFormat::kTsdb,
                                        .out = b.root + "/tsdb"});
       }},
      {"backup",
       [](Bench& b) {
         return b.command(run_backup, BackupOptions{.store = b.store(),
                                                    .out = b.root + "/bak"});
       },
       [](Bench& b) {
         std::filesystem::remove_all(b.root + "/new");
         if (!b.command(run_restore, RestoreOptions{.store = b.root + "/new",
                                                    .in = b.root + "/bak"}))
           return b.errors;
         return look_at_copy(b.root + "/new", b.expected);
       }},
      {"restore",
       [](Bench& b) {
         if (os::exists(b.root + "/new")) return true;
         return b.command(run_restore, RestoreOptions{.store = b.root + "/new",
                                                      .in = b.root + ".bak"});
       },
       [](Bench& b) { return look_at_copy(b.root + "/new", b.expected); }},
      {"repair",
       [](Bench& b) {
         return b.note(repair_manifest(os::real_file_system(), b.store()));
       }},
  };
}

// Files that are not what a store or the operation's result is made of.
std::vector<std::string> leftovers(const Bench& bench) {
  std::vector<std::string> found;
  std::set<std::string> named;
  for (const std::string store : {"/s", "/new"}) {
    const auto manifest = load_manifest(bench.root + store);
    if (!manifest) continue;
    for (const ManifestBlock& block : manifest->blocks)
      named.insert(block_path(bench.root + store, block.id));
  }
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(bench.root)) {
    const std::string path = entry.path();
    const std::string name = entry.path().filename();
    const bool is_temporary = name.contains(".tmp") ||
                              name.contains(".part-") || name.starts_with(".");
    const bool is_unnamed = path.contains("/blocks/") && !named.contains(path);
    if (is_temporary || is_unnamed || path.contains("/quarantine"))
      found.push_back(path.substr(bench.root.size()));
  }
  return found;
}

class Faults {
 public:
  Faults(std::string directory, std::uint64_t stride)
      : directory_(std::move(directory)), stride_(stride) {}

  // False when the store to begin with cannot be made.
  bool prepare() {
    base_.root = directory_ + "/base";
    std::filesystem::create_directories(base_.root);
    StoreLife life(base_.store(), os::real_file_system(), base_.clock, {});
    const Status lived = life.live({.scrapes = kScrapes,
                                    .delete_at = -1,
                                    .clean_at = -1,
                                    .import_at = -1,
                                    .retain_at = -1,
                                    .compact_all_at = -1});
    base_.expected = life.expected();
    base_.expected.must_to = kScrapes;
    base_.clock.advance_ms(10 * std::int64_t{3'600'000});
    return base_.note(lived) &&
           base_.command(run_backup,
                         BackupOptions{.store = base_.store(),
                                       .out = directory_ + "/run.bak"});
  }

  bool run(const Operation& operation, const Mode& mode) {
    std::uint64_t runs = 0;
    std::string problem;
    std::uint64_t n = 1 + offset_++ % stride_;
    for (; n < kCallsMax && problem.empty(); n += stride_) {
      bool triggered = false;
      problem = fail_once(operation, mode, n, triggered);
      ++runs;
      if (!triggered) break;
    }
    runs_ += runs;
    const bool right = problem.empty() && n < kCallsMax;
    if (!right)
      std::fprintf(stderr, "%s, %s at call %llu (%s): %s\n", operation.name,
                   mode.name, static_cast<unsigned long long>(n), what_.c_str(),
                   problem.c_str());
    return right;
  }

  [[nodiscard]] std::uint64_t runs() const { return runs_; }

 private:
  std::string fail_once(const Operation& operation, const Mode& mode,
                        std::uint64_t n, bool& triggered) {
    Bench bench = base_;
    bench.root = directory_ + "/run";
    std::filesystem::remove_all(bench.root);
    std::filesystem::copy(base_.root, bench.root,
                          std::filesystem::copy_options::recursive);
    faults::plan = {.below = directory_ + "/run",
                    .groups = mode.groups,
                    .error_number = mode.error_number,
                    .first = n,
                    .for_good = mode.for_good,
                    .alternating = mode.alternating,
                    .calls = 0,
                    .failed = 0,
                    .what = {}};
    const bool done = operation.run(bench);
    triggered = faults::plan.failed > 0;
    what_ = faults::plan.what;
    faults::plan.first = 0;
    if (!done && !triggered) return "failed by itself: " + bench.errors;
    if (!done && is_harmless(mode)) return "failed: " + bench.errors;
    if (!done && bench.errors.empty()) return "no message";
    std::string problem = look_at_copy(bench.store(), bench.expected);
    if (!problem.empty()) return "after the failure: " + problem;
    if (done && operation.check) {
      problem = operation.check(bench);
      if (!problem.empty()) return "although it succeeded: " + problem;
    }
    return again(operation, mode, bench);
  }

  // With calls that succeed.
  static std::string again(const Operation& operation, const Mode& mode,
                           Bench& bench) {
    if (!operation.run(bench)) return "again: " + bench.errors;
    std::string problem = look_at_copy(bench.store(), bench.expected);
    if (problem.empty() && operation.check) problem = operation.check(bench);
    if (!problem.empty()) return "done again: " + problem;
    bool compacted = run_compaction(bench, {});
    if (os::exists(bench.root + "/new"))
      compacted = compacted && run_compaction(bench, {}, bench.root + "/new");
    if (!compacted) return "compaction: " + bench.errors;
    const auto report = verify_store(bench.store());
    if (!report) return report.error().message;
    if (!report->damage.empty()) return "damaged: " + report->damage.front();
    auto left = leftovers(bench);
    // Where nothing can be removed, this name tells Prometheus to do it.
    if (mode.for_good)
      std::erase_if(left, [](const std::string& path) {
        return path.contains(".tmp-for-creation");
      });
    return left.empty() ? "" : "left over: " + left.front();
  }

  const std::string directory_;
  const std::uint64_t stride_;
  std::uint64_t offset_ = std::random_device()();
  Bench base_;
  std::uint64_t runs_ = 0;
  std::string what_;
};

int run(std::uint64_t stride, const char* only) {
  const TemporaryDirectory directory;
  Faults faults(directory.path(), stride);
  if (!faults.prepare()) {
    std::printf("not ok - a store to begin with\n");
    return 1;
  }
  bool all_right = true;
  for (const Operation& operation : operations()) {
    if (only != nullptr && std::string_view(operation.name) != only) continue;
    const std::uint64_t before = faults.runs();
    bool right = true;
    for (const Mode& mode : kModes)
      right = faults.run(operation, mode) && right;
    std::printf("%s - %s: %llu failing calls\n", right ? "ok" : "not ok",
                operation.name,
                static_cast<unsigned long long>(faults.runs() - before));
    std::fflush(stdout);
    all_right = all_right && right;
  }
  return all_right ? 0 : 1;
}

}  // namespace
}  // namespace prom::store

int main(int argc, char** argv) {
  const char* const asked = argc > 1 ? argv[1] : std::getenv("CRASH_STRIDE");
  const std::uint64_t stride = asked != nullptr
                                   ? std::strtoull(asked, nullptr, 10)
                                   : prom::store::kStrideDefault;
  return prom::store::run(std::max<std::uint64_t>(stride, 1),
                          argc > 2 ? argv[2] : nullptr);
}
