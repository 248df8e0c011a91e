#include <utility>

#include "libprom/base/bytes.h"
#include "libprom/base/checksum.h"
#include "libprom/base/compression.h"
#include "libprom/http/client.h"
#include "libprom/scrape/recording.h"
#include "libprom/scrape/recording_internal.h"

namespace prom::scrape {
namespace {

constexpr std::size_t kWriteBytes = 1U << 20U;

RecordedFormat format_number(exposition::Format format) {
  switch (format) {
    case exposition::Format::kOpenMetrics:
      return RecordedFormat::kOpenMetrics;
    case exposition::Format::kProtobuf:
      return RecordedFormat::kProtobuf;
    default:
      return RecordedFormat::kText;
  }
}

}  // namespace

RecordingWriter::RecordingWriter(std::unique_ptr<os::File> file)
    : file_(std::move(file)), buffer_(kRecordingMagic) {}

Result<RecordingWriter> RecordingWriter::create(const std::string& path) {
  auto file = os::real_file_system().open(path, os::OpenMode::kCreate);
  if (!file) return fail(std::move(file).error());
  return RecordingWriter(*std::move(file));
}

Status RecordingWriter::write(std::uint64_t source, const std::string& job,
                              const config::Target& spec,
                              const RecordedScrape& scrape) {
  if (failed_) return {};
  const std::uint32_t number = number_of(source, job, spec);
  frame_ = static_cast<char>(FrameKind::kScrape);
  append_varint(frame_, number);
  append_varint(frame_,
                zigzag(scrape.t_ms - std::exchange(last_ms_, scrape.t_ms)));
  append_varint(frame_, static_cast<std::uint64_t>(scrape.duration_ns));
  if (scrape.error) {
    append_le(frame_, static_cast<std::uint8_t>(RecordedOutcome::kError));
    append_varint(frame_, scrape.error->message.size());
    frame_ += scrape.error->message;
  } else {
    append_le(frame_, static_cast<std::uint8_t>(RecordedOutcome::kBody));
    append_body(targets_.at(source), scrape);
  }
  append_frame();
  ++scrapes_;
  return buffer_.size() < kWriteBytes ? Status() : flush();
}

// A target that has changed is another one.
std::uint32_t RecordingWriter::number_of(std::uint64_t source,
                                         const std::string& job,
                                         const config::Target& spec) {
  const auto [at, is_new] = targets_.try_emplace(source);
  Known& known = at->second;
  if (!is_new && known.spec == spec) return known.number;
  history_bytes_ -= known.body.size();
  known = {.number = targets_made_++, .spec = spec, .body = {}};
  config::TargetSet set{.job = job, .targets = {spec}};
  set.targets[0].url = http::without_user_info(spec.url);
  frame_ = static_cast<char>(FrameKind::kTarget);
  frame_ += config::to_json(set);
  append_frame();
  return known.number;
}

void RecordingWriter::append_body(Known& known, const RecordedScrape& scrape) {
  const std::string& body = scrape.body;
  const bool uses_last = !known.body.empty() &&
                         known.body.size() + body.size() <= kPrefixedBytesMax;
  const std::uint64_t others = history_bytes_ - known.body.size();
  const bool becomes_last = !body.empty() && body.size() <= kPrefixedBytesMax &&
                            others + body.size() <= kHistoryBytesMax;
  append_le(frame_, static_cast<std::uint8_t>(format_number(scrape.format)));
  append_le(frame_,
            static_cast<std::uint8_t>((uses_last ? kUsesLastBody : 0U) |
                                      (becomes_last ? kBecomesLastBody : 0U)));
  append_varint(frame_, body.size());
  pack_zstd(body, uses_last ? std::string_view(known.body) : "", frame_);
  known.body = becomes_last ? body : std::string();
  history_bytes_ = others + known.body.size();
}

void RecordingWriter::append_frame() {
  append_le(buffer_, static_cast<std::uint32_t>(frame_.size()));
  append_le(buffer_, crc32c(frame_));
  buffer_ += frame_;
}

Status RecordingWriter::flush() {
  auto ok = file_->write_at(written_, as_bytes(buffer_));
  written_ += buffer_.size();
  buffer_.clear();
  failed_ = !ok;
  return ok;
}

void RecordingWriter::forget(std::uint64_t source) {
  const auto known = targets_.find(source);
  if (known == targets_.end()) return;
  history_bytes_ -= known->second.body.size();
  targets_.erase(known);
}

Status RecordingWriter::close() {
  if (failed_) return {};
  frame_ = static_cast<char>(FrameKind::kEnd);
  append_varint(frame_, scrapes_);
  append_frame();
  return flush();
}

}  // namespace prom::scrape
