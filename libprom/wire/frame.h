// Frames in pipes: what prom-scrape --wire and prom-rules --wire write and
// prom-store reads.  The format is specified in prom-wire(5).
//
// A stream is: magic and version, frames, a trailer.  Every frame has a
// marker, its length and a CRC-32C over everything but the CRC itself, so a
// reader notices damage and a cut stream, and never takes a torn frame for a
// whole one.
//
// A reader that was killed and started again goes on at any frame boundary,
// without the beginning of the stream.  What it then lacks are the layout of a
// source and the row that a row of changes refers to.  It has three ways to
// get them: its owner kept them (Reader's Find), the sender was told
// (Writer::resync), or the sender repeats them by itself: a whole row every
// kRowsPerWhole rows and the layout every kRowsPerLayout rows of a source.
// Rows that cannot be told until then are reported as Skipped, never guessed:
// every row carries the fingerprint of its layout and a CRC of its values.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "libprom/base/bytes.h"
#include "libprom/base/result.h"
#include "libprom/model/histogram.h"
#include "libprom/model/labels.h"

namespace prom::wire {

constexpr std::string_view kMagic = "PROMWIRE";
// Begins every frame.  0xF5 occurs in no UTF-8 text.
constexpr std::string_view kFrameMarker = "\xF5PWF";
// A frame is never longer, before and after decompression; the writer splits
// layouts and loose samples at a small part of it, so that a frame fits into
// a pipe.
constexpr std::size_t kFrameBytesMax = 64ULL << 20U;
constexpr std::size_t kFrameBytesGood = 192ULL << 10U;
// Series of one layout.
constexpr std::size_t kColumnsMax = 4ULL << 20U;
// What a reader keeps between frames, over all sources: 512 MiB of values.
constexpr std::size_t kSourcesMax = 1ULL << 20U;
constexpr std::size_t kColumnsKeptMax = 64ULL << 20U;
// One call of Reader::read stops after about so much memory of frames, since
// a few bytes may be a wide row.
constexpr std::size_t kDecodedBytesMax = 128ULL << 20U;
// Histograms of one row, in units of FloatHistogram::sample_weight(), and
// starts of one row: a whole row is one frame.
constexpr std::size_t kRowHistogramWeightMax = 1ULL << 20U;
constexpr std::size_t kRowStartsMax = 1ULL << 20U;
constexpr std::uint32_t kRowsPerWhole = 64;
constexpr std::uint32_t kRowsPerLayout = 256;

// Whether input that begins with these bytes is frames rather than text.
// REQUIRES: at least 12 bytes, or all of a shorter input.
bool is_wire(Bytes first_bytes);

// The series of one source, a scrape target or a rule group, in the order of
// the columns of its rows.  Sent at first, whenever the set changes, and
// repeated; a reader hands out a repetition only if it is new to it.
struct Layout {
  std::uint64_t source = 0;    // who: stable across restarts (hash of identity)
  std::uint32_t version = 0;   // counts up per source within a stream
  std::vector<Labels> series;  // at most kColumnsMax, none empty
};

// Identifies the content of a layout across streams, where versions begin
// again: hash64 of the little-endian hashes of its series, in order.
std::uint64_t fingerprint(const std::vector<Labels>& series);

// A cell of a row that is a native histogram, as model/histogram_codec.h admits
// it.  Stale markers are floats.
struct HistogramCell {
  std::uint32_t column = 0;
  FloatHistogram histogram;
};

// When the counter of a cell started.
struct StartCell {
  std::uint32_t column = 0;
  std::int64_t start_ms = 0;  // not 0

