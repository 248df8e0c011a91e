#include <lz4.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <memory>

#include "libprom/base/checksum.h"
#include "libprom/base/utf8.h"
#include "libprom/wire/extras.h"
#include "libprom/wire/format_internal.h"
#include "libprom/wire/frame.h"

namespace prom::wire {
namespace {

std::unexpected<Error> corrupt(std::string_view what) {
  return fail(Code::kCorrupt, std::string(what));
}

bool begins_with(Bytes bytes, std::string_view text) {
  return as_text(bytes).starts_with(text);
}

// Whether more bytes could make `bytes` begin with `text`.
bool may_become(Bytes bytes, std::string_view text) {
  return bytes.size() < text.size() && text.starts_with(as_text(bytes));
}

// Checked before anything is allocated.
Status check_header(Bytes bytes) {
  const std::size_t length = load_le<std::uint32_t>(bytes.data() + kLengthAt);
  if (length > kFrameBytesMax)
    return fail(Code::kLimit, "frame of " + std::to_string(length) +
                                  " bytes, the limit is " +
                                  std::to_string(kFrameBytesMax));
  const auto flags = std::to_integer<std::uint8_t>(bytes[kFlagsAt]);
  if ((flags & ~kCompressed) != 0 ||
      load_le<std::uint16_t>(bytes.data() + kReservedAt) != 0)
    return corrupt("frame with unknown flags");
  return {};
}

Status inflate(std::string_view packed, std::string& into) {
  ByteReader in(packed);
  const std::size_t size = in.fixed<std::uint32_t>();
  if (!in.ok() || size > kFrameBytesMax || size > packed.size() * kRatioMax)
    return corrupt("compressed frame with an impossible size");
  into.resize(size);
  const Bytes block = in.take(in.remaining());
  const int got = LZ4_decompress_safe(as_text(block).data(), into.data(),
                                      static_cast<int>(block.size()),
                                      static_cast<int>(size));
  if (got < 0 || static_cast<std::size_t>(got) != size)
    return corrupt("compressed frame does not decompress");
  return {};
}

// Label sets reach people and JSON, so they are checked to be text here.
bool read_label_set(ByteReader& in, Labels& into) {
  const std::string_view encoded = in.text();
  if (!in.ok() || !Labels::decode(encoded, into)) return false;
  return std::ranges::all_of(into, [](const LabelView& label) {
    return is_valid_utf8(label.name) && is_valid_utf8(label.value);
  });
}
bool read_labels(ByteReader& in, Labels& into) {
  return read_label_set(in, into) && !into.empty();
}

std::int64_t read_time(ByteReader& in, std::int64_t before_ms) {
  return static_cast<std::int64_t>(
      static_cast<std::uint64_t>(before_ms) +
      static_cast<std::uint64_t>(unzigzag(in.varint())));
}

Status decode_exemplars(ByteReader in, std::vector<Frame>& frames) {
  ExemplarFrame exemplars;
  const std::uint64_t count = in.varint();
  std::int64_t t_ms = 0;
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    ExemplarFrame::Item& item = exemplars.items.emplace_back();
    if (!read_labels(in, item.series) || !read_label_set(in, item.labels))
      return corrupt("exemplars: bad labels");
    item.t_ms = t_ms = read_time(in, t_ms);
    item.value = in.fixed<double>();
  }
  if (!in.ok() || !in.done()) return corrupt("exemplars: malformed");
  frames.emplace_back(std::move(exemplars));
  return {};
}

Status decode_metadata(ByteReader in, std::vector<Frame>& frames) {
  MetadataFrame metadata;
  const std::uint64_t count = in.varint();
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    MetadataFrame::Item& item = metadata.items.emplace_back();
    for (std::string* field :
         {&item.family, &item.type, &item.help, &item.unit}) {
      *field = in.text();
      if (!is_valid_utf8(*field)) return corrupt("metadata: invalid UTF-8");
    }
  }
  if (!in.ok() || !in.done()) return corrupt("metadata: malformed");
  frames.emplace_back(std::move(metadata));
  return {};
}

// Writes the changed values over `values`, which has `columns` of them.
bool apply_changes(ByteReader& in, std::span<double> values) {
  const Bytes bitmap = in.take((values.size() + 7) / 8);
  if (!in.ok()) return false;
  for (std::size_t byte = 0; byte < bitmap.size(); ++byte) {
    auto changed = std::to_integer<unsigned>(bitmap[byte]);
    for (; changed != 0; changed &= changed - 1) {
      const std::size_t column =
          byte * 8 + static_cast<std::size_t>(std::countr_zero(changed));
      if (column >= values.size()) return false;
      values[column] = in.fixed<double>();
    }
  }
  return in.ok();
}

}  // namespace

