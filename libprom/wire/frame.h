// Frames in pipes: what prom-scrape --wire and prom-rules --wire write and
// prom-store reads.  The format is specified in prom-wire(5).
//
// A stream is: magic and version, frames, a trailer.  Every frame has its
// length and a CRC-32C over everything but itself, so a reader notices damage
// and a cut stream, and never takes a torn frame for a whole one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "libprom/base/bytes.h"
#include "libprom/base/result.h"
#include "libprom/model/labels.h"

namespace prom::wire {

constexpr std::string_view kMagic = "PROMWIRE";
// A frame is never longer; a sender splits.
constexpr std::size_t kFrameBytesMax = 64ULL << 20U;

// The series of one source, a scrape target or a rule group, in the order of
// the columns of its rows.  Sent at first and whenever the set changes.
struct Layout {
  std::uint64_t source = 0;   // who: stable across restarts (hash of identity)
  std::uint32_t version = 0;  // counts up per source within a stream
  std::vector<Labels> series;
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
};

// Samples that bring their own timestamps.
struct Loose {
  struct Item {
    Labels labels;
    std::int64_t t_ms = 0;
    double value = 0;
  };
  std::uint64_t source = 0;
  std::uint64_t sequence = 0;
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

using Frame = std::variant<Layout, Row, Loose, MetadataFrame, Trailer>;

// A private NaN that stands for "no sample" in a row; never stored as a
// sample.  A user's value with the same bits travels in a Loose frame.
constexpr std::uint64_t kAbsentBits = 0x7ff4ab5e47ab5e47ULL;
bool is_absent(double value);
double absent();

// Writes frames to a buffer.  Keeps the last row of each source to send only
// what changed.
class Writer {
 public:
  // Appends to `out`, which must outlive it; begins with the magic.
  explicit Writer(std::string& out);
  void write(const Layout& layout);
  // REQUIRES: the layout with this version was written before.
  void write(const Row& row);
  void write(const Loose& loose);
  void write(const MetadataFrame& metadata);
  void finish();  // the trailer

 private:
  // The implementing module completes this class.
  std::string& out_;
};

// Reads a stream piece by piece.
class Reader {
 public:
  // Takes as many whole frames as `bytes` holds and appends them, decoded and
  // with full rows, to `frames`.  Returns the bytes consumed: the caller keeps
  // the rest and offers it again with more behind it.  kCorrupt on a bad
  // checksum or a frame that contradicts its layout; the reader can then not
  // go on.
  Result<std::size_t> read(Bytes bytes, std::vector<Frame>& frames);
  // True after the trailer.
  [[nodiscard]] bool finished() const;

 private:
  // The implementing module completes this class.
};

}  // namespace prom::wire