  bool operator==(const StartCell&) const = default;
};

// One scrape: at one time at most one sample for each series of the layout.
// On the wire only values that differ from the row before are sent.
struct Row {
  std::uint64_t source = 0;
  std::uint32_t version = 0;  // of its layout
  // Counts up per source, also across restarts of the sender (it begins at
  // the wall clock in nanoseconds), so that a row that arrives twice is known.
  std::uint64_t sequence = 0;
  std::int64_t t_ms = 0;
  std::vector<double> values;  // absent where the series has no sample
  // Both ascending by column.  The value of a histogram's column is its sum.
  std::vector<HistogramCell> histograms = {};
  std::vector<StartCell> starts = {};  // where they are known
};

// Samples that bring their own timestamps.
struct Loose {
  struct Item {
    Labels labels;
    std::int64_t t_ms = 0;
    double value = 0;           // of a histogram: its sum
    std::int64_t start_ms = 0;  // of the counter; 0: unknown
    // Null for a float.  Frames are copied; this is not.
    std::shared_ptr<const FloatHistogram> histogram = {};
  };
  std::uint64_t source = 0;
  std::uint64_t sequence = 0;
  std::vector<Item> items;
};

// Observations that stand for others.  A sender repeats none that it sent; a
// receiver must not mind if it does.
struct ExemplarFrame {
  struct Item {
    Labels series;
    Labels labels;  // of the exemplar; may be empty
    std::int64_t t_ms = 0;
    double value = 0;
  };
  std::vector<Item> items;
};

// Type, help and unit of metric families.
struct MetadataFrame {
  struct Item {
    std::string family, type, help, unit;
  };
  std::vector<Item> items;
};

// The sender ended on purpose.
struct Trailer {
  std::uint64_t frames = 0;  // before this one
};

// A row that arrived whole but cannot be told, because this reader began in
// the middle of the stream.  A sequence that the owner has stored already is
// no loss.
struct Skipped {
  enum class Reason {
    kUnknownLayout,  // neither seen nor found, or seen with other series
    kUnknownRow,     // the row that it changes is not the last one known here
  };
  std::uint64_t source = 0;
  std::uint64_t sequence = 0;
  Reason reason = Reason::kUnknownLayout;
};

using Frame = std::variant<Layout, Row, Loose, MetadataFrame, Trailer, Skipped,
                           ExemplarFrame>;

// A private NaN that stands for "no sample" in a row; never stored as a
// sample.  A user's value with the same bits travels in a Loose frame.
constexpr std::uint64_t kAbsentBits = 0x7ff4ab5e47ab5e47ULL;
bool is_absent(double value);
double absent();

// Writes frames to a buffer.  Keeps the last row and the encoded layout of
// each source: about 8 + 10 bytes a series.  One thread.
class Writer {
 public:
  // Appends to `out`, which must outlive it and may be drained and cleared
  // between calls; begins with the magic.
  explicit Writer(std::string& out);

  // REQUIRES: series not empty sets, at most kColumnsMax of them, each of at
  // most 1 MiB encoded; a version not used for other series of this source.
  void write(const Layout& layout);
  // REQUIRES: the layout with this version was the last one written for this
  // source; as many values as it has series; a sequence above the last one;
  // histograms of at most kRowHistogramWeightMax in all; at most kRowStartsMax
  // starts.
  void write(const Row& row);
  // Returns the number of frames that it took, 0 for no items: the first one
  // has loose.sequence, the next that plus one, and so on; the caller counts
  // on from there.
  std::uint64_t write(const Loose& loose);
  // REQUIRES of both: each item at most 16 MiB of text.
  void write(const MetadataFrame& metadata);
  void write(const ExemplarFrame& exemplars);
  void finish();  // the trailer

  // The reader may have lost everything: the next row of every source is
  // preceded by its layout and sent whole.
  void resync();
  // A source that will send no more: frees what is kept of it.
  void forget(std::uint64_t source);

 private:
  struct Source {
    std::uint32_t version = 0;
    std::uint64_t fingerprint = 0;
    std::string layout_frames;  // as they were written
    std::uint32_t layout_frame_count = 0;
    std::uint32_t rows_until_layout = 0;
    std::uint32_t rows_until_whole = 0;
    std::uint64_t sequence = 0;  // of the last row
    std::vector<double> values;  // of the last row; empty: none yet
    std::vector<StartCell> starts;
  };
  void write_frame(std::uint8_t type, std::string_view payload, bool compress);
  void repeat_layout(Source& source);

