#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "libprom/store/decoder.h"
#include "libprom/store/sample_reader.h"
#include "libprom/store/snapshot.h"

#include "tests/support/fake_clock.h"
#include "tests/support/temporary_directory.h"

namespace prom::store {
namespace {

constexpr std::int64_t kNow = 1'700'000'000'000;

std::string scrape(int series, std::int64_t t_ms) {
  std::string text;
  for (int i = 0; i < series; ++i)
    text += "requests_total{instance=\"host-" + std::to_string(i / 100) +
            "\",path=\"/a/rather/long/path/" + std::to_string(i % 100) +
            "\"} " + std::to_string(i) + " " + std::to_string(t_ms) + "\n";
  return text;
}

// What a pipe does to a stream: no more than `room` bytes are ever waiting,
// and whenever nothing is taken of a full pipe the reader notices a pause.
void feed_by_pipe(Decoder& decoder, Writer& writer, std::string_view stream,
                  std::size_t room) {
  std::size_t begin = 0;
  while (begin < stream.size()) {
    const std::string_view waiting = stream.substr(begin, room);
    const bool last = begin + waiting.size() == stream.size();
    auto taken = decoder.feed(waiting, last ? Follows::kEnd : Follows::kMore);
    if (taken && *taken == 0) {
      ASSERT_TRUE(writer.commit());
      taken = decoder.feed(waiting, Follows::kPause);
    }
    ASSERT_TRUE(taken) << taken.error().message;
    ASSERT_GT(*taken, 0U);
    begin += *taken;
    ASSERT_TRUE(writer.commit());
  }
}

TEST(TextInput, KeepsAScrapeThatIsLargerThanAPipeInRows) {
  constexpr int kSeries = 20'000;
  constexpr int kScrapes = 3;
  const TemporaryDirectory directory;
  FakeClock clock;
  clock.set_wall_ms(kNow);
  const std::string path = directory.path() + "/s";
  auto writer = Writer::open(path, {}, os::real_file_system(), clock);
  ASSERT_TRUE(writer) << writer.error().message;
  Decoder decoder(**writer, clock,
                  {.format = InputFormat::kPipe, .live = true});
  std::string stream = "# prom-samples v1\n";
  for (int i = 0; i < kScrapes; ++i)
    stream += scrape(kSeries, kNow - 60'000 + i * 15'000);
  stream += "# prom-samples end\n";
  feed_by_pipe(decoder, **writer, stream, 1U << 20U);

  const WriterCounters counters = (*writer)->counters();
  EXPECT_EQ(counters.samples, std::uint64_t{kSeries} * kScrapes);
  // Wide rows, and none of the samples on its own.
  EXPECT_LT(counters.rows, 100U);
  EXPECT_EQ((*writer)->root().last_loose, kNowhere);

  const auto snapshot = Snapshot::open(path);
  ASSERT_TRUE(snapshot);
  auto series = (*snapshot)->select({});
  ASSERT_TRUE(series);
  const SampleReader reader(*snapshot, *series, INT64_MIN, INT64_MAX);
  Samples samples;
  reader.read(0, reader.size(), samples);
  EXPECT_EQ(samples.t_ms.size(), std::size_t{kSeries} * kScrapes);
}

}  // namespace
}  // namespace prom::store
