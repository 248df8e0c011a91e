#include "libprom/store/row_codec.h"

#include <algorithm>
#include <array>
#include <bit>
#include <vector>

#include "libprom/store/format.h"

namespace prom::store {
namespace {

constexpr unsigned kAbsentControl = 0xFF;

std::size_t blocks_of(std::size_t columns) {
  return (columns + kBlockColumns - 1) / kBlockColumns;
}
std::size_t words_of(std::size_t columns) {
  return (blocks_of(columns) + 63) / 64;
}

struct Trimmed {
  unsigned control;
  unsigned size;
  std::uint64_t bytes;
};

// REQUIRES: difference != 0.
Trimmed trim(std::uint64_t difference) {
  const auto low = static_cast<unsigned>(std::countr_zero(difference)) / 8;
  const auto high = static_cast<unsigned>(std::countl_zero(difference)) / 8;
  const unsigned size = 8 - low - high;
  return {.control = low | (size - 1) << 4U,
          .size = size,
          .bytes = difference >> (low * 8)};
}

// One block's differences; false when there are none.
bool encode_block(std::span<const std::uint64_t> bits,
                  std::span<const std::uint64_t> reference, std::string& out) {
  std::uint64_t bitmap = 0;
  std::array<char, kBlockColumns> controls;        // NOLINT: filled below
  std::array<char, kBlockColumns * 8 + 8> values;  // NOLINT: filled below
  std::size_t count = 0;
  std::size_t size = 0;
  for (std::size_t i = 0; i < bits.size(); ++i) {
    const std::uint64_t before = i < reference.size() ? reference[i] : 0;
    if (bits[i] == before) continue;
    bitmap |= 1ULL << i;
    if (bits[i] == kAbsentBits) {
      controls[count++] = static_cast<char>(kAbsentControl);
      continue;
    }
    const Trimmed trimmed = trim(bits[i] ^ before);
    controls[count++] = static_cast<char>(trimmed.control);
    store_le(values.data() + size, trimmed.bytes);
    size += trimmed.size;
  }
  if (bitmap == 0) return false;
  append_le(out, bitmap);
  out.append(controls.data(), count);
  out.append(values.data(), size);
  return true;
}

// What a control byte says, looked up: `mask` takes the significant bytes out
// of eight, `size` is 0 for a byte that encode_row does not write.
struct Shape {
  std::uint64_t mask = 0;
  std::uint8_t shift = 0;
  std::uint8_t size = 0;
};
constexpr std::array<Shape, 256> make_shapes() {
  std::array<Shape, 256> shapes{};
  for (unsigned control = 0; control < kAbsentControl; ++control) {
    const unsigned low = control & 0xFU;
    const unsigned size = (control >> 4U) + 1;
    if (low + size > 8) continue;
    shapes[control] = {.mask = ~0ULL >> (64 - size * 8),
                       .shift = static_cast<std::uint8_t>(low * 8),
                       .size = static_cast<std::uint8_t>(size)};
  }
  return shapes;
}
constexpr std::array<Shape, 256> kShapes = make_shapes();

const Shape& shape_of(std::byte control) {
  return kShapes[std::to_integer<unsigned>(control)];
}
bool is_absent(std::byte control) {
  return std::to_integer<unsigned>(control) == kAbsentControl;
}

// Reads one value and moves the cursor; false when it does not fit.
bool read_value(std::byte control, const std::byte*& at, const std::byte* end,
                std::uint64_t& value) {
  const Shape& shape = shape_of(control);
  if (shape.size == 0) {
    value = kAbsentBits;
    return is_absent(control);
  }
  std::uint64_t bytes = 0;
  if (end - at >= 8) {
    bytes = load_le<std::uint64_t>(at) & shape.mask;
  } else if (end - at >= shape.size) {
    std::memcpy(&bytes, at, shape.size);
  } else {
    return false;
  }
  value ^= bytes << shape.shift;
  at += shape.size;
  return true;
}

}  // namespace

void encode_row(std::span<const std::uint64_t> bits,
                std::span<const std::uint64_t> reference, std::string& out) {
  const std::size_t start = out.size();
  const std::size_t blocks = blocks_of(bits.size());
  const std::size_t words = words_of(bits.size());
  std::string data;
  std::vector<std::uint64_t> changed(words);
  std::vector<std::uint32_t> offsets;
  data.reserve(bits.size());
  for (std::size_t b = 0; b < blocks; ++b) {
    const std::size_t first = b * kBlockColumns;
    const std::size_t count = std::min(kBlockColumns, bits.size() - first);
    const auto before = reference.subspan(std::min(first, reference.size()));
    const auto offset = static_cast<std::uint32_t>(data.size());
    if (!encode_block(bits.subspan(first, count), before, data)) continue;
    changed[b / 64] |= 1ULL << (b % 64);
    offsets.push_back(offset);
  }
  const std::size_t directory = words * 8 + offsets.size() * 4;
  out.reserve(start + directory + data.size());
  for (const std::uint64_t word : changed) append_le(out, word);
  for (const std::uint32_t offset : offsets)
    append_le(out, static_cast<std::uint32_t>(directory + offset));
  out += data;
}

RowDecoder::RowDecoder(Bytes body, std::uint32_t columns)
    : begin_(body.data()),
      end_(body.data() + body.size()),
      columns_(columns),
      words_(words_of(columns)) {}

const std::byte* RowDecoder::find(std::size_t block, bool& ok) const {
  const auto size = static_cast<std::size_t>(end_ - begin_);
  if (size < words_ * 8 || block >= blocks_of(columns_)) {
    ok = block >= blocks_of(columns_);
    return nullptr;
  }
  const std::size_t word = block / 64;
  const auto bits = load_le<std::uint64_t>(begin_ + word * 8);
  if ((bits >> (block % 64) & 1U) == 0) return nullptr;
  std::size_t rank = 0;
  for (std::size_t i = 0; i < word; ++i)
    rank += static_cast<std::size_t>(
        std::popcount(load_le<std::uint64_t>(begin_ + i * 8)));
  rank += static_cast<std::size_t>(
      std::popcount(bits & ((1ULL << (block % 64)) - 1)));
  const std::size_t slot = words_ * 8 + rank * 4;
  ok = slot + 4 <= size;
  if (!ok) return nullptr;
  const std::size_t offset = load_le<std::uint32_t>(begin_ + slot);
  ok = offset <= size && size - offset >= 8;
  return ok ? begin_ + offset : nullptr;
}

bool RowDecoder::block(std::size_t block,
                       std::span<std::uint64_t> values) const {
  bool ok = true;
  const std::byte* const start = find(block, ok);
  if (start == nullptr) return ok;
  auto bitmap = load_le<std::uint64_t>(start);
  const std::byte* control = start + 8;
  const auto count = std::popcount(bitmap);
  if (end_ - control < count) return false;
  const std::byte* at = control + count;
  if (static_cast<std::size_t>(std::bit_width(bitmap)) > values.size())
    return false;
  for (; bitmap != 0; bitmap &= bitmap - 1) {
    const auto i = static_cast<std::size_t>(std::countr_zero(bitmap));
    if (!read_value(*control++, at, end_, values[i])) return false;
  }
  return true;
}

bool RowDecoder::column(std::size_t column, std::uint64_t& value) const {
  bool ok = true;
  const std::byte* const start = find(column / kBlockColumns, ok);
  if (start == nullptr) return ok;
  const auto bitmap = load_le<std::uint64_t>(start);
  const std::size_t bit = column % kBlockColumns;
  if ((bitmap >> bit & 1U) == 0) return true;
  const std::byte* control = start + 8;
  const auto count = std::popcount(bitmap);
  if (end_ - control < count) return false;
  std::size_t skip = 0;
  for (auto before = std::popcount(bitmap & ((1ULL << bit) - 1)); before > 0;
       --before) {
    const auto one = std::to_integer<unsigned>(*control++);
    skip += one == kAbsentControl ? 0 : (one >> 4U) + 1;
  }
  const std::byte* at = start + 8 + count;
  if (static_cast<std::size_t>(end_ - at) < skip) return false;
  at += skip;
  return read_value(*control, at, end_, value);
}

}  // namespace prom::store