  std::string& out_;
  std::uint64_t frames_ = 0;
  std::string payload_;  // reused
  std::string scratch_;  // reused
  std::unordered_map<std::uint64_t, Source> sources_;
};

// Reads a stream piece by piece.  Streams may follow one another, as when a
// sender was restarted on the same pipe.  One thread.
class Reader {
 public:
  // What the owner has kept of a source.
  struct Kept {
    std::uint32_t version = 0;
    std::uint64_t fingerprint = 0;  // of the series of its layout
    std::uint64_t columns = 0;
    std::optional<Row> last;  // the row with the highest sequence
  };
  // Asked once per source and stream, when a row needs a layout or a row that
  // this reader has not seen.
  using Find = std::function<std::optional<Kept>(std::uint64_t source)>;

  explicit Reader(Find find = {});

  // Takes whole frames from the front of `bytes` and appends them, decoded and
  // with full rows, to `frames`: all there are, or kDecodedBytesMax of them.
  // Returns the bytes consumed; 0: what is left is no whole frame.  The caller
  // keeps the rest and offers it again with more behind it.
  //
  // kCorrupt when the frame at the front of `bytes` has a bad checksum or
  // contradicts itself, kLimit when it exceeds one; frames before it are
  // taken by the call before.  `frames` is then as it was, and the reader goes
  // on if it is offered bytes from another frame boundary: see next_boundary.
  Result<std::size_t> read(Bytes bytes, std::vector<Frame>& frames);

  // True between a trailer and the beginning of the next stream, if any.
  // An input that ends while this is false was cut.
  [[nodiscard]] bool finished() const { return finished_; }

  // How many bytes the frame at the front of `bytes` has in all; `bytes` has
  // fewer.  0 while that cannot be told yet.  Never above kFrameBytesMax and a
  // header.
  [[nodiscard]] static std::size_t frame_bytes(Bytes bytes);

  // The offset, above 0, of the next place in `bytes` where a frame or a
  // stream may begin; bytes.size() less a few when there is none.  For going
  // on behind damage; rows that depended on what was lost come as Skipped.
  [[nodiscard]] static std::size_t next_boundary(Bytes bytes);

 private:
  struct Source {
    std::uint32_t version = 0;
    std::uint64_t fingerprint = 0;
    std::uint64_t columns = 0;
    bool has_layout = false;
    bool asked = false;  // Find was
    bool has_row = false;
    std::uint64_t sequence = 0;
    std::vector<double> values;
    std::vector<StartCell> starts;

    // In units of a value.
    [[nodiscard]] std::size_t kept() const {
      return values.size() + 2 * starts.size();
    }
  };
  struct RowHead;
  // The layout whose frames are being read.
  struct Pending {
    Layout layout;
    std::uint64_t fingerprint = 0;
    std::uint64_t total = 0;
  };

  Result<std::size_t> read_one(Bytes bytes, std::vector<Frame>& frames);
  Status decode(std::uint8_t type, std::string_view payload,
                std::vector<Frame>& frames);
  Status decode_layout(ByteReader in, std::vector<Frame>& frames);
  Status decode_row(ByteReader in, std::vector<Frame>& frames);
  Status decode_loose(ByteReader in, std::vector<Frame>& frames);
  Status keep_row(const Row& row, Source& source);
  Status keep_layout(const Pending& layout);
  Result<Source*> source_of(std::uint64_t source);
  void ask_owner(std::uint64_t id, Source& source);
  bool know_layout(const RowHead& head, Source& source);
  void begin_stream();

  Find find_;
  std::unordered_map<std::uint64_t, Source> sources_;
  std::uint64_t columns_kept_ = 0;
  std::optional<Pending> pending_;
  std::size_t decoded_bytes_ = 0;  // by this call of read
  std::uint64_t frames_ = 0;       // since the beginning of the stream
  bool from_beginning_ = false;    // of the stream, so frames_ can be checked
  bool finished_ = false;
  std::string scratch_;  // a decompressed payload
};

}  // namespace prom::wire
