#include "libprom/block/output.h"

#include <algorithm>
#include <span>

#include "libprom/base/checksum.h"
#include "libprom/block/run.h"

namespace prom::block {
namespace {

// Written at once.
constexpr std::size_t kFlushBytes = 1U << 20U;

void append_sums(std::string_view pages, std::string& into) {
  for (; !pages.empty(); pages.remove_prefix(kPageBytes))
    append_le(into, crc32c(pages.substr(0, kPageBytes)));
}

void pad_page(std::string& bytes) {
  bytes.resize((bytes.size() + kPageBytes - 1) / kPageBytes * kPageBytes);
}

}  // namespace

Result<std::unique_ptr<Output>> Output::create(os::FileSystem& files,
                                               const std::string& path) {
  auto file = files.open(path, os::OpenMode::kCreate);
  if (!file) return fail(std::move(file).error());
  std::unique_ptr<Output> output(new Output());
  output->file_ = std::move(*file);
  output->buffer_.reserve(2 * kFlushBytes);
  return output;
}

Status Output::append(std::string_view bytes) {
  buffer_ += bytes;
  if (buffer_.size() < 2 * kFlushBytes) return {};
  // The last bytes stay: they are the likeliest to be compared.
  return flush((buffer_.size() - kFlushBytes) / kPageBytes * kPageBytes);
}

Result<Run> Output::append(std::span<const std::uint64_t> numbers) {
  scratch_.clear();
  Run run = encode_run(numbers, scratch_);
  run.place += offset() << 3U;
  if (Status status = append(scratch_); !status)
    return fail(std::move(status).error());
  return run;
}

Status Output::flush(std::size_t size) {
  const std::string_view pages = std::string_view(buffer_).substr(0, size);
  if (Status status = file_->write_at(buffer_offset_, as_bytes(pages)); !status)
    return status;
  append_sums(pages, sums_);
  buffer_.erase(0, size);
  buffer_offset_ += size;
  return {};
}

Result<bool> Output::holds(std::uint64_t offset, std::string_view bytes) {
  if (offset + bytes.size() > this->offset()) return false;
  if (offset >= buffer_offset_)
    return std::string_view(buffer_).substr(offset - buffer_offset_,
                                            bytes.size()) == bytes;
  const std::size_t written =
      std::min<std::uint64_t>(bytes.size(), buffer_offset_ - offset);
  scratch_.resize(written);
  const auto read = file_->read_at(
      offset, std::as_writable_bytes(std::span(scratch_.data(), written)));
  if (!read) return fail(read.error());
  return *read == written && bytes.starts_with(scratch_) &&
         buffer_.starts_with(bytes.substr(written));
}

Status Output::finish(Header& header, bool durable) {
  pad_page(buffer_);
  if (Status status = flush(buffer_.size()); !status) return status;
  header.pages = buffer_offset_ / kPageBytes;
  sums_.resize(sum_pages(header.pages) * kPageBytes);
  std::string tops;
  append_sums(sums_, tops);
  header.sums_crc = crc32c(tops);
  header.info.bytes = buffer_offset_ + sums_.size() + tops.size();
  for (const std::string* part : {&sums_, &tops}) {
    if (Status status = file_->write_at(buffer_offset_, as_bytes(*part));
        !status)
      return status;
    buffer_offset_ += part->size();
  }
  if (Status status = file_->write_at(0, as_bytes(encode_header(header)));
      !status)
    return status;
  return durable ? file_->sync() : Status();
}

}  // namespace prom::block
