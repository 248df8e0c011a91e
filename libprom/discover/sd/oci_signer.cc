#include <array>
#include <ctime>
#include <memory>

#include "libprom/base/json_writer.h"
#include "libprom/base/utf8.h"
#include "libprom/discover/json.h"
#include "libprom/discover/sd/bearer_internal.h"
#include "libprom/discover/sd/oci_signer_internal.h"
#include "libprom/http/base64.h"
#include "libprom/http/certificate.h"
#include "libprom/http/digest.h"
#include "libprom/http/rsa.h"
#include "libprom/os/file.h"

namespace prom::discover {
namespace {

constexpr std::uint64_t kKeyBytesMax = 1ULL << 20U;
constexpr std::int64_t kFederationTimeoutMs = 10'000;
constexpr std::string_view kTenantMark = "opc-tenant:";
constexpr std::string_view kIdentityMark = "opc-identity:";

// "Thu, 05 Jan 2014 21:31:40 GMT"
std::string http_date(std::int64_t now_ms) {
  constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed",
                                "Thu", "Fri", "Sat"};
  constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto seconds = static_cast<std::time_t>(now_ms / 1000);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  const std::string format =
      std::string(kDays.at(static_cast<std::size_t>(parts.tm_wday))) + ", %d " +
      kMonths.at(static_cast<std::size_t>(parts.tm_mon)) + " %Y %H:%M:%S GMT";
  const std::size_t size =
      std::strftime(text.data(), text.size(), format.c_str(), &parts);
  return std::string(text.data(), size);
}

// PEM without its first and last lines and line breaks.
std::string bare(std::string_view pem) {
  std::string out;
  while (!pem.empty()) {
    const std::size_t end = pem.find('\n');
    std::string_view line = pem.substr(0, end);
    pem.remove_prefix(end == std::string_view::npos ? pem.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.starts_with("-----")) out += line;
  }
  return out;
}

Task<Result<std::string>> machine_file(Async& async, std::string url) {
  http::Request request;
  make_local(request);
  request.url = std::move(url);
  request.headers.emplace_back("Authorization", "Bearer Oracle");
  const std::string shown = http::safe_url(request.url);
  Async::Fetch fetch = async.fetch(std::move(request));
  Result<http::Response> response = co_await fetch;
  if (!response) co_return fail(std::move(response).error().in(shown));
  if (response->status != 200) {
    co_return fail(Code::kUnavailable,
                   shown + ": HTTP status " + printable(response->status_text));
  }
  co_return std::move(response->body);
}

}  // namespace

Status sign_oci(http::Request& request, const OciKey& key, bool with_host,
                std::int64_t now_ms) {
  const std::size_t host_begin = request.url.find("://") + 3;
  const std::size_t path_begin = request.url.find('/', host_begin);
  if (path_begin == std::string::npos)
    return fail(Code::kBadData, "a URL without a path");
  const std::string date = http_date(now_ms);
  const std::string method = request.method == "POST" ? "post " : "get ";
  std::string names = "date (request-target)";
  std::string text = "date: " + date + "\n(request-target): " + method +
                     request.url.substr(path_begin);
  if (with_host) {
    names += " host";
    text +=
        "\nhost: " + request.url.substr(host_begin, path_begin - host_begin);
  }
  if (!request.body.empty()) {
    const std::string digest = http::base64(http::sha256(request.body));
    const std::string size = std::to_string(request.body.size());
    names += " content-length content-type x-content-sha256";
    text += "\ncontent-length: " + size +
            "\ncontent-type: application/json\nx-content-sha256: " + digest;
    request.headers.emplace_back("Content-Type", "application/json");
    request.headers.emplace_back("X-Content-Sha256", digest);
  }
  const auto signature = http::sign_rsa(text, key.pem.reveal(), key.passphrase);
  if (!signature) return fail(Error(signature.error()).in("key"));
  request.headers.emplace_back("Date", date);
  request.headers.emplace_back("Authorization",
                               "Signature version=\"1\",headers=\"" + names +
                                   "\",keyId=\"" + key.id +
                                   "\",algorithm=\"rsa-sha256\",signature=\"" +
                                   http::base64(*signature) + "\"");
  return {};
}

