#include <algorithm>
#include <utility>

#include "libprom/base/bytes.h"
#include "libprom/base/checksum.h"
#include "libprom/base/compression.h"
#include "libprom/scrape/recording.h"
#include "libprom/scrape/recording_internal.h"

namespace prom::scrape {
namespace {

constexpr std::size_t kReadBytes = 1U << 20U;

std::optional<exposition::Format> format_of(std::uint8_t number) {
  switch (static_cast<RecordedFormat>(number)) {
    case RecordedFormat::kText:
      return exposition::Format::kText;
    case RecordedFormat::kOpenMetrics:
      return exposition::Format::kOpenMetrics;
    case RecordedFormat::kProtobuf:
      return exposition::Format::kProtobuf;
  }
  return std::nullopt;
}

}  // namespace

RecordingReader::RecordingReader(std::unique_ptr<os::File> file)
    : file_(std::move(file)) {}

std::unexpected<Error> RecordingReader::corrupt(const std::string& what) const {
  return fail(Code::kCorrupt, file_->path() + ": " + what + " at byte " +
                                  std::to_string(frame_at_));
}

Result<RecordingReader> RecordingReader::open(const std::string& path) {
  auto file = os::real_file_system().open(path, os::OpenMode::kRead);
  if (!file) return fail(std::move(file).error());
  RecordingReader reader(*std::move(file));
  if (auto ok = reader.fill(kRecordingMagic.size()); !ok)
    return fail(std::move(ok).error());
  if (!std::string_view(reader.buffer_).starts_with(kRecordingMagic))
    return fail(Code::kBadData, path + ": no recording of prom-scrape");
  reader.buffer_at_ = kRecordingMagic.size();
  return reader;
}

// Has `size` bytes in the buffer from buffer_at_ on, or all that there are.
Status RecordingReader::fill(std::size_t size) {
  if (buffer_.size() - buffer_at_ >= size) return {};
  buffer_.erase(0, std::exchange(buffer_at_, 0));
  const std::size_t had = buffer_.size();
  buffer_.resize(std::max(size, kReadBytes));
  auto got = file_->read_at(
      file_at_, std::as_writable_bytes(std::span(buffer_).subspan(had)));
  buffer_.resize(had + got.value_or(0));
  if (!got) return fail(std::move(got).error());
  file_at_ += *got;
  return {};
}

Result<std::string_view> RecordingReader::next_frame() {
  frame_at_ = file_at_ - (buffer_.size() - buffer_at_);
  if (auto ok = fill(kFrameHeaderBytes); !ok)
    return fail(std::move(ok).error());
  if (buffer_.size() - buffer_at_ < kFrameHeaderBytes)
    return corrupt("the recording is cut off");
  const auto size = load_le<std::uint32_t>(buffer_.data() + buffer_at_);
  const auto crc = load_le<std::uint32_t>(buffer_.data() + buffer_at_ + 4);
  if (size == 0 || size > kFrameBytesMax) return corrupt("impossible size");
  if (auto ok = fill(kFrameHeaderBytes + size); !ok)
    return fail(std::move(ok).error());
  if (buffer_.size() - buffer_at_ < kFrameHeaderBytes + size)
    return corrupt("the recording is cut off");
  const std::string_view payload =
      std::string_view(buffer_).substr(buffer_at_ + kFrameHeaderBytes, size);
  buffer_at_ += kFrameHeaderBytes + size;
  if (crc32c(payload) != crc) return corrupt("damaged frame");
  return payload;
}

Result<bool> RecordingReader::next(RecordedScrape& into) {
  for (;;) {
    auto frame = next_frame();
    if (!frame) return fail(std::move(frame).error());
    const auto kind = static_cast<FrameKind>(frame->front());
    const std::string_view payload = frame->substr(1);
    if (kind == FrameKind::kScrape) {
      if (auto ok = read_scrape(payload, into); !ok)
        return fail(std::move(ok).error());
      ++scrapes_;
      return true;
    }
    if (kind == FrameKind::kEnd) {
      ByteReader reader(payload);
      if (reader.varint() != scrapes_ || !reader.ok() || !reader.done())
        return corrupt("scrapes are missing");
      return false;
    }
    if (kind != FrameKind::kTarget) return corrupt("unknown frame");
    if (auto ok = read_target(payload); !ok) return fail(std::move(ok).error());
  }
}

Status RecordingReader::read_target(std::string_view payload) {
  auto set = config::parse_target_set(payload);
  if (!set) return corrupt(set.error().message);
  if (set->targets.size() != 1 || targets_.size() >= kRecordedTargetsMax)
    return corrupt("bad target");
  targets_.push_back(
      {.job = std::move(set->job), .spec = std::move(set->targets[0])});
  bodies_.emplace_back();
  return {};
}

Status RecordingReader::read_scrape(std::string_view payload,
                                    RecordedScrape& into) {
  ByteReader reader(payload);
  const std::uint64_t target = reader.varint();
  const std::int64_t t_ms = last_ms_ + unzigzag(reader.varint());
  into.duration_ns = static_cast<std::int64_t>(reader.varint());
  const auto outcome = reader.fixed<std::uint8_t>();
  if (!reader.ok() || target >= targets_.size()) return corrupt("bad scrape");
  into.target = static_cast<std::uint32_t>(target);
  into.t_ms = last_ms_ = t_ms;
  into.error.reset();
  into.body.clear();
  if (outcome == static_cast<std::uint8_t>(RecordedOutcome::kError)) {
    const std::string_view message = reader.text();
    if (!reader.ok() || !reader.done()) return corrupt("bad scrape");
    into.error = Error{Code::kUnavailable, std::string(message)};
    return {};
  }
  const auto format = format_of(reader.fixed<std::uint8_t>());
  const auto flags = reader.fixed<std::uint8_t>();
  const std::uint64_t size = reader.varint();
  if (!reader.ok() || outcome != 0 || !format || flags > 3 ||
      size > kRecordedBodyBytesMax)
    return corrupt("bad scrape");
  into.format = *format;
  std::string& last = bodies_[target];
  if (auto ok = unpack_zstd(as_text(reader.take(reader.remaining())),
                            (flags & kUsesLastBody) != 0 ? last : "",
                            static_cast<std::size_t>(size), into.body);
      !ok)
    return corrupt(ok.error().message);
  history_bytes_ -= last.size();
  last.clear();
  if ((flags & kBecomesLastBody) != 0) last = into.body;
  history_bytes_ += last.size();
  if (history_bytes_ > kHistoryBytesMax) return corrupt("too many last bodies");
  return {};
}

}  // namespace prom::scrape
