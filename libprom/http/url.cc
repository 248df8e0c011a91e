#include <algorithm>
#include <memory>

#include <curl/curl.h>

#include "libprom/base/utf8.h"
#include "libprom/http/client.h"
#include "libprom/http/headers_internal.h"
#include "libprom/http/url_internal.h"

namespace prom::http {
namespace {

struct FreeUrl {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using Url = std::unique_ptr<CURLU, FreeUrl>;

std::optional<std::string> part_of(CURLU* url, CURLUPart part,
                                   unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return std::nullopt;
  std::string copy(text);
  curl_free(text);
  return copy;
}

}  // namespace

bool has_control_bytes(std::string_view text) {
  return std::ranges::any_of(
      text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

Result<Origin> origin_of(const std::string& url) {
  const Url parsed(curl_url());
  const auto bad = [&](std::string_view why) {
    return fail(Code::kBadData, safe_url(url) + ": " + std::string(why));
  };
  if (has_control_bytes(url)) return bad("control characters in the URL");
  const CURLUcode code =
      curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0);
  if (code == CURLUE_UNSUPPORTED_SCHEME) return bad("not http or https");
  if (code != CURLUE_OK) return bad("malformed URL");
  Origin origin{
      .scheme = part_of(parsed.get(), CURLUPART_SCHEME).value_or(""),
      .host = ascii_lower(part_of(parsed.get(), CURLUPART_HOST).value_or("")),
      .port = part_of(parsed.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT)
                  .value_or("")};
  if (origin.scheme != "http" && origin.scheme != "https")
    return bad("not http or https");
  return origin;
}

Result<std::string> resolve_url(const std::string& url,
                                const std::string& location) {
  const Url parsed(curl_url());
  if (has_control_bytes(location) ||
      curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK ||
      curl_url_set(parsed.get(), CURLUPART_URL, location.c_str(),
                   CURLU_URLENCODE) != CURLUE_OK)
    return fail(Code::kBadData, "redirected to a malformed URL");
  auto resolved = part_of(parsed.get(), CURLUPART_URL);
  if (!resolved) return fail(Code::kBadData, "redirected to a malformed URL");
  return *std::move(resolved);
}

std::optional<std::string> with_host(const std::string& url,
                                     const std::string& host) {
  const Url parsed(curl_url());
  if (curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK ||
      curl_url_set(parsed.get(), CURLUPART_HOST, host.c_str(), 0) != CURLUE_OK)
    return std::nullopt;
  return part_of(parsed.get(), CURLUPART_URL);
}

std::string without_user_info(std::string_view url) {
  std::string safe(url);
  const std::size_t scheme = safe.find("://");
  const std::size_t host = scheme == std::string::npos ? 0 : scheme + 3;
  const std::size_t host_end =
      std::min(safe.find_first_of("/?#", host), safe.size());
  const std::size_t at = safe.rfind('@', host_end);
  if (at != std::string::npos && at >= host && at < host_end)
    safe.erase(host, at + 1 - host);
  return printable(safe);
}

std::string safe_url(std::string_view url) {
  return without_user_info(url.substr(0, url.find_first_of("?#")));
}

}  // namespace prom::http
