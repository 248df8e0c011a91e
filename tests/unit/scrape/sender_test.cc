#include "libprom/scrape/sender.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>

#include <gtest/gtest.h>

#include "libprom/model/sample.h"
#include "libprom/os/signals.h"

namespace prom::scrape {
namespace {

struct Pipe {
  os::Fd read_end, write_end;
  Pipe() {
    int fds[2];
    if (::pipe(fds) == 0) {
      read_end = os::Fd(fds[0]);
      write_end = os::Fd(fds[1]);
    }
  }
  // What is there until the writer closes.
  std::string read_all() {
    write_end.reset();
    return os::read_all(read_end.get(), 1U << 30U).value_or("?");
  }
};

std::shared_ptr<const Columns> columns(std::size_t count) {
  auto all = std::make_shared<Columns>();
  for (std::size_t i = 0; i < count; ++i)
    all->push_back({{"__name__", "m" + std::to_string(i)}});
  return all;
}

Batch batch(const std::shared_ptr<const Columns>& series, std::uint64_t source,
            std::int64_t t_ms, double value) {
  Batch made;
  made.columns = series;
  made.row = {.source = source,
              .version = 1,
              .sequence = static_cast<std::uint64_t>(t_ms),
              .t_ms = t_ms,
              .values = std::vector<double>(series->size(), value)};
  return made;
}

class SenderTest : public testing::Test {
 protected:
  SenderTest() { os::ignore_sigpipe(); }
};

TEST_F(SenderTest, WritesTextBetweenHeaderAndTrailer) {
  Pipe pipe;
  Sender sender(pipe.write_end.get(), {});
  const auto series = columns(2);
  sender.push(batch(series, 1, 1000, 1.5));
  Batch stale = batch(series, 1, 2000, 0);
  stale.row.values = {stale_nan(), wire::absent()};
  stale.loose.push_back({{{"__name__", "own"}}, 17, 3});
  sender.push(std::move(stale));
  ASSERT_TRUE(sender.close());
  EXPECT_EQ(pipe.read_all(),
            "# prom-samples v1\nm0 1.5 1000\nm1 1.5 1000\n"
            "# STALE m0 2000\nown 3 17\n# prom-samples end\n");
}

TEST_F(SenderTest, WritesFramesThatAReaderUnderstands) {
  Pipe pipe;
  Sender sender(pipe.write_end.get(), {.format = StreamFormat::kWire});
  const auto series = columns(3);
  for (std::int64_t t = 1; t <= 5; ++t)
    sender.push(batch(series, 7, t * 1000, static_cast<double>(t)));
  ASSERT_TRUE(sender.close());
  const std::string stream = pipe.read_all();
  wire::Reader reader;
  std::vector<wire::Frame> frames;
  const auto used = reader.read(as_bytes(stream), frames);
  ASSERT_TRUE(used) << used.error().message;
  EXPECT_EQ(*used, stream.size());
  EXPECT_TRUE(reader.finished());
  ASSERT_EQ(frames.size(), 7U);  // layout, five rows, trailer
  EXPECT_EQ(std::get<wire::Layout>(frames[0]).series, *series);
  EXPECT_EQ(std::get<wire::Row>(frames[5]).values, std::vector<double>(3, 5.0));
}

// A pipe that nobody reads fills up; pushing goes on, old scrapes are lost,
// and the stream says so once it is read.
TEST_F(SenderTest, DropsTheOldestAndMarksTheGap) {
  Pipe pipe;
  const auto series = columns(1000);
  constexpr std::int64_t kScrapes = 2000;
  std::string text;
  {
    Sender sender(pipe.write_end.get(), {.queue_bytes_max = 100'000});
    sender.push(batch(series, 1, 1, 1));
    pollfd written{.fd = pipe.read_end.get(), .events = POLLIN, .revents = 0};
    ASSERT_EQ(::poll(&written, 1, 10'000), 1);
    for (std::int64_t t = 2; t <= kScrapes; ++t)
      sender.push(batch(series, 1, t, static_cast<double>(t)));
    EXPECT_GT(sender.scrapes_dropped(), kScrapes / 2U);
    EXPECT_LE(sender.queue_bytes(), 100'000U);
    std::jthread reader([&] {
      text = os::read_all(pipe.read_end.get(), 1U << 30U).value_or("?");
    });
    ASSERT_TRUE(sender.close());
    pipe.write_end.reset();
  }
  EXPECT_TRUE(text.ends_with("# prom-samples end\n"));
  // Behind the last sample before the gap there is its stale marker, dated as
  // the first lost scrape.
  const std::size_t marker = text.find("# STALE m0 ");
  ASSERT_NE(marker, std::string::npos);
  const std::int64_t gap_t = std::stoll(text.substr(marker + 11));
  const std::string before = "m0 " + std::to_string(gap_t - 1) + " " +
                             std::to_string(gap_t - 1) + "\n";
  EXPECT_NE(text.find(before), std::string::npos) << gap_t;
  EXPECT_EQ(text.find("\nm0 " + std::to_string(gap_t) + " "),
            std::string::npos);
  EXPECT_NE(text.find("m999 2000 2000\n"), std::string::npos);
}

TEST_F(SenderTest, GivesUpOnAReaderThatNeverReads) {
  Pipe pipe;
  Sender sender(pipe.write_end.get(), {.close_timeout_ms = 50});
  const auto series = columns(100'000);
  for (std::int64_t t = 1; t <= 10; ++t) sender.push(batch(series, 1, t, 1));
  const Status closed = sender.close();
  ASSERT_FALSE(closed);
  EXPECT_EQ(closed.error().code, Code::kTimeout);
}

TEST_F(SenderTest, NoticesThatTheReaderIsGone) {
  Pipe pipe;
  pipe.read_end.reset();
  Sender sender(pipe.write_end.get(), {});
  sender.push(batch(columns(1), 1, 1, 1));
  pollfd failed{.fd = sender.failure_fd(), .events = POLLIN, .revents = 0};
  ASSERT_EQ(::poll(&failed, 1, 10'000), 1);
  EXPECT_FALSE(sender.status());
  EXPECT_TRUE(sender.reader_gone());
}

TEST_F(SenderTest, SavesTheMetadataOfDroppedScrapes) {
  Pipe pipe;
  const auto series = columns(1000);
  std::string text;
  {
    Sender sender(pipe.write_end.get(), {.queue_bytes_max = 50'000});
    for (std::int64_t t = 1; t <= 1000; ++t) {
      Batch one = batch(series, 1, t, 1);
      one.metadata.push_back({.family = "f" + std::to_string(t),
                              .type = "gauge",
                              .help = {},
                              .unit = {}});
      sender.push(std::move(one));
    }
    std::jthread reader([&] {
      text = os::read_all(pipe.read_end.get(), 1U << 30U).value_or("?");
    });
    ASSERT_TRUE(sender.close());
    pipe.write_end.reset();
  }
  for (int t = 1; t <= 1000; ++t)
    ASSERT_NE(text.find("# TYPE f" + std::to_string(t) + " gauge\n"),
              std::string::npos)
        << t;
}

}  // namespace
}  // namespace prom::scrape
