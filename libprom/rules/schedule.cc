#include "libprom/rules/schedule.h"

#include <string>

#include "libprom/base/checksum.h"

namespace prom::rules {
namespace {

// Upstream's encoding of a label set, whose xxhash64 it takes: lengths of 255
// and more are three bytes behind a 255.
void append_text(std::string& out, std::string_view text) {
  const std::size_t size = text.size();
  if (size < 255) {
    out += static_cast<char>(size);
  } else {
    out += '\xFF';
    for (const unsigned shift : {0U, 8U, 16U})
      out += static_cast<char>(size >> shift & 255U);
  }
  out += text;
}

}  // namespace

std::int64_t slot_before_ns(std::string_view file, std::string_view name,
                            std::int64_t interval_ms, std::int64_t now_ns) {
  std::string encoded;
  for (const std::string_view text :
       {std::string_view("file"), file, std::string_view("name"), name})
    append_text(encoded, text);
  const std::int64_t interval_ns = interval_ms * 1'000'000;
  const auto offset_ns = static_cast<std::int64_t>(
      xxh64(encoded) % static_cast<std::uint64_t>(interval_ns));
  // The offset is added after rounding down, and taken away before, so that
  // the slot is never in the future.
  const std::int64_t shifted = now_ns - offset_ns;
  return shifted - shifted % interval_ns + offset_ns;
}

}  // namespace prom::rules
