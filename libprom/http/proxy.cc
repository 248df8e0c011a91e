#include <cstdlib>

#include "libprom/http/headers_internal.h"
#include "libprom/http/proxy_internal.h"

namespace prom::http {
namespace {

std::string environment(const char* capitals, const char* small) {
  for (const char* name : {capitals, small})
    if (const char* value = std::getenv(name);
        value != nullptr && *value != '\0')
      return value;
  return "";
}

bool is_loopback(const Address& address) {
  for (const std::string_view range : {"127.0.0.0/8", "::1"})
    if (AddressRange::parse(range)->contains(address)) return true;
  return false;
}

// Takes ":8080" off the end of an entry; nullopt when it has another port.
std::optional<std::string_view> without_port(std::string_view entry,
                                             const std::string& port) {
  const std::size_t colon = entry.rfind(':');
  const bool has_port =
      colon != std::string_view::npos &&
      (entry.find(':') == colon || (colon > 0 && entry[colon - 1] == ']'));
  if (has_port) {
    if (entry.substr(colon + 1) != port) return std::nullopt;
    entry = entry.substr(0, colon);
  }
  if (entry.starts_with('[') && entry.ends_with(']'))
    entry = entry.substr(1, entry.size() - 2);
  return entry;
}

bool matches(std::string_view entry, std::string_view host,
             const std::optional<Address>& address, const std::string& port) {
  if (entry == "*") return true;
  if (const auto range = AddressRange::parse(entry))
    return address && range->contains(*address);
  const auto name = without_port(entry, port);
  if (!name || name->empty()) return false;
  if (const auto one = Address::parse(*name))
    return address && one->bytes == address->bytes;
  std::string_view below = *name;
  if (below.starts_with("*.")) below.remove_prefix(1);
  if (below.starts_with('.')) return host.ends_with(below);
  return host == below ||
         (host.ends_with(below) && host[host.size() - below.size() - 1] == '.');
}

}  // namespace

bool is_excepted(const Origin& origin, std::string_view no_proxy) {
  std::string_view host = origin.host;
  if (host.starts_with('[') && host.ends_with(']'))
    host = host.substr(1, host.size() - 2);
  const auto address = Address::parse(host);
  if (host == "localhost" || (address && is_loopback(*address))) return true;
  for (std::string_view rest = no_proxy; !rest.empty();) {
    const std::size_t comma = rest.find(',');
    const std::string entry = ascii_lower(trimmed(rest.substr(0, comma)));
    if (!entry.empty() && matches(entry, host, address, origin.port))
      return true;
    rest.remove_prefix(comma == std::string_view::npos ? rest.size()
                                                       : comma + 1);
  }
  return false;
}

std::string proxy_of(const Origin& origin, const ClientOptions& options) {
  if (!options.proxy_url.empty()) {
    // Upstream excepts nothing, not even loopback, without no_proxy.
    const bool excepted =
        !options.no_proxy.empty() && is_excepted(origin, options.no_proxy);
    return excepted ? "" : options.proxy_url;
  }
  if (!options.proxy_from_environment ||
      is_excepted(origin, environment("NO_PROXY", "no_proxy")))
    return "";
  if (origin.scheme == "https")
    return environment("HTTPS_PROXY", "https_proxy");
  // Under CGI a client's Proxy header arrives as this variable.
  if (std::getenv("REQUEST_METHOD") != nullptr) return "";
  return environment("HTTP_PROXY", "http_proxy");
}

}  // namespace prom::http
