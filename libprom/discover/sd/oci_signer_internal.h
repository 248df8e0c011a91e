// Requests signed for Oracle's cloud (HTTP signatures, draft-cavage), and the
// two ways to have a key: a user's, or that of the machine we run on.
// https://docs.oracle.com/en-us/iaas/Content/API/Concepts/signingrequests.htm
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "libprom/config/sd/oci.h"
#include "libprom/discover/async.h"
#include "libprom/discover/task.h"

namespace prom::discover {

// A key by the name under which the cloud knows it.
struct OciKey {
  std::string id;
  config::Secret pem;
  std::string passphrase;
  std::string tenancy;
};

// Adds Date and Authorization; with a body, what describes it too.  "host" is
// signed unless the receiver is the federation service, which wants it not.
Status sign_oci(http::Request& request, const OciKey& key, bool with_host,
                std::int64_t now_ms);

// The user's key, read anew.
Result<OciKey> user_key(const config::OciSdConfig& config);
// A key of our own, which the cloud trusts for some minutes because the
// machine's certificate says so.  REQUIRES: `config` outlives the task.
Task<Result<OciKey>> machine_key(Async& async,
                                 const config::OciSdConfig& config);

// "https://iaas.eu-frankfurt-1.oraclecloud.com" for "iaas" and so on.
std::string oci_url(std::string_view service, std::string_view region);

}  // namespace prom::discover
