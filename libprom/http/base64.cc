#include "libprom/http/base64.h"

#include <cstdint>

namespace prom::http {
namespace {

std::string encode(std::string_view bytes, std::string_view digits,
                   bool padded) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t bits = 0;
    for (std::size_t j = i; j < i + 3; ++j)
      bits = bits << 8U |
             (j < bytes.size() ? static_cast<unsigned char>(bytes[j]) : 0U);
    for (unsigned j = 0; j < 4; ++j) {
      if (i + j <= bytes.size()) {
        out += digits[bits >> (18 - 6 * j) & 63U];
      } else if (padded) {
        out += '=';
      }
    }
  }
  return out;
}

}  // namespace

std::string base64(std::string_view bytes) {
  return encode(
      bytes, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
      true);
}

std::string base64_url(std::string_view bytes) {
  return encode(
      bytes, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
      false);
}

}  // namespace prom::http
