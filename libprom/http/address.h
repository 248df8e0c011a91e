// Which network addresses a client may connect to.  A target, a redirect or a
// DNS answer may name any address: the cloud's metadata service, for one, hands
// out credentials to whoever asks from inside.  The check is made on the
// address that is connected to, after DNS, so a name cannot be rebound.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/base/result.h"

struct sockaddr;

namespace prom::http {

// An IPv4 or IPv6 address.  IPv4 is kept as ::ffff:a.b.c.d, and so are IPv4
// addresses that hide in IPv6: mapped, and NAT64 (64:ff9b::/96).
struct Address {
  std::array<std::uint8_t, 16> bytes{};

  static std::optional<Address> parse(std::string_view text);
  // nullopt for families other than IPv4 and IPv6.
  static std::optional<Address> from(const ::sockaddr& socket_address);
  [[nodiscard]] std::string to_string() const;
};

// "10.0.0.0/8", "fd00::/8", or one address.
struct AddressRange {
  Address base;
  unsigned prefix_bits = 128;

  static Result<AddressRange> parse(std::string_view text);
  [[nodiscard]] bool contains(const Address& address) const;
};

// Allowed unless denied; `allow` wins over `deny`.
class AddressPolicy {
 public:
  // Denies link-local IPv4 (with the metadata services of clouds), the IPv6
  // metadata service fd00:ec2::254, 0.0.0.0/8 and ::, multicast and broadcast.
  AddressPolicy();
  static AddressPolicy allow_all();

  // kUsage when `range` does not parse.
  Status allow(std::string_view range);
  Status deny(std::string_view range);
  [[nodiscard]] bool allows(const Address& address) const;

 private:
  std::vector<AddressRange> allow_;
  std::vector<AddressRange> deny_;
};

}  // namespace prom::http
