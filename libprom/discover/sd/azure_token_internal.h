// Who we are to Azure: a token for its management API.
#pragma once

#include <string>
#include <string_view>

#include "libprom/config/load.h"
#include "libprom/config/sd/azure.h"
#include "libprom/discover/sd/bearer_internal.h"

namespace prom::discover {

// The addresses of a cloud.
struct AzureCloud {
  std::string login_url, audience, management_url;
};
// kConfig for a name that no cloud has.
Result<AzureCloud> azure_cloud(const config::AzureSdConfig& config);

// By the configured method.  "SDK" tries what Azure's SDK tries: a secret or a
// federated token that the environment names, then the machine's identity.
// REQUIRES: `config` and `environment` outlive the task.
Task<Result<BearerToken>> fetch_azure_token(
    Async& async, const config::AzureSdConfig& config,
    const config::Environment& environment, AzureCloud cloud);

}  // namespace prom::discover
