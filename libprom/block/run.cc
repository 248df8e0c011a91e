#include "libprom/block/run.h"

#include <algorithm>
#include <array>
#include <limits>

namespace prom::block {
namespace {

constexpr std::array<std::uint32_t, 5> kWidths = {0, 1, 2, 4, 8};
constexpr std::uint64_t kWidthMask = 7;

// As many numbers as compilers make straight vector code of.
constexpr std::size_t kStride = 64;

// `in` for numbers in [low, low + length], the other value for the rest.
template <typename T>
void filter_interval(const std::byte* data, T low, T length, std::uint8_t in,
                     std::span<std::uint8_t> keep) {
  const auto out = static_cast<std::uint8_t>(1 - in);
  const auto test = [&](const std::byte* from, std::uint8_t* into,
                        std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      const auto number = load_le<T>(from + i * sizeof(T));
      const bool hit = static_cast<T>(number - low) <= length;
      into[i] = static_cast<std::uint8_t>(into[i] & (hit ? in : out));
    }
  };
  std::size_t i = 0;
  for (; i + kStride <= keep.size(); i += kStride)
    test(data + i * sizeof(T), keep.data() + i, kStride);
  test(data + i * sizeof(T), keep.data() + i, keep.size() - i);
}

template <typename T>
bool filter_low_high(const RunView& run, const NumberSet& set,
                     std::span<std::uint8_t> keep) {
  constexpr std::uint64_t kEnd = std::uint64_t{1} << (8 * sizeof(T));
  const auto relative = [&](std::uint64_t number) {
    return std::min(number - std::min(number, run.base()), kEnd);
  };
  const std::uint64_t low = relative(set.low);
  const std::uint64_t high = relative(set.high);
  const bool nothing = low >= high;
  if (nothing || (low == 0 && high == kEnd)) {
    if (nothing == set.inverted) return true;
    std::ranges::fill(keep, std::uint8_t{0});
    return false;
  }
  filter_interval<T>(run.data(), static_cast<T>(low),
                     static_cast<T>(high - 1 - low), set.inverted ? 0 : 1,
                     keep);
  return true;
}

void filter_bits_1(const RunView& run, const NumberSet& set,
                   std::span<std::uint8_t> keep) {
  std::array<std::uint8_t, 256> wanted{};
  for (std::uint32_t i = 0; i < wanted.size(); ++i)
    wanted[i] = set.contains(run.base() + i) ? 1 : 0;
  for (std::size_t i = 0; i < keep.size(); ++i)
    keep[i] = keep[i] & wanted[std::to_integer<std::uint8_t>(run.data()[i])];
}

template <typename T>
void filter_bits(const RunView& run, const NumberSet& set,
                 std::span<std::uint8_t> keep) {
  const std::uint64_t end = set.bits.size() * 64;
  const std::uint64_t inverted = set.inverted ? 1 : 0;
  for (std::size_t i = 0; i < keep.size(); ++i) {
    const std::uint64_t number =
        run.base() + load_le<T>(run.data() + i * sizeof(T));
    const std::uint64_t bit =
        number < end ? set.bits[number / 64] >> (number % 64) & 1U : 0U;
    keep[i] = static_cast<std::uint8_t>(keep[i] & (bit ^ inverted));
  }
}

}  // namespace

Result<RunView> RunView::open(const CheckedFile& file, Run run,
                              std::uint32_t count) {
  RunView view;
  const std::uint64_t code = run.place & kWidthMask;
  const std::uint64_t offset = run.place >> 3U;
  if (code >= kWidths.size())
    return fail(file.damage(offset, "bad width of a run"));
  view.base_ = run.base;
  view.width_ = kWidths[code];
  if (view.width_ == 0) return view;
  const auto bytes =
      file.bytes(offset, static_cast<std::uint64_t>(count) * view.width_);
  if (!bytes) return fail(bytes.error());
  view.data_ = bytes->data();
  return view;
}

std::uint64_t RunView::get(std::uint32_t i) const {
  switch (width_) {
    case 1:
      return base_ + std::to_integer<std::uint8_t>(data_[i]);
    case 2:
      return base_ + load_le<std::uint16_t>(data_ + i * 2ULL);
    case 4:
      return base_ + load_le<std::uint32_t>(data_ + i * 4ULL);
    case 8:
      return base_ + load_le<std::uint64_t>(data_ + i * 8ULL);
    default:
      return base_;
  }
}

Run encode_run(std::span<const std::uint64_t> numbers, std::string& out) {
  const auto [low, high] = std::ranges::minmax(numbers);
  const std::uint64_t span = high - low;
  std::size_t code = 0;
  while (code < 4 && span >> (8 * kWidths[code]) != 0) ++code;
  const Run run{.base = low, .place = out.size() << 3U | code};
  for (const std::uint64_t number : numbers) {
    std::array<char, 8> raw{};
    store_le(raw.data(), number - low);
    out.append(raw.data(), kWidths[code]);
  }
  return run;
}

Result<RunTable> RunTable::open(const CheckedFile& file, Section section,
                                std::uint32_t count, std::uint32_t zone) {
  const std::uint64_t zones =
      (static_cast<std::uint64_t>(count) + zone - 1) / zone;
  if (section.size != zones * sizeof(Run))
    return fail(file.damage(section.offset, "bad size of a table of runs"));
  RunTable table;
  table.file_ = &file;
  table.offset_ = section.offset;
  table.count_ = count;
  table.zone_ = zone;
  return table;
}

Result<std::uint64_t> RunTable::get(std::uint32_t i) const {
  if (file_ == nullptr) return 0;
  const std::uint32_t zone = i / zone_;
  const auto bytes = file_->bytes(offset_ + zone * sizeof(Run), sizeof(Run));
  if (!bytes) return fail(bytes.error());
  const auto view = RunView::open(*file_, load_struct<Run>(bytes->data()),
                                  std::min(zone_, count_ - zone * zone_));
  if (!view) return fail(view.error());
  return view->get(i % zone_);
}

bool NumberSet::contains(std::uint64_t number) const {
  if (bits.empty()) return (number >= low && number < high) != inverted;
  const bool bit =
      number / 64 < bits.size() && (bits[number / 64] >> (number % 64) & 1U);
  return bit != inverted;
}

bool NumberSet::is_nothing() const {
  return bits.empty() && low >= high && !inverted;
}

bool NumberSet::is_everything() const {
  return bits.empty() && low >= high && inverted;
}

bool filter(const RunView& run, const NumberSet& set,
            std::span<std::uint8_t> keep) {
  const bool is_interval = set.bits.empty();
  switch (run.width()) {
    case 1:
      if (is_interval) return filter_low_high<std::uint8_t>(run, set, keep);
      filter_bits_1(run, set, keep);
      return true;
    case 2:
      if (is_interval) return filter_low_high<std::uint16_t>(run, set, keep);
      filter_bits<std::uint16_t>(run, set, keep);
      return true;
    case 4:
      if (is_interval) return filter_low_high<std::uint32_t>(run, set, keep);
      filter_bits<std::uint32_t>(run, set, keep);
      return true;
    case 8:
      for (std::uint32_t i = 0; i < keep.size(); ++i)
        if (!set.contains(run.get(i))) keep[i] = 0;
      return true;
    default:
      if (set.contains(run.base())) return true;
      std::ranges::fill(keep, std::uint8_t{0});
      return false;
  }
}

}  // namespace prom::block
