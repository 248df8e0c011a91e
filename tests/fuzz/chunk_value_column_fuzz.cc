// Value columns from anywhere, in two ways.  As a column: whatever decodes must
// decode the same on every machine, piece by piece as at once, and be joined
// and encoded again without loss.  As values: they come back.
//
// Input: u16 number of values, modulo 2048, then the bytes.
#include <bit>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "libprom/chunk/kernels.h"
#include "libprom/chunk/value_column.h"

namespace {

using prom::Bytes;
using prom::chunk::kOverread;
using prom::chunk::Machine;
using prom::chunk::ValueColumn;
using prom::chunk::ValueEncoder;
using Words = std::vector<std::uint64_t>;

// So that a constant column of a byte does not take all of the time.
constexpr std::size_t kValuesMax = 2048;

constexpr Machine kMachines[] = {Machine::kScalar, Machine::kAvx2,
                                 Machine::kAvx512};

// Decodes on every machine; false when all refuse.
bool decode(const ValueColumn& column, Words& words) {
  bool first = true;
  bool decoded = false;
  for (const Machine machine : kMachines) {
    if (prom::chunk::kernels_of(machine) == nullptr) continue;
    prom::chunk::use_machine(machine);
    Words mine(column.size());
    const bool well = column.decode(0, mine.size(), mine.data()).has_value();
    if (!first && (well != decoded || (well && mine != words))) std::abort();
    first = false;
    decoded = well;
    words = std::move(mine);
  }
  prom::chunk::use_machine(std::nullopt);
  return decoded;
}

void check_frames(const ValueColumn& column, const Words& words) {
  for (std::size_t i = 0; i < column.frame_count(); ++i) {
    const auto info = column.frame(i);
    if (!info) std::abort();
    Words frame(info->count);
    if (!column.decode(info->first, info->count, frame.data()) ||
        std::memcmp(frame.data(), words.data() + info->first,
                    frame.size() * sizeof(std::uint64_t)) != 0)
      std::abort();
  }
}

Words decoded(const std::string& bytes, std::size_t count) {
  const auto column = ValueColumn::open(
      prom::as_bytes(bytes).first(bytes.size() - kOverread), count);
  Words words;
  if (!column || !decode(*column, words)) std::abort();
  return words;
}

void check_values(const Words& words) {
  if (words.empty()) return;
  ValueEncoder encoder;
  std::string bytes;
  encoder.encode(words, bytes);
  bytes.append(kOverread, '\x5a');
  if (decoded(bytes, words.size()) != words) std::abort();
}

void check_column(Bytes bytes, std::size_t count) {
  const auto column = ValueColumn::open(bytes, count);
  if (!column) return;
  for (std::size_t i = 0; i < column->frame_count(); ++i)
    (void)column->frame(i);
  Words words;
  if (!decode(*column, words)) return;
  check_frames(*column, words);
  check_values(words);
  ValueEncoder encoder;
  std::string joined;
  if (!encoder.concatenate({{*column, *column, *column}}, joined)) std::abort();
  joined.append(kOverread, '\xa5');
  Words three = words;
  three.insert(three.end(), words.begin(), words.end());
  three.insert(three.end(), words.begin(), words.end());
  if (decoded(joined, three.size()) != three) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  if (size < 2) return 0;
  const std::size_t count = prom::load_le<std::uint16_t>(data) % kValuesMax;
  std::string input(reinterpret_cast<const char*>(data) + 2, size - 2);
  Words words(input.size() / sizeof(std::uint64_t));
  if (!words.empty()) std::memcpy(words.data(), input.data(), words.size() * 8);
  check_values(words);
  input.append(kOverread, '\x33');
  check_column(prom::as_bytes(input).first(size - 2), count);
  return 0;
}
