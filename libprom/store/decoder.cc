#include "libprom/store/decoder.h"

#include <algorithm>
#include <array>
#include <utility>

#include "libprom/os/log.h"

namespace prom::store {
namespace {

// What it takes to tell frames from text.
constexpr std::size_t kWireSniffBytes = 12;
constexpr std::size_t kFirstLineMax = 65536;
// A piece of a stream, so that a batch stays small.
constexpr std::size_t kPieceBytes = 4ULL << 20U;
// Half of a pipe.  A scrape that is longer cannot be waited for: there may be
// no room for the rest of it before some of this is taken.
constexpr std::size_t kWaitBytesMax = 512ULL << 10U;
// Uncommitted frames beyond it are committed on the way.
constexpr std::size_t kFramesPerCommit = 4096;

constexpr std::array<std::pair<std::string_view, InputFormat>, 5> kFormats = {
    {{"auto", InputFormat::kAuto},
     {"text", InputFormat::kText},
     {"openmetrics", InputFormat::kOpenMetrics},
     {"pipe", InputFormat::kPipe},
     {"wire", InputFormat::kWire}}};

}  // namespace

Result<InputFormat> parse_input_format(std::string_view text) {
  for (const auto& [name, format] : kFormats) {
    if (name == text) return format;
  }
  return fail(Code::kUsage, "unknown format '" + std::string(text) +
                                "': auto, text, openmetrics, pipe or wire");
}

Decoder::Decoder(Writer& writer, os::Clock& clock,
                 const DecoderOptions& options)
    : writer_(writer),
      options_(options),
      text_(writer, clock),
      reader_([&writer](std::uint64_t source) { return writer.kept(source); }) {
  force(options.format);
}

void Decoder::force(InputFormat format) {
  switch (format) {
    case InputFormat::kAuto:
      break;
    case InputFormat::kText:
      mode_ = Mode::kLines;
      break;
    case InputFormat::kOpenMetrics:
      mode_ = Mode::kWhole;
      whole_format_ = exposition::Format::kOpenMetrics;
      break;
    case InputFormat::kPipe:
      mode_ = Mode::kLines;
      format_ = exposition::Format::kPipe;
      if (options_.live) text_.enter_midway();
      break;
    case InputFormat::kWire:
      mode_ = Mode::kWire;
      break;
  }
}

// False: more bytes are needed to tell.
bool Decoder::decide(std::string_view bytes, bool end) {
  if (bytes.size() < kWireSniffBytes && !end) return false;
  if (wire::is_wire(as_bytes(bytes))) {
    mode_ = Mode::kWire;
    return true;
  }
  const std::size_t newline = bytes.find('\n');
  if (newline == std::string_view::npos && !end && bytes.size() < kFirstLineMax)
    return false;
  std::string_view line = bytes.substr(0, newline);
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line == exposition::kPipeBegin) {
    mode_ = Mode::kLines;
    format_ = exposition::Format::kPipe;
  } else {
    mode_ = line.empty() || line.starts_with('#') ? Mode::kWhole : Mode::kLines;
  }
  return true;
}

Result<std::size_t> Decoder::feed(std::string_view bytes, Follows follows) {
  const bool end = follows == Follows::kEnd;
  started_ |= !bytes.empty();
  if (mode_ == Mode::kUndecided && !decide(bytes, end)) return 0U;
  switch (mode_) {
    case Mode::kWire:
      return feed_wire(bytes, end);
    case Mode::kWhole:
      return feed_whole(bytes, end);
    case Mode::kLines:
    case Mode::kUndecided:
      return feed_lines(bytes, follows);
  }
  return 0U;
}

// -- frames

Result<std::size_t> Decoder::feed_wire(std::string_view bytes, bool end) {
  // What an earlier call decoded and could not hand over.
  if (frames_.empty()) {
    const auto read = reader_.read(as_bytes(bytes), frames_);
    if (!read) {
      if (!options_.live) return fail(read.error());
      if (counters_.damaged_frames++ == 0)
        os::log_warn("damage in the stream skipped; more is only counted",
                     {{"reason", read.error().message}});
      return wire::Reader::next_boundary(as_bytes(bytes));
    }
    frames_bytes_ = *read;
    bytes_wanted_ = *read == 0 ? wire::Reader::frame_bytes(as_bytes(bytes)) : 0;
    if (*read == 0 && end && !bytes.empty()) {
      if (!options_.live) return fail(Code::kBadData, "the last frame is cut");
      ++counters_.damaged_frames;
      return bytes.size();
    }
  }
  if (Status done = deliver_frames(); !done) return fail(done.error());
  return std::exchange(frames_bytes_, 0);
}

