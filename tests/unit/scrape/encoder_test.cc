#include "libprom/scrape/encoder.h"

#include <variant>

#include <gtest/gtest.h>

#include "libprom/wire/frame.h"

namespace prom::scrape {
namespace {

Batch scrape(std::uint64_t sequence, double value) {
  Batch batch;
  batch.columns = std::make_shared<const Columns>(
      Columns{Labels{{"__name__", "a"}}, Labels{{"__name__", "b"}}});
  batch.row = {.source = 7,
               .version = 1,
               .sequence = sequence,
               .t_ms = static_cast<std::int64_t>(sequence) * 1000,
               .values = {value, 5}};
  return batch;
}

// What a reader that begins at the front of `text` understands of its rows.
std::vector<double> rows_of(std::string_view text) {
  wire::Reader reader;
  std::vector<wire::Frame> frames;
  std::vector<double> values;
  const auto read = reader.read(as_bytes(text), frames);
  EXPECT_TRUE(read.has_value());
  for (const wire::Frame& frame : frames) {
    if (const auto* row = std::get_if<wire::Row>(&frame))
      values.push_back(row->values.front());
  }
  return values;
}

TEST(WireEncoder, SendsAllThatANewReaderNeedsAfterResync) {
  std::string out;
  const auto encoder = make_encoder(StreamFormat::kWire, out);
  encoder->write(scrape(1, 10));
  encoder->write(scrape(2, 20));
  EXPECT_EQ(rows_of(out), (std::vector<double>{10, 20}));

  out.clear();
  encoder->write(scrape(3, 30));
  EXPECT_TRUE(rows_of(out).empty()) << "the layout was sent before";

  out.clear();
  encoder->resync();
  encoder->write(scrape(4, 40));
  EXPECT_EQ(rows_of(out), (std::vector<double>{40}));
}

TEST(TextEncoder, UsesTheWordsOfTheTextFormat) {
  std::string out;
  const auto encoder = make_encoder(StreamFormat::kText, out);
  Batch batch = scrape(1, 10);
  batch.metadata = {
      {.family = "a", .type = "unknown", .help = "x\ny", .unit = {}}};
  encoder->write(batch);
  encoder->finish();
  EXPECT_EQ(out,
            "# prom-samples v1\n"
            "# HELP a x\\ny\n"
            "# TYPE a untyped\n"
            "a 10 1000\n"
            "b 5 1000\n"
            "# prom-samples end\n");
}

}  // namespace
}  // namespace prom::scrape
