#include "libprom/wire/frame.h"

#include <bit>
#include <limits>
#include <map>

#include <gtest/gtest.h>

#include "libprom/base/checksum.h"
#include "libprom/model/histogram_text.h"
#include "libprom/model/sample.h"

namespace prom::wire {
namespace {

Labels series(std::size_t i) {
  const std::string number = std::to_string(i);
  return Labels{{kMetricName, "m" + number}, {"instance", "host:9100"}};
}

Layout layout_of(std::uint64_t source, std::uint32_t version,
                 std::size_t columns) {
  Layout layout{source, version, {}};
  for (std::size_t i = 0; i < columns; ++i) layout.series.push_back(series(i));
  return layout;
}

Row row_of(std::uint64_t source, std::uint32_t version, std::uint64_t sequence,
           std::size_t columns) {
  Row row{source,
          version,
          sequence,
          static_cast<std::int64_t>(sequence) * 15'000,
          {}};
  for (std::size_t i = 0; i < columns; ++i) {
    // One in three moves.
    row.values.push_back(i % 3 == 0 ? static_cast<double>(sequence * i) / 7
                                    : static_cast<double>(i));
  }
  return row;
}

bool same_bits(const std::vector<double>& a, const std::vector<double>& b) {
  return std::ranges::equal(a, b, {}, std::bit_cast<std::uint64_t, double>,
                            std::bit_cast<std::uint64_t, double>);
}

// Reads everything; the status of the first failure.
Status read_all(Reader& reader, std::string_view bytes,
                std::vector<Frame>& frames) {
  while (!bytes.empty()) {
    Result<std::size_t> taken = reader.read(as_bytes(bytes), frames);
    if (!taken) return fail(std::move(taken).error());
    if (*taken == 0) return fail(Code::kBadData, "cut");
    bytes.remove_prefix(*taken);
  }
  return {};
}

template <typename T>
std::vector<T> only(const std::vector<Frame>& frames) {
  std::vector<T> found;
  for (const Frame& frame : frames) {
    if (const T* item = std::get_if<T>(&frame)) found.push_back(*item);
  }
  return found;
}

// A stream, and where its frames begin and end.
struct Recording {
  std::string bytes;
  std::vector<std::size_t> boundaries;
};

FloatHistogram histogram(std::string_view text) {
  const auto parsed = parse_histogram_text(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(FloatHistogram());
}

std::string text_of(const FloatHistogram& histogram) {
  std::string text;
  append_histogram_text(text, histogram);
  return text;
}

// A row with a histogram in column 1 and starts; they change with the sequence.
Row rich_row(std::uint64_t sequence, std::size_t columns) {
  Row row = row_of(1, 1, sequence, columns);
  const std::string count = std::to_string(sequence);
  row.histograms.push_back(
      {1, histogram("{{schema:2 count:" + count + " sum:" + count +
                    " offset:-3 buckets:[" + count + "]}}")});
  row.values[1] = row.histograms[0].histogram.sum;
  for (std::uint32_t i = 2; i < columns; ++i) {
    if (i % 5 != sequence % 5) row.starts.push_back({i, 1000 + i / 4});
  }
  return row;
}

// Two sources, two layouts of one of them, loose samples, metadata, a trailer.
Recording record(std::size_t rows = 6) {
  Recording r;
  Writer writer(r.bytes);
  const auto mark = [&] { r.boundaries.push_back(r.bytes.size()); };
  mark();
  writer.write(layout_of(1, 1, 10));
  mark();
  writer.write(layout_of(2, 1, 3));
  mark();
  for (std::uint64_t k = 1; k <= rows; ++k) {
    writer.write(row_of(1, 1, 100 + k, 10));
    mark();
    writer.write(row_of(2, 1, 200 + k, 3));
    mark();
  }
  writer.write(layout_of(2, 2, 4));
  mark();
  writer.write(row_of(2, 2, 200 + rows + 1, 4));
  mark();
  writer.write(
      Loose{3, 7, {{series(1), -5, 1.5}, {series(2), 9, stale_nan()}}});
  mark();
  writer.write(MetadataFrame{{{"m1", "counter", "Help.", "seconds"}}});
  mark();
  writer.write(ExemplarFrame{{{series(1), Labels{{"id", "x"}}, 5, 0.5}}});
  mark();
  writer.finish();
  mark();
  return r;
}

// --- what arrives is what was sent

TEST(Wire, CarriesEveryKindOfFrame) {
  const Recording r = record();
  Reader reader;
  std::vector<Frame> frames;
  ASSERT_TRUE(read_all(reader, r.bytes, frames));
  EXPECT_TRUE(reader.finished());

  const auto layouts = only<Layout>(frames);
  ASSERT_EQ(layouts.size(), 3U);
  EXPECT_EQ(layouts[0].series, layout_of(1, 1, 10).series);
  EXPECT_EQ(layouts[2].version, 2U);
  const auto rows = only<Row>(frames);
  ASSERT_EQ(rows.size(), 13U);
  EXPECT_TRUE(same_bits(rows[4].values, row_of(1, 1, 103, 10).values));
  EXPECT_EQ(rows[4].t_ms, 103 * 15'000);
  EXPECT_TRUE(same_bits(rows[12].values, row_of(2, 2, 207, 4).values));
  const auto loose = only<Loose>(frames);
  ASSERT_EQ(loose.size(), 1U);
  ASSERT_EQ(loose[0].items.size(), 2U);
  EXPECT_EQ(loose[0].items[0].t_ms, -5);
  EXPECT_EQ(loose[0].items[1].labels, series(2));
  EXPECT_TRUE(is_stale_nan(loose[0].items[1].value));
  const auto metadata = only<MetadataFrame>(frames);
  ASSERT_EQ(metadata.size(), 1U);
  EXPECT_EQ(metadata[0].items[0].help, "Help.");
  EXPECT_EQ(metadata[0].items[0].unit, "seconds");
  ASSERT_EQ(only<Trailer>(frames).size(), 1U);
  EXPECT_EQ(only<Trailer>(frames)[0].frames, frames.size() - 1);
}

TEST(Wire, KeepsEveryBitOfEveryValue) {
  const std::vector<double> odd = {
      0.0,
      -0.0,
      absent(),
      stale_nan(),
      normal_nan(),
      std::bit_cast<double>(0xfff8dead'beef0001ULL),
      std::numeric_limits<double>::denorm_min(),
      -std::numeric_limits<double>::infinity(),
      std::numeric_limits<double>::max()};
  std::string bytes;
  Writer writer(bytes);
  writer.write(layout_of(1, 1, odd.size()));
  writer.write(Row{1, 1, 1, 0, std::vector<double>(odd.size(), 0.0)});
  writer.write(Row{1, 1, 2, 1, odd});
  Reader reader;
  std::vector<Frame> frames;
  ASSERT_TRUE(read_all(reader, bytes, frames));
  EXPECT_TRUE(same_bits(only<Row>(frames)[1].values, odd));
  EXPECT_TRUE(is_absent(only<Row>(frames)[1].values[2]));
  EXPECT_FALSE(is_absent(stale_nan()));
}

TEST(Wire, SendsOnlyWhatChanged) {
  std::string bytes;
  Writer writer(bytes);
  writer.write(layout_of(1, 1, 800));
  Row row = row_of(1, 1, 1, 800);
  writer.write(row);
  bytes.clear();
  row.sequence = 2;
  row.values[17] += 1;
  writer.write(row);
  EXPECT_LT(bytes.size(), 16 + 40 + 800 / 8 + 8 + 8);
}

TEST(Wire, ReadsAStreamThatArrivesByteByByte) {
  const Recording r = record();
  Reader whole_reader;
  std::vector<Frame> whole;
  ASSERT_TRUE(read_all(whole_reader, r.bytes, whole));
  Reader reader;
  std::vector<Frame> frames;
  std::string buffer;
  for (const char c : r.bytes) {
    buffer += c;
    const Result<std::size_t> taken = reader.read(as_bytes(buffer), frames);
    ASSERT_TRUE(taken);
    if (*taken == 0) {
      const std::size_t needed = Reader::frame_bytes(as_bytes(buffer));
      EXPECT_TRUE(needed == 0 || needed > buffer.size());
    }
    buffer.erase(0, *taken);
  }
  EXPECT_EQ(buffer, "");
  EXPECT_TRUE(reader.finished());
  EXPECT_EQ(frames.size(), whole.size());
}

TEST(Wire, SplitsWideLayoutsAndManyLooseSamples) {
  constexpr std::size_t kMany = 30'000;
  std::string bytes;
  Writer writer(bytes);
  const Layout layout = layout_of(9, 4, kMany);
  writer.write(layout);
  const Row row = row_of(9, 4, 1, kMany);
  writer.write(row);
  Loose loose{5, 10, {}};
  for (std::size_t i = 0; i < kMany; ++i)
    loose.items.push_back({series(i), static_cast<std::int64_t>(i), 1});
  const std::uint64_t used = writer.write(loose);
  EXPECT_GT(used, 1U);
  Reader reader;
  std::vector<Frame> frames;
  ASSERT_TRUE(read_all(reader, bytes, frames));
  ASSERT_EQ(only<Layout>(frames).size(), 1U);
  EXPECT_EQ(only<Layout>(frames)[0].series, layout.series);
  EXPECT_TRUE(same_bits(only<Row>(frames)[0].values, row.values));
  std::size_t items = 0;
  std::uint64_t sequence = 10;
  for (const Loose& part : only<Loose>(frames)) {
    EXPECT_EQ(part.sequence, sequence++);
    items += part.items.size();
  }
  EXPECT_EQ(items, kMany);
  EXPECT_EQ(sequence, 10 + used);
}

TEST(Wire, ReadsStreamsThatFollowOneAnother) {
  const Recording r = record();
  Reader reader;
  std::vector<Frame> frames;
  ASSERT_TRUE(read_all(reader, r.bytes + r.bytes, frames));
  EXPECT_TRUE(reader.finished());
  EXPECT_EQ(only<Row>(frames).size(), 26U);
  EXPECT_EQ(only<Layout>(frames).size(), 6U);
  ASSERT_TRUE(read_all(reader, r.bytes.substr(0, r.boundaries[2]), frames));
  EXPECT_FALSE(reader.finished());
}

TEST(Wire, IsToldFromText) {
  EXPECT_TRUE(is_wire(as_bytes(record().bytes)));
  EXPECT_TRUE(is_wire(as_bytes(record().bytes.substr(16))));
  EXPECT_FALSE(is_wire(as_bytes("PROMWIRE 1 1000\n")));
  EXPECT_FALSE(is_wire(as_bytes("up 1\n")));
  EXPECT_FALSE(is_wire({}));
}

// --- readers that begin in the middle

// The state that a store would keep, filled by a reader's owner.
class Owner {
 public:
  void take(const Frame& frame) {
    if (const auto* layout = std::get_if<Layout>(&frame)) {
      kept_[layout->source] = {layout->version, fingerprint(layout->series),
                               layout->series.size(), std::nullopt};
    } else if (const auto* row = std::get_if<Row>(&frame)) {
      if (!is_new(row->source, row->sequence)) return;
      newest_[row->source] = row->sequence;
      kept_[row->source].last = *row;
      stored.push_back(*row);
    } else if (const auto* skipped = std::get_if<Skipped>(&frame)) {
      if (is_new(skipped->source, skipped->sequence)) ++lost;
    }
  }
  Reader::Find find() {
    return [this](std::uint64_t source) -> std::optional<Reader::Kept> {
      const auto found = kept_.find(source);
      if (found == kept_.end()) return std::nullopt;
      return found->second;
    };
  }
  std::vector<Row> stored;
  int lost = 0;

 private:
  bool is_new(std::uint64_t source, std::uint64_t sequence) {
    const auto newest = newest_.find(source);
    return newest == newest_.end() || newest->second < sequence;
  }
  std::map<std::uint64_t, Reader::Kept> kept_;
  std::map<std::uint64_t, std::uint64_t> newest_;  // sequence by source
};

TEST(Wire, GoesOnAtAnyFrameWithWhatItsOwnerKept) {
  const Recording r = record();
  for (const std::size_t committed : r.boundaries) {
    for (const std::size_t consumed : r.boundaries) {
      if (consumed > committed) break;
      // The first process stored up to `committed` but consumed less, and
      // died; the second one sees some frames again.
      Owner owner;
      std::vector<Frame> frames;
      Reader first;
      ASSERT_TRUE(read_all(first, r.bytes.substr(0, committed), frames));
      for (const Frame& frame : frames) owner.take(frame);
      Reader second(owner.find());
      frames.clear();
      ASSERT_TRUE(read_all(second, r.bytes.substr(consumed), frames));
      for (const Frame& frame : frames) owner.take(frame);
      EXPECT_EQ(second.finished(), consumed < r.bytes.size());
      EXPECT_EQ(owner.lost, 0) << consumed << ' ' << committed;
      ASSERT_EQ(owner.stored.size(), 13U) << consumed << ' ' << committed;
      EXPECT_TRUE(
          same_bits(owner.stored[12].values, row_of(2, 2, 207, 4).values));
    }
  }
}

TEST(Wire, NeverGuessesARowWithoutItsLayoutOrItsBase) {
  const Recording r = record();
  for (const std::size_t from : r.boundaries) {
    Reader reader;
    std::vector<Frame> frames;
    ASSERT_TRUE(read_all(reader, r.bytes.substr(from), frames));
    for (const Row& row : only<Row>(frames)) {
      EXPECT_TRUE(same_bits(row.values, row_of(row.source, row.version,
                                               row.sequence, row.values.size())
                                            .values));
    }
  }
  // From the second row on, source 1 has no layout.
  Reader reader;
  std::vector<Frame> frames;
  ASSERT_TRUE(read_all(reader, r.bytes.substr(r.boundaries[5]), frames));
  const auto skipped = only<Skipped>(frames);
  ASSERT_FALSE(skipped.empty());
  EXPECT_EQ(skipped[0].reason, Skipped::Reason::kUnknownLayout);
}

TEST(Wire, SkipsChangesOfARowThatTheOwnerKeptWrong) {
  std::string bytes;
  Writer writer(bytes);
  writer.write(layout_of(1, 1, 10));
  writer.write(row_of(1, 1, 1, 10));
  const std::size_t from = bytes.size();
  writer.write(row_of(1, 1, 2, 10));
  const auto reason_with = [&](Reader::Kept kept) {
    Reader reader([&](std::uint64_t) { return std::optional(kept); });
    std::vector<Frame> frames;
    EXPECT_TRUE(read_all(reader, bytes.substr(from), frames));
    EXPECT_EQ(frames.size(), 1U);
    return std::get<Skipped>(frames.at(0)).reason;
  };
  const std::uint64_t print = fingerprint(layout_of(1, 1, 10).series);
  Row other = row_of(1, 1, 1, 10);
  other.values[1] = 99;
  EXPECT_EQ(reason_with({1, print, 10, other}), Skipped::Reason::kUnknownRow);
  EXPECT_EQ(reason_with({1, print, 10, row_of(1, 1, 0, 10)}),
            Skipped::Reason::kUnknownRow);
  EXPECT_EQ(reason_with({1, print, 10, std::nullopt}),
            Skipped::Reason::kUnknownRow);
  EXPECT_EQ(reason_with({1, print + 1, 10, other}),
            Skipped::Reason::kUnknownLayout);
  EXPECT_EQ(reason_with({2, print, 10, other}),
            Skipped::Reason::kUnknownLayout);
}

TEST(Wire, HealsByItselfWithinABoundedNumberOfRows) {
  std::string bytes;
  Writer writer(bytes);
  writer.write(layout_of(1, 1, 10));
  writer.write(row_of(1, 1, 1, 10));
  bytes.clear();
  for (std::uint64_t k = 2; k <= 2 * kRowsPerLayout; ++k)
    writer.write(row_of(1, 1, k, 10));
  Reader reader;
  std::vector<Frame> frames;
  ASSERT_TRUE(read_all(reader, bytes, frames));
  EXPECT_LT(only<Skipped>(frames).size(), kRowsPerLayout);
  EXPECT_EQ(only<Layout>(frames).size(), 1U);
  EXPECT_EQ(only<Row>(frames).back().sequence, 2 * kRowsPerLayout);
}

TEST(Wire, ResyncRepeatsLayoutAndWholeRow) {
  std::string bytes;
  Writer writer(bytes);
  writer.write(layout_of(1, 1, 10));
  writer.write(row_of(1, 1, 1, 10));
  writer.resync();
  bytes.clear();
  writer.write(row_of(1, 1, 2, 10));
  writer.write(row_of(1, 1, 3, 10));
  Reader reader;
  std::vector<Frame> frames;
  ASSERT_TRUE(read_all(reader, bytes, frames));
  EXPECT_EQ(only<Row>(frames).size(), 2U);
  EXPECT_EQ(only<Skipped>(frames).size(), 0U);
}

TEST(Wire, HandsOutARepeatedLayoutOnlyWhenItIsNew) {
  std::string bytes;
  Writer writer(bytes);
  writer.write(layout_of(1, 1, 10));
  for (std::uint64_t k = 1; k <= 2 * kRowsPerLayout; ++k)
    writer.write(row_of(1, 1, k, 10));
  writer.finish();
  Reader reader;
  std::vector<Frame> frames;
  ASSERT_TRUE(read_all(reader, bytes, frames));
  EXPECT_EQ(only<Layout>(frames).size(), 1U);
  EXPECT_EQ(only<Row>(frames).size(), 2 * kRowsPerLayout);
}

TEST(Wire, ForgetsASource) {
  std::string bytes;
  Writer writer(bytes);
  writer.write(layout_of(1, 1, 2));
  writer.write(row_of(1, 1, 1, 2));
  writer.forget(1);
  writer.write(layout_of(1, 2, 2));
  writer.write(row_of(1, 2, 2, 2));
  Reader reader;
  std::vector<Frame> frames;
  ASSERT_TRUE(read_all(reader, bytes, frames));
  EXPECT_EQ(only<Row>(frames).size(), 2U);
}

// --- damage

TEST(Wire, NoticesEveryFlippedByte) {
  const Recording r = record(2);
  for (std::size_t at = 0; at < r.bytes.size(); ++at) {
    std::string damaged = r.bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x20);
    Reader reader;
    std::vector<Frame> frames;
    const Status status = read_all(reader, damaged, frames);
    EXPECT_FALSE(status && reader.finished()) << at;
    for (const Row& row : only<Row>(frames)) {
      EXPECT_TRUE(same_bits(row.values, row_of(row.source, row.version,
                                               row.sequence, row.values.size())
                                            .values))
          << at;
    }
  }
}

TEST(Wire, NoticesACutStream) {
  const Recording r = record(2);
  for (std::size_t size = 0; size < r.bytes.size(); ++size) {
    Reader reader;
    std::vector<Frame> frames;
    (void)read_all(reader, r.bytes.substr(0, size), frames);
    EXPECT_FALSE(reader.finished()) << size;
  }
}

TEST(Wire, NoticesAMissingFrameAtTheTrailer) {
  const Recording r = record(2);
  const std::size_t metadata = r.boundaries.size() - 3;
  std::string cut = r.bytes;
  cut.erase(r.boundaries[metadata],
            r.boundaries[metadata + 1] - r.boundaries[metadata]);
  Reader reader;
  std::vector<Frame> frames;
  const Status status = read_all(reader, cut, frames);
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().message.find("trailer counts"), std::string::npos);
}

TEST(Wire, TakesWhatIsBeforeTheDamageAndGoesOnBehindIt) {
  const Recording r = record();
  std::string damaged = r.bytes;
  damaged[r.boundaries[4] + 30] ^= 1;
  Reader reader;
  std::vector<Frame> frames;
  const Result<std::size_t> before = reader.read(as_bytes(damaged), frames);
  ASSERT_TRUE(before);
  EXPECT_EQ(*before, r.boundaries[4]);
  std::string_view rest = std::string_view(damaged).substr(*before);
  const Result<std::size_t> at = reader.read(as_bytes(rest), frames);
  ASSERT_FALSE(at);
  EXPECT_EQ(at.error().code, Code::kCorrupt);
  const std::size_t skip = Reader::next_boundary(as_bytes(rest));
  EXPECT_EQ(*before + skip, r.boundaries[5]);
  ASSERT_TRUE(read_all(reader, rest.substr(skip), frames));
  EXPECT_TRUE(reader.finished());
  // The damaged row and those that changed it are the only ones missing.
  EXPECT_EQ(only<Row>(frames).size() + only<Skipped>(frames).size() + 1, 13U);
}

// Frames made by hand, with a right checksum.
std::string frame(std::uint8_t type, std::string_view payload,
                  std::uint8_t flags = 0) {
  std::string out(kFrameMarker);
  out += static_cast<char>(type);
  out += static_cast<char>(flags);
  append_le<std::uint16_t>(out, 0);
  append_le(out, static_cast<std::uint32_t>(payload.size()));
  append_le(out, crc32c(payload, crc32c(out)));
  out += payload;
  return out;
}

Code code_of(std::string_view bytes) {
  Reader reader;
  std::vector<Frame> frames;
  const Status status = read_all(reader, bytes, frames);
  return status ? Code::kNo : status.error().code;
}

std::string layout_head(std::uint64_t total, std::uint64_t first,
                        std::uint64_t count) {
  std::string out;
  append_le<std::uint64_t>(out, 1);
  append_le<std::uint32_t>(out, 1);
  append_le<std::uint64_t>(out, 0);
  append_varint(out, total);
  append_varint(out, first);
  append_varint(out, count);
  return out;
}

TEST(Wire, RefusesWhatNoWriterWrites) {
  EXPECT_EQ(code_of("hello, this is no frame"), Code::kCorrupt);
  EXPECT_EQ(code_of(frame(5, "short")), Code::kCorrupt);
  EXPECT_EQ(code_of(frame(9, "")), Code::kCorrupt);
  EXPECT_EQ(code_of(frame(3, "")), Code::kCorrupt);
  EXPECT_EQ(code_of(frame(2, std::string(30, '\0'))), Code::kCorrupt);
  EXPECT_EQ(code_of(frame(1, layout_head(2, 0, 3))), Code::kCorrupt);
  EXPECT_EQ(code_of(frame(1, layout_head(2, 3, 0))), Code::kCorrupt);
  EXPECT_EQ(code_of(frame(1, layout_head(1, 0, 1) + "\x02\xff\xff")),
            Code::kCorrupt);
  EXPECT_EQ(code_of(frame(4, "\x01\x01\xff")), Code::kCorrupt);
  EXPECT_EQ(code_of(frame(5, "x", 2)), Code::kCorrupt);  // an unknown flag
}

TEST(Wire, SkipsUnknownFramesThatAreMarkedOptional) {
  EXPECT_EQ(code_of(frame(0x80, "from the future")), Code::kNo);
}

TEST(Wire, ChecksLengthsBeforeItAllocates) {
  std::string huge = frame(2, "");
  store_le<std::uint32_t>(huge.data() + 8, kFrameBytesMax + 1);
  EXPECT_EQ(code_of(huge), Code::kLimit);
  store_le<std::uint32_t>(huge.data() + 8, kFrameBytesMax);
  EXPECT_EQ(code_of(huge), Code::kBadData);  // waits for more
  EXPECT_EQ(code_of(frame(1, layout_head(kColumnsMax + 1, 0, 0))),
            Code::kLimit);
  // 4 bytes that promise 64 MiB.
  std::string bomb;
  append_le<std::uint32_t>(bomb, kFrameBytesMax);
  EXPECT_EQ(code_of(frame(3, bomb + "abcd", 1)), Code::kCorrupt);
}

TEST(Wire, RefusesAVersionItDoesNotKnow) {
  std::string header(kMagic);
  append_le<std::uint16_t>(header, 2);
  append_le<std::uint16_t>(header, 0);
  append_le(header, crc32c(header));
  EXPECT_EQ(code_of(header), Code::kBadData);
}

// The bytes that prom-wire(5) shows.
TEST(Wire, WritesTheExampleOfTheManPage) {
  std::string bytes;
  Writer writer(bytes);
  writer.write(Layout{1, 1, {Labels{{kMetricName, "up"}}}});
  writer.write(Row{1, 1, 7, 1000, {1.0}});
  writer.write(Row{1, 1, 8, 2000, {0.5}});
  writer.finish();
  std::string hex;
  for (const char c : bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    hex += kDigits[static_cast<unsigned char>(c) >> 4U];
    hex += kDigits[static_cast<unsigned char>(c) & 0xFU];
  }
  EXPECT_EQ(hex,
            "50524f4d57495245"
            "0100"
            "0000"
            "566f430f"
            // The layout.
            "f5505746"
            "01"
            "00"
            "0000"
            "24000000"
            "de266f18"
            "0100000000000000"
            "01000000"
            "5894af7f1d26bd26"
            "01"
            "00"
            "01"
            "0c"
            "08"
            "5f5f6e616d655f5f"
            "02"
            "7570"
            // A whole row.
            "f5505746"
            "02"
            "00"
            "0000"
            "32000000"
            "c8ebb1ed"
            "0100000000000000"
            "01000000"
            "5894af7f1d26bd26"
            "0700000000000000"
            "e803000000000000"
            "61e942a6"
            "00"
            "01"
            "000000000000f03f"
            // A row of changes.
            "f5505746"
            "02"
            "00"
            "0000"
            "33000000"
            "134c1d9c"
            "0100000000000000"
            "01000000"
            "5894af7f1d26bd26"
            "0800000000000000"
            "d007000000000000"
            "e0188799"
            "01"
            "01"
            "01"
            "000000000000e03f"
            // The trailer.
            "f5505746"
            "05"
            "00"
            "0000"
            "08000000"
            "eaf99f8d"
            "0300000000000000");
}

// --- histograms, starts, exemplars

TEST(WireExtras, ArriveInWholeRowsAndInRowsOfChanges) {
  std::string bytes;
  Writer writer(bytes);
  writer.write(layout_of(1, 1, 30));
  for (std::uint64_t k = 1; k <= 200; ++k) writer.write(rich_row(k, 30));
  writer.finish();
  Reader reader;
  std::vector<Frame> frames;
  ASSERT_TRUE(read_all(reader, bytes, frames));
  const auto rows = only<Row>(frames);
  ASSERT_EQ(rows.size(), 200U);
  for (const Row& row : rows) {
    const Row expected = rich_row(row.sequence, 30);
    EXPECT_TRUE(same_bits(row.values, expected.values));
    EXPECT_EQ(row.starts, expected.starts);
    ASSERT_EQ(row.histograms.size(), 1U);
    EXPECT_EQ(row.histograms[0].column, 1U);
    EXPECT_EQ(text_of(row.histograms[0].histogram),
              text_of(expected.histograms[0].histogram));
  }
}

TEST(WireExtras, GoOnFromARowThatTheOwnerKept) {
  std::string bytes;
  Writer writer(bytes);
  writer.write(layout_of(1, 1, 12));
  for (std::uint64_t k = 1; k <= 2; ++k) writer.write(rich_row(k, 12));
  const std::size_t cut = bytes.size();
  writer.write(rich_row(3, 12));
  for (const bool with_starts : {true, false}) {
    Row last = rich_row(2, 12);
    if (!with_starts) last.starts.clear();
    Reader reader([&](std::uint64_t) -> std::optional<Reader::Kept> {
      return Reader::Kept{
          .version = 1,
          .fingerprint = fingerprint(layout_of(1, 1, 12).series),
          .columns = 12,
          .last = last};
    });
    std::vector<Frame> frames;
    ASSERT_TRUE(read_all(reader, std::string_view(bytes).substr(cut), frames));
    ASSERT_EQ(frames.size(), 1U);
    // Starts that differ from those that were sent are never guessed at.
    EXPECT_EQ(std::holds_alternative<Row>(frames[0]), with_starts);
    if (with_starts) {
      EXPECT_EQ(std::get<Row>(frames[0]).starts, rich_row(3, 12).starts);
    }
  }
}

TEST(WireExtras, TravelWithLooseSamplesToo) {
  Loose loose{3, 7, {{series(1), 5, 1.5}, {series(2), 6, 2, 4}}};
  const auto h = std::make_shared<FloatHistogram>(histogram(
      "{{schema:-53 count:3 sum:7 custom_values:[1] buckets:[1 2]}}"));
  for (int i = 0; i < 5000; ++i)
    loose.items.push_back({series(3), i, h->sum, i % 2, h});
  std::string bytes;
  Writer writer(bytes);
  EXPECT_GT(writer.write(loose), 1U) << "frames stay small";
  writer.finish();
  Reader reader;
  std::vector<Frame> frames;
  ASSERT_TRUE(read_all(reader, bytes, frames));
  std::size_t at = 0;
  for (const Loose& part : only<Loose>(frames)) {
    for (const Loose::Item& item : part.items) {
      const Loose::Item& sent = loose.items[at++];
      EXPECT_EQ(item.t_ms, sent.t_ms);
      EXPECT_EQ(item.value, sent.value);
      EXPECT_EQ(item.start_ms, sent.start_ms);
      ASSERT_EQ(item.histogram != nullptr, sent.histogram != nullptr);
      if (item.histogram) {
        EXPECT_EQ(text_of(*item.histogram), text_of(*h));
      }
    }
  }
  EXPECT_EQ(at, loose.items.size());
}

TEST(WireExtras, CarryExemplarsWithAndWithoutLabels) {
  std::string bytes;
  Writer writer(bytes);
  writer.write(ExemplarFrame{{{series(1), Labels{{"id", "x"}}, 5, 0.5},
                              {series(1), Labels(), -5, 1.5}}});
  Reader reader;
  std::vector<Frame> frames;
  ASSERT_TRUE(read_all(reader, bytes, frames));
  const auto got = only<ExemplarFrame>(frames);
  ASSERT_EQ(got.size(), 1U);
  ASSERT_EQ(got[0].items.size(), 2U);
  EXPECT_EQ(got[0].items[0].series, series(1));
  EXPECT_EQ(got[0].items[0].labels.get("id"), "x");
  EXPECT_TRUE(got[0].items[1].labels.empty());
  EXPECT_EQ(got[0].items[1].t_ms, -5);
  EXPECT_EQ(got[0].items[1].value, 1.5);
}

}  // namespace
}  // namespace prom::wire
