#include <algorithm>
#include <array>
#include <cctype>

#include "libprom/base/utf8.h"
#include "libprom/discover/sd/aws_internal.h"
#include "libprom/http/settings.h"
#include "libprom/http/target.h"

namespace prom::discover {
namespace {

constexpr int kAttemptsMax = 3;
constexpr std::int64_t kRetryMs = 500;
constexpr std::size_t kCodeBytesMax = 100;

// Suffixes of host names by the beginning of the region's name.
struct Partition {
  std::string_view region_prefix, suffix;
};
constexpr std::array kPartitions = {
    Partition{"cn-", "amazonaws.com.cn"},
    Partition{"us-iso-", "c2s.ic.gov"},
    Partition{"us-isob-", "sc2s.sgov.gov"},
    Partition{"us-isof-", "csp.hci.ic.gov"},
    Partition{"eu-isoe-", "cloud.adc-e.uk"},
    Partition{"eusc-", "amazonaws.eu"},
};

std::string_view suffix_of(std::string_view region) {
  for (const Partition& partition : kPartitions) {
    if (region.starts_with(partition.region_prefix)) return partition.suffix;
  }
  return "amazonaws.com";
}

// Its first element of that name, at any of the few depths that errors have.
std::string error_code_of_xml(const Xml& root) {
  for (const Xml& at :
       {root["Error"], root["Errors"]["Error"], root["error"]}) {
    if (!at.is_null()) return at["Code"].text();
  }
  return "";
}

// "ThrottlingException" of what an API answered, or "".
std::string error_code(const http::Response& response) {
  std::string code = response.header("x-amzn-errortype");
  if (code.empty() && response.body.starts_with('{')) {
    if (const auto json = Json::parse(response.body)) {
      code = (*json)["__type"].text();
      if (code.empty()) code = (*json)["code"].text();
    }
  } else if (code.empty()) {
    if (const auto xml = Xml::parse(response.body))
      code = error_code_of_xml(*xml);
  }
  // "namespace#Code:http://…"
  code =
      code.substr(code.find('#') == std::string::npos ? 0 : code.find('#') + 1);
  code = code.substr(0, code.find(':'));
  return printable(code.substr(0, kCodeBytesMax));
}

bool may_pass(int status, std::string_view code) {
  return status >= 500 || status == 429 ||
         code.find("Throttl") != std::string_view::npos ||
         code == "RequestLimitExceeded" || code == "TooManyRequestsException";
}

// Other credentials may help.
bool is_about_credentials(int status, std::string_view code) {
  return status == 401 || status == 403 || code == "AuthFailure" ||
         code == "UnauthorizedOperation" || code == "ExpiredToken" ||
         code == "ExpiredTokenException" || code == "RequestExpired";
}

Xml at_path(Xml from, std::string_view path) {
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    from = from[path.substr(0, slash)];
    path.remove_prefix(slash == std::string_view::npos ? path.size()
                                                       : slash + 1);
  }
  return from;
}

std::string place_of(const config::AwsSdConfig& config) {
  std::string place =
      config.region.empty() ? "the region we are in" : config.region;
  for (const std::string* part :
       {&config.endpoint, &config.profile, &config.role_arn}) {
    if (!part->empty()) place += " " + printable(http::safe_url(*part));
  }
  return place;
}

}  // namespace

std::size_t Aws::at_once() const {
  return static_cast<std::size_t>(
      std::clamp<std::int64_t>(config_.request_concurrency, 1, 100));
}

std::string Aws::base_url(std::string_view service) const {
  const bool is_main =
      service == (config_.role == "msk" ? "kafka" : config_.role);
  if (is_main && !config_.endpoint.empty()) {
    std::string url = config_.endpoint;
    while (url.ends_with('/')) url.pop_back();
    return url;
  }
  std::string variable = "AWS_ENDPOINT_URL_";
  for (const char c : service)
    variable += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  std::string url = environment(variable);
  if (url.empty()) url = environment("AWS_ENDPOINT_URL");
  if (!url.empty()) return url;
  const bool is_fips = environment("AWS_USE_FIPS_ENDPOINT") == "true";
  return "https://" + std::string(service) + (is_fips ? "-fips." : ".") +
         region_ + "." + std::string(suffix_of(region_));
}

Task<Result<std::string>> Aws::send(std::string service, http::Request request,
                                    http::AwsKeys keys) {
  auto like = api_request(config_.client, base_url(service) + request.url,
                          config_.refresh_interval_ms);
  if (!like) co_return fail(std::move(like).error());
  // The signature is the only authorization.
  auto options = std::make_shared<http::ClientOptions>(*like->options);
  options->user.clear();
  options->password.clear();
  options->authorization.clear();
  options->oauth2 = nullptr;
  request.url = like->url;
  request.timeout_ms = like->timeout_ms;
  request.options = std::move(options);
  request.headers.insert(request.headers.end(), like->headers.begin(),
                         like->headers.end());
  for (int attempt = 1;; ++attempt) {
    http::Request signed_request = request;
    if (!keys.access_key.empty()) {
      if (auto status = http::sign_v4(signed_request, keys, {region_, service},
                                      around_.async.clock().wall_ms());
          !status)
        co_return fail(std::move(status).error());
    }
    Async::Fetch fetch = async().fetch(std::move(signed_request));
    Result<http::Response> response = co_await fetch;
    if (response && response->status / 100 == 2)
      co_return std::move(response->body);
    std::string why;
    bool again = true;
    if (response) {
      const std::string code = error_code(*response);
      why = "HTTP status " + printable(response->status_text);
      if (!code.empty()) why = code + ", " + why;
      again = may_pass(response->status, code);
      // Not those of which only the renewal is refused.
      if (service != "sts" && is_about_credentials(response->status, code))
        current_ = {};
    } else {
      why = response.error().message;
      again = response.error().code == Code::kUnavailable;
    }
    if (!again || attempt == kAttemptsMax)
      co_return fail(Code::kUnavailable, service + ": " + why);
    co_await async().sleep_ms(kRetryMs * attempt);
  }
}

