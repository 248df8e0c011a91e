// A server that speaks Prometheus' HTTP API v1: Prometheus itself, Thanos,
// Mimir, VictoriaMetrics, prom-web.  A query is best sent there as it is
// (query, query_range); as a Source the server also hands out raw samples, so
// that our engine can join them with other sources.
//
// The API has no stale markers: read as a Source, a series that ended counts
// as current for the lookback period.
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libprom/config/http_client.h"
#include "libprom/query/engine.h"
#include "libprom/query/source.h"

namespace prom::query {

// An answer is never larger.
constexpr std::uint64_t kAnswerBytesMax = std::uint64_t{256} << 20;

// Thread-safe; every call is a request and waits for its answer, or until the
// options' stop token is triggered (kCancelled).  Errors carry
// the server's text, kUnavailable and kTimeout when there is none.
class RemoteSource final : public Source {
 public:
  // `url` is the server's, without /api/v1.  kUsage when it is no http URL.
  static Result<std::unique_ptr<RemoteSource>> open(
      std::string url, config::HttpClientConfig http, std::int64_t timeout_ms);

  // Evaluated there.  `options` are passed on as far as the API knows them.
  [[nodiscard]] Result<QueryResult> query(std::string_view text,
                                          std::int64_t time_ms,
                                          const EngineOptions& options) const;
  [[nodiscard]] Result<QueryResult> query_range(
      std::string_view text, const RangeTimes& times,
      const EngineOptions& options) const;

  Result<std::unique_ptr<Selection>> select(
      const Matchers& matchers, const SelectRange& range) const override;
  Result<std::vector<std::string>> label_names(
      const Matchers& matchers, const SelectRange& range,
      std::size_t limit) const override;
  Result<std::vector<std::string>> label_values(
      std::string_view name, const Matchers& matchers, const SelectRange& range,
      std::size_t limit) const override;
  Result<std::vector<FamilyDescription>> metadata() const override;

  using Parameters = std::vector<std::pair<std::string, std::string>>;
  // The body of an answer, also of one that says "error".
  [[nodiscard]] Result<std::string> call(
      std::string_view path, const Parameters& parameters, bool post = true,
      const std::stop_token& stop = {}) const;

 private:
  RemoteSource(std::string url, config::HttpClientConfig http,
               std::int64_t timeout_ms)
      : url_(std::move(url)), http_(std::move(http)), timeout_ms_(timeout_ms) {}

  const std::string url_;  // without a slash at its end
  const config::HttpClientConfig http_;
  const std::int64_t timeout_ms_;  // 0: none
};

}  // namespace prom::query
