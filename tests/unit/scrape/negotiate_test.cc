#include "libprom/scrape/negotiate.h"

#include <gtest/gtest.h>

namespace prom::scrape {
namespace {

using config::NameEscaping;
using config::ScrapeProtocol;
using exposition::Format;

TEST(AcceptHeader, IsUpstreams) {
  EXPECT_EQ(accept_header({ScrapeProtocol::kOpenMetricsText100,
                           ScrapeProtocol::kOpenMetricsText001,
                           ScrapeProtocol::kPrometheusText100,
                           ScrapeProtocol::kPrometheusText004},
                          NameEscaping::kAllowUtf8),
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8"
            ";q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,"
            "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
            "text/plain;version=0.0.4;q=0.3,*/*;q=0.2");
  EXPECT_EQ(accept_header({ScrapeProtocol::kPrometheusText100},
                          NameEscaping::kUnderscores),
            "text/plain;version=1.0.0;escaping=underscores;q=0.6,*/*;q=0.5");
}

TEST(AcceptHeader, AsksForProtobufWhereItIsListed) {
  EXPECT_EQ(accept_header({ScrapeProtocol::kPrometheusProto,
                           ScrapeProtocol::kPrometheusText004},
                          NameEscaping::kAllowUtf8),
            "application/vnd.google.protobuf;"
            "proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,"
            "text/plain;version=0.0.4;q=0.5,*/*;q=0.4");
}

TEST(FormatOf, ReadsTheMediaType) {
  struct Case {
    std::string type;
    std::optional<ScrapeProtocol> fallback;
    std::optional<Format> format;
  };
  const auto text = ScrapeProtocol::kPrometheusText004;
  const auto open = ScrapeProtocol::kOpenMetricsText001;
  for (const auto& [type, fallback, expected] : std::vector<Case>{
           {"text/plain", {}, Format::kText},
           {"text/plain; version=0.0.4; charset=utf-8", {}, Format::kText},
           {" Text/Plain ;x", {}, Format::kText},
           {"application/openmetrics-text; version=1.0.0",
            {},
            Format::kOpenMetrics},
           {"text/plain", open, Format::kText},
           {"", {}, {}},
           {"", text, Format::kText},
           {"text/html", {}, {}},
           {"text/html", text, Format::kText},
           {"text/html", open, Format::kOpenMetrics},
           {"text/html", ScrapeProtocol::kPrometheusProto, Format::kProtobuf},
           {"application/vnd.google.protobuf", text, Format::kProtobuf},
           {"application/vnd.google.protobuf; "
            "proto=io.prometheus.client.MetricFamily; encoding=delimited",
            {},
            Format::kProtobuf},
           {"application/vnd.google.protobuf; encoding=text", text, {}},
           {"\x1b[31m;;;", {}, {}}}) {
    const auto got = format_of(type, fallback);
    EXPECT_EQ(got.has_value(), expected.has_value()) << type;
    if (got && expected) {
      EXPECT_EQ(*got, *expected) << type;
    } else {
      EXPECT_EQ(got.error().code, Code::kBadData);
      EXPECT_EQ(got.error().message.find('\x1b'), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace prom::scrape
