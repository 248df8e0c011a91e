// Hosts, ports and paths in label values and URLs.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace prom::templates {

struct HostPort {
  std::string host;  // without brackets
  std::string port;
};
// "host:port", "[::1]:port"; nullopt for everything else, as Go's
// net.SplitHostPort.
std::optional<HostPort> split_host_port(std::string_view text);

std::string strip_port(std::string_view text);
// The first label of a host name; addresses stay as they are.
std::string strip_domain(std::string_view text);

// The path of a URL: "/x" of "http://h:9090/x".
std::string url_path(std::string_view url);

}  // namespace prom::templates
