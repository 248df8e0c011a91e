// Signatures with an RSA key (RSASSA-PKCS1-v1_5, RFC 8017): web tokens, and
// requests to clouds.
#pragma once

#include <string>
#include <string_view>

#include "libprom/base/result.h"

namespace prom::http {

// `pem` is a private key, encrypted when `passphrase` is not empty.
// `algorithm` is "RS256", "RS384" or "RS512".  kConfig when the key is none or
// cannot be decrypted; messages hold nothing of it.
Result<std::string> sign_rsa(std::string_view text, std::string_view pem,
                             const std::string& passphrase,
                             std::string_view algorithm = "RS256");

// A new key of 2048 bits, both halves in PEM.
struct RsaKey {
  std::string private_pem, public_pem;
};
Result<RsaKey> generate_rsa_key();

}  // namespace prom::http