struct Reader::RowHead {
  std::uint64_t source = 0;
  std::uint32_t version = 0;
  std::uint64_t fingerprint = 0;
  std::uint64_t sequence = 0;
  std::int64_t t_ms = 0;
  std::uint32_t values_crc = 0;
  std::uint64_t distance = 0;  // to the row that it changes; 0: whole
  std::uint64_t columns = 0;
};

bool is_wire(Bytes first_bytes) {
  if (begins_with(first_bytes, kFrameMarker)) return true;
  // PROMWIRE may be somebody's metric; the zero byte behind it is no text.
  return begins_with(first_bytes, kMagic) &&
         (first_bytes.size() <= kMagic.size() + 1 ||
          std::to_integer<unsigned>(first_bytes[kMagic.size() + 1]) == 0);
}

Reader::Reader(Find find) : find_(std::move(find)) {}

void Reader::begin_stream() {
  sources_.clear();
  columns_kept_ = 0;
  pending_.reset();
  frames_ = 0;
  from_beginning_ = true;
  finished_ = false;
}

std::size_t Reader::frame_bytes(Bytes bytes) {
  if (may_become(bytes, kMagic) || begins_with(bytes, kMagic))
    return bytes.empty() ? 0 : kStreamHeaderBytes;
  if (bytes.size() < kFrameHeaderBytes) return 0;
  const std::size_t length = load_le<std::uint32_t>(bytes.data() + kLengthAt);
  return kFrameHeaderBytes + std::min(length, kFrameBytesMax);
}

std::size_t Reader::next_boundary(Bytes bytes) {
  for (std::size_t at = 1; at < bytes.size(); ++at) {
    const Bytes rest = bytes.subspan(at);
    for (const std::string_view start : {kFrameMarker, kMagic}) {
      if (begins_with(rest, start) || may_become(rest, start)) return at;
    }
  }
  return bytes.size();
}

Result<std::size_t> Reader::read(Bytes bytes, std::vector<Frame>& frames) {
  std::size_t consumed = 0;
  decoded_bytes_ = 0;
  while (consumed < bytes.size() && decoded_bytes_ < kDecodedBytesMax) {
    const std::size_t frames_before = frames.size();
    Result<std::size_t> one = read_one(bytes.subspan(consumed), frames);
    if (!one) {
      frames.resize(frames_before);
      // What was read is taken first; the next call begins at the damage.
      if (consumed > 0) break;
      from_beginning_ = false;
      return fail(std::move(one).error());
    }
    if (*one == 0) break;
    consumed += *one;
  }
  return consumed;
}

// Returns 0 when the frame is not complete yet.
Result<std::size_t> Reader::read_one(Bytes bytes, std::vector<Frame>& frames) {
  if (may_become(bytes, kMagic) || may_become(bytes, kFrameMarker)) return 0;
  if (begins_with(bytes, kMagic)) {
    if (bytes.size() < kStreamHeaderBytes) return 0;
    if (crc32c(bytes.first(12)) != load_le<std::uint32_t>(bytes.data() + 12))
      return corrupt("stream header: bad checksum");
    if (load_le<std::uint16_t>(bytes.data() + 8) != kFormatVersion)
      return fail(Code::kBadData, "stream of a version that is not known");
    begin_stream();
    return kStreamHeaderBytes;
  }
  if (!begins_with(bytes, kFrameMarker)) return corrupt("no frame begins here");
  if (bytes.size() < kFrameHeaderBytes) return 0;
  if (Status ok = check_header(bytes); !ok) return fail(std::move(ok).error());
  const std::size_t length = load_le<std::uint32_t>(bytes.data() + kLengthAt);
  const std::size_t size = kFrameHeaderBytes + length;
  if (bytes.size() < size) return 0;
  const Bytes payload = bytes.subspan(kFrameHeaderBytes, length);
  if (crc32c(payload, crc32c(bytes.first(kCrcAt))) !=
      load_le<std::uint32_t>(bytes.data() + kCrcAt))
    return corrupt("frame: bad checksum");
  std::string_view content = as_text(payload);
  if (std::to_integer<std::uint8_t>(bytes[kFlagsAt]) == kCompressed) {
    if (Status ok = inflate(content, scratch_); !ok)
      return fail(std::move(ok).error());
    content = scratch_;
  }
  // Label sets and texts take several times their encoded size.
  decoded_bytes_ += 8 * content.size();
  const auto type = std::to_integer<std::uint8_t>(bytes[kTypeAt]);
  if (Status ok = decode(type, content, frames); !ok)
    return fail(std::move(ok).error());
  ++frames_;
  return size;
}