Result<OciKey> user_key(const config::OciSdConfig& config) {
  auto pem = os::read_file(config.key_file, kKeyBytesMax);
  if (!pem) return fail(std::move(pem).error().in("key_file"));
  const auto passphrase =
      config::resolve_secret(config.key_passphrase, config.key_passphrase_file);
  if (!passphrase)
    return fail(Error(passphrase.error()).in("key_passphrase_file"));
  return OciKey{
      .id = config.tenancy + "/" + config.user + "/" + config.fingerprint,
      .pem = config::Secret(*std::move(pem)),
      .passphrase = passphrase->reveal(),
      .tenancy = config.tenancy};
}

Task<Result<OciKey>> machine_key(Async& async,
                                 const config::OciSdConfig& config) {
  const std::string base = config.metadata_url + "/opc/v2/identity/";
  Task<Result<std::string>> reading = machine_file(async, base + "cert.pem");
  const Result<std::string> certificate = co_await reading;
  if (!certificate) co_return fail(certificate.error());
  reading = machine_file(async, base + "key.pem");
  const Result<std::string> key = co_await reading;
  if (!key) co_return fail(key.error());
  reading = machine_file(async, base + "intermediate.pem");
  const Result<std::string> intermediate = co_await reading;
  if (!intermediate) co_return fail(intermediate.error());
  const auto facts = http::certificate_facts(*certificate);
  if (!facts) co_return fail(Error(facts.error()).in("cert.pem"));
  OciKey found;
  for (const std::string_view mark : {kTenantMark, kIdentityMark}) {
    for (const std::string& name : facts->subject) {
      if (name.starts_with(mark) && found.tenancy.empty())
        found.tenancy = name.substr(mark.size());
    }
  }
  if (found.tenancy.empty())
    co_return fail(Code::kBadData, "the machine's certificate names no tenant");
  const auto pair = http::generate_rsa_key();
  if (!pair) co_return fail(pair.error());
  http::Request request;
  request.method = "POST";
  request.url = (config.auth_url.empty() ? oci_url("auth", config.region)
                                         : config.auth_url) +
                "/v1/x509";
  JsonWriter json(request.body);
  json.begin_object();
  json.key("certificate").string(bare(*certificate));
  json.key("publicKey").string(bare(pair->public_pem));
  json.key("intermediateCertificates").begin_array();
  json.string(bare(*intermediate)).end_array().end_object();
  const OciKey machine = {
      .id = found.tenancy + "/fed-x509/" + facts->sha1_fingerprint,
      .pem = config::Secret(*key),
      .passphrase = {},
      .tenancy = {}};
  if (auto status = sign_oci(request, machine, false, async.clock().wall_ms());
      !status)
    co_return fail(std::move(status).error());
  request.timeout_ms = kFederationTimeoutMs;
  const std::string shown = http::safe_url(request.url);
  Async::Fetch fetch = async.fetch(std::move(request));
  const Result<http::Response> response = co_await fetch;
  if (!response) co_return fail(Error(response.error()).in(shown));
  const auto answer = Json::parse(response->body);
  const std::string token = answer ? (*answer)["token"].text() : "";
  if (response->status != 200 || token.empty()) {
    co_return fail(Code::kUnavailable, shown + ": no token: HTTP status " +
                                           printable(response->status_text));
  }
  found.id = "ST$" + token;
  found.pem = config::Secret(pair->private_pem);
  co_return found;
}

std::string oci_url(std::string_view service, std::string_view region) {
  struct Realm {
    std::string_view region_prefix, domain;
  };
  constexpr std::array kRealms = {
      Realm{"us-langley-", "oraclegovcloud.com"},
      Realm{"us-luke-", "oraclegovcloud.com"},
      Realm{"us-gov-", "oraclegovcloud.com"},
      Realm{"uk-gov-", "oraclegovcloud.uk"},
  };
  std::string_view domain = "oraclecloud.com";
  for (const Realm& realm : kRealms) {
    if (region.starts_with(realm.region_prefix)) domain = realm.domain;
  }
  std::string url =
      "https://" + std::string(service) + "." + std::string(region) + ".";
  if (service == "identity") url += "oci.";
  return url + std::string(domain);
}

}  // namespace prom::discover
