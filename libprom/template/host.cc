#include "libprom/template/host.h"

#include <arpa/inet.h>

namespace prom::templates {
namespace {

bool is_address(const std::string& host) {
  in6_addr parsed{};
  return inet_pton(AF_INET, host.c_str(), &parsed) == 1 ||
         inet_pton(AF_INET6, host.c_str(), &parsed) == 1;
}

}  // namespace

std::optional<HostPort> split_host_port(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  HostPort result;
  std::string_view host = text.substr(0, colon);
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos || close + 1 != colon)
      return std::nullopt;
    host = text.substr(1, close - 1);
  } else if (host.find(':') != std::string_view::npos) {
    return std::nullopt;
  }
  if (host.find_first_of("[]") != std::string_view::npos ||
      text.substr(colon).find_first_of("[]") != std::string_view::npos)
    return std::nullopt;
  result.host = host;
  result.port = text.substr(colon + 1);
  return result;
}

std::string strip_port(std::string_view text) {
  const auto split = split_host_port(text);
  return split ? split->host : std::string(text);
}

std::string strip_domain(std::string_view text) {
  const auto split = split_host_port(text);
  const std::string host = split ? split->host : std::string(text);
  if (is_address(host)) return std::string(text);
  std::string first = host.substr(0, host.find('.'));
  if (!split || split->port.empty()) return first;
  const bool brackets = first.find(':') != std::string::npos;
  return (brackets ? "[" + first + "]" : first) + ":" + split->port;
}

std::string url_path(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme != std::string_view::npos) {
    url.remove_prefix(scheme + 3);
    const std::size_t path = url.find_first_of("/?#");
    url.remove_prefix(path == std::string_view::npos ? url.size() : path);
  }
  return std::string(url.substr(0, url.find_first_of("?#")));
}

}  // namespace prom::templates
