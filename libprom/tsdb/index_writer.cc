#include "libprom/tsdb/index_writer.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "libprom/base/checksum.h"
#include "libprom/tsdb/big_endian.h"

namespace prom::tsdb {
namespace {

constexpr std::uint64_t kSectionBytesMax = 0xFFFFFFFFULL;
constexpr std::size_t kPostingsAlignment = 4;

// A section whose length is known before it is written.
class Section {
 public:
  static Result<Section> begin(OutputFile& out, std::uint64_t size) {
    if (size > kSectionBytesMax)
      return fail(Code::kLimit, "index section of more than 4 GiB");
    std::string length;
    append_be(length, static_cast<std::uint32_t>(size));
    if (Status written = out.append(length); !written)
      return fail(std::move(written).error());
    return Section(out);
  }
  Status append(std::string_view bytes) {
    crc_ = crc32c(bytes, crc_);
    return out_->append(bytes);
  }
  Status end() {
    std::string crc;
    append_be(crc, crc_);
    return out_->append(crc);
  }

 private:
  explicit Section(OutputFile& out) : out_(&out) {}
  OutputFile* out_;
  std::uint32_t crc_ = 0;
};

Status align(OutputFile& out, std::size_t alignment) {
  const std::uint64_t over = out.size() % alignment;
  if (over == 0) return {};
  return out.append(
      std::string(static_cast<std::size_t>(alignment - over), '\0'));
}

void append_text(std::string& out, std::string_view text) {
  append_varint(out, text.size());
  out += text;
}

std::size_t varint_bytes(std::uint64_t value) {
  std::size_t bytes = 1;
  for (; value >= 0x80; value >>= 7U) ++bytes;
  return bytes;
}
std::uint64_t text_bytes(std::string_view text) {
  return varint_bytes(text.size()) + text.size();
}

std::string encode_chunks(const std::vector<ChunkMeta>& chunks) {
  std::string out;
  append_varint(out, chunks.size());
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    const ChunkMeta& chunk = chunks[i];
    const auto min = static_cast<std::uint64_t>(chunk.range.min_ms);
    const auto length = static_cast<std::uint64_t>(chunk.range.max_ms) - min;
    if (i == 0) {
      append_signed_varint(out, chunk.range.min_ms);
      append_varint(out, length);
      append_varint(out, chunk.ref);
    } else {
      const ChunkMeta& before = chunks[i - 1];
      append_varint(out, min - static_cast<std::uint64_t>(before.range.max_ms));
      append_varint(out, length);
      append_signed_varint(out,
                           static_cast<std::int64_t>(chunk.ref - before.ref));
    }
  }
  return out;
}

// Reads back what was staged, an entry at a time.
class StagedReader {
 public:
  StagedReader(os::File& file, std::uint64_t size) : file_(file), size_(size) {}

  // Valid until the next call.  REQUIRES: there is a next one.
  Result<Bytes> next() {
    auto length = take(sizeof(std::uint32_t));
    if (!length) return length;
    return take(load_le<std::uint32_t>(length->data()));
  }

 private:
  static constexpr std::size_t kReadBytes = 1U << 20U;

  Result<Bytes> take(std::size_t count) {
    if (at_ + count > buffer_.size()) {
      buffer_.erase(buffer_.begin(),
                    buffer_.begin() + static_cast<std::ptrdiff_t>(at_));
      at_ = 0;
      const std::size_t kept = buffer_.size();
      buffer_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(
          std::max(count, kReadBytes), kept + (size_ - offset_))));
      const auto read =
          file_.read_at(offset_, std::span(buffer_).subspan(kept));
      if (!read) return fail(read.error());
      offset_ += *read;
      if (kept + *read < count)
        return fail(Code::kIo, file_.path() + ": shorter than it was written");
    }
    const Bytes taken = Bytes(buffer_).subspan(at_, count);
    at_ += count;
    return taken;
  }

  os::File& file_;
  std::uint64_t size_;
  std::uint64_t offset_ = 0;
  std::vector<std::byte> buffer_;
  std::size_t at_ = 0;
};

}  // namespace

