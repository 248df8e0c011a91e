// AWS Signature Version 4: what proves to AWS who sends a request.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "libprom/base/result.h"
#include "libprom/config/http_client.h"
#include "libprom/http/client.h"

namespace prom::http {

struct AwsKeys {
  std::string access_key;
  config::Secret secret_key;
  config::Secret session_token;  // of temporary keys, else empty

  bool operator==(const AwsKeys&) const = default;
};

// Which service a signature is for: {"eu-west-1", "ec2"}.
struct AwsScope {
  std::string region, service;
};

// Adds X-Amz-Date, X-Amz-Security-Token and Authorization to `request`. Method,
// URL, body and the headers that are there are signed and must not change
// afterwards; further headers may be added.  Not for S3, which encodes paths
// in its own way.  kBadData when the URL is none.
Status sign_v4(Request& request, const AwsKeys& keys, const AwsScope& scope,
               std::int64_t now_ms);

}  // namespace prom::http
