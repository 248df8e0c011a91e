// What the mechanisms of AWS share: who we are, where we are, and the three
// protocols that the services speak.
//
// Credentials are looked for as by AWS's SDK for Go: in the settings; in the
// profile that the settings name; in the environment; in a web identity
// (Kubernetes); in the default profile, with its source profiles and roles; in
// the container; in the machine's role (IMDSv2).  Then a role is assumed if the
// settings name one.  credential_process and SSO are not looked into.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libprom/config/sd/aws.h"
#include "libprom/discover/api.h"
#include "libprom/discover/mechanism.h"
#include "libprom/discover/sd/aws_profile_internal.h"
#include "libprom/discover/xml.h"
#include "libprom/http/sigv4.h"

namespace prom::discover {

using AwsParameters = std::vector<std::pair<std::string, std::string>>;

// One user of AWS's APIs.  Outlives the tasks that it makes.
class Aws {
 public:
  Aws(const config::AwsSdConfig& config, Surroundings& around)
      : config_(config), around_(around) {}

  // Region and credentials, renewed when they expire.  Before each look.
  Task<Status> prepare();
  [[nodiscard]] const std::string& region() const { return region_; }

  // EC2's Query protocol and that of RDS and others: a form, XML.
  // `service` is what signatures and host names call it: {"ec2"}.
  Task<Result<Xml>> query(std::string service, AwsParameters form);
  // JSON 1.1: the operation in a header.
  Task<Result<Json>> call(std::string service, std::string target,
                          std::string body);
  // REST: a GET of `path`, which begins with '/'.
  Task<Result<Json>> get(std::string service, std::string path);

  // All pages of query(): `more` takes what it wants of a page and gives the
  // token of the next, or "".  The token is sent as `token_name`.
  using TakePage = std::function<std::string(const Xml&)>;
  Task<Status> query_pages(std::string service, AwsParameters form,
                           std::string token_name, TakePage take);

  // How many tasks may ask at once.
  [[nodiscard]] std::size_t at_once() const;

 private:
  struct Keys {
    http::AwsKeys keys;
    std::int64_t expires_ms = 0;  // 0: look again next time
  };
  using FoundKeys = Result<Keys>;

  // --- who we are: aws_credentials.cc
  Task<Status> find_region();
  Task<FoundKeys> find_keys();
  Task<FoundKeys> keys_of_profile(std::string name, bool is_required);
  Task<FoundKeys> keys_of_machine();
  Task<FoundKeys> keys_of_container();
  Task<FoundKeys> keys_of_source(std::string source);
  [[nodiscard]] Keys keys_of_environment() const;
  Task<FoundKeys> keys_of_web_identity(std::string token_file,
                                       std::string role_arn,
                                       std::string session);
  Task<FoundKeys> assume_role(Keys by, std::string role_arn,
                              std::string external_id, std::string session);
  Task<FoundKeys> ask_sts(AwsParameters form, http::AwsKeys by);
  // A document of the machine's metadata service.
  Task<Result<std::string>> metadata(std::string path);
  Task<Result<std::string>> fetch_local(http::Request request);
  [[nodiscard]] std::string environment(const std::string& name) const {
    return around_.environment(name);
  }

  // --- how we ask: aws.cc
  [[nodiscard]] std::string base_url(std::string_view service) const;
  // Signs unless `keys` has none, and tries again what may pass.
  Task<Result<std::string>> send(std::string service, http::Request request,
                                 http::AwsKeys keys);
  [[nodiscard]] Async& async() const { return around_.async; }

  const config::AwsSdConfig& config_;
  Surroundings& around_;
  std::string region_;
  Keys current_;
  std::string metadata_token_;
  std::int64_t metadata_token_until_ms_ = 0;
};

// A poller of one of AWS's services.
class AwsPoller : public Poller {
 public:
  AwsPoller(const config::AwsSdConfig& config, Surroundings& around);

  [[nodiscard]] std::string_view name() const override { return config_.role; }

 protected:
  Task<Result<Groups>> poll() final;
  // The targets, once region and credentials are there.
  virtual Task<Result<std::vector<Labels>>> find() = 0;

  const config::AwsSdConfig config_;
  Aws aws_;
};

// Each pair of names and values below `tags` becomes a label.
void add_aws_tags(LabelsBuilder& labels, std::string_view prefix,
                  const Xml& tags, std::string_view key_name = "Key",
                  std::string_view value_name = "Value");
void add_aws_tags(LabelsBuilder& labels, std::string_view prefix,
                  const Json& tags);

// An ISO 8601 time without a fraction of seconds, as Go prints it.
std::string aws_time(std::string_view text);

// A label that takes its value from a path of elements, "Endpoint/Port".
struct AwsField {
  std::string_view label;
  std::string_view path;
  bool is_time = false;
};
void add_aws_fields(LabelsBuilder& labels, std::string_view prefix,
                    std::span<const AwsField> fields, const Xml& from);

}  // namespace prom::discover