Status Decoder::deliver_frames() {
  for (; frames_taken_ < frames_.size(); ++frames_taken_) {
    Status done = take(frames_[frames_taken_]);
    const bool full = !done && done.error().code == Code::kBusy;
    if (full || (frames_taken_ + 1) % kFramesPerCommit == 0) {
      if (Status committed = writer_.commit(); !committed) return committed;
      if (full) done = take(frames_[frames_taken_]);
    }
    if (done) continue;
    if (!options_.live || done.error().code != Code::kBadData) return done;
    if (counters_.damaged_frames++ == 0)
      os::log_warn("frame left out; more are only counted",
                   {{"reason", done.error().message}});
  }
  frames_.clear();
  frames_taken_ = 0;
  return {};
}

Status Decoder::take(const wire::Frame& frame) {
  if (std::holds_alternative<wire::Trailer>(frame)) return {};
  if (std::holds_alternative<wire::Skipped>(frame)) {
    if (counters_.skipped_rows++ == 0)
      os::log_warn("rows before their layout skipped; more are only counted");
    return {};
  }
  if (const auto* layout = std::get_if<wire::Layout>(&frame))
    return writer_.add(*layout);
  if (const auto* row = std::get_if<wire::Row>(&frame))
    return writer_.add(*row);
  if (const auto* loose = std::get_if<wire::Loose>(&frame))
    return writer_.add(*loose);
  if (const auto* exemplars = std::get_if<wire::ExemplarFrame>(&frame))
    return writer_.add(*exemplars);
  return writer_.add(std::get<wire::MetadataFrame>(frame));
}

// -- text

Result<std::size_t> Decoder::feed_lines(std::string_view bytes,
                                        Follows follows) {
  std::string_view piece = bytes.substr(0, kPieceBytes);
  const bool last = follows == Follows::kEnd && piece.size() == bytes.size();
  if (!last) {
    const std::size_t newline = piece.rfind('\n');
    if (newline == std::string_view::npos) {
      if (bytes.size() < kPieceBytes) return 0U;
      return fail(Code::kLimit, "a line of more than 4 MiB");
    }
    piece = piece.substr(0, newline + 1);
  }
  if (piece.empty()) return 0U;
  // A last line may lack its newline.
  std::string completed;
  std::string_view text = piece;
  if (!piece.ends_with('\n')) {
    completed = std::string(piece) + '\n';
    text = completed;
  }
  const bool full = bytes.size() >= kPieceBytes;
  using enum TextInput::Hold;
  auto hold = follows == Follows::kMore || (full && !last) ? kRun : kNothing;
  auto taken = text_.take_piece(text, format_, hold);
  if (taken && *taken == 0 && hold == kRun && text.size() >= kWaitBytesMax) {
    // What is one row should still not be cut.
    hold = kGroup;
    taken = text_.take_piece(text, format_, hold);
  }
  if (taken && *taken == 0 && full) {
    hold = kNothing;
    taken = text_.take_piece(text, format_, hold);
  }
  if (!taken && taken.error().code == Code::kBusy) {
    if (Status committed = writer_.commit(); !committed)
      return fail(committed.error());
    taken = text_.take_piece(text, format_, hold);
  }
  if (!taken) return taken;
  if (!options_.live && text_.bad_lines() > 0)
    return fail(Code::kBadData, std::to_string(text_.bad_lines()) +
                                    " malformed lines left out");
  return std::min(*taken, piece.size());
}

Result<std::size_t> Decoder::feed_whole(std::string_view bytes, bool end) {
  if (whole_.size() + bytes.size() > options_.whole_bytes_max)
    return fail(Code::kLimit, "an exposition of more than " +
                                  std::to_string(options_.whole_bytes_max) +
                                  " bytes");
  const std::size_t before = whole_.size();
  whole_ += bytes;
  if (!end) return bytes.size();
  const auto format = whole_format_.value_or(exposition::detect_format(whole_));
  Status done = text_.take_whole(whole_, format);
  if (!done && done.error().code == Code::kBusy) {
    done = writer_.commit();
    if (done) done = text_.take_whole(whole_, format);
    if (!done) whole_.resize(before);  // they will be offered again
  } else {
    whole_.clear();
  }
  if (!done) return fail(done.error());
  return bytes.size();
}

DecoderCounters Decoder::counters() const {
  DecoderCounters all = counters_;
  all.bad_lines = text_.bad_lines();
  return all;
}

std::string Decoder::cut() const {
  if (!started_) return "";
  if (mode_ == Mode::kWire && !reader_.finished())
    return "the stream ended without its trailer";
  if (mode_ == Mode::kLines && format_ == exposition::Format::kPipe &&
      !text_.ended())
    return "the stream ended without its last line";
  return "";
}

}  // namespace prom::store
