// Writes batches as one stream: the pipe dialect of the text format, or wire
// frames.  Used by the sender's thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "libprom/scrape/batch.h"

namespace prom::scrape {

enum class StreamFormat { kText, kWire };

class Encoder {
 public:
  virtual ~Encoder() = default;

  // Appends to the output that the encoder was made with.
  virtual void write(const Batch& batch) = 0;
  // Scrapes of this source were lost, the first of them at `t_ms`: what was
  // there before goes stale, so that graphs show a gap and not a flat line.
  virtual void write_gap(std::uint64_t source, std::uint64_t sequence,
                         std::int64_t t_ms) = 0;
  // A new reader may have seen nothing of the stream: what it needs to
  // understand the rest is sent again.
  virtual void resync() = 0;
  virtual void finish() = 0;  // the trailer
};

// Begins the stream.  `out` must outlive the encoder; it may be drained and
// cleared between calls.
std::unique_ptr<Encoder> make_encoder(StreamFormat format, std::string& out);

}  // namespace prom::scrape