Result<IndexWriter> IndexWriter::create(os::FileSystem& files,
                                        const std::string& staging) {
  auto staged = OutputFile::create(files, staging);
  if (!staged) return fail(std::move(staged).error());
  return IndexWriter(std::move(*staged));
}

std::uint32_t IndexWriter::intern(std::string_view text) {
  const auto known = symbol_ids_.find(text);
  if (known != symbol_ids_.end()) return known->second;
  const auto id = static_cast<std::uint32_t>(symbols_.size());
  symbol_ids_.emplace(symbols_.emplace_back(text), id);
  return id;
}

std::uint32_t IndexWriter::pair_of(const LabelView& label) {
  const std::uint32_t name = intern(label.name);
  const std::uint32_t value = intern(label.value);
  const auto next = static_cast<std::uint32_t>(pairs_.size());
  const auto [at, is_new] =
      pair_ids_.try_emplace((std::uint64_t{name} << 32U) | value, next);
  if (is_new) pairs_.push_back({.name = name, .value = value});
  return at->second;
}

Status IndexWriter::add(const Labels& labels,
                        const std::vector<ChunkMeta>& chunks) {
  std::string entry(sizeof(std::uint32_t), '\0');
  append_varint(entry, labels.size());
  for (const LabelView& label : labels) {
    const std::uint32_t pair = pair_of(label);
    ++pairs_[pair].count;
    ++pair_uses_;
    append_varint(entry, pair);
  }
  entry += encode_chunks(chunks);
  if (entry.size() > kSectionBytesMax)
    return fail(Code::kLimit, "series with more than 4 GiB of chunk entries");
  store_le(entry.data(),
           static_cast<std::uint32_t>(entry.size() - sizeof(std::uint32_t)));
  ++series_;
  return staged_.append(entry);
}

Status IndexWriter::finish(os::FileSystem& files, const std::string& path) {
  if (Status flushed = staged_.flush(); !flushed) return flushed;
  auto created = OutputFile::create(files, path);
  if (!created) return fail(std::move(created).error());
  OutputFile& out = *created;
  std::string header;
  append_be(header, kIndexMagic);
  header += '\x02';
  if (Status written = out.append(header); !written) return written;

  std::string contents;
  const auto begins = [&] { append_be(contents, out.size()); };
  begins();
  if (Status written = write_symbols(out); !written) return written;
  begins();
  if (Status written = write_series(out); !written) return written;
  // No label indices and no table of them: it points at the next table.
  begins();
  const std::uint64_t postings = out.size();
  if (Status written = write_postings(out); !written) return written;
  begins();
  append_be(contents, postings);
  begins();
  if (Status written = write_table(out); !written) return written;
  append_be(contents, crc32c(contents));
  if (Status written = out.append(contents); !written) return written;
  return out.finish();
}

