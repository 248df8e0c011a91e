#include "libprom/tsdb/output_file.h"

#include <utility>

namespace prom::tsdb {
namespace {

constexpr std::size_t kBufferBytes = 256U << 10U;

}  // namespace

Result<OutputFile> OutputFile::create(os::FileSystem& files,
                                      const std::string& path) {
  auto file = files.open(path, os::OpenMode::kCreate);
  if (!file) return fail(std::move(file).error());
  return OutputFile(std::move(*file));
}

Status OutputFile::append(std::string_view bytes) {
  buffer_ += bytes;
  return buffer_.size() >= kBufferBytes ? flush() : Status();
}

Status OutputFile::flush() {
  Status written = file_->write_at(written_, as_bytes(buffer_));
  if (!written) return written;
  written_ += buffer_.size();
  buffer_.clear();
  return {};
}

Status OutputFile::finish() {
  if (Status flushed = flush(); !flushed) return flushed;
  return file_->sync();
}

}  // namespace prom::tsdb
