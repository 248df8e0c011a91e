#include "libprom/tsdb/wal_reader.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "libprom/base/checksum.h"
#include "libprom/base/compression.h"
#include "libprom/tsdb/big_endian.h"

namespace prom::tsdb {
namespace {

constexpr std::size_t kHeaderBytes = 7;
constexpr std::size_t kBufferPages = 16;
constexpr std::string_view kCheckpoint = "checkpoint.";

// The type byte of a fragment.
constexpr unsigned kTypeMask = 7;
constexpr unsigned kPageEnd = 0;
constexpr unsigned kFull = 1;
constexpr unsigned kFirst = 2;
constexpr unsigned kMiddle = 3;
constexpr unsigned kLast = 4;
constexpr unsigned kSnappy = 8;
constexpr unsigned kZstd = 16;

std::optional<std::uint64_t> number_of(std::string_view name) {
  std::uint64_t number = 0;
  const char* const end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

struct Listing {
  std::vector<std::uint64_t> numbers;  // of segments
  std::vector<std::string> names;      // of the same
  std::optional<std::uint64_t> checkpoint;
  std::string checkpoint_name;
};

Result<Listing> list(const std::string& directory) {
  const auto entries = os::real_file_system().list(directory);
  if (!entries) return fail(entries.error());
  std::vector<std::pair<std::uint64_t, std::string>> segments;
  Listing listing;
  for (const os::DirectoryEntry& entry : *entries) {
    if (entry.is_directory) {
      if (!entry.name.starts_with(kCheckpoint)) continue;
      const auto number =
          number_of(std::string_view(entry.name).substr(kCheckpoint.size()));
      if (!number || (listing.checkpoint && *listing.checkpoint > *number))
        continue;
      listing.checkpoint = number;
      listing.checkpoint_name = entry.name;
    } else if (const auto number = number_of(entry.name)) {
      segments.emplace_back(*number, entry.name);
    }
  }
  std::ranges::sort(segments);
  for (auto& [number, name] : segments) {
    listing.numbers.push_back(number);
    listing.names.push_back(std::move(name));
  }
  return listing;
}

// Reading a directory is no snapshot of it.  Between a checkpoint and the first
// segment after it nothing is missing, unless the server made a newer one
// meanwhile; then it is seen by looking again.
Result<Listing> list_whole(const std::string& directory) {
  constexpr int kLooksMax = 3;
  for (int look = 1;; ++look) {
    auto listing = list(directory);
    if (!listing || !listing->checkpoint || look == kLooksMax) return listing;
    const auto next =
        std::ranges::upper_bound(listing->numbers, *listing->checkpoint);
    if (next == listing->numbers.end() || *next == *listing->checkpoint + 1)
      return listing;
  }
}

// A file that is gone since it was listed.
std::unexpected<Error> vanished(const Error& error) {
  return fail(error.code == Code::kMissing ? Code::kBusy : error.code,
              error.message);
}

Status open_segments(const std::string& directory, const Listing& listing,
                     std::uint64_t first, std::vector<WalSegment>& into) {
  for (std::size_t i = 0; i < listing.numbers.size(); ++i) {
    if (listing.numbers[i] < first) continue;
    WalSegment segment;
    segment.path = os::join_path(directory, listing.names[i]);
    segment.number = listing.numbers[i];
    auto file = os::real_file_system().open(segment.path, os::OpenMode::kRead);
    if (!file) return vanished(file.error());
    segment.file = std::move(*file);
    const auto size = segment.file->size();
    if (!size) return fail(size.error());
    segment.size = *size;
    into.push_back(std::move(segment));
  }
  return {};
}

}  // namespace

Result<std::vector<WalSegment>> open_wal(const std::string& directory) {
  std::vector<WalSegment> segments;
  const auto listing = list_whole(directory);
  if (!listing && listing.error().code == Code::kMissing) return segments;
  if (!listing) return fail(listing.error());
  std::uint64_t first = 0;
  if (listing->checkpoint) {
    const std::string checkpoint =
        os::join_path(directory, listing->checkpoint_name);
    const auto inside = list(checkpoint);
    if (!inside) return vanished(inside.error());
    if (Status opened = open_segments(checkpoint, *inside, 0, segments);
        !opened) {
      return fail(std::move(opened).error());
    }
    first = *listing->checkpoint + 1;
  }
  if (Status opened = open_segments(directory, *listing, first, segments);
      !opened) {
    return fail(std::move(opened).error());
  }
  if (!listing->numbers.empty() && !segments.empty() &&
      segments.back().number == listing->numbers.back()) {
    segments.back().is_last = true;
  }
  return segments;
}

std::unexpected<Error> WalReader::bad(const std::string& what) {
  at_ = std::min(segment_.size,
                 (fragment_at_ / kWalPageBytes + 1) * kWalPageBytes);
  return fail(Code::kCorrupt, segment_.path + ": " + what + " at " +
                                  std::to_string(fragment_at_));
}

// Has the page of at_ in the buffer, as far as the segment goes.
Status WalReader::fill() {
  if (at_ >= buffer_offset_ && at_ < buffer_offset_ + buffer_.size()) return {};
  buffer_offset_ = at_ / kWalPageBytes * kWalPageBytes;
  buffer_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(
      kBufferPages * kWalPageBytes, segment_.size - buffer_offset_)));
  const auto read = segment_.file->read_at(buffer_offset_, buffer_);
  if (!read) return fail(read.error());
  // Shorter than it was: cut by a repair.
  if (*read < buffer_.size())
    std::fill(buffer_.begin() + static_cast<std::ptrdiff_t>(*read),
              buffer_.end(), std::byte{0});
  return {};
}