Status IndexWriter::write_symbols(OutputFile& out) {
  std::vector<std::uint32_t> order(symbols_.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::sort(order, {}, [this](std::uint32_t id) -> std::string_view {
    return symbols_[id];
  });
  std::uint64_t size = sizeof(std::uint32_t);
  for (const std::string& symbol : symbols_) size += text_bytes(symbol);
  auto section = Section::begin(out, size);
  if (!section) return fail(std::move(section).error());
  std::string bytes;
  append_be(bytes, static_cast<std::uint32_t>(order.size()));
  if (Status written = section->append(bytes); !written) return written;
  ordinals_.resize(order.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) {
    ordinals_[order[i]] = i;
    bytes.clear();
    append_text(bytes, symbols_[order[i]]);
    if (Status written = section->append(bytes); !written) return written;
  }
  return section->end();
}

Status IndexWriter::write_series(OutputFile& out) {
  pair_order_.resize(pairs_.size());
  std::iota(pair_order_.begin(), pair_order_.end(), 0U);
  std::ranges::sort(pair_order_, {}, [this](std::uint32_t pair) {
    return std::pair(ordinals_[pairs_[pair].name],
                     ordinals_[pairs_[pair].value]);
  });
  places_.resize(pairs_.size());
  std::uint64_t place = 0;
  for (const std::uint32_t pair : pair_order_) {
    places_[pair] = place;
    place += pairs_[pair].count;
  }
  postings_.resize(static_cast<std::size_t>(pair_uses_));
  all_.reserve(static_cast<std::size_t>(series_));

  StagedReader staged(staged_.file(), staged_.size());
  std::string content;
  std::string framed;
  for (std::uint64_t i = 0; i < series_; ++i) {
    if (Status aligned = align(out, kSeriesAlignment); !aligned) return aligned;
    if (out.size() >= kIndexBytesMax)
      return fail(Code::kLimit, "index of more than 64 GiB");
    const auto id = static_cast<SeriesId>(out.size() / kSeriesAlignment);
    all_.push_back(id);
    const auto entry = staged.next();
    if (!entry) return fail(entry.error());
    ByteReader in(*entry);
    const std::uint64_t labels = in.varint();
    content.clear();
    append_varint(content, labels);
    for (std::uint64_t j = 0; j < labels; ++j) {
      const auto pair = static_cast<std::uint32_t>(in.varint());
      append_varint(content, ordinals_[pairs_[pair].name]);
      append_varint(content, ordinals_[pairs_[pair].value]);
      postings_[static_cast<std::size_t>(places_[pair]++)] = id;
    }
    content += as_text(in.take(in.remaining()));
    framed.clear();
    append_varint(framed, content.size());
    framed += content;
    append_be(framed, crc32c(content));
    if (Status written = out.append(framed); !written) return written;
  }
  return {};
}

Status IndexWriter::write_postings(OutputFile& out) {
  std::string bytes;
  const auto write = [&](std::span<const SeriesId> ids) -> Status {
    if (Status aligned = align(out, kPostingsAlignment); !aligned)
      return aligned;
    offsets_.push_back(out.size());
    auto section =
        Section::begin(out, (std::uint64_t{ids.size()} + 1) * sizeof(SeriesId));
    if (!section) return fail(std::move(section).error());
    bytes.clear();
    bytes.reserve((ids.size() + 1) * sizeof(SeriesId));
    append_be(bytes, static_cast<std::uint32_t>(ids.size()));
    for (const SeriesId id : ids) append_be(bytes, id);
    if (Status written = section->append(bytes); !written) return written;
    return section->end();
  };
  offsets_.reserve(pairs_.size() + 1);
  if (Status written = write(all_); !written) return written;
  std::span<const SeriesId> rest(postings_);
  for (const std::uint32_t pair : pair_order_) {
    if (Status written = write(rest.first(pairs_[pair].count)); !written)
      return written;
    rest = rest.subspan(pairs_[pair].count);
  }
  return {};
}

Status IndexWriter::write_table(OutputFile& out) {
  const auto entry_of = [this](std::size_t i) {
    std::string entry;
    append_varint(entry, 2);
    append_text(entry, i == 0 ? "" : name(pairs_[pair_order_[i - 1]]));
    append_text(entry, i == 0 ? "" : value(pairs_[pair_order_[i - 1]]));
    append_varint(entry, offsets_[i]);
    return entry;
  };
  std::uint64_t size = sizeof(std::uint32_t);
  for (std::size_t i = 0; i < offsets_.size(); ++i) size += entry_of(i).size();
  auto section = Section::begin(out, size);
  if (!section) return fail(std::move(section).error());
  std::string count;
  append_be(count, static_cast<std::uint32_t>(offsets_.size()));
  if (Status written = section->append(count); !written) return written;
  for (std::size_t i = 0; i < offsets_.size(); ++i) {
    if (Status written = section->append(entry_of(i)); !written) return written;
  }
  return section->end();
}

}  // namespace prom::tsdb
