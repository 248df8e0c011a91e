// Region and credentials of AWS, in the order of its SDK.
#include <algorithm>
#include <array>
#include <optional>

#include "libprom/base/duration.h"
#include "libprom/base/utf8.h"
#include "libprom/discover/sd/aws_internal.h"
#include "libprom/os/file.h"

namespace prom::discover {
namespace {

// Credentials are renewed so long before they expire.
constexpr std::int64_t kEarlyMs = 300'000;
constexpr std::int64_t kMetadataTimeoutMs = 5'000;
constexpr std::int64_t kMetadataTokenSeconds = 21'600;
constexpr std::uint64_t kMetadataBytesMax = 1ULL << 20U;
constexpr std::uint64_t kTokenFileBytesMax = 64ULL << 10U;
constexpr std::size_t kProfilesMax = 10;
constexpr std::string_view kContainerHost = "http://169.254.170.2";
// Where a container may be told to fetch credentials without TLS.
constexpr std::array<std::string_view, 5> kPlainHosts = {
    "http://169.254.170.2/", "http://169.254.170.23/", "http://[fd00:ec2::23]/",
    "http://127.0.0.1", "http://localhost"};

std::string either(const config::Environment& environment, const char* first,
                   const char* second) {
  std::string value = environment(first);
  return value.empty() ? environment(second) : value;
}

std::string trimmed(std::string text) {
  text.erase(0, text.find_first_not_of(" \t\r\n"));
  text.erase(text.find_last_not_of(" \t\r\n") + 1);
  return text;
}

Error no_credentials(std::string_view why) {
  return {Code::kConfig, "no AWS credentials: " + std::string(why)};
}

}  // namespace

Task<Status> Aws::prepare() {
  if (region_.empty()) {
    Task<Status> search = find_region();
    Status found = co_await search;
    if (!found) {
      co_return fail(
          std::move(found).error().in("could not determine AWS region"));
    }
  }
  const std::int64_t now_ms = around_.async.clock().wall_ms();
  if (current_.expires_ms > now_ms + kEarlyMs) co_return Status();
  Task<FoundKeys> search = find_keys();
  FoundKeys found = co_await search;
  if (found) {
    current_ = *std::move(found);
  } else if (current_.expires_ms <= now_ms) {
    co_return fail(std::move(found).error());
  }
  co_return Status();
}

Task<Status> Aws::find_region() {
  region_ = config_.region;
  if (region_.empty())
    region_ = either(around_.environment, "AWS_REGION", "AWS_DEFAULT_REGION");
  if (region_.empty()) {
    std::string name =
        either(around_.environment, "AWS_PROFILE", "AWS_DEFAULT_PROFILE");
    if (name.empty()) name = "default";
    const AwsProfiles profiles = load_aws_profiles(around_.environment);
    if (const auto found = profiles.find(name); found != profiles.end())
      region_ = profile_value(found->second, "region");
  }
  if (!region_.empty()) co_return Status();
  Task<Result<std::string>> question =
      metadata("/latest/dynamic/instance-identity/document");
  const Result<std::string> document = co_await question;
  if (!document) co_return fail(document.error());
  const auto json = Json::parse(*document);
  if (!json) co_return fail(json.error());
  region_ = (*json)["region"].text();
  if (region_.empty())
    co_return fail(Code::kBadData, "the machine's identity names no region");
  co_return Status();
}

Task<Aws::FoundKeys> Aws::find_keys() {
  Task<FoundKeys> search;
  std::string name = config_.profile;
  if (!config_.access_key.empty() && !config_.secret_key.empty()) {
    Keys keys;
    keys.keys = {.access_key = config_.access_key,
                 .secret_key = config_.secret_key,
                 .session_token = {}};
    if (config_.role_arn.empty()) co_return keys;
    search =
        assume_role(std::move(keys), config_.role_arn, config_.external_id, "");
    FoundKeys found = co_await search;
    co_return found;
  }
  const Keys own = keys_of_environment();
  const std::string token_file = environment("AWS_WEB_IDENTITY_TOKEN_FILE");
  if (!name.empty()) {
    search = keys_of_profile(name, true);
  } else if (!own.keys.access_key.empty()) {
    search = keys_of_source("Environment");
  } else if (!token_file.empty()) {
    search = keys_of_web_identity(token_file, environment("AWS_ROLE_ARN"),
                                  environment("AWS_ROLE_SESSION_NAME"));
  } else {
    name = either(around_.environment, "AWS_PROFILE", "AWS_DEFAULT_PROFILE");
    search = keys_of_profile(name.empty() ? "default" : name, !name.empty());
  }
  FoundKeys found = co_await search;
  if (!found || config_.role_arn.empty()) co_return found;
  Task<FoundKeys> assumption =
      assume_role(*std::move(found), config_.role_arn, config_.external_id, "");
  FoundKeys assumed = co_await assumption;
  co_return assumed;
}

Aws::Keys Aws::keys_of_environment() const {
  Keys keys;
  const config::Environment& from = around_.environment;
  keys.keys.access_key = either(from, "AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY");
  keys.keys.secret_key =
      config::Secret(either(from, "AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY"));
  keys.keys.session_token = config::Secret(from("AWS_SESSION_TOKEN"));
  if (keys.keys.secret_key.empty()) keys.keys.access_key.clear();
  return keys;
}

// Walks from the profile to the one that has credentials of its own, then
// assumes the roles on the way back.
Task<Aws::FoundKeys> Aws::keys_of_profile(std::string name, bool is_required) {
  const AwsProfiles profiles = load_aws_profiles(around_.environment);
  std::vector<AwsProfile> roles;
  Task<FoundKeys> search;
  for (std::size_t depth = 0;; ++depth) {
    if (depth == kProfilesMax)
      co_return fail(
          no_credentials("profiles refer to each other in a circle"));
    const auto at = profiles.find(name);
    if (at == profiles.end() && (is_required || depth > 0))
      co_return fail(no_credentials("there is no profile " + quote(name)));
    const AwsProfile profile = at == profiles.end() ? AwsProfile() : at->second;
    const auto value = [&](std::string_view key) {
      return profile_value(profile, key);
    };
    const std::string source = value("source_profile");
    const bool has_keys = !value("aws_access_key_id").empty() &&
                          !value("aws_secret_access_key").empty();
    const bool has_token_file = !value("web_identity_token_file").empty();
    if (!value("role_arn").empty() && !has_token_file) roles.push_back(profile);
    if (!source.empty() && source != name) {
      name = source;
      continue;
    }
    if (has_keys) {
      Keys keys;
      keys.keys = {.access_key = value("aws_access_key_id"),
                   .secret_key = config::Secret(value("aws_secret_access_key")),
                   .session_token = config::Secret(value("aws_session_token"))};
      if (roles.empty()) co_return keys;
      search =
          assume_role(std::move(keys), profile_value(roles.back(), "role_arn"),
                      profile_value(roles.back(), "external_id"),
                      profile_value(roles.back(), "role_session_name"));
      roles.pop_back();
    } else if (!value("credential_source").empty()) {
      search = keys_of_source(value("credential_source"));
    } else if (has_token_file) {
      search =
          keys_of_web_identity(value("web_identity_token_file"),
                               value("role_arn"), value("role_session_name"));
    } else if (!value("sso_session").empty() ||
               !value("sso_start_url").empty() ||
               !value("credential_process").empty()) {
      co_return fail(no_credentials("profile " + quote(name) +
                                    " uses SSO or a process, which is not "
                                    "supported"));
    } else {
      search = keys_of_machine();
    }
    break;
  }
  FoundKeys found = co_await search;
  while (found && !roles.empty()) {
    const AwsProfile role = std::move(roles.back());
    roles.pop_back();
    Task<FoundKeys> assumption =
        assume_role(*std::move(found), profile_value(role, "role_arn"),
                    profile_value(role, "external_id"),
                    profile_value(role, "role_session_name"));
    found = co_await assumption;
  }
  co_return found;
}

Task<Aws::FoundKeys> Aws::keys_of_source(std::string source) {
  if (source == "Environment") {
    Keys keys = keys_of_environment();
    if (keys.keys.access_key.empty())
      co_return fail(no_credentials("the environment has none"));
    co_return keys;
  }
  Task<FoundKeys> search =
      source == "EcsContainer" ? keys_of_container() : keys_of_machine();
  FoundKeys found = co_await search;
  co_return found;
}

namespace {

// The JSON of container and machine: AccessKeyId, SecretAccessKey, Token,
// Expiration.
struct Document {
  http::AwsKeys keys;
  std::int64_t expires_ms = 0;
};
Result<Document> read_document(const std::string& text) {
  const auto json = Json::parse(text);
  if (!json) return fail(json.error());
  Document document;
  document.keys = {
      .access_key = (*json)["AccessKeyId"].text(),
      .secret_key = config::Secret((*json)["SecretAccessKey"].text()),
      .session_token = config::Secret((*json)["Token"].text())};
  document.expires_ms =
      parse_rfc3339_ms((*json)["Expiration"].text()).value_or(0);
  if (document.keys.access_key.empty() || document.keys.secret_key.empty())
    return fail(no_credentials("the answer has none"));
  return document;
}

}  // namespace

Task<Aws::FoundKeys> Aws::keys_of_container() {
  const std::string relative =
      environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  const std::string full = environment("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  http::Request request;
  request.url =
      relative.empty() ? full : std::string(kContainerHost) + relative;
  const bool is_plain_allowed = std::ranges::any_of(
      kPlainHosts,
      [&](std::string_view host) { return request.url.starts_with(host); });
  if (!request.url.starts_with("https://") && !is_plain_allowed)
    co_return fail(no_credentials("the container's URL is not allowed"));
  std::string token = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN");
  const std::string file =
      environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
  if (!file.empty()) {
    auto text = os::read_file(file, kTokenFileBytesMax);
    if (!text) co_return fail(std::move(text).error());
    token = trimmed(*std::move(text));
  }
  if (!token.empty()) request.headers.emplace_back("Authorization", token);
  Task<Result<std::string>> question = fetch_local(std::move(request));
  const Result<std::string> answer = co_await question;
  if (!answer) co_return fail(answer.error());
  auto document = read_document(*answer);
  if (!document)
    co_return fail(std::move(document).error().in("container credentials"));
  Keys keys;
  keys.keys = document->keys;
  keys.expires_ms = document->expires_ms;
  co_return keys;
}

Task<Aws::FoundKeys> Aws::keys_of_machine() {
  if (!environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI").empty() ||
      !environment("AWS_CONTAINER_CREDENTIALS_FULL_URI").empty()) {
    Task<FoundKeys> search = keys_of_container();
    FoundKeys found = co_await search;
    co_return found;
  }
  const std::string path = "/latest/meta-data/iam/security-credentials/";
  Task<Result<std::string>> naming = metadata(path);
  const Result<std::string> roles = co_await naming;
  if (!roles) co_return fail(no_credentials(roles.error().message));
  const std::string role = trimmed(*roles);
  Task<Result<std::string>> question =
      metadata(path + role.substr(0, role.find('\n')));
  const Result<std::string> answer = co_await question;
  if (!answer) co_return fail(no_credentials(answer.error().message));
  auto document = read_document(*answer);
  if (!document)
    co_return fail(std::move(document).error().in("the machine's role"));
  Keys keys;
  keys.keys = document->keys;
  keys.expires_ms = document->expires_ms;
  co_return keys;
}

Task<Aws::FoundKeys> Aws::keys_of_web_identity(std::string token_file,
                                               std::string role_arn,
                                               std::string session) {
  auto token = os::read_file(token_file, kTokenFileBytesMax);
  if (!token) co_return fail(std::move(token).error().in("web identity"));
  if (session.empty())
    session = "prom-" + std::to_string(around_.async.clock().wall_ms());
  AwsParameters form = {{"Action", "AssumeRoleWithWebIdentity"},
                        {"Version", "2011-06-15"},
                        {"RoleArn", role_arn},
                        {"RoleSessionName", session},
                        {"WebIdentityToken", trimmed(*std::move(token))}};
  Task<FoundKeys> question = ask_sts(std::move(form), {});
  FoundKeys found = co_await question;
  co_return found;
}

Task<Aws::FoundKeys> Aws::assume_role(Keys by, std::string role_arn,
                                      std::string external_id,
                                      std::string session) {
  if (session.empty())
    session = "prom-" + std::to_string(around_.async.clock().wall_ms());
  AwsParameters form = {{"Action", "AssumeRole"},
                        {"Version", "2011-06-15"},
                        {"RoleArn", role_arn},
                        {"RoleSessionName", session},
                        {"DurationSeconds", "900"}};
  if (!external_id.empty()) form.emplace_back("ExternalId", external_id);
  Task<FoundKeys> question = ask_sts(std::move(form), std::move(by.keys));
  FoundKeys found = co_await question;
  co_return found;
}

Task<Aws::FoundKeys> Aws::ask_sts(AwsParameters form, http::AwsKeys by) {
  http::Request request{.method = "POST", .url = "/"};
  request.headers.emplace_back(
      "Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
  const std::string action = form.front().second;
  request.body = to_query(form);
  Task<Result<std::string>> question =
      send("sts", std::move(request), std::move(by));
  Result<std::string> body = co_await question;
  if (!body) co_return fail(std::move(body).error());
  const auto xml = Xml::parse(*body);
  if (!xml) co_return fail(Error(xml.error()).in("sts"));
  const Xml given = (*xml)[action + "Result"]["Credentials"];
  Keys keys;
  keys.keys = {.access_key = given["AccessKeyId"].text(),
               .secret_key = config::Secret(given["SecretAccessKey"].text()),
               .session_token = config::Secret(given["SessionToken"].text())};
  keys.expires_ms = parse_rfc3339_ms(given["Expiration"].text()).value_or(0);
  if (keys.keys.access_key.empty() || keys.keys.secret_key.empty())
    co_return fail(Code::kBadData, "sts: the answer has no credentials");
  co_return keys;
}

// IMDSv2: a session first, whose token every question carries.
Task<Result<std::string>> Aws::metadata(std::string path) {
  if (environment("AWS_EC2_METADATA_DISABLED") == "true")
    co_return fail(Code::kConfig, "AWS_EC2_METADATA_DISABLED is set");
  std::string base = environment("AWS_EC2_METADATA_SERVICE_ENDPOINT");
  if (base.empty()) {
    base = environment("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE") == "IPv6"
               ? "http://[fd00:ec2::254]"
               : "http://169.254.169.254";
  }
  while (base.ends_with('/')) base.pop_back();
  const std::int64_t now_ms = around_.async.clock().wall_ms();
  if (metadata_token_until_ms_ <= now_ms) {
    http::Request session{.method = "PUT", .url = base + "/latest/api/token"};
    session.headers.emplace_back("X-aws-ec2-metadata-token-ttl-seconds",
                                 std::to_string(kMetadataTokenSeconds));
    Task<Result<std::string>> opening = fetch_local(std::move(session));
    Result<std::string> token = co_await opening;
    if (!token) co_return fail(std::move(token).error());
    metadata_token_ = trimmed(*std::move(token));
    metadata_token_until_ms_ = now_ms + kMetadataTokenSeconds * 1000 / 2;
  }
  http::Request request{.url = base + path};
  request.headers.emplace_back("X-aws-ec2-metadata-token", metadata_token_);
  Task<Result<std::string>> question = fetch_local(std::move(request));
  Result<std::string> answer = co_await question;
  if (!answer) metadata_token_until_ms_ = 0;
  co_return answer;
}

// Asks a service of the machine or the container itself, which lies where
// others may not be led to.
Task<Result<std::string>> Aws::fetch_local(http::Request request) {
  auto options = std::make_shared<http::ClientOptions>();
  options->follow_redirects = false;
  options->addresses =
      std::make_shared<http::AddressPolicy>(http::AddressPolicy::allow_all());
  request.options = std::move(options);
  request.timeout_ms = kMetadataTimeoutMs;
  request.body_bytes_max = kMetadataBytesMax;
  const std::string url = http::safe_url(request.url);
  Async::Fetch fetch = async().fetch(std::move(request));
  Result<http::Response> response = co_await fetch;
  if (!response) co_return fail(std::move(response).error().in(url));
  if (response->status != 200) {
    co_return fail(Code::kUnavailable,
                   url + ": HTTP status " + printable(response->status_text));
  }
  co_return std::move(response->body);
}

}  // namespace prom::discover