Status Reader::decode(std::uint8_t type, std::string_view payload,
                      std::vector<Frame>& frames) {
  const ByteReader in(payload);
  finished_ = false;
  if (type == kLayoutFrame) return decode_layout(in, frames);
  // The frames of one layout stand together.
  pending_.reset();
  switch (type) {
    case kRowFrame:
      return decode_row(in, frames);
    case kLooseFrame:
      return decode_loose(in, frames);
    case kMetadataFrame:
      return decode_metadata(in, frames);
    case kExemplarFrame:
      return decode_exemplars(in, frames);
    case kTrailerFrame: {
      if (payload.size() != sizeof(std::uint64_t))
        return corrupt("trailer: malformed");
      const auto count = load_le<std::uint64_t>(payload.data());
      if (from_beginning_ && count != frames_)
        return corrupt("trailer counts " + std::to_string(count) +
                       " frames, there were " + std::to_string(frames_));
      finished_ = true;
      frames.emplace_back(Trailer{count});
      return {};
    }
    default:
      if (type >= kOptionalFrames) return {};
      return corrupt("frame of unknown type " + std::to_string(type));
  }
}

Status Reader::decode_layout(ByteReader in, std::vector<Frame>& frames) {
  Pending part;
  part.layout.source = in.fixed<std::uint64_t>();
  part.layout.version = in.fixed<std::uint32_t>();
  part.fingerprint = in.fixed<std::uint64_t>();
  part.total = in.varint();
  const std::uint64_t first = in.varint();
  const std::uint64_t count = in.varint();
  if (!in.ok() || first > part.total || count > part.total - first)
    return corrupt("layout: malformed");
  if (part.total > kColumnsMax)
    return fail(Code::kLimit, "layout of " + std::to_string(part.total) +
                                  " series, the limit is " +
                                  std::to_string(kColumnsMax));
  if (first == 0) {
    pending_ = std::move(part);
  } else if (!pending_ || pending_->layout.source != part.layout.source ||
             pending_->fingerprint != part.fingerprint ||
             pending_->total != part.total ||
             pending_->layout.series.size() != first) {
    // The front of it was not seen; it will be repeated.
    pending_.reset();
    return {};
  }
  std::vector<Labels>& series = pending_->layout.series;
  for (std::uint64_t i = 0; i < count; ++i) {
    if (!read_labels(in, series.emplace_back())) {
      pending_.reset();
      return corrupt("layout: bad labels");
    }
  }
  if (!in.done()) return corrupt("layout: bytes left over");
  if (series.size() < pending_->total) return {};
  Pending whole = std::move(*pending_);
  pending_.reset();
  if (fingerprint(whole.layout.series) != whole.fingerprint)
    return corrupt("layout: its fingerprint differs");
  const auto known = sources_.find(whole.layout.source);
  const bool repeated = known != sources_.end() && known->second.has_layout &&
                        known->second.version == whole.layout.version &&
                        known->second.fingerprint == whole.fingerprint;
  if (repeated) return {};
  if (Status ok = keep_layout(whole); !ok) return ok;
  frames.emplace_back(std::move(whole.layout));
  return {};
}

Status Reader::keep_layout(const Pending& layout) {
  Result<Source*> found = source_of(layout.layout.source);
  if (!found) return fail(std::move(found).error());
  Source& source = **found;
  columns_kept_ -= source.kept();
  const bool asked = source.asked;
  source = Source{};
  source.asked = asked;
  source.version = layout.layout.version;
  source.fingerprint = layout.fingerprint;
  source.columns = layout.total;
  source.has_layout = true;
  return {};
}

Result<Reader::Source*> Reader::source_of(std::uint64_t source) {
  const auto found = sources_.find(source);
  if (found != sources_.end()) return &found->second;
  if (sources_.size() >= kSourcesMax)
    return fail(Code::kLimit,
                "more than " + std::to_string(kSourcesMax) + " sources");
  return &sources_[source];
}

void Reader::ask_owner(std::uint64_t id, Source& source) {
  if (source.asked || !find_) return;
  source.asked = true;
  std::optional<Kept> kept = find_(id);
  if (!kept || kept->columns > kColumnsMax) return;
  if (source.has_layout && (source.fingerprint != kept->fingerprint ||
                            source.version != kept->version))
    return;
  source.version = kept->version;
  source.fingerprint = kept->fingerprint;
  source.columns = kept->columns;
  source.has_layout = true;
  if (source.has_row || !kept->last ||
      kept->last->values.size() != kept->columns)
    return;
  source.has_row = true;
  source.sequence = kept->last->sequence;
  source.values = std::move(kept->last->values);
  source.starts = std::move(kept->last->starts);
  columns_kept_ += source.kept();
}

