#include "libprom/http/rsa.h"

#include <memory>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

namespace prom::http {
namespace {

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct FreeDigest {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

// Never asks at the terminal.
int give_passphrase(char* buffer, int size, int /*writing*/, void* user) {
  const auto& passphrase = *static_cast<const std::string*>(user);
  if (passphrase.empty() || std::cmp_greater(passphrase.size(), size))
    return -1;
  passphrase.copy(buffer, passphrase.size());
  return static_cast<int>(passphrase.size());
}

const EVP_MD* digest_of(std::string_view algorithm) {
  if (algorithm == "RS384") return EVP_sha384();
  if (algorithm == "RS512") return EVP_sha512();
  return EVP_sha256();
}

}  // namespace

Result<std::string> sign_rsa(std::string_view text, std::string_view pem,
                             const std::string& passphrase,
                             std::string_view algorithm) {
  const std::unique_ptr<BIO, FreeBio> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  std::string secret = passphrase;
  const std::unique_ptr<EVP_PKEY, FreeKey> key(
      PEM_read_bio_PrivateKey(bio.get(), nullptr, give_passphrase, &secret));
  if (key == nullptr || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA) {
    return fail(Code::kConfig,
                passphrase.empty()
                    ? "no RSA key in PEM without a passphrase"
                    : "no RSA key in PEM, or not of this passphrase");
  }
  const std::unique_ptr<EVP_MD_CTX, FreeDigest> context(EVP_MD_CTX_new());
  std::size_t size = 0;
  std::string signature;
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  bool ok =
      EVP_DigestSignInit(context.get(), nullptr, digest_of(algorithm), nullptr,
                         key.get()) == 1 &&
      EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size()) == 1;
  if (ok) {
    signature.resize(size);
    ok = EVP_DigestSign(context.get(),
                        reinterpret_cast<unsigned char*>(signature.data()),
                        &size, bytes, text.size()) == 1;
    signature.resize(size);
  }
  if (!ok) return fail(Code::kConfig, "the key cannot sign");
  return signature;
}

Result<RsaKey> generate_rsa_key() {
  constexpr unsigned kBits = 2048;
  const std::unique_ptr<EVP_PKEY, FreeKey> key(EVP_RSA_gen(kBits));
  const std::unique_ptr<BIO, FreeBio> secret(BIO_new(BIO_s_mem()));
  const std::unique_ptr<BIO, FreeBio> open(BIO_new(BIO_s_mem()));
  if (key == nullptr ||
      PEM_write_bio_PrivateKey(secret.get(), key.get(), nullptr, nullptr, 0,
                               nullptr, nullptr) != 1 ||
      PEM_write_bio_PUBKEY(open.get(), key.get()) != 1)
    return fail(Code::kInternal, "no RSA key could be made");
  const auto text_of = [](BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return std::string(data, static_cast<std::size_t>(size));
  };
  return RsaKey{.private_pem = text_of(secret.get()),
                .public_pem = text_of(open.get())};
}

}  // namespace prom::http
