#include "libprom/config/sd/aws.h"

#include <algorithm>
#include <array>

#include "libprom/base/utf8.h"
#include "libprom/config/sd/readers_internal.h"

namespace prom::config {
namespace {

constexpr std::array<std::string_view, 6> kRoles = {
    "ec2", "ecs", "elasticache", "lightsail", "msk", "rds"};

void read_common(Fields& fields, AwsSdConfig& into) {
  fields.text("region", into.region);
  fields.text("endpoint", into.endpoint);
  fields.text("access_key", into.access_key);
  fields.secret("secret_key", into.secret_key);
  fields.text("profile", into.profile);
  fields.text("role_arn", into.role_arn);
  fields.text("external_id", into.external_id);
  fields.duration("refresh_interval", into.refresh_interval_ms);
  fields.integer("port", into.port);
  read_http_client(fields, into.client);
}

void read_filters(Fields& fields, AwsSdConfig& into) {
  fields.each("filters", [&](const YamlNode& node) {
    AwsSdConfig::Filter& filter = into.filters.emplace_back();
    Fields parts(fields.file(), node, "filters");
    parts.text("name", filter.first);
    parts.texts("values", filter.second);
    parts.done();
  });
}

}  // namespace

void read_sd(Fields& fields, AwsSdConfig& into) {
  fields.text("role", into.role);
  const bool is_known = std::ranges::find(kRoles, into.role) != kRoles.end();
  if (!is_known)
    fields.error("role", "unknown AWS SD role " + quote(into.role));
  if (into.role == "ecs") into.request_concurrency = 20;
  read_common(fields, into);
  read_filters(fields, into);
  fields.texts("clusters", into.clusters);
  // Here zero is upstream's way to say "the default".
  if (into.port == 0) into.port = 80;
  if (into.refresh_interval_ms == 0) into.refresh_interval_ms = 60'000;
}

void read_sd(Fields& fields, Ec2SdConfig& into) {
  read_common(fields, into);
  read_filters(fields, into);
  if (std::ranges::any_of(into.filters, [](const AwsSdConfig::Filter& filter) {
        return filter.second.empty();
      }))
    fields.error("filters",
                 "EC2 SD configuration filter values cannot be empty");
}

void read_sd(Fields& fields, LightsailSdConfig& into) {
  read_common(fields, into);
}

void read_sd(Fields& fields, EcsSdConfig& into) {
  read_common(fields, into);
  fields.texts("clusters", into.clusters);
  fields.integer("request_concurrency", into.request_concurrency);
}

void read_sd(Fields& fields, ElasticacheSdConfig& into) {
  read_common(fields, into);
  fields.texts("clusters", into.clusters);
  fields.integer("request_concurrency", into.request_concurrency);
}

void read_sd(Fields& fields, MskSdConfig& into) {
  read_common(fields, into);
  fields.texts("clusters", into.clusters);
  fields.integer("request_concurrency", into.request_concurrency);
}

void read_sd(Fields& fields, RdsSdConfig& into) {
  read_common(fields, into);
  read_filters(fields, into);
  fields.texts("clusters", into.clusters);
  fields.integer("request_concurrency", into.request_concurrency);
}

}  // namespace prom::config
