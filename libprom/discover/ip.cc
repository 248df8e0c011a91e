#include "libprom/discover/ip.h"

#include <arpa/inet.h>

#include <array>
#include <cstring>

#include "libprom/base/number.h"

namespace prom::discover {
namespace {

constexpr std::size_t kBytesMax = 16;

struct Ip {
  int family = AF_UNSPEC;
  std::array<unsigned char, kBytesMax> bytes{};

  [[nodiscard]] std::uint64_t bits() const {
    return family == AF_INET ? 32 : 128;
  }
  [[nodiscard]] std::string text() const {
    std::array<char, INET6_ADDRSTRLEN> text{};
    ::inet_ntop(family, bytes.data(), text.data(), text.size());
    return text.data();
  }
};

std::optional<Ip> parse(std::string_view text) {
  constexpr std::array<unsigned char, 12> kMapped = {0, 0, 0, 0, 0,    0,
                                                     0, 0, 0, 0, 0xff, 0xff};
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  const std::string copy(text);
  Ip ip;
  if (::inet_pton(AF_INET, copy.c_str(), ip.bytes.data()) == 1) {
    ip.family = AF_INET;
    return ip;
  }
  if (::inet_pton(AF_INET6, copy.c_str(), ip.bytes.data()) != 1)
    return std::nullopt;
  ip.family = AF_INET6;
  if (std::memcmp(ip.bytes.data(), kMapped.data(), kMapped.size()) == 0) {
    ip.family = AF_INET;
    std::memmove(ip.bytes.data(), ip.bytes.data() + kMapped.size(), 4);
  }
  return ip;
}

}  // namespace

std::optional<std::string> canonical_ip(std::string_view text) {
  const auto ip = parse(text);
  if (!ip) return std::nullopt;
  return ip->text();
}

std::optional<std::string> canonical_network(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  auto ip = parse(text.substr(0, slash));
  const auto prefix = parse_uint(text.substr(slash + 1));
  if (!ip || !prefix || *prefix > ip->bits()) return std::nullopt;
  for (std::size_t bit = *prefix; bit < ip->bits(); ++bit) {
    auto& byte = ip->bytes.at(bit / 8);
    byte = static_cast<unsigned char>(byte & ~(0x80U >> (bit % 8)));
  }
  return ip->text() + "/" + std::to_string(*prefix);
}

bool is_ipv4(std::string_view text) {
  const auto ip = parse(text);
  return ip && ip->family == AF_INET;
}

}  // namespace prom::discover
