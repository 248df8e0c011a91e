#include "libprom/store/spill_file.h"

#include <algorithm>
#include <cstring>

#include "libprom/store/unfinished.h"

namespace prom::store {

Status SpillFile::append(std::string_view bytes) {
  if (!file_ && size_ + bytes.size() <= kSpillMemoryBytes) {
    memory_ += bytes;
    size_ += bytes.size();
    return {};
  }
  if (!file_) {
    const std::string path = unfinished_name(directory_ + "/.spill", "-");
    // Left by a process that was killed just here.
    remove_unfinished(files_, directory_ + "/.spill", "-");
    auto file = files_.open(path, os::OpenMode::kCreate);
    if (!file) return fail(file.error());
    if (Status gone = files_.unlink(path); !gone) return gone;
    file_ = std::move(*file);
  }
  Status done = file_->write_at(size_ - memory_.size(), as_bytes(bytes));
  if (done) size_ += bytes.size();
  return done;
}

Status SpillFile::read_at(std::uint64_t offset,
                          std::span<std::byte> into) const {
  if (offset < memory_.size()) {
    const std::size_t n = std::min<std::size_t>(
        into.size(), memory_.size() - static_cast<std::size_t>(offset));
    std::memcpy(into.data(), memory_.data() + offset, n);
    into = into.subspan(n);
    offset += n;
  }
  if (into.empty()) return {};
  const auto got = file_->read_at(offset - memory_.size(), into);
  if (!got) return fail(got.error());
  if (*got != into.size()) return fail(Code::kIo, "the spill file is cut");
  return {};
}

}  // namespace prom::store
