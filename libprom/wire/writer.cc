#include <lz4.h>

#include <algorithm>
#include <bit>
#include <cassert>
#include <memory>

#include "libprom/base/checksum.h"
#include "libprom/wire/extras.h"
#include "libprom/wire/format_internal.h"
#include "libprom/wire/frame.h"

namespace prom::wire {
namespace {

// Below this LZ4 has nothing to find.
constexpr std::size_t kCompressBytesMin = 256;
// Of a histogram in a frame, for each unit of FloatHistogram::sample_weight().
constexpr std::size_t kWeightBytes = 16;

std::uint64_t bits(double value) {
  return std::bit_cast<std::uint64_t>(value);
}

std::string_view raw(const std::vector<double>& values) {
  return as_text(std::as_bytes(std::span(values)));
}

void append_labels(std::string& out, const Labels& labels) {
  append_varint(out, labels.encoded().size());
  out += labels.encoded();
}

void append_text(std::string& out, std::string_view text) {
  append_varint(out, text.size());
  out += text;
}

// Differences of times wrap round; the reader's sum wraps back.
void append_time(std::string& out, std::int64_t t_ms, std::int64_t before_ms) {
  append_varint(
      out,
      zigzag(static_cast<std::int64_t>(static_cast<std::uint64_t>(t_ms) -
                                       static_cast<std::uint64_t>(before_ms))));
}

// Appends one bit per column, set where `now` differs from `before`, and the
// values of the set bits.
void append_changes(std::string& out, const std::vector<double>& before,
                    const std::vector<double>& now) {
  const std::size_t columns = now.size();
  const std::size_t bitmap_at = out.size();
  const std::size_t bitmap_bytes = (columns + 7) / 8;
  // Room for the worst case, so that the loop only stores.
  out.resize(bitmap_at + bitmap_bytes + columns * sizeof(double));
  char* const bitmap = out.data() + bitmap_at;
  char* value = bitmap + bitmap_bytes;
  for (std::size_t first = 0; first < columns; first += 8) {
    unsigned changed = 0;
    const std::size_t end = std::min(columns, first + 8);
    for (std::size_t i = first; i < end; ++i) {
      const bool differs = bits(before[i]) != bits(now[i]);
      store_le(value, now[i]);
      value += differs ? sizeof(double) : 0;
      changed |= static_cast<unsigned>(differs) << (i - first);
    }
    bitmap[first / 8] = static_cast<char>(changed);
  }
  out.resize(static_cast<std::size_t>(value - out.data()));
}

}  // namespace

std::uint64_t fingerprint(const std::vector<Labels>& series) {
  std::string hashes;
  hashes.reserve(series.size() * sizeof(std::uint64_t));
  for (const Labels& labels : series) append_le(hashes, labels.hash());
  return hash64(hashes);
}

bool is_absent(double value) {
  return bits(value) == kAbsentBits;
}
double absent() {
  return std::bit_cast<double>(kAbsentBits);
}

Writer::Writer(std::string& out) : out_(out) {
  std::string header(kMagic);
  append_le<std::uint16_t>(header, kFormatVersion);
  append_le<std::uint16_t>(header, 0);
  append_le<std::uint32_t>(header, crc32c(header));
  out_ += header;
}

void Writer::write_frame(std::uint8_t type, std::string_view payload,
                         bool compress) {
  assert(payload.size() <= kFrameBytesMax);
  std::uint8_t flags = 0;
  if (compress && payload.size() >= kCompressBytesMin) {
    const int size = static_cast<int>(payload.size());
    scratch_.resize(sizeof(std::uint32_t) +
                    static_cast<std::size_t>(LZ4_compressBound(size)));
    store_le(scratch_.data(), static_cast<std::uint32_t>(size));
    const int packed = LZ4_compress_default(
        std::to_address(payload.begin()),
        scratch_.data() + sizeof(std::uint32_t), size, LZ4_compressBound(size));
    scratch_.resize(sizeof(std::uint32_t) + static_cast<std::size_t>(packed));
    if (packed > 0 && scratch_.size() < payload.size() / 8 * 7) {
      payload = scratch_;
      flags = kCompressed;
    }
  }
  std::string header(kFrameMarker);
  header += static_cast<char>(type);
  header += static_cast<char>(flags);
  append_le<std::uint16_t>(header, 0);
  append_le(header, static_cast<std::uint32_t>(payload.size()));
  append_le(header, crc32c(payload, crc32c(header)));
  out_ += header;
  out_ += payload;
  ++frames_;
}

void Writer::write(const Layout& layout) {
  assert(layout.series.size() <= kColumnsMax);
  Source& source = sources_[layout.source];
  source.version = layout.version;
  source.fingerprint = fingerprint(layout.series);
  source.values.clear();
  source.starts.clear();
  source.rows_until_layout = kRowsPerLayout;
  source.rows_until_whole = 0;
  const std::size_t begin = out_.size();
  const std::uint64_t frames_before = frames_;
  std::size_t first = 0;
  do {
    std::string part;
    std::size_t count = 0;
    while (first + count < layout.series.size() &&
           part.size() < kFrameBytesGood) {
      assert(!layout.series[first + count].empty());
      append_labels(part, layout.series[first + count++]);
    }
    payload_.clear();
    append_le(payload_, layout.source);
    append_le(payload_, layout.version);
    append_le(payload_, source.fingerprint);
    append_varint(payload_, layout.series.size());
    append_varint(payload_, first);
    append_varint(payload_, count);
    payload_ += part;
    write_frame(kLayoutFrame, payload_, true);
    first += count;
  } while (first < layout.series.size());
  source.layout_frames.assign(out_, begin);
  source.layout_frame_count =
      static_cast<std::uint32_t>(frames_ - frames_before);
}

void Writer::repeat_layout(Source& source) {
  out_ += source.layout_frames;
  frames_ += source.layout_frame_count;
  source.rows_until_layout = kRowsPerLayout;
  source.rows_until_whole = 0;
}

void Writer::write(const Row& row) {
  const auto found = sources_.find(row.source);
  assert(found != sources_.end());
  Source& source = found->second;
  assert(source.version == row.version);
  if (source.rows_until_layout == 0) repeat_layout(source);
  const bool whole =
      source.values.size() != row.values.size() || source.rows_until_whole == 0;
  payload_.clear();
  append_le(payload_, row.source);
  append_le(payload_, row.version);
  append_le(payload_, source.fingerprint);
  append_le(payload_, row.sequence);
  append_le(payload_, row.t_ms);
  append_le(payload_, starts_crc(row.starts, crc32c(raw(row.values))));
  append_varint(payload_, whole ? 0 : row.sequence - source.sequence);
  append_varint(payload_, row.values.size());
  if (whole) {
    payload_ += raw(row.values);
    source.rows_until_whole = kRowsPerWhole;
  } else {
    assert(row.sequence > source.sequence);
    append_changes(payload_, source.values, row.values);
  }
  std::vector<HistogramRef> histograms;
  histograms.reserve(row.histograms.size());
  for (const HistogramCell& cell : row.histograms)
    histograms.push_back({cell.column, &cell.histogram});
  if (whole) {
    append_extras(payload_, row.t_ms, row.starts, histograms);
  } else {
    append_extras(payload_, row.t_ms, changed_starts(source.starts, row.starts),
                  histograms);
  }
  write_frame(kRowFrame, payload_, whole || !histograms.empty());
  --source.rows_until_layout;
  --source.rows_until_whole;
  source.sequence = row.sequence;
  source.values = row.values;
  source.starts = row.starts;
}

std::uint64_t Writer::write(const Loose& loose) {
  std::uint64_t written = 0;
  std::size_t at = 0;
  while (at < loose.items.size()) {
    std::string part;
    std::uint64_t count = 0;
    std::int64_t t_before_ms = 0;
    std::vector<StartCell> starts;
    std::vector<HistogramRef> histograms;
    std::size_t weight = 0;
    for (; at < loose.items.size() &&
           part.size() + weight * kWeightBytes < kFrameBytesGood;
         ++at) {
      const Loose::Item& item = loose.items[at];
      const auto number = static_cast<std::uint32_t>(count);
      if (item.start_ms != 0) starts.push_back({number, item.start_ms});
      if (item.histogram) {
        histograms.push_back({number, item.histogram.get()});
        weight += item.histogram->sample_weight();
      }
      append_labels(part, item.labels);
      append_time(part, item.t_ms, t_before_ms);
      append_le(part, item.value);
      t_before_ms = item.t_ms;
      ++count;
    }
    payload_.clear();
    append_le(payload_, loose.source);
    append_le(payload_, loose.sequence + written);
    append_varint(payload_, count);
    payload_ += part;
    append_extras(payload_, 0, starts, histograms);
    write_frame(kLooseFrame, payload_, true);
    ++written;
  }
  return written;
}

void Writer::write(const MetadataFrame& metadata) {
  std::size_t at = 0;
  while (at < metadata.items.size()) {
    std::string part;
    std::uint64_t count = 0;
    for (; at < metadata.items.size() && part.size() < kFrameBytesGood; ++at) {
      const MetadataFrame::Item& item = metadata.items[at];
      append_text(part, item.family);
      append_text(part, item.type);
      append_text(part, item.help);
      append_text(part, item.unit);
      ++count;
    }
    payload_.clear();
    append_varint(payload_, count);
    payload_ += part;
    write_frame(kMetadataFrame, payload_, true);
  }
}

void Writer::write(const ExemplarFrame& exemplars) {
  std::size_t at = 0;
  while (at < exemplars.items.size()) {
    std::string part;
    std::uint64_t count = 0;
    std::int64_t t_before_ms = 0;
    for (; at < exemplars.items.size() && part.size() < kFrameBytesGood; ++at) {
      const ExemplarFrame::Item& item = exemplars.items[at];
      append_labels(part, item.series);
      append_labels(part, item.labels);
      append_time(part, item.t_ms, t_before_ms);
      append_le(part, item.value);
      t_before_ms = item.t_ms;
      ++count;
    }
    payload_.clear();
    append_varint(payload_, count);
    payload_ += part;
    write_frame(kExemplarFrame, payload_, true);
  }
}

void Writer::finish() {
  payload_.clear();
  append_le(payload_, frames_);
  write_frame(kTrailerFrame, payload_, false);
}

void Writer::resync() {
  for (auto& [id, source] : sources_) source.rows_until_layout = 0;
}

void Writer::forget(std::uint64_t source) {
  sources_.erase(source);
}

}  // namespace prom::wire
