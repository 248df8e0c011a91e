#include "libprom/block/ulid.h"

namespace prom::block {
namespace {

constexpr std::string_view kDigits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t kTextSize = 26;
constexpr unsigned kDigitBits = 5;
// 26 digits have two bits more than 16 bytes; they lead and are zero.
constexpr unsigned kSpareBits = 2;

// The value of a digit, or 32.  Small letters count as capitals.
unsigned digit_of(char c) {
  if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  const std::size_t at = kDigits.find(c);
  return at == std::string_view::npos ? 32U : static_cast<unsigned>(at);
}

}  // namespace

Ulid Ulid::make(std::int64_t t_ms, std::uint64_t random_high,
                std::uint64_t random_low) {
  Ulid id;
  const auto time = static_cast<std::uint64_t>(t_ms);
  for (unsigned i = 0; i < 6; ++i)
    id.bytes[i] = static_cast<std::uint8_t>(time >> (8 * (5 - i)));
  for (unsigned i = 0; i < 2; ++i)
    id.bytes[6 + i] = static_cast<std::uint8_t>(random_high >> (8 * (1 - i)));
  for (unsigned i = 0; i < 8; ++i)
    id.bytes[8 + i] = static_cast<std::uint8_t>(random_low >> (8 * (7 - i)));
  return id;
}

std::optional<Ulid> Ulid::parse(std::string_view text) {
  if (text.size() != kTextSize) return std::nullopt;
  Ulid id;
  for (std::size_t i = 0; i < kTextSize; ++i) {
    const unsigned digit = digit_of(text[i]);
    if (digit > 31 || (i == 0 && digit > 7)) return std::nullopt;
    for (unsigned bit = 0; bit < kDigitBits; ++bit) {
      if ((digit >> (kDigitBits - 1 - bit) & 1U) == 0) continue;
      const std::size_t at = i * kDigitBits + bit - kSpareBits;
      id.bytes[at / 8] =
          static_cast<std::uint8_t>(id.bytes[at / 8] | (0x80U >> (at % 8)));
    }
  }
  return id;
}

std::string Ulid::to_string() const {
  std::string text;
  for (std::size_t i = 0; i < kTextSize; ++i) {
    unsigned digit = 0;
    for (unsigned bit = 0; bit < kDigitBits; ++bit) {
      const std::size_t at = i * kDigitBits + bit;
      digit <<= 1U;
      if (at < kSpareBits) continue;
      const std::size_t from = at - kSpareBits;
      digit |= static_cast<unsigned>(bytes[from / 8]) >> (7 - from % 8) & 1U;
    }
    text += kDigits[digit];
  }
  return text;
}

std::int64_t Ulid::t_ms() const {
  std::int64_t time = 0;
  for (unsigned i = 0; i < 6; ++i) time = time << 8U | bytes[i];
  return time;
}

}  // namespace prom::block
