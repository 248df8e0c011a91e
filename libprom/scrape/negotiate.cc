#include "libprom/scrape/negotiate.h"

#include <algorithm>
#include <cctype>

#include "libprom/base/utf8.h"

namespace prom::scrape {
namespace {

using config::ScrapeProtocol;

// Upstream weighs by the number of protocols that it knows.
constexpr int kProtocolsKnown = 5;

std::string_view mime_of(ScrapeProtocol protocol) {
  switch (protocol) {
    case ScrapeProtocol::kPrometheusProto:
      return "application/vnd.google.protobuf;"
             "proto=io.prometheus.client.MetricFamily;encoding=delimited";
    case ScrapeProtocol::kPrometheusText004:
      return "text/plain;version=0.0.4";
    case ScrapeProtocol::kPrometheusText100:
      return "text/plain;version=1.0.0";
    case ScrapeProtocol::kOpenMetricsText001:
      return "application/openmetrics-text;version=0.0.1";
    case ScrapeProtocol::kOpenMetricsText100:
      return "application/openmetrics-text;version=1.0.0";
  }
  return "";
}

bool has_escaping(ScrapeProtocol protocol) {
  return protocol == ScrapeProtocol::kPrometheusText100 ||
         protocol == ScrapeProtocol::kOpenMetricsText100;
}

bool is_open_metrics(ScrapeProtocol protocol) {
  return protocol == ScrapeProtocol::kOpenMetricsText001 ||
         protocol == ScrapeProtocol::kOpenMetricsText100;
}

// "text/plain" of " Text/Plain ; version=0.0.4".
std::string media_type(std::string_view content_type) {
  std::string type;
  for (const char c : content_type.substr(0, content_type.find(';'))) {
    if (c != ' ' && c != '\t')
      type += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return type;
}

// What follows, in small letters without blanks and quotes.
std::string parameters_of(std::string_view content_type) {
  std::string parameters;
  const std::size_t at = content_type.find(';');
  if (at == std::string_view::npos) return parameters;
  for (const char c : content_type.substr(at)) {
    if (c != ' ' && c != '\t' && c != '"')
      parameters +=
          static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return parameters;
}

}  // namespace

std::vector<ScrapeProtocol> text_protocols() {
  return {
      ScrapeProtocol::kOpenMetricsText100, ScrapeProtocol::kOpenMetricsText001,
      ScrapeProtocol::kPrometheusText100, ScrapeProtocol::kPrometheusText004};
}

std::string accept_header(const std::vector<ScrapeProtocol>& protocols,
                          config::NameEscaping escaping) {
  std::string header;
  int weight = kProtocolsKnown + 1;
  for (const ScrapeProtocol protocol : protocols) {
    const std::string_view mime = mime_of(protocol);
    header += mime;
    if (has_escaping(protocol)) {
      header += ";escaping=";
      header += config::to_string(escaping);
    }
    header += ";q=0." + std::to_string(weight--) + ",";
  }
  return header + "*/*;q=0." + std::to_string(weight);
}

Result<exposition::Format> format_of(std::string_view content_type,
                                     std::optional<ScrapeProtocol> fallback) {
  const std::string type = media_type(content_type);
  const std::string parameters = parameters_of(content_type);
  if (type == "text/plain") return exposition::Format::kText;
  if (type == "application/openmetrics-text")
    return exposition::Format::kOpenMetrics;
  if (type == "application/vnd.google.protobuf") {
    // The text and compact forms of the same messages are another thing.
    const auto has = [&](std::string_view parameter) {
      return parameters.find(parameter) != std::string::npos;
    };
    if (has("encoding=") && !has("encoding=delimited"))
      return fail(Code::kBadData, "protobuf that is not delimited");
    return exposition::Format::kProtobuf;
  }
  const std::string shown =
      "content type \"" + printable(content_type.substr(0, 100)) + "\"";
  if (!fallback) {
    return fail(Code::kBadData, shown +
                                    " is not supported, and the job has no "
                                    "fallback_scrape_protocol for it");
  }
  if (*fallback == ScrapeProtocol::kPrometheusProto)
    return exposition::Format::kProtobuf;
  return is_open_metrics(*fallback) ? exposition::Format::kOpenMetrics
                                    : exposition::Format::kText;
}

}  // namespace prom::scrape
