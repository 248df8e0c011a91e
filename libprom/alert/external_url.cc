#include "libprom/alert/external_url.h"

namespace prom::alert {

Result<std::string> external_url(std::string_view given,
                                 std::string_view listen,
                                 std::string_view host) {
  if (given.empty()) {
    const std::size_t colon = listen.rfind(':');
    if (colon == std::string_view::npos || host.empty())
      return fail(Code::kUsage, "external URL: no address to derive it from");
    // Sockets that are no network address have no port to name.
    if (listen.starts_with("unix:") || listen.starts_with("fd:"))
      return "http://" + std::string(host);
    return "http://" + std::string(host) + std::string(listen.substr(colon));
  }
  const std::size_t scheme = given.find("://");
  const bool known =
      given.starts_with("http://") || given.starts_with("https://");
  if (scheme == std::string_view::npos || !known)
    return fail(Code::kUsage, "external URL " + std::string(given) +
                                  ": the scheme must be http or https");
  std::string_view url = given;
  while (url.size() > scheme + 3 && url.ends_with('/')) url.remove_suffix(1);
  if (url.size() == scheme + 3)
    return fail(Code::kUsage,
                "external URL " + std::string(given) + ": no host");
  return std::string(url);
}

std::string path_of_url(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  const std::size_t path = url.find('/', scheme + 3);
  return path == std::string_view::npos ? "" : std::string(url.substr(path));
}

}  // namespace prom::alert
