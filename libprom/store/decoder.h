// Any input of prom-store append to frames and samples of the writer: text,
// OpenMetrics, the pipe dialect or wire frames, told apart by content.
//
//   frames       by their magic
//   pipe dialect by its first line
//   otherwise    text.  When it begins with a comment it is an exposition,
//                which is kept until its end and is OpenMetrics if it ends
//                with "# EOF".  When it begins with a sample it is a live
//                stream, taken line by line.
//
// One input, one decoder, one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/os/clock.h"
#include "libprom/store/text_input.h"
#include "libprom/store/writer.h"
#include "libprom/wire/frame.h"

namespace prom::store {

enum class InputFormat : std::uint8_t {
  kAuto,
  kText,
  kOpenMetrics,
  kPipe,
  kWire,
};
// "auto", "text", "openmetrics", "pipe", "wire".
Result<InputFormat> parse_input_format(std::string_view text);

struct DecoderOptions {
  InputFormat format = InputFormat::kAuto;
  // A live stream goes on behind damage, which is counted; otherwise damage
  // ends the input with an error.
  bool live = false;
  // An exposition that is kept until its end may not be longer.
  std::size_t whole_bytes_max = 1ULL << 30U;
};

struct DecoderCounters {
  std::uint64_t bad_lines = 0;
  std::uint64_t damaged_frames = 0;
  std::uint64_t skipped_rows = 0;  // of a stream that was entered midway
};

// What follows the bytes of an input.
enum class Follows : std::uint8_t {
  kMore,   // probably, and soon: a unit that may not be whole is left for later
  kPause,  // perhaps, but not now
  kEnd,    // nothing
};

class Decoder {
 public:
  Decoder(Writer& writer, os::Clock& clock, const DecoderOptions& options);

  // Takes what it can from the front of `bytes` and returns how much that is;
  // the caller offers the rest again with more behind it.  kIo and kBusy: the
  // writer could not commit; the same bytes can be offered again later.  Other
  // errors end the input.
  Result<std::size_t> feed(std::string_view bytes, Follows follows);

  // Bytes that were taken and are held back until the end of the input.
  [[nodiscard]] std::size_t held_bytes() const { return whole_.size(); }
  // Bytes that must be offered at once for feed to go on; 0: any more.
  [[nodiscard]] std::size_t bytes_wanted() const { return bytes_wanted_; }
  [[nodiscard]] DecoderCounters counters() const;
  // "": a complete input, as far as its format can say.
  [[nodiscard]] std::string cut() const;

 private:
  enum class Mode : std::uint8_t { kUndecided, kWire, kLines, kWhole };
  bool decide(std::string_view bytes, bool end);
  void force(InputFormat format);
  Result<std::size_t> feed_wire(std::string_view bytes, bool end);
  Result<std::size_t> feed_lines(std::string_view bytes, Follows follows);
  Result<std::size_t> feed_whole(std::string_view bytes, bool end);
  Status deliver_frames();
  Status take(const wire::Frame& frame);

  Writer& writer_;
  const DecoderOptions options_;
  Mode mode_ = Mode::kUndecided;
  exposition::Format format_ = exposition::Format::kText;
  std::optional<exposition::Format> whole_format_;  // nullopt: by content
  TextInput text_;
  wire::Reader reader_;
  std::vector<wire::Frame> frames_;  // decoded, not all taken yet
  std::size_t frames_taken_ = 0;
  std::size_t frames_bytes_ = 0;  // of input that they came from
  std::string whole_;
  std::size_t bytes_wanted_ = 0;
  bool started_ = false;
  DecoderCounters counters_;
};

}  // namespace prom::store
