#include "libprom/http/sigv4.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <map>
#include <vector>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include "libprom/http/digest.h"
#include "libprom/http/headers_internal.h"
#include "libprom/http/target.h"
#include "libprom/http/url_internal.h"

namespace prom::http {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
// Proxies may change these.
constexpr std::array<std::string_view, 7> kUnsigned = {
    "authorization",     "connection",     "expect", "user-agent", "te",
    "transfer-encoding", "x-amzn-trace-id"};

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += kDigits[byte >> 4U];
    out += kDigits[byte & 15U];
  }
  return out;
}

std::string hmac(std::string_view key, std::string_view text) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes_of(text),
       text.size(), reinterpret_cast<unsigned char*>(digest.data()), nullptr);
  return digest;
}

// "20150830T123600Z"
std::string timestamp(std::int64_t now_ms) {
  const auto seconds = static_cast<std::time_t>(now_ms / 1000);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  const std::size_t size =
      std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &parts);
  return std::string(text.data(), size);
}

// Spaces at both ends go, and several in a row become one.
std::string trimmed_all(std::string_view value) {
  std::string out;
  for (const char c : value) {
    const bool is_space = c == ' ' || c == '\t';
    if (is_space && (out.empty() || out.back() == ' ')) continue;
    out += is_space ? ' ' : c;
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

// The path as it is in the URL, encoded once more.
std::string canonical_path(std::string_view path) {
  if (path.empty()) return "/";
  std::string out;
  while (true) {
    const std::size_t slash = path.find('/');
    out += percent_encode(path.substr(0, slash));
    if (slash == std::string_view::npos) return out;
    out += '/';
    path.remove_prefix(slash + 1);
  }
}

std::string canonical_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const auto& [name, value] : parse_form(query))
    pairs.emplace_back(percent_encode(name), percent_encode(value));
  std::ranges::sort(pairs);
  std::string out;
  for (const auto& [name, value] : pairs) {
    if (!out.empty()) out += '&';
    out += name + "=" + value;
  }
  return out;
}

std::string host_of(const Origin& origin) {
  const bool is_default =
      origin.port.empty() ||
      origin.port == (origin.scheme == "https" ? "443" : "80");
  return is_default ? origin.host : origin.host + ":" + origin.port;
}

// By lower-case name; values of one name are joined by commas.
std::map<std::string, std::string> signed_headers(const Request& request,
                                                  const Origin& origin) {
  std::map<std::string, std::string> headers = {{"host", host_of(origin)}};
  for (const Header& header : request.headers) {
    const std::string name = ascii_lower(header.first);
    if (std::ranges::find(kUnsigned, name) != kUnsigned.end()) continue;
    const auto [place, is_new] =
        headers.emplace(name, trimmed_all(header.second));
    if (!is_new) place->second += "," + trimmed_all(header.second);
  }
  return headers;
}

}  // namespace

Status sign_v4(Request& request, const AwsKeys& keys, const AwsScope& scope,
               std::int64_t now_ms) {
  const auto origin = origin_of(request.url);
  if (!origin) return fail(origin.error());
  const std::string time = timestamp(now_ms);
  const std::string date = time.substr(0, 8);
  request.headers.emplace_back("X-Amz-Date", time);
  if (!keys.session_token.empty())
    request.headers.emplace_back("X-Amz-Security-Token",
                                 keys.session_token.reveal());

  std::string_view rest = request.url;
  rest.remove_prefix(rest.find("://") + 3);
  rest = rest.substr(0, rest.find('#'));
  const std::size_t question = rest.find('?');
  const std::string_view before = rest.substr(0, question);
  const std::size_t slash = before.find('/');
  std::string names;
  std::string canonical =
      request.method + "\n" +
      canonical_path(slash == std::string_view::npos ? ""
                                                     : before.substr(slash)) +
      "\n" +
      canonical_query(
          question == std::string_view::npos ? "" : rest.substr(question + 1)) +
      "\n";
  for (const auto& [name, value] : signed_headers(request, *origin)) {
    canonical += name + ":" + value + "\n";
    names += (names.empty() ? "" : ";") + name;
  }
  canonical += "\n" + names + "\n" + hex(sha256(request.body));

  const std::string within =
      date + "/" + scope.region + "/" + scope.service + "/aws4_request";
  std::string key = hmac("AWS4" + keys.secret_key.reveal(), date);
  for (const std::string_view step :
       {std::string_view(scope.region), std::string_view(scope.service),
        std::string_view("aws4_request")})
    key = hmac(key, step);
  const std::string signature =
      hex(hmac(key, std::string(kAlgorithm) + "\n" + time + "\n" + within +
                        "\n" + hex(sha256(canonical))));
  request.headers.emplace_back(
      "Authorization",
      std::string(kAlgorithm) + " Credential=" + keys.access_key + "/" +
          within + ", SignedHeaders=" + names + ", Signature=" + signature);
  return {};
}

}  // namespace prom::http
