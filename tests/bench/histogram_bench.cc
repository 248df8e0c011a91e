// Native histograms from a body to the store and back, one line each: name
// value unit.  A target of 200 histograms of 60 buckets, of which a third moves
// from scrape to scrape, as latencies of busy services do.
#include <cstdio>
#include <ctime>
#include <random>

#include "libprom/exposition/target_parser.h"
#include "libprom/store/sample_reader.h"
#include "libprom/store/writer.h"

#include "tests/support/fake_clock.h"
#include "tests/support/protobuf_bytes.h"
#include "tests/support/temporary_directory.h"

namespace prom {
namespace {

constexpr int kHistograms = 200;
constexpr int kBuckets = 60;
constexpr int kScrapes = 240;
constexpr std::int64_t kStart = 1'700'000'000'000;

// Time on the processor, which a busy machine does not stretch.
double now_ns() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 +
         static_cast<double>(time.tv_nsec);
}

void print(const char* name, double value, const char* unit) {
  std::printf("%-44s %12.3f %s\n", name, value, unit);
}

struct Target {
  std::vector<FloatHistogram> histograms{kHistograms};
  std::mt19937 random{1};

  Target() {
    for (FloatHistogram& h : histograms) {
      h.integer = true;
      h.schema = 3;
      h.positive_spans = {{-20, 40}, {3, kBuckets - 40}};
      h.positive_buckets.assign(kBuckets, 0);
    }
  }
  void observe() {
    for (FloatHistogram& h : histograms) {
      for (int i = 0; i < kBuckets / 3; ++i) {
        const double count = static_cast<double>(random() % 5 + 1);
        h.positive_buckets[kBuckets / 3 + random() % (kBuckets / 3)] += count;
        h.count += count;
        h.sum += count * 0.1234;
      }
    }
  }
  [[nodiscard]] std::string body() const {
    ProtobufBytes family;
    family.text(1, "latency_seconds").number(3, 4);
    for (std::size_t n = 0; n < histograms.size(); ++n) {
      const FloatHistogram& h = histograms[n];
      ProtobufBytes part;
      part.number(1, static_cast<std::uint64_t>(h.count)).real(2, h.sum);
      part.signed_number(5, h.schema);
      for (const BucketSpan& span : h.positive_spans)
        part.span(12, span.offset, span.length);
      double before = 0;
      for (const double count : h.positive_buckets)
        part.signed_number(13, static_cast<std::int64_t>(
                                   count - std::exchange(before, count)));
      family.message(4, ProtobufBytes()
                            .label("path", "/" + std::to_string(n))
                            .message(7, part));
    }
    return family.delimited();
  }
};

void run() {
  TemporaryDirectory directory;
  const std::string path = directory.path() + "/s";
  FakeClock clock;
  clock.set_wall_ms(kStart + 100'000'000);
  auto writer = store::Writer::open(path, {}, os::real_file_system(), clock);
  if (!writer) return;
  wire::Layout layout{.source = 1, .version = 1, .series = {}};
  for (int n = 0; n < kHistograms; ++n)
    layout.series.push_back(
        {{"__name__", "latency_seconds"}, {"path", "/" + std::to_string(n)}});
  (void)(*writer)->add(layout);
  (void)(*writer)->commit();
  const std::uint64_t before = (*writer)->counters().bytes_written;
  Target target;
  exposition::TargetParser parser;
  double parsing = 0;
  double appending = 0;
  for (int scrape = 0; scrape < kScrapes; ++scrape) {
    target.observe();
    std::string body = target.body();
    double began = now_ns();
    (void)parser.parse(std::move(body), exposition::Format::kProtobuf,
                       {.native = true});
    parsing += now_ns() - began;
    wire::Row row{.source = 1,
                  .version = 1,
                  .sequence = static_cast<std::uint64_t>(scrape) + 1,
                  .t_ms = kStart + scrape * 15'000,
                  .values = {}};
    for (std::uint32_t i = 0; i < parser.histograms().size(); ++i) {
      row.values.push_back(parser.histograms()[i].sum);
      row.histograms.push_back({i, std::move(parser.histograms()[i])});
    }
    began = now_ns();
    (void)(*writer)->add(row);
    (void)(*writer)->commit();
    appending += now_ns() - began;
  }
  constexpr double kSamples = 1.0 * kHistograms * kScrapes;
  print("histogram_parse_protobuf", parsing / kSamples, "ns/sample");
  print("histogram_append", appending / kSamples, "ns/sample");
  print("histogram_head_bytes",
        static_cast<double>((*writer)->counters().bytes_written - before) /
            kSamples,
        "bytes/sample");
  const double began = now_ns();
  const auto snapshot = *store::Snapshot::open(path);
  const store::SampleReader reader(snapshot, *snapshot->select({}), 0,
                                   INT64_MAX);
  Samples samples;
  reader.read(0, reader.size(), samples);
  print("histogram_read", (now_ns() - began) / kSamples, "ns/sample");
}

}  // namespace
}  // namespace prom

int main() {
  prom::run();
  return 0;
}