Result<std::optional<WalReader::Fragment>> WalReader::next_fragment() {
  while (at_ < segment_.size) {
    if (Status filled = fill(); !filled) return fail(std::move(filled).error());
    fragment_at_ = at_;
    const std::size_t in_page =
        kWalPageBytes - static_cast<std::size_t>(at_ % kWalPageBytes);
    const Bytes all(buffer_);
    const Bytes rest =
        all.subspan(static_cast<std::size_t>(at_ - buffer_offset_));
    const Bytes page = rest.first(std::min(in_page, rest.size()));
    const auto type = std::to_integer<unsigned>(page[0]);
    if ((type & kTypeMask) == kPageEnd) {
      at_ += page.size();
      continue;
    }
    if (page.size() < kHeaderBytes) return bad("cut header of a record");
    const auto size = load_be<std::uint16_t>(page.data() + 1);
    if (page.size() - kHeaderBytes < size) return bad("cut record");
    const Bytes data = page.subspan(kHeaderBytes, size);
    if (load_be<std::uint32_t>(page.data() + 3) != crc32c(data))
      return bad("bad checksum of a record");
    at_ += kHeaderBytes + size;
    return Fragment{.type = type, .data = data};
  }
  return std::nullopt;
}

Result<std::optional<Bytes>> WalReader::next() {
  packed_.clear();
  bool has_begun = false;
  for (;;) {
    auto fragment = next_fragment();
    if (!fragment) {
      if (at_ >= segment_.size && segment_.is_last) return std::nullopt;
      return fail(std::move(fragment).error());
    }
    if (!*fragment) break;
    const unsigned type = (*fragment)->type & kTypeMask;
    const bool begins = type == kFull || type == kFirst;
    if (type > kLast || (begins && has_begun))
      return bad("bad order of records");
    // The rest of a record whose beginning was damaged.
    if (!begins && !has_begun) continue;
    has_begun = true;
    packed_ += as_text((*fragment)->data);
    if (packed_.size() > kWalRecordBytesMax) return bad("too large record");
    if (type == kFirst || type == kMiddle) continue;

    const unsigned flags = (*fragment)->type;
    if ((flags & (kSnappy | kZstd)) == 0) return as_bytes(packed_);
    const Status unpacked =
        (flags & kSnappy) != 0
            ? unpack_snappy(packed_, kWalRecordBytesMax, unpacked_)
            : unpack_zstd(packed_, kWalRecordBytesMax, unpacked_);
    if (!unpacked) return bad(unpacked.error().message);
    return as_bytes(unpacked_);
  }
  if (!has_begun || segment_.is_last) return std::nullopt;
  return bad("record without an end");
}

}  // namespace prom::tsdb
