// The store's figures, one line each: name value unit.  Sizes come from
// DESIGN's targets: 1000 targets of 100 series for append and query, a million
// series for opening and selecting, the captures for bytes.
//
//   store_bench [SCALE [PART]]   SCALE 1 (default) is a million series; PART is
//                                one of captures, append, awkward, life,
//                                churn, million
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>

#include "libprom/exposition/parser.h"
#include "libprom/store/compact.h"
#include "libprom/store/report.h"
#include "libprom/store/sample_reader.h"
#include "libprom/store/text_input.h"
#include "libprom/store/writer.h"

#include "tests/support/fake_clock.h"
#include "tests/support/shared_data.h"
#include "tests/support/temporary_directory.h"

namespace prom::store {
namespace {

constexpr std::int64_t kStart = 1'700'000'000'000;

// Time on the processor, which a busy machine does not stretch.
class Timer {
 public:
  [[nodiscard]] double seconds() const { return now() - start_; }

 private:
  static double now() {
    timespec time{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) +
           static_cast<double>(time.tv_nsec) / 1e9;
  }
  double start_ = now();
};

void print(const char* name, double value, const char* unit) {
  std::printf("%-44s %12.3f %s\n", name, value, unit);
  std::fflush(stdout);
}

Labels labels_of(int target, int column) {
  const std::string metric = "metric_" + std::to_string(column) + "_total";
  const std::string instance = "10.0." + std::to_string(target / 256) + "." +
                               std::to_string(target % 256) + ":9100";
  const std::string pod = "pod-" + std::to_string(target * 7919 % 1'000'003);
  const std::string space = "namespace-" + std::to_string(target % 50);
  return {{"__name__", metric}, {"instance", instance}, {"job", "node"},
          {"namespace", space}, {"pod", pod},           {"zone", "a"}};
}

wire::Layout layout_of(int target, int columns) {
  wire::Layout layout;
  layout.source = static_cast<std::uint64_t>(target) + 1;
  layout.version = 1;
  for (int c = 0; c < columns; ++c)
    layout.series.push_back(labels_of(target, c));
  return layout;
}

std::unique_ptr<Writer> open(const std::string& path, FakeClock& clock,
                             bool durable = true) {
  WriterOptions options;
  options.durable = durable;
  auto writer = Writer::open(path, options, os::real_file_system(), clock);
  if (!writer) {
    std::fprintf(stderr, "%s\n", writer.error().message.c_str());
    std::exit(74);
  }
  return std::move(*writer);
}

// The jittered mix: half counters, a fifth gauges, the rest constant or rare.
double next_value(int column, double before, std::mt19937_64& random) {
  switch (column % 10) {
    case 0:
    case 1:
    case 2:
    case 3:
      return before + static_cast<double>(random() % 1000);
    case 4:
    case 5:
      return static_cast<double>(random() % 10'000) / 100;
    case 6:
      return before + (random() % 10 == 0 ? 1 : 0);
    case 7:
      return before + static_cast<double>(random() % 1'000'000) / 1e6;
    default:
      return before;
  }
}

void append_and_query(int targets, int columns, int rows) {
  const TemporaryDirectory directory;
  FakeClock clock;
  clock.set_wall_ms(kStart + 100'000'000);
  auto writer = open(directory.path() + "/s", clock);
  for (int t = 0; t < targets; ++t)
    if (!writer->add(layout_of(t, columns))) std::exit(70);
  if (!writer->commit()) std::exit(74);
  const std::uint64_t before = writer->counters().bytes_written;
  std::mt19937_64 random(1);
  std::vector<double> values(static_cast<std::size_t>(targets * columns), 1000);
  double spent = 0;
  std::uint64_t sequence = 0;
  for (int r = 0; r < rows; ++r) {
    ++sequence;
    for (int t = 0; t < targets; ++t) {
      wire::Row row{.source = static_cast<std::uint64_t>(t) + 1,
                    .version = 1,
                    .sequence = sequence,
                    .t_ms = kStart + r * 15'000 + t,
                    .values = {}};
      for (int c = 0; c < columns; ++c) {
        double& value = values[static_cast<std::size_t>(t * columns + c)];
        value = next_value(c, value, random);
        row.values.push_back(value);
      }
      const Timer timer;
      if (!writer->add(row)) std::exit(70);
      spent += timer.seconds();
    }
    const Timer timer;
    if (!writer->commit()) std::exit(74);
    spent += timer.seconds();
  }
  const auto samples = static_cast<double>(rows) * targets * columns;
  print("store_append", spent / samples * 1e9, "ns/sample");
  print(
      "store_written_mix",
      static_cast<double>(writer->counters().bytes_written - before) / samples,
      "B/sample");
  print("store_writer_memory",
        static_cast<double>(writer->memory_bytes()) / targets / columns,
        "B/series");

  const auto query = [&](const char* name, std::int64_t min_ms,
                         std::size_t batch) {
    const Timer timer;
    const auto snapshot = *Snapshot::open(directory.path() + "/s");
    auto series = *snapshot->select({});
    snapshot->sort_by_labels(series);
    const SampleReader reader(snapshot, std::move(series), min_ms, INT64_MAX);
    Samples found;
    std::size_t count = 0;
    for (std::size_t i = 0; i < reader.size(); i += batch) {
      reader.read(i, std::min(batch, reader.size() - i), found);
      count += found.t_ms.size();
    }
    print(name, timer.seconds() * 1e3, "ms");
    print((std::string(name) + "_sample").c_str(),
          timer.seconds() * 1e9 / static_cast<double>(count), "ns");
  };
  query("store_read_100k_series_5m", kStart + (rows - 20) * 15'000, 128);
  query("store_read_100k_series_all", kStart, 128);
}

void captures() {
  for (const char* name : {"node", "prom", "vm"}) {
    const auto scrapes = test::read_capture(name);
    if (scrapes.empty()) continue;
    const TemporaryDirectory directory;
    FakeClock clock;
    auto writer = open(directory.path() + "/s", clock);
    exposition::TargetParser parser;
    Timer timer;
    double spent = 0;
    std::vector<SeriesId> ids;
    for (const auto& scrape : scrapes) {
      clock.set_wall_ms(scrape.t_ms);
      if (!parser.parse(scrape.body, exposition::Format::kText)) continue;
      std::vector<SeriesSample> samples;
      for (const auto& entry : parser.entries()) {
        while (ids.size() <= entry.ref)
          ids.push_back(writer->series(
              parser.labels(static_cast<std::uint32_t>(ids.size()))));
        samples.push_back({ids[entry.ref], scrape.t_ms,
                           std::bit_cast<std::uint64_t>(entry.value)});
      }
      timer = Timer();
      if (!writer->add(samples) || !writer->commit()) std::exit(74);
      spent += timer.seconds();
    }
    const auto counters = writer->counters();
    print(("store_written_" + std::string(name)).c_str(),
          static_cast<double>(counters.bytes_written) /
              static_cast<double>(counters.samples),
          "B/sample");
    print(("store_append_" + std::string(name)).c_str(),
          spent / static_cast<double>(counters.samples) * 1e9, "ns/sample");
  }
}

// Sources of one series, and a source whose series change with every scrape.
void awkward() {
  FakeClock clock;
  clock.set_wall_ms(kStart + 100'000'000);
  {
    const TemporaryDirectory directory;
    auto writer = open(directory.path() + "/s", clock);
    constexpr int kSources = 10'000;
    constexpr int kRows = 40;
    for (int t = 0; t < kSources; ++t)
      if (!writer->add(layout_of(t, 1))) std::exit(70);
    for (int r = 0; r < kRows; ++r) {
      for (int t = 0; t < kSources; ++t)
        if (!writer->add(
                wire::Row{.source = static_cast<std::uint64_t>(t) + 1,
                          .version = 1,
                          .sequence = static_cast<std::uint64_t>(r) + 1,
                          .t_ms = kStart + r * 15'000,
                          .values = {1.0 * r}}))
          std::exit(70);
      if (!writer->commit()) std::exit(74);
    }
    print("store_written_one_series_sources",
          static_cast<double>(writer->counters().bytes_written) / kSources /
              kRows,
          "B/sample");
    print("store_memory_one_series_sources",
          static_cast<double>(writer->memory_bytes()) / kSources, "B/series");
  }
  const TemporaryDirectory directory;
  auto writer = open(directory.path() + "/s", clock);
  constexpr int kColumns = 1000;
  constexpr int kScrapes = 400;
  constexpr int kChurn = 10;  // 1 % of the series with each scrape
  for (int r = 0; r < kScrapes; ++r) {
    wire::Layout layout{.source = 1,
                        .version = static_cast<std::uint32_t>(r) + 1,
                        .series = {}};
    wire::Row row{.source = 1,
                  .version = layout.version,
                  .sequence = static_cast<std::uint64_t>(r) + 1,
                  .t_ms = kStart + r * 15'000,
                  .values = {}};
    for (int c = 0; c < kColumns; ++c) {
      layout.series.push_back(labels_of(1, r * kChurn + c));
      row.values.push_back(r * kChurn + c);
    }
    if (!writer->add(layout) || !writer->add(row) || !writer->commit())
      std::exit(74);
  }
  print("store_written_churn_1_percent_a_scrape",
        static_cast<double>(writer->counters().bytes_written) / kColumns /
            kScrapes,
        "B/sample");
  print("store_memory_churn",
        static_cast<double>(writer->memory_bytes()) / writer->series_count(),
        "B/series ever seen");
}

// Generations, blocks of them, and a block of those.
void life_cycle(int targets, int columns) {
  constexpr int kGenerations = 3;
  constexpr int kRows = 480;  // two hours
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/s";
  FakeClock clock;
  auto writer = open(path, clock, false);
  std::mt19937_64 random(3);
  std::vector<double> values(static_cast<std::size_t>(targets * columns));
  std::vector<double> pauses;
  double rotations = 0;
  for (int t = 0; t < targets; ++t)
    if (!writer->add(layout_of(t, columns))) std::exit(70);
  constexpr std::int64_t kAligned = kStart / 7'200'000 * 7'200'000;
  for (int r = 0; r < kGenerations * kRows; ++r) {
    clock.set_wall_ms(kAligned + r * 15'000);
    for (int t = 0; t < targets; ++t) {
      wire::Row row{.source = static_cast<std::uint64_t>(t) + 1,
                    .version = 1,
                    .sequence = static_cast<std::uint64_t>(r) + 1,
                    .t_ms = kAligned + r * 15'000 + t % 1000,
                    .values = {}};
      for (int c = 0; c < columns; ++c) {
        double& value = values[static_cast<std::size_t>(t * columns + c)];
        row.values.push_back(value = next_value(c, value, random));
      }
      const Timer timer;
      if (!writer->add(row)) std::exit(70);
      pauses.push_back(timer.seconds());
    }
    Timer timer;
    if (!writer->commit()) std::exit(74);
    pauses.back() += timer.seconds();
    if ((r + 1) % kRows != 0) continue;
    timer = Timer();
    if (!writer->rotate()) std::exit(74);
    rotations += timer.seconds();
  }
  std::ranges::sort(pauses);
  print("store_append_row_p99", pauses[pauses.size() * 99 / 100] * 1e6, "us");
  print("store_append_row_most", pauses.back() * 1e6, "us, after a rotation");
  print("store_rotation", rotations / kGenerations * 1e3, "ms");
  const double samples = 1.0 * kGenerations * kRows * targets * columns;
  Timer timer;
  const auto made =
      compact(os::real_file_system(), clock, {.store = path, .merge = false});
  if (!made || made->blocks_made == 0) std::exit(74);
  print("store_head_to_block", samples / timer.seconds() / 1e6,
        "M samples/s/core");
  timer = Timer();
  const auto merged = compact(os::real_file_system(), clock,
                              {.store = path, .heads = false, .all = true});
  if (!merged || merged->blocks_merged == 0) std::exit(74);
  print("store_merge_blocks", samples / timer.seconds() / 1e6,
        "M samples/s/core");
  print("store_block_bytes", stats_of(**View::open(path), 0).bytes_per_sample,
        "B/sample");
}

// Every series is replaced with every scrape.
void heavy_churn() {
  constexpr int kScrapes = 100;
  constexpr int kSeries = 20'000;
  const TemporaryDirectory directory;
  FakeClock clock;
  auto writer = open(directory.path() + "/s", clock, false);
  double most = 0;
  for (int r = 0; r < kScrapes; ++r) {
    clock.set_wall_ms(kStart + r * 60'000);
    wire::Layout layout{.source = 1,
                        .version = static_cast<std::uint32_t>(r) + 1,
                        .series = {}};
    for (int c = 0; c < kSeries; ++c) layout.series.push_back(labels_of(r, c));
    const wire::Row row{.source = 1,
                        .version = layout.version,
                        .sequence = layout.version,
                        .t_ms = kStart + r * 60'000,
                        .values = std::vector<double>(kSeries, r)};
    if (!writer->add(layout) || !writer->add(row) || !writer->commit())
      std::exit(74);
    if (writer->rotation_due() && !writer->rotate()) std::exit(74);
    most = std::max(most, static_cast<double>(writer->memory_bytes()));
  }
  print("store_memory_heavy_churn", most / kSeries, "B/living series");
}

void million(double scale) {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/s";
  FakeClock clock;
  clock.set_wall_ms(kStart + 100'000'000);
  constexpr int kColumns = 1000;
  const int targets = static_cast<int>(1000 * scale);
  {
    auto writer = open(path, clock, false);
    Timer timer;
    double spent = 0;
    for (int t = 0; t < targets; ++t) {
      const wire::Layout layout = layout_of(t, kColumns);
      timer = Timer();
      if (!writer->add(layout)) std::exit(70);
      std::vector<double> values(kColumns, t);
      if (!writer->add(wire::Row{.source = layout.source,
                                 .version = 1,
                                 .sequence = 1,
                                 .t_ms = kStart + t,
                                 .values = std::move(values)}) ||
          !writer->commit())
        std::exit(74);
      spent += timer.seconds();
    }
    print("store_new_series", spent / targets / kColumns * 1e9, "ns/series");
    print("store_index_bytes",
          static_cast<double>(stats_of(**View::open(path), 0).bytes) / targets /
              kColumns,
          "B/series, first row included");
  }
  // A process that is killed while it holds the store.
  const pid_t child = ::fork();
  if (child == 0) {
    auto writer = open(path, clock, false);
    ::pause();
  }
  ::usleep(1'500'000);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  {
    const Timer timer;
    const auto snapshot = *Snapshot::open(path);
    const auto series =
        *snapshot->select({Matcher::equal("__name__", "metric_5_total"),
                           Matcher::equal("instance", "10.0.0.7:9100")});
    const SampleReader reader(snapshot, series, kStart, INT64_MAX);
    Samples samples;
    reader.read(0, reader.size(), samples);
    print("store_first_answer_after_kill_1m_series", timer.seconds() * 1e3,
          samples.t_ms.size() == 1 ? "ms" : "ms WRONG");
  }
  {
    const Timer timer;
    open(path, clock, false);
    print("store_open_writer_after_kill_1m_series", timer.seconds() * 1e3,
          "ms");
  }
  const auto snapshot = *Snapshot::open(path);
  const auto select = [&](const char* name, const Matchers& matchers) {
    double best = 1e9;
    std::size_t count = 0;
    for (int i = 0; i < 3; ++i) {
      const Timer timer;
      count = snapshot->select(matchers)->size();
      best = std::min(best, timer.seconds());
    }
    print(name, best * 1e3, ("ms, " + std::to_string(count)).c_str());
  };
  select("store_select_equal_1m_series",
         {Matcher::equal("__name__", "metric_5_total")});
  select("store_select_two_equal_1m_series",
         {Matcher::equal("__name__", "metric_5_total"),
          Matcher::equal("namespace", "namespace-7")});
  select("store_select_regex_1m_series",
         {*Matcher::create(MatchOp::kRegex, "instance", ".*\\.1:91.*")});
  select("store_select_all_1m_series",
         {*Matcher::create(MatchOp::kNotEqual, "job", "")});
}

}  // namespace
}  // namespace prom::store

int main(int argc, char** argv) {
  const double scale = argc > 1 ? std::atof(argv[1]) : 1;
  const std::string_view part = argc > 2 ? argv[2] : "";
  const auto wanted = [&](std::string_view name) {
    return part.empty() || part == name;
  };
  if (wanted("captures")) prom::store::captures();
  if (wanted("append"))
    prom::store::append_and_query(static_cast<int>(1000 * scale), 100, 80);
  if (wanted("awkward")) prom::store::awkward();
  if (wanted("life"))
    prom::store::life_cycle(static_cast<int>(200 * scale), 100);
  if (wanted("churn")) prom::store::heavy_churn();
  if (wanted("million")) prom::store::million(scale);
  return 0;
}
