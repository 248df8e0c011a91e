// The signed assertion of OAuth 2.0 with an RSA key (RFC 7523).
#include <array>
#include <memory>
#include <string>

#include <nlohmann/json.hpp>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#include "libprom/http/base64_internal.h"
#include "libprom/http/oauth2_internal.h"

namespace prom::http {
namespace {

constexpr std::int64_t kAssertionLifeS = 600;

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct FreeDigest {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

// A key with a passphrase is refused rather than asked for at the terminal.
int no_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/,
                  void* /*user*/) {
  return -1;
}

const EVP_MD* digest_of(std::string_view algorithm) {
  if (algorithm == "RS384") return EVP_sha384();
  if (algorithm == "RS512") return EVP_sha512();
  return EVP_sha256();
}

Result<std::string> sign(const std::string& text, const std::string& pem,
                         const EVP_MD* digest) {
  const std::unique_ptr<BIO, FreeBio> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const std::unique_ptr<EVP_PKEY, FreeKey> key(
      PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  if (key == nullptr || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA)
    return fail(Code::kConfig,
                "client_certificate_key is no RSA key in PEM without a "
                "passphrase");
  const std::unique_ptr<EVP_MD_CTX, FreeDigest> context(EVP_MD_CTX_new());
  std::size_t size = 0;
  std::string signature;
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  bool ok =
      EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, key.get()) ==
          1 &&
      EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size()) == 1;
  if (ok) {
    signature.resize(size);
    ok = EVP_DigestSign(context.get(),
                        reinterpret_cast<unsigned char*>(signature.data()),
                        &size, bytes, text.size()) == 1;
    signature.resize(size);
  }
  if (!ok) return fail(Code::kConfig, "client_certificate_key cannot sign");
  return signature;
}

// Sixteen random bytes in the form of a UUID.
std::string token_id() {
  std::array<unsigned char, 16> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) return "";
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0fU) | 0x40U);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3fU) | 0x80U);
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += kDigits[bytes.at(i) >> 4U];
    text += kDigits[bytes.at(i) & 15U];
  }
  return text;
}

}  // namespace

Result<std::string> signed_assertion(const OAuth2Options& options,
                                     std::int64_t now_ms) {
  const OAuth2Options::Assertion& with = options.assertion;
  const std::string algorithm =
      with.algorithm.empty() ? "RS256" : with.algorithm;
  nlohmann::json header = {{"alg", algorithm}, {"typ", "JWT"}};
  if (!with.key_id.empty()) header["kid"] = with.key_id;
  const std::int64_t now_s = now_ms / 1000;
  nlohmann::json claims = {
      {"iss", with.issuer.empty() ? options.client_id : with.issuer},
      {"sub", options.client_id},
      {"jti", token_id()},
      {"aud", with.audience.empty() ? options.token_url : with.audience},
      {"iat", now_s},
      {"exp", now_s + kAssertionLifeS}};
  if (!options.scopes.empty()) claims["scope"] = joined_scopes(options);
  if (!with.claims.empty()) {
    const auto more = nlohmann::json::parse(with.claims, nullptr, false);
    if (!more.is_object()) return fail(Code::kConfig, "claims are no mapping");
    claims.update(more);
  }
  using nlohmann::json;
  const auto written = [](const json& value) {
    return base64_url(
        value.dump(-1, ' ', false, json::error_handler_t::replace));
  };
  const std::string text = written(header) + "." + written(claims);
  auto signature = sign(text, with.key, digest_of(algorithm));
  if (!signature) return fail(std::move(signature).error());
  return text + "." + base64_url(*signature);
}

}  // namespace prom::http
