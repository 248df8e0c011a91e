// The block's figures, one line each: name value unit.  Sizes come from
// DESIGN's targets: the captures for bytes a sample, a mix of 100 targets of
// 200 series and 2 hours at 15 s for writing, merging and reading, a million
// series for the index and for selecting.
//
//   block_bench [SCALE]     SCALE 1 (default) is a million series
#include <malloc.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <map>
#include <random>
#include <set>

#include "libprom/block/block.h"
#include "libprom/block/writer.h"
#include "libprom/exposition/target_parser.h"

#include "tests/support/shared_data.h"
#include "tests/support/temporary_directory.h"

namespace prom::block {
namespace {

constexpr std::int64_t kStart = 1'700'000'000'000;
constexpr int kScrapes = 480;
constexpr int kBlocks = 12;

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

void print(const std::string& name, double value, const std::string& unit) {
  std::printf("%-44s %12.3f %s\n", name.c_str(), value, unit.c_str());
  std::fflush(stdout);
}

template <typename T>
T checked(Result<T> result) {
  if (result) return std::move(*result);
  std::fprintf(stderr, "%s\n", result.error().message.c_str());
  std::exit(70);
}
void checked(const Status& status) {
  if (status) return;
  std::fprintf(stderr, "%s\n", status.error().message.c_str());
  std::exit(70);
}

std::unique_ptr<Writer> create(const std::string& directory,
                               std::uint64_t number) {
  WriterOptions options;
  options.id = Ulid::make(kStart, 0, number);
  options.durable = false;
  return checked(Writer::create(os::real_file_system(), directory, options));
}

std::shared_ptr<const Block> finish(Writer& writer,
                                    const std::string& directory) {
  const BlockInfo info = checked(writer.finish());
  return checked(Block::open(directory + "/" + info.id.to_string()));
}

struct Column {
  std::vector<std::int64_t> t_ms;
  std::vector<double> value;
};

std::size_t read_all(const Block& block, Samples& samples) {
  std::size_t count = 0;
  for (Ordinal series = 0; series < block.series_count(); ++series) {
    if (series % 128 == 0) {
      count += samples.t_ms.size();
      samples.clear();
    }
    checked(block.read(series, INT64_MIN, INT64_MAX, samples));
    samples.end_series();
  }
  return count + samples.t_ms.size();
}

using Columns = std::map<Labels, Column>;

Columns read_columns(const char* name) {
  Columns columns;
  exposition::TargetParser parser;
  for (const auto& scrape : test::read_capture(name)) {
    if (!parser.parse(scrape.body, exposition::Format::kText)) continue;
    for (const auto& entry : parser.entries()) {
      Column& column = columns[parser.labels(entry.ref)];
      if (!column.t_ms.empty() && column.t_ms.back() >= scrape.t_ms) continue;
      column.t_ms.push_back(scrape.t_ms);
      column.value.push_back(entry.value);
    }
  }
  return columns;
}

// At most `count_max` samples of each series.
std::shared_ptr<const Block> write_columns(const Columns& columns,
                                           const std::string& directory,
                                           std::size_t count_max) {
  const auto writer = create(directory, count_max);
  for (const auto& [labels, column] : columns) {
    const std::size_t count = std::min(count_max, column.t_ms.size());
    checked(writer->add(labels, {std::span(column.t_ms).first(count),
                                 std::span(column.value).first(count),
                                 {},
                                 {}}));
  }
  return finish(*writer, directory);
}

void captures() {
  double all_bytes = 0;
  double all_samples = 0;
  for (const char* name : {"node", "prom", "vm"}) {
    const Columns columns = read_columns(name);
    if (columns.empty()) continue;
    const TemporaryDirectory directory;
    const Timer timer;
    const auto block = write_columns(columns, directory.path(), SIZE_MAX);
    const double seconds = timer.seconds();
    const auto samples = static_cast<double>(block->info().samples);
    // What labels, index and padding take.
    const auto bare = write_columns(columns, directory.path(), 1);
    const double bytes =
        static_cast<double>(block->info().bytes - bare->info().bytes);
    print("block_bytes_" + std::string(name), bytes / samples, "B/sample");
    print("block_bytes_with_labels_" + std::string(name),
          static_cast<double>(block->info().bytes) / samples, "B/sample");
    print("block_write_" + std::string(name), samples / seconds / 1e6,
          "M samples/s");
    all_bytes += bytes;
    all_samples += samples;
  }
  if (all_samples > 0)
    print("block_bytes_captures", all_bytes / all_samples, "B/sample");
}

Labels labels_of(int target, int column, bool unique) {
  const std::string metric = "metric_" + std::to_string(column) + "_total";
  const std::string instance = "10.0." + std::to_string(target / 256) + "." +
                               std::to_string(target % 256) + ":9100";
  const std::string pod = "pod-" + std::to_string(target * 7919 % 1'000'003);
  const std::string space = "namespace-" + std::to_string(target % 50);
  LabelsBuilder labels(Labels{{"__name__", metric},
                              {"cluster", "c1"},
                              {"instance", instance},
                              {"job", "node"},
                              {"namespace", space},
                              {"pod", pod},
                              {"zone", "a"}});
  if (unique)
    labels.set("id", "container-" + std::to_string(target) + "-" +
                         std::to_string(column * 7919 % 1'000'003));
  return labels.build();
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

void write_merge_read(double scale) {
  const int targets = std::max(1, static_cast<int>(100 * scale));
  constexpr int kColumns = 200;
  const TemporaryDirectory directory;
  std::mt19937_64 random(1);
  std::vector<double> last(static_cast<std::size_t>(targets) * kColumns, 1000);
  std::vector<std::shared_ptr<const Block>> blocks;
  double writing = 0;
  double samples = 0;
  std::map<Labels, std::pair<int, int>> order;
  for (int t = 0; t < targets; ++t)
    for (int c = 0; c < kColumns; ++c) order[labels_of(t, c, false)] = {t, c};
  for (int b = 0; b < kBlocks; ++b) {
    std::vector<std::vector<std::int64_t>> times(
        static_cast<std::size_t>(targets));
    for (int t = 0; t < targets; ++t)
      for (int i = 0; i < kScrapes; ++i)
        times[static_cast<std::size_t>(t)].push_back(
            kStart + (b * kScrapes + i) * 15'000 + t * 7 +
            static_cast<std::int64_t>(random() % 40));
    const auto writer =
        create(directory.path(), static_cast<std::uint64_t>(b) + 1);
    std::vector<double> values(kScrapes);
    for (const auto& [labels, place] : order) {
      const auto [target, column] = place;
      double& value =
          last[static_cast<std::size_t>(target * kColumns + column)];
      for (double& one : values)
        one = value = next_value(column, value, random);
      const Timer timer;
      checked(writer->add(
          labels, {times[static_cast<std::size_t>(target)], values, {}, {}}));
      writing += timer.seconds();
    }
    const Timer timer;
    blocks.push_back(finish(*writer, directory.path()));
    writing += timer.seconds();
    samples += static_cast<double>(blocks.back()->info().samples);
  }
  print("block_write_mix", samples / writing / 1e6, "M samples/s");
  print("block_bytes_mix_2h",
        static_cast<double>(blocks[0]->info().bytes) * kBlocks / samples,
        "B/sample, labels included");
  Samples into;
  const auto read = [&](const std::string& name, const Block& block) {
    for (const char* when : {"_first", ""}) {
      const Timer timer;
      const std::size_t count = read_all(block, into);
      print(name + when, static_cast<double>(count) / timer.seconds() / 1e6,
            "M samples/s");
    }
  };
  read("block_read_2h", *blocks[0]);
  const auto writer = create(directory.path(), 99);
  const Timer timer;
  Ordinal ordinal = 0;
  for (const auto& [labels, place] : order) {
    std::vector<BlockPart> parts;
    for (const auto& block : blocks) parts.push_back({block.get(), ordinal});
    ++ordinal;
    checked(writer->merge(labels, parts, {}));
  }
  const auto merged = finish(*writer, directory.path());
  print("block_merge", samples / timer.seconds() / 1e6, "M samples/s");
  print("block_bytes_mix_1d",
        static_cast<double>(merged->info().bytes) / samples,
        "B/sample, labels included");
  read("block_read_1d", *merged);
}

void select(const Block& block, const std::string& name,
            const Matchers& matchers) {
  double best = 1e9;
  std::size_t count = 0;
  for (int i = 0; i < 5; ++i) {
    const Timer timer;
    count = checked(block.select(matchers)).size();
    best = std::min(best, timer.seconds());
  }
  print("block_select_" + name, best * 1e3,
        "ms, " + std::to_string(count) + " series");
}

Matcher regex(const char* name, const char* value) {
  return checked(Matcher::create(MatchOp::kRegex, name, value));
}

void million(double scale, bool unique) {
  const std::string suffix = unique ? "_unique" : "";
  const TemporaryDirectory directory;
  const int targets = std::max(1, static_cast<int>(1000 * scale));
  constexpr int kColumns = 1000;
  std::vector<std::pair<Labels, int>> all;
  for (int t = 0; t < targets; ++t)
    for (int c = 0; c < kColumns; ++c)
      all.emplace_back(labels_of(t, c, unique), t);
  std::ranges::sort(all);
  const auto series = static_cast<double>(all.size());
  std::map<std::string, std::set<std::string>> values;
  for (const auto& [labels, target] : all)
    for (const auto& [name, value] : labels)
      values[std::string(name)].emplace(value);
  double strings = 0;
  for (const auto& [name, own] : values)
    for (const std::string& value : own)
      strings += static_cast<double>(value.size());
  const auto heap = [] { return static_cast<double>(::mallinfo2().uordblks); };
  const double heap_before = heap();
  const auto writer = create(directory.path(), 1);
  const std::vector<double> value = {1, 1};
  const Timer timer;
  for (const auto& [labels, target] : all) {
    const std::vector<std::int64_t> t_ms = {kStart + target,
                                            kStart + target + 15'000};
    checked(writer->add(labels, {t_ms, value, {}, {}}));
  }
  print("block_writer_memory" + suffix, (heap() - heap_before) / series,
        "B/series");
  const auto block = finish(*writer, directory.path());
  print("block_write_series" + suffix, timer.seconds() / series * 1e9,
        "ns/series");
  print("block_index_bytes" + suffix,
        (static_cast<double>(block->info().bytes) - strings) / series,
        "B/series, without strings");
  {
    const Timer opening;
    const auto again = checked(Block::open(block->path()));
    const auto found =
        checked(again->select({Matcher::equal("__name__", "metric_5_total"),
                               Matcher::equal("instance", "10.0.0.7:9100")}));
    print("block_open_and_first_select" + suffix, opening.seconds() * 1e3,
          "ms");
  }
  select(*block, "equal" + suffix,
         {Matcher::equal("__name__", "metric_5_total")});
  select(*block, "two_equal" + suffix,
         {Matcher::equal("__name__", "metric_5_total"),
          Matcher::equal("namespace", "namespace-7")});
  select(*block, "all" + suffix,
         {checked(Matcher::create(MatchOp::kNotEqual, "job", ""))});
  select(*block, "regex_1000_values" + suffix,
         {regex("instance", ".*\\.1:91.*")});
  {
    const Timer labels;
    std::size_t bytes = 0;
    for (Ordinal i = 0; i < block->series_count(); ++i)
      bytes += checked(block->labels(i)).encoded().size();
    print("block_labels" + suffix, labels.seconds() / series * 1e9,
          "ns/series" + std::string(bytes == 0 ? " WRONG" : ""));
  }
  if (!unique) return;
  select(*block, "regex_literals_1m_values",
         {regex("id", "container-7-7919|container-8-15838|container-9-23757")});
  select(*block, "regex_prefix_1m_values", {regex("id", "container-77.*")});
  select(*block, "regex_suffix_1m_values", {regex("id", ".*77")});
  select(*block, "regex_general_1m_values",
         {regex("id", "container-[0-9]*7-[0-9]+1")});
  select(*block, "regex_without_literal_1m_values",
         {regex("id", "container-[0-9]*7-[0-9]+[12]")});
  const Timer listing;
  const auto everything = checked(block->select({}));
  const auto found = checked(block->label_values("id", everything, 10'000));
  print("block_label_values_10k_of_1m", listing.seconds() * 1e3,
        "ms, " + std::to_string(found.size()));
}

}  // namespace
}  // namespace prom::block

int main(int argc, char** argv) {
  const double scale = argc > 1 ? std::atof(argv[1]) : 1;
  prom::block::captures();
  prom::block::write_merge_read(scale);
  prom::block::million(scale, false);
  prom::block::million(scale, true);
  return 0;
}