bool Reader::know_layout(const RowHead& head, Source& source) {
  const auto fits = [&] {
    return source.has_layout && source.version == head.version &&
           source.fingerprint == head.fingerprint;
  };
  if (!fits()) ask_owner(head.source, source);
  return fits();
}

Status Reader::decode_row(ByteReader in, std::vector<Frame>& frames) {
  RowHead head;
  head.source = in.fixed<std::uint64_t>();
  head.version = in.fixed<std::uint32_t>();
  head.fingerprint = in.fixed<std::uint64_t>();
  head.sequence = in.fixed<std::uint64_t>();
  head.t_ms = in.fixed<std::int64_t>();
  head.values_crc = in.fixed<std::uint32_t>();
  head.distance = in.varint();
  head.columns = in.varint();
  if (!in.ok() || head.columns > kColumnsMax) return corrupt("row: malformed");
  Result<Source*> found = source_of(head.source);
  if (!found) return fail(std::move(found).error());
  Source& source = **found;
  const auto skip = [&](Skipped::Reason reason) -> Status {
    frames.emplace_back(Skipped{head.source, head.sequence, reason});
    return {};
  };
  if (!know_layout(head, source)) return skip(Skipped::Reason::kUnknownLayout);
  if (source.columns != head.columns)
    return corrupt("row: not as wide as its layout");
  Row row{head.source, head.version, head.sequence, head.t_ms, {}, {}, {}};
  if (head.distance == 0) {
    const Bytes raw = in.take(head.columns * sizeof(double));
    if (!in.ok()) return corrupt("row: malformed");
    row.values.resize(head.columns);
    if (!raw.empty()) std::memcpy(row.values.data(), raw.data(), raw.size());
  } else {
    if (!source.has_row) ask_owner(head.source, source);
    if (!source.has_row || source.sequence != head.sequence - head.distance)
      return skip(Skipped::Reason::kUnknownRow);
    row.values = source.values;
    row.starts = source.starts;
    if (!apply_changes(in, row.values)) return corrupt("row: malformed");
  }
  Extras extras;
  if (!read_extras(in, row.t_ms, row.values, extras))
    return corrupt("row: malformed histograms or starts");
  change_starts(row.starts, extras.starts);
  row.histograms = std::move(extras.histograms);
  if (starts_crc(row.starts, crc32c(std::as_bytes(std::span(row.values)))) !=
      head.values_crc) {
    if (head.distance == 0)
      return corrupt("row: its values differ from its checksum");
    // The frame is sound, so the row that it changes was another one.
    source.has_row = false;
    return skip(Skipped::Reason::kUnknownRow);
  }
  decoded_bytes_ += 8 * head.columns + extras.memory_bytes;
  if (Status kept = keep_row(row, source); !kept) return kept;
  frames.emplace_back(std::move(row));
  return {};
}

Status Reader::keep_row(const Row& row, Source& source) {
  columns_kept_ -= source.kept();
  source.has_row = false;
  source.values = row.values;
  source.starts = row.starts;
  columns_kept_ += source.kept();
  if (columns_kept_ > kColumnsKeptMax)
    return fail(Code::kLimit, "rows of more than " +
                                  std::to_string(kColumnsKeptMax) +
                                  " series in all");
  source.has_row = true;
  source.sequence = row.sequence;
  return {};
}

Status Reader::decode_loose(ByteReader in, std::vector<Frame>& frames) {
  Loose loose;
  loose.source = in.fixed<std::uint64_t>();
  loose.sequence = in.fixed<std::uint64_t>();
  const std::uint64_t count = in.varint();
  std::int64_t t_ms = 0;
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    Loose::Item& item = loose.items.emplace_back();
    if (!read_labels(in, item.labels)) return corrupt("loose: bad labels");
    item.t_ms = t_ms = read_time(in, t_ms);
    item.value = in.fixed<double>();
  }
  std::vector<double> values;
  if (!in.done()) {
    for (const Loose::Item& item : loose.items) values.push_back(item.value);
  }
  Extras extras;
  if (!in.ok() || !read_extras(in, 0, values, extras))
    return corrupt("loose: malformed");
  for (const StartCell& start : extras.starts)
    loose.items[start.column].start_ms = start.start_ms;
  for (HistogramCell& cell : extras.histograms) {
    Loose::Item& item = loose.items[cell.column];
    item.histogram =
        std::make_shared<const FloatHistogram>(std::move(cell.histogram));
  }
  decoded_bytes_ += extras.memory_bytes;
  frames.emplace_back(std::move(loose));
  return {};
}

}  // namespace prom::wire
