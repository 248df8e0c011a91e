// Addresses in answers, as labels show them: in Go's one way of writing each.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace prom::discover {

// "10.0.0.1", "2001:db8::1", an IPv4 address for "::ffff:10.0.0.1"; nullopt
// for what is no address.
std::optional<std::string> canonical_ip(std::string_view text);
// The network of "2001:db8::1/64": "2001:db8::/64".
std::optional<std::string> canonical_network(std::string_view text);

// Whether it is an IPv4 address, also one that is written as IPv6.
bool is_ipv4(std::string_view text);

}  // namespace prom::discover