Task<Result<Xml>> Aws::query(std::string service, AwsParameters form) {
  http::Request request{.method = "POST", .url = "/"};
  request.headers.emplace_back(
      "Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
  request.body = to_query(form);
  Task<Result<std::string>> question =
      send(std::move(service), std::move(request), current_.keys);
  Result<std::string> body = co_await question;
  if (!body) co_return fail(std::move(body).error());
  co_return Xml::parse(*body);
}

Task<Result<Json>> Aws::call(std::string service, std::string target,
                             std::string body) {
  http::Request request{.method = "POST", .url = "/"};
  request.headers.emplace_back("Content-Type", "application/x-amz-json-1.1");
  request.headers.emplace_back("X-Amz-Target", std::move(target));
  request.body = std::move(body);
  Task<Result<std::string>> question =
      send(std::move(service), std::move(request), current_.keys);
  Result<std::string> answer = co_await question;
  if (!answer) co_return fail(std::move(answer).error());
  co_return Json::parse(*answer);
}

Task<Result<Json>> Aws::get(std::string service, std::string path) {
  http::Request request{.url = std::move(path)};
  Task<Result<std::string>> question =
      send(std::move(service), std::move(request), current_.keys);
  Result<std::string> answer = co_await question;
  if (!answer) co_return fail(std::move(answer).error());
  co_return Json::parse(*answer);
}

Task<Status> Aws::query_pages(std::string service, AwsParameters form,
                              std::string token_name, TakePage take) {
  std::string token;
  for (std::size_t page = 0; page < kPagesMax; ++page) {
    AwsParameters parameters = form;
    if (!token.empty()) parameters.emplace_back(token_name, token);
    Task<Result<Xml>> question = query(service, std::move(parameters));
    Result<Xml> answer = co_await question;
    if (!answer) co_return fail(std::move(answer).error());
    token = take(*answer);
    if (token.empty()) co_return Status();
  }
  co_return fail(Code::kLimit, service + ": the list has more than " +
                                   std::to_string(kPagesMax) + " pages");
}

AwsPoller::AwsPoller(const config::AwsSdConfig& config, Surroundings& around)
    : Poller(place_of(config), config.refresh_interval_ms, around),
      config_(config),
      aws_(config_, around) {}

Task<Result<Groups>> AwsPoller::poll() {
  Task<Status> preparation = aws_.prepare();
  Status status = co_await preparation;
  if (!status) co_return fail(std::move(status).error());
  Task<Result<std::vector<Labels>>> search = find();
  Result<std::vector<Labels>> targets = co_await search;
  if (!targets) co_return fail(std::move(targets).error());
  if (targets->size() > kItemsMax) {
    co_return fail(Code::kLimit,
                   "more than " + std::to_string(kItemsMax) + " targets");
  }
  Groups groups;
  groups.push_back(
      {.source = aws_.region(), .targets = *std::move(targets), .labels = {}});
  co_return groups;
}

void add_aws_tags(LabelsBuilder& labels, std::string_view prefix,
                  const Xml& tags, std::string_view key_name,
                  std::string_view value_name) {
  for (const Xml& tag : tags.items()) {
    if (tag[key_name].is_null() || tag[value_name].is_null()) continue;
    labels.set(std::string(prefix) + sanitized_label_name(tag[key_name].text()),
               tag[value_name].text());
  }
}

void add_aws_tags(LabelsBuilder& labels, std::string_view prefix,
                  const Json& tags) {
  for (const Json& tag : tags.items()) {
    if (tag["key"].is_null() || tag["value"].is_null()) continue;
    labels.set(std::string(prefix) + sanitized_label_name(tag["key"].text()),
               tag["value"].text());
  }
}

std::string aws_time(std::string_view text) {
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos) return std::string(text);
  const std::size_t end = text.find_first_not_of("0123456789", dot + 1);
  return std::string(text.substr(0, dot)) +
         std::string(end == std::string_view::npos ? "" : text.substr(end));
}

void add_aws_fields(LabelsBuilder& labels, std::string_view prefix,
                    std::span<const AwsField> fields, const Xml& from) {
  for (const AwsField& field : fields) {
    const std::string value = at_path(from, field.path).text();
    labels.set(std::string(prefix) + std::string(field.label),
               field.is_time ? aws_time(value) : value);
  }
}

}  // namespace prom::discover
