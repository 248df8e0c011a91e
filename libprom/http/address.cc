#include "libprom/http/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "libprom/base/number.h"

namespace prom::http {
namespace {

constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0,    0,
                                                  0, 0, 0, 0, 0xff, 0xff};
constexpr std::array<std::uint8_t, 12> kNat64 = {0, 0x64, 0xff, 0x9b, 0, 0,
                                                 0, 0,    0,    0,    0, 0};

bool begins_with(const Address& address,
                 const std::array<std::uint8_t, 12>& prefix) {
  return std::equal(prefix.begin(), prefix.end(), address.bytes.begin());
}

Address from_v4(const void* four_bytes) {
  Address address;
  std::copy(kMapped.begin(), kMapped.end(), address.bytes.begin());
  std::memcpy(address.bytes.data() + kMapped.size(), four_bytes, 4);
  return address;
}

Address from_v6(const void* sixteen_bytes) {
  Address address;
  std::memcpy(address.bytes.data(), sixteen_bytes, 16);
  if (begins_with(address, kNat64))
    return from_v4(address.bytes.data() + kNat64.size());
  return address;
}

}  // namespace

std::optional<Address> Address::parse(std::string_view text) {
  const std::string copy(text);  // inet_pton wants a terminator
  std::array<std::uint8_t, 16> raw{};
  if (::inet_pton(AF_INET, copy.c_str(), raw.data()) == 1)
    return from_v4(raw.data());
  if (::inet_pton(AF_INET6, copy.c_str(), raw.data()) == 1)
    return from_v6(raw.data());
  return std::nullopt;
}

std::optional<Address> Address::from(const ::sockaddr& socket_address) {
  if (socket_address.sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &socket_address, sizeof v4);
    return from_v4(&v4.sin_addr);
  }
  if (socket_address.sa_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &socket_address, sizeof v6);
    return from_v6(&v6.sin6_addr);
  }
  return std::nullopt;
}

std::string Address::to_string() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (begins_with(*this, kMapped)) {
    ::inet_ntop(AF_INET, bytes.data() + kMapped.size(), text.data(),
                text.size());
  } else {
    ::inet_ntop(AF_INET6, bytes.data(), text.data(), text.size());
  }
  return text.data();
}

Result<AddressRange> AddressRange::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto base = Address::parse(text.substr(0, slash));
  if (!base) {
    return fail(Code::kUsage,
                "\"" + std::string(text) + "\" is no address or range");
  }
  AddressRange range{.base = *base};
  if (slash == std::string_view::npos) return range;
  const bool is_v4 = text.find(':') == std::string_view::npos;
  const auto bits = parse_uint(text.substr(slash + 1));
  if (!bits || *bits > (is_v4 ? 32U : 128U)) {
    return fail(Code::kUsage,
                "\"" + std::string(text) + "\" has a bad prefix length");
  }
  range.prefix_bits = static_cast<unsigned>(*bits) + (is_v4 ? 96U : 0U);
  return range;
}

bool AddressRange::contains(const Address& address) const {
  const unsigned whole = prefix_bits / 8;
  if (!std::equal(base.bytes.begin(), base.bytes.begin() + whole,
                  address.bytes.begin()))
    return false;
  const unsigned rest = prefix_bits % 8;
  if (rest == 0) return true;
  const unsigned mask = 0xFFU << (8 - rest);
  return ((base.bytes.at(whole) ^ address.bytes.at(whole)) & mask & 0xFFU) == 0;
}

AddressPolicy::AddressPolicy() {
  for (const std::string_view range :
       {"169.254.0.0/16", "0.0.0.0/8", "224.0.0.0/4", "255.255.255.255",
        "fd00:ec2::254", "::", "ff00::/8"})
    (void)deny(range);
}

AddressPolicy AddressPolicy::allow_all() {
  AddressPolicy policy;
  policy.deny_.clear();
  return policy;
}

Status AddressPolicy::allow(std::string_view range) {
  auto parsed = AddressRange::parse(range);
  if (!parsed) return fail(std::move(parsed).error());
  allow_.push_back(*parsed);
  return {};
}

Status AddressPolicy::deny(std::string_view range) {
  auto parsed = AddressRange::parse(range);
  if (!parsed) return fail(std::move(parsed).error());
  deny_.push_back(*parsed);
  return {};
}

bool AddressPolicy::allows(const Address& address) const {
  const auto holds = [&](const AddressRange& range) {
    return range.contains(address);
  };
  return std::ranges::any_of(allow_, holds) ||
         std::ranges::none_of(deny_, holds);
}

}  // namespace prom::http
