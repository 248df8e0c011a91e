// Frames from anywhere.  Checksums keep a fuzzer out, so each input is tried
// as it is and with the checksums of its frames made right.
#include <cstdlib>
#include <string>
#include <vector>

#include "libprom/base/checksum.h"
#include "libprom/wire/frame.h"

namespace {

using prom::as_bytes;
using prom::wire::Frame;
using prom::wire::Reader;

constexpr std::size_t kHeaderBytes = 16;
constexpr std::size_t kCrcAt = 12;

std::string with_right_checksums(std::string input) {
  for (std::size_t at = 0; at + kHeaderBytes <= input.size();) {
    const std::string_view rest = std::string_view(input).substr(at);
    std::size_t size = kHeaderBytes;
    std::uint32_t crc = prom::crc32c(rest.substr(0, kCrcAt));
    if (rest.starts_with(prom::wire::kFrameMarker)) {
      size += prom::load_le<std::uint32_t>(rest.data() + 8);
      if (size > rest.size()) break;
      crc = prom::crc32c(rest.substr(kHeaderBytes, size - kHeaderBytes), crc);
    }
    prom::store_le(input.data() + at + kCrcAt, crc);
    at += size;
  }
  return input;
}

// Everything is read or refused, never both and never neither for ever.
std::vector<Frame> read(std::string_view input) {
  std::vector<Frame> frames;
  Reader reader;
  while (!input.empty()) {
    const std::size_t before = frames.size();
    const auto taken = reader.read(as_bytes(input), frames);
    if (!taken) {
      if (frames.size() != before) std::abort();
      const std::size_t skip = Reader::next_boundary(as_bytes(input));
      if (skip == 0) std::abort();
      input.remove_prefix(skip);
      continue;
    }
    if (*taken == 0) break;
    input.remove_prefix(*taken);
  }
  return frames;
}

// A row is as wide as the layout that came before it.
void check_widths(const std::vector<Frame>& frames) {
  std::vector<std::pair<std::uint64_t, std::size_t>> widths;
  for (const Frame& frame : frames) {
    if (const auto* layout = std::get_if<prom::wire::Layout>(&frame))
      widths.emplace_back(layout->source, layout->series.size());
    const auto* row = std::get_if<prom::wire::Row>(&frame);
    if (row == nullptr) continue;
    bool known = false;
    for (const auto& [source, width] : widths)
      known = known || (source == row->source && width == row->values.size());
    if (!known) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  check_widths(read(input));
  check_widths(read(with_right_checksums(input)));
  return 0;
}
