#include "tests/support/store_life.h"

#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>

#include "libprom/base/checksum.h"
#include "libprom/base/duration.h"
#include "libprom/base/number.h"
#include "libprom/store/compact.h"
#include "libprom/store/delete_samples.h"
#include "libprom/store/import.h"

namespace prom::store {
namespace {

constexpr std::int64_t kStart = 1'700'006'400'000;  // a day begins
constexpr int kTargets = 3;
constexpr int kColumns = 6;
constexpr int kDeletedTarget = 2;
constexpr int kLooseTarget = 99;
constexpr int kImportTarget = 50;
constexpr int kImportColumns = 3;
constexpr int kImportScrapes = 40;
constexpr int kKeptScrapes = 120;

std::int64_t time_of(int n, int target) {
  return kStart + n * kHourMs + target;
}

Labels labels_of(int target, int column) {
  return {{"__name__", "m" + std::to_string(column)},
          {"t", std::to_string(target)}};
}

// Two of three values repeat from scrape to scrape, as in life.
double value_of(int target, int column, std::int64_t t_ms) {
  if (column % 3 != 0) return target * 1000 + column;
  const std::string seed = std::to_string(target) + "/" +
                           std::to_string(column) + "/" + std::to_string(t_ms);
  return static_cast<double>(hash64(seed) % 1'000'000) / 7;
}

int number_in(std::string_view text) {
  int number = -1;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

int columns_of(int target) {
  if (target == kLooseTarget) return 1;
  return target >= kImportTarget ? kImportColumns : kColumns;
}

// Calls `take(target, column, n)` for each right sample and `wrong` for each
// other one.
template <typename Take, typename Wrong>
void for_each_sample(const View& view, Take take, Wrong wrong) {
  const auto all = view.select({}, INT64_MIN, INT64_MAX);
  if (!all) {
    wrong("select: " + all.error().message);
    return;
  }
  Samples samples;
  std::string before;
  for (std::size_t i = 0; i < (*all)->size(); ++i) {
    const Labels labels = (*all)->labels(i);
    const int target = number_in(labels.get("t"));
    const std::string_view name = labels.metric_name();
    const int column = number_in(name.empty() ? name : name.substr(1));
    (*all)->read(i, 1, samples);
    if (samples.t_ms.empty()) continue;
    if (labels != labels_of(target, column)) {
      wrong("series " + labels.to_string());
      continue;
    }
    std::int64_t last = INT64_MIN;
    for (std::size_t k = 0; k < samples.t_ms.size(); ++k) {
      const std::int64_t t_ms = samples.t_ms[k];
      const auto n = static_cast<int>((t_ms - kStart) / kHourMs);
      if (t_ms <= last || t_ms < kStart || t_ms != time_of(n, target) ||
          samples.value[k] != value_of(target, column, t_ms)) {
        wrong(labels.to_string() + " at " + std::to_string(t_ms));
      } else {
        take(target, column, n);
      }
      last = t_ms;
    }
  }
}

}  // namespace

StoreLife::StoreLife(std::string store, os::FileSystem& files, FakeClock& clock,
                     std::function<void(const LifeExpectation&)> on_change)
    : store_(std::move(store)),
      files_(files),
      clock_(clock),
      on_change_(std::move(on_change)) {}

std::int64_t StoreLife::time_of(int scrape, int target) {
  return store::time_of(scrape, target);
}

WriterOptions StoreLife::options() {
  WriterOptions small;
  small.arena_bytes_min = 4096;
  small.arena_bytes_max = 16384;
  return small;
}

void StoreLife::note() {
  if (on_change_) on_change_(expected_);
}

Status StoreLife::open() {
  if (writer_) return {};
  auto writer = Writer::open(store_, options(), files_, clock_);
  if (!writer) return fail(writer.error());
  writer_ = std::move(*writer);
  return add_layouts(*writer_);
}

Status StoreLife::add_layouts(Writer& writer) {
  for (int target = 0; target < kTargets; ++target) {
    wire::Layout layout;
    layout.source = static_cast<std::uint64_t>(target) + 1;
    layout.version = 1;
    for (int column = 0; column < kColumns; ++column)
      layout.series.push_back(labels_of(target, column));
    if (Status done = writer.add(layout); !done) return done;
  }
  return {};
}

Status StoreLife::add_scrape(Writer& writer, int n) {
  for (int target = 0; target < kTargets; ++target) {
    wire::Row row;
    row.source = static_cast<std::uint64_t>(target) + 1;
    row.version = 1;
    row.sequence = static_cast<std::uint64_t>(n) + 1;
    row.t_ms = time_of(n, target);
    for (int column = 0; column < kColumns; ++column)
      row.values.push_back(value_of(target, column, row.t_ms));
    if (Status done = writer.add(row); !done) return done;
  }
  const std::int64_t t_ms = time_of(n, kLooseTarget);
  return writer.add(wire::Loose{.source = 99,
                                .sequence = static_cast<std::uint64_t>(n) + 1,
                                .items = {{labels_of(kLooseTarget, 0), t_ms,
                                           value_of(kLooseTarget, 0, t_ms)}}});
}

std::string StoreLife::import_text(int i) {
  std::string text;
  for (int column = 0; column < kImportColumns; ++column) {
    text += "# TYPE m" + std::to_string(column) + " gauge\n";
    for (int n = 0; n < kImportScrapes; ++n) {
      const int target = kImportTarget + i;
      const std::int64_t t_ms = time_of(n, target);
      const std::string digits = std::to_string(t_ms);
      text += "m" + std::to_string(column) + "{t=\"" + std::to_string(target) +
              "\"} ";
      append_float(text, value_of(target, column, t_ms));
      text += " " + digits.substr(0, digits.size() - 3) + "." +
              digits.substr(digits.size() - 3) + "\n";
    }
  }
  return text + "# EOF\n";
}

Status StoreLife::live(const LifeOptions& options) {
  for (int n = 0; n < options.scrapes; ++n) {
    if (Status done = step(n, options); !done) return done;
  }
  writer_.reset();
  return {};
}

Status StoreLife::step(int n, const LifeOptions& options) {
  clock_.set_wall_ms(time_of(n, 0) + kMinuteMs);
  if (Status done = open(); !done) return done;
  expected_.may_to = n + 1;
  note();
  if (Status done = add_scrape(*writer_, n); !done) return done;
  if (Status done = writer_->commit(); !done) return done;
  if (n % options.sync_every == options.sync_every - 1) {
    if (Status done = writer_->sync(); !done) return done;
    expected_.must_to = n + 1;
    note();
  }
  if (n % options.rotate_every == options.rotate_every - 1) {
    if (Status done = writer_->rotate(); !done) return done;
    expected_.must_to = n + 1;
    note();
  }
  if (n % options.compact_every == options.compact_every - 1) {
    if (Status done = compact(false, false, kForEver); !done) return done;
  }
  if (n == options.delete_at) {
    if (Status done = remove(n - 20, n - 10); !done) return done;
  }
  if (n == options.clean_at) {
    if (Status done = remove(n - 12, n - 2); !done) return done;
    if (Status done = compact(false, true, kForEver); !done) return done;
  }
  if (n == options.import_at) {
    for (int i = 0; i < 2; ++i) {
      if (Status done = import(i); !done) return done;
    }
  }
  if (n == options.retain_at) {
    expected_.must_from = n - kKeptScrapes;
    note();
    if (Status done = compact(false, false, kKeptScrapes * kHourMs); !done)
      return done;
  }
  if (n == options.compact_all_at) {
    if (Status done = compact(true, false, kForEver); !done) return done;
  }
  return {};
}

Status StoreLife::remove(int from, int to) {
  // A live writer would be asked; here there is none.
  writer_.reset();
  expected_.deleted.push_back({kDeletedTarget, from, to, false});
  note();
  const std::vector<Matchers> matchers = {
      {Matcher::equal("t", std::to_string(kDeletedTarget))}};
  const Status done = delete_samples(
      files_, clock_, store_, matchers,
      {.min_ms = time_of(from, 0), .max_ms = time_of(to, 0) - 1}, false);
  if (!done) return done;
  expected_.deleted.back().done = true;
  expected_.must_to = expected_.may_to;  // it begins a generation
  note();
  return {};
}

Status StoreLife::import(int i) {
  const std::string input = os::parent_directory(os::parent_directory(store_)) +
                            "/import-" + std::to_string(i) + ".om";
  std::ofstream(input) << import_text(i);
  expected_.imports_begun = i + 1;
  note();
  os::Output out;
  os::Output err;
  cli::Io io{.out = out, .err = err, .clock = clock_};
  const cli::Exit exit =
      run_import({.store = store_, .paths = {input}}, files_, io);
  std::filesystem::remove(input);
  if (exit != cli::Exit::kOk) return fail(Code::kIo, err.text());
  expected_.imports_done = i + 1;
  note();
  return {};
}

Status StoreLife::compact(bool all, bool clean, std::int64_t keep_ms) {
  CompactOptions options{.store = store_, .all = all, .clean = clean};
  options.retention.keep_ms = keep_ms;
  const auto report = store::compact(files_, clock_, options);
  if (!report) return fail(report.error());
  if (!report->damage.empty())
    return fail(Code::kCorrupt, report->damage.front());
  return {};
}

Status StoreLife::go_on(const LifeExpectation& from, int scrapes,
                        bool compact_too) {
  expected_ = from;
  if (Status done = open(); !done) return done;
  for (int n = from.must_to; n < scrapes; ++n) {
    clock_.set_wall_ms(time_of(n, 0) + kMinuteMs);
    expected_.may_to = std::max(expected_.may_to, n + 1);
    note();
    if (Status done = add_scrape(*writer_, n); !done) return done;
    if (Status done = writer_->commit(); !done) return done;
  }
  if (Status done = writer_->sync(); !done) return done;
  expected_.must_to = std::max(expected_.must_to, scrapes);
  note();
  if (compact_too) {
    if (Status done = writer_->rotate(); !done) return done;
  }
  writer_.reset();
  return compact_too ? compact(true, false, kForEver) : Status();
}

std::string check_life(const View& view, const LifeExpectation& expected,
                       std::uint64_t* samples, int* scrapes_there) {
  std::string problem;
  // Columns that are there, by target and scrape.
  std::map<int, std::vector<int>> there;
  for_each_sample(
      view,
      [&](int target, int, int n) {
        auto& scrapes = there[target];
        const auto at = static_cast<std::size_t>(n);
        if (scrapes.size() <= at) scrapes.resize(at + 1);
        ++scrapes[at];
        if (samples != nullptr) ++*samples;
      },
      [&](const std::string& what) {
        if (problem.empty()) problem = "wrong: " + what;
      });
  if (!problem.empty()) return problem;
  if (scrapes_there != nullptr)
    *scrapes_there = static_cast<int>(there[0].size());
  const auto count = [&](int target, int n) {
    const auto& scrapes = there[target];
    const auto at = static_cast<std::size_t>(n);
    return at < scrapes.size() ? scrapes[at] : 0;
  };
  const auto say = [&](std::string_view what, int target, int n) {
    problem = std::string(what) + ": scrape " + std::to_string(n) +
              " of target " + std::to_string(target) + " has " +
              std::to_string(count(target, n)) + " of " +
              std::to_string(columns_of(target)) + " columns; must be there [" +
              std::to_string(expected.must_from) + ", " +
              std::to_string(expected.must_to) + "), may be up to " +
              std::to_string(expected.may_to);
  };
  for (const int target : {0, 1, 2, kLooseTarget}) {
    const int end =
        std::max(expected.may_to, static_cast<int>(there[target].size()));
    for (int n = 0; n < end; ++n) {
      bool must = n >= expected.must_from && n < expected.must_to;
      bool may = n < expected.may_to;
      for (const auto& gone : expected.deleted) {
        if (gone.target != target || n < gone.from || n >= gone.to) continue;
        must = false;
        may = may && !gone.done;
      }
      const int has = count(target, n);
      if (must && has != columns_of(target)) say("lost", target, n);
      if (!may && has != 0) say("undead", target, n);
    }
  }
  for (int i = 0; i < 2; ++i) {
    const int target = kImportTarget + i;
    const int end = static_cast<int>(there[target].size());
    if (end > 0 && i >= expected.imports_begun) say("not imported", target, 0);
    if (i >= expected.imports_done) continue;
    for (int n = expected.must_from; n < kImportScrapes; ++n) {
      if (count(target, n) != columns_of(target)) say("lost", target, n);
    }
  }
  return problem;
}

std::uint64_t wrong_samples(const View& view, std::uint64_t* samples) {
  std::uint64_t wrong = 0;
  for_each_sample(
      view,
      [&](int, int, int) {
        if (samples != nullptr) ++*samples;
      },
      [&](const std::string&) { ++wrong; });
  return wrong;
}

}  // namespace prom::store
