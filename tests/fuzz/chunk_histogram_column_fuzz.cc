// Histogram columns from anywhere: what decodes is valid, agrees with the sums
// and counts alone, and is encoded and read again without loss of a count.
//
// Input: u16 number of histograms, then the bytes.
#include <bit>
#include <cstdlib>
#include <string>
#include <vector>

#include "libprom/chunk/histogram_column.h"

namespace {

using prom::FloatHistogram;
using prom::chunk::HistogramColumn;
using prom::chunk::kOverread;
using Histograms = std::deque<FloatHistogram>;

// One call may unpack 32 M buckets; a fuzzer has no memory for that.
constexpr std::size_t kHistogramsMax = 300;

std::uint64_t bits(double value) {
  return std::bit_cast<std::uint64_t>(value);
}

void check_alone(const HistogramColumn& column, const Histograms& decoded) {
  std::vector<std::uint64_t> sums(decoded.size());
  std::vector<std::uint64_t> counts(decoded.size());
  if (!column.decode_sums(0, sums.size(), sums.data()) ||
      !column.decode_counts(0, counts.size(), counts.data()))
    std::abort();
  for (std::size_t i = 0; i < decoded.size(); ++i) {
    if (!decoded[i].validate() || sums[i] != bits(decoded[i].sum) ||
        counts[i] != bits(decoded[i].count))
      std::abort();
  }
}

void check_again(const Histograms& decoded) {
  std::vector<const FloatHistogram*> pointers;
  pointers.reserve(decoded.size());
  for (const FloatHistogram& each : decoded) pointers.push_back(&each);
  prom::chunk::ValueEncoder encoder;
  std::string bytes;
  prom::chunk::encode_histograms(pointers, encoder, bytes);
  bytes.append(kOverread, '\x5a');
  const auto column = HistogramColumn::open(
      prom::as_bytes(bytes).first(bytes.size() - kOverread), decoded.size());
  Histograms again;
  if (!column || !column->decode(0, decoded.size(), again)) std::abort();
  for (std::size_t i = 0; i < decoded.size(); ++i) {
    if (bits(again[i].sum) != bits(decoded[i].sum) ||
        bits(again[i].count) != bits(decoded[i].count) ||
        again[i].positive_spans != decoded[i].positive_spans ||
        again[i].counter_reset_hint != decoded[i].counter_reset_hint)
      std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  if (size < 2) return 0;
  const std::size_t count = prom::load_le<std::uint16_t>(data) % kHistogramsMax;
  std::string input(reinterpret_cast<const char*>(data) + 2, size - 2);
  input.append(kOverread, '\x33');
  const auto column =
      HistogramColumn::open(prom::as_bytes(input).first(size - 2), count);
  if (!column) return 0;
  Histograms decoded;
  if (!column->decode(0, count, decoded)) {
    if (!decoded.empty()) std::abort();
    return 0;
  }
  check_alone(*column, decoded);
  check_again(decoded);
  return 0;
}
