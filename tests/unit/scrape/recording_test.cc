#include "libprom/scrape/recording.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "libprom/base/bytes.h"
#include "libprom/base/checksum.h"
#include "libprom/base/compression.h"

#include "tests/support/temporary_directory.h"

namespace prom::scrape {
namespace {

using exposition::Format;

class RecordingTest : public testing::Test {
 protected:
  static config::Target target(const std::string& instance) {
    config::Target made;
    made.url = "http://user:secret@" + instance + "/metrics?a=b";
    made.labels = {{"instance", instance}, {"job", "j"}};
    return made;
  }
  [[nodiscard]] std::string path() const { return directory_.path() + "/r"; }
  [[nodiscard]] std::string content() const {
    std::ifstream file(path(), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void replace(const std::string& content) const {
    std::ofstream(path(), std::ios::binary) << content;
  }
  // Everything in the file as text, then how reading ended.
  [[nodiscard]] std::string read() const {
    auto reader = RecordingReader::open(path());
    if (!reader) return reader.error().message;
    std::string all;
    RecordedScrape scrape;
    for (;;) {
      auto more = reader->next(scrape);
      if (!more) return all + more.error().message;
      if (!*more) return all + "end";
      const RecordedTarget& its = reader->target(scrape.target);
      all += its.job + " " + its.spec.url + " " + std::to_string(scrape.t_ms) +
             " " + std::to_string(scrape.duration_ns) + " " +
             (scrape.error ? "failed: " + scrape.error->message
                           : std::to_string(static_cast<int>(scrape.format)) +
                                 " " + scrape.body) +
             "\n";
    }
  }
  void record_some() const {
    std::filesystem::remove(path());
    auto writer = RecordingWriter::create(path());
    ASSERT_TRUE(writer) << writer.error().message;
    const auto a = target("a:1");
    const auto b = target("b:1");
    ASSERT_TRUE(writer->write(1, "j", a,
                              {.t_ms = 1000, .duration_ns = 5, .body = "x 1"}));
    ASSERT_TRUE(writer->write(2, "k", b,
                              {.t_ms = 900,
                               .duration_ns = 6,
                               .format = Format::kOpenMetrics,
                               .body = "# EOF"}));
    ASSERT_TRUE(writer->write(
        1, "j", a, {.t_ms = 2000, .error = Error{Code::kTimeout, "too slow"}}));
    ASSERT_TRUE(writer->write(
        1, "j", a,
        {.t_ms = 3000, .format = Format::kProtobuf, .body = "x 1 again"}));
    ASSERT_TRUE(writer->close());
  }

  TemporaryDirectory directory_;
};

TEST_F(RecordingTest, GivesBackWhatWasWritten) {
  record_some();
  EXPECT_EQ(read(),
            "j http://a:1/metrics?a=b 1000 5 0 x 1\n"
            "k http://b:1/metrics?a=b 900 6 1 # EOF\n"
            "j http://a:1/metrics?a=b 2000 0 failed: too slow\n"
            "j http://a:1/metrics?a=b 3000 0 3 x 1 again\n"
            "end");
}

TEST_F(RecordingTest, HoldsNoCredentialsOfUrls) {
  record_some();
  EXPECT_EQ(content().find("secret"), std::string::npos);
}

TEST_F(RecordingTest, TakesLittleForABodyThatRepeats) {
  std::string body;
  for (int i = 0; i < 2000; ++i)
    body +=
        "metric_" + std::to_string(i * 7919) + " " + std::to_string(i) + "\n";
  auto writer = RecordingWriter::create(path());
  ASSERT_TRUE(writer);
  for (int i = 0; i < 100; ++i) {
    body[body.size() - 2] = static_cast<char>('0' + i % 10);
    ASSERT_TRUE(
        writer->write(1, "j", target("a:1"), {.t_ms = i, .body = body}));
  }
  ASSERT_TRUE(writer->close());
  EXPECT_LT(content().size(), body.size());
  EXPECT_TRUE(read().ends_with("end"));
}

TEST_F(RecordingTest, BeginsATargetAnewThatHasChangedOrWasForgotten) {
  auto writer = RecordingWriter::create(path());
  ASSERT_TRUE(writer);
  ASSERT_TRUE(writer->write(1, "j", target("a:1"), {.t_ms = 1, .body = "x"}));
  ASSERT_TRUE(writer->write(1, "j", target("b:1"), {.t_ms = 2, .body = "y"}));
  writer->forget(1);
  writer->forget(2);
  ASSERT_TRUE(writer->write(1, "j", target("b:1"), {.t_ms = 3, .body = "z"}));
  ASSERT_TRUE(writer->close());
  EXPECT_EQ(read(),
            "j http://a:1/metrics?a=b 1 0 0 x\n"
            "j http://b:1/metrics?a=b 2 0 0 y\n"
            "j http://b:1/metrics?a=b 3 0 0 z\nend");
}

TEST_F(RecordingTest, OverwritesNothing) {
  record_some();
  EXPECT_FALSE(RecordingWriter::create(path()));
}

TEST_F(RecordingTest, NoticesAnyFlippedBit) {
  record_some();
  const std::string good = content();
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 4);
    replace(bad);
    EXPECT_FALSE(read().ends_with("end")) << i;
  }
}

TEST_F(RecordingTest, NoticesThatTheEndIsMissing) {
  record_some();
  const std::string good = content();
  for (std::size_t size = 0; size < good.size(); ++size) {
    replace(good.substr(0, size));
    EXPECT_FALSE(read().ends_with("end")) << size;
  }
  replace(good.substr(0, good.size() - 1));
  EXPECT_TRUE(read().find("3 x 1 again\n") != std::string::npos);
  EXPECT_NE(read().find("the recording is cut off at byte"), std::string::npos);
}

// A frame with a good checksum, as somebody who means ill would make it.
std::string frame(const std::string& payload) {
  std::string out;
  append_le(out, static_cast<std::uint32_t>(payload.size()));
  append_le(out, crc32c(payload));
  return out + payload;
}

TEST_F(RecordingTest, RefusesFramesThatMakeNoSense) {
  const std::string magic("PROMREC\x01", 8);
  const std::string a_target =
      frame(std::string("\x01", 1) +
            R"({"job":"j","targets":[{"url":"http://a","labels":{}}]})");
  std::string zstd;
  pack_zstd("abc", "", zstd);
  const auto scrape = [&](const std::string& rest) {
    return frame(std::string("\x02", 1) + rest);
  };
  const std::string times("\x00\x00", 2);
  const std::vector<std::string> bad = {
      "",
      "PROMREC\x02",
      magic + frame("\x09"),
      magic + frame("\x01{}"),
      magic + frame(std::string("\x01", 1) + R"({"job":"j","targets":[]})"),
      magic + scrape(""),
      magic + scrape(std::string("\0", 1) + times + std::string("\0\0\0", 3)),
      magic + a_target + scrape(std::string("\x05", 1) + times),
      magic + a_target + scrape(std::string("\0", 1) + times + "\x07"),
      // an error that is longer than the frame
      magic + a_target + scrape(std::string("\0", 1) + times + "\x01\x70"),
      // another size than the body has, an unknown format, unknown flags
      magic + a_target +
          scrape(std::string("\0", 1) + times + std::string("\0\0\0\x09", 4) +
                 zstd),
      magic + a_target +
          scrape(std::string("\0", 1) + times + std::string("\0\x09\0\x03", 4) +
                 zstd),
      magic + a_target +
          scrape(std::string("\0", 1) + times + std::string("\0\0\x09\x03", 4) +
                 zstd),
      // no zstd
      magic + a_target +
          scrape(std::string("\0", 1) + times + std::string("\0\0\0\x03", 4) +
                 "abc"),
      // an end that knows of other scrapes
      magic + frame("\x03\x01"),
      magic + std::string("\xff\xff\xff\xff\0\0\0\0", 8),
  };
  for (std::size_t i = 0; i < bad.size(); ++i) {
    replace(bad[i]);
    EXPECT_FALSE(read().ends_with("end")) << i;
  }
  replace(magic + a_target +
          scrape(std::string("\0", 1) + times + std::string("\0\0\0\x03", 4) +
                 zstd) +
          frame("\x03\x01"));
  EXPECT_EQ(read(), "j http://a 0 0 0 abc\nend");
}

}  // namespace
}  // namespace prom::scrape
