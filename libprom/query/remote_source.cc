#include "libprom/query/remote_source.h"

#include <algorithm>
#include <limits>
#include <mutex>
#include <optional>

#include "libprom/base/duration.h"
#include "libprom/base/number.h"
#include "libprom/base/utf8.h"
#include "libprom/http/client.h"
#include "libprom/http/settings.h"
#include "libprom/http/target.h"
#include "libprom/query/api_answer.h"

namespace prom::query {
namespace {

constexpr std::int64_t kNoTimeoutMs = 365 * kDayMs;
constexpr std::string_view kFormType = "application/x-www-form-urlencoded";
constexpr int kMethodNotAllowed = 405;
constexpr int kNotImplemented = 501;
// Times beyond it are not sent: without one the API means ever.
constexpr std::int64_t kTimeMsMax =
    std::numeric_limits<std::int64_t>::max() / 4;

std::string seconds_text(std::int64_t t_ms) {
  return format_float_fixed(static_cast<double>(t_ms) / 1000);
}

std::string form_of(const RemoteSource::Parameters& parameters) {
  std::string form;
  for (const auto& [name, value] : parameters) {
    if (!form.empty()) form += '&';
    form += http::percent_encode(name);
    form += '=';
    form += http::percent_encode(value);
  }
  return form;
}

// The API wants one matcher that refuses the empty string.
std::string selector_text(const Matchers& matchers) {
  std::string text = "{";
  const auto add = [&text](const std::string& matcher) {
    if (text.size() > 1) text += ',';
    text += matcher;
  };
  for (const Matcher& matcher : matchers) add(matcher.to_string());
  if (std::ranges::all_of(matchers, [](const Matcher& matcher) {
        return matcher.matches_empty();
      })) {
    add(R"(__name__!="")");
  }
  return text + "}";
}

RemoteSource::Parameters range_parameters(const SelectRange& range) {
  RemoteSource::Parameters parameters;
  if (range.min_ms > -kTimeMsMax)
    parameters.emplace_back("start", seconds_text(range.min_ms));
  if (range.max_ms < kTimeMsMax)
    parameters.emplace_back("end", seconds_text(range.max_ms));
  return parameters;
}

void add_engine_options(const EngineOptions& options,
                        RemoteSource::Parameters& parameters) {
  if (options.timeout_ms != 0) {
    parameters.emplace_back("timeout", seconds_text(options.timeout_ms) + "s");
  }
  if (options.lookback_ms != EngineOptions().lookback_ms)
    parameters.emplace_back("lookback_delta",
                            seconds_text(options.lookback_ms) + "s");
}

// http::fetch that can be given up.
Result<http::Response> fetch(http::Request request,
                             const std::stop_token& stop) {
  if (!stop.stop_possible()) return http::fetch(std::move(request));
  constexpr int kLookMs = 50;
  http::Client client;
  std::optional<Result<http::Response>> answer;
  client.start(std::move(request), [&answer](Result<http::Response> done) {
    answer = std::move(done);
  });
  while (!answer) {
    if (stop.stop_requested())
      return fail(Code::kCancelled, "the query was cancelled");
    client.perform(kLookMs);
  }
  return std::move(*answer);
}

// Series as the server lists them; their samples are fetched, all at once, when
// the first is read.
class RemoteSelection final : public Selection {
 public:
  RemoteSelection(const RemoteSource& source, std::string selector,
                  const SelectRange& range, std::vector<Labels> series,
                  std::vector<std::string> warnings)
      : source_(source),
        selector_(std::move(selector)),
        range_(range),
        series_(std::move(series)),
        warnings_(std::move(warnings)) {}

  [[nodiscard]] std::size_t size() const override { return series_.size(); }
  [[nodiscard]] Labels labels(std::size_t series) const override {
    return series_[series];
  }
  [[nodiscard]] std::unique_ptr<SampleBatch> new_batch() const override {
    return std::make_unique<SampleBatch>();
  }

  Status read(std::size_t first, std::size_t count,
              SampleBatch& into) const override {
    std::call_once(fetched_, [this] { status_ = fetch(); });
    if (!status_) return status_;
    into.series.resize(count);
    for (std::size_t i = 0; i < count; ++i)
      into.series[i] = samples_.of(first + i);
    return {};
  }

  [[nodiscard]] std::vector<std::string> warnings() const override {
    return warnings_;
  }

 private:
  // A range vector as an instant query gives samples as they are stored.
  Status fetch() const {
    const std::int64_t end_ms = std::min(range_.max_ms, kTimeMsMax);
    const std::int64_t begin_ms = std::max<std::int64_t>(range_.min_ms, 0);
    const std::int64_t range_ms =
        std::max<std::int64_t>(end_ms - begin_ms + 1, 1);
    auto answer = source_.query(
        selector_ + "[" + format_duration(range_ms) + "]", end_ms, {});
    if (!answer) return fail(std::move(answer).error());
    std::ranges::sort(answer->series, {}, &Series::labels);
    auto at = answer->series.begin();
    for (const Labels& labels : series_) {
      while (at != answer->series.end() && at->labels < labels) ++at;
      if (at != answer->series.end() && at->labels == labels) push(*at);
      samples_.end_series();
    }
    return {};
  }

  void push(const Series& series) const {
    auto f = series.floats.begin();
    auto h = series.histograms.begin();
    while (f != series.floats.end() || h != series.histograms.end()) {
      const bool is_float = h == series.histograms.end() ||
                            (f != series.floats.end() && f->t_ms <= h->t_ms);
      if (is_float) {
        samples_.push(f->t_ms, f->value);
        ++f;
      } else {
        samples_.push(h->t_ms, *h->histogram);
        ++h;
      }
    }
  }

  const RemoteSource& source_;
  const std::string selector_;
  const SelectRange range_;
  const std::vector<Labels> series_;
  const std::vector<std::string> warnings_;
  mutable std::once_flag fetched_;
  mutable Status status_;
  mutable Samples samples_;
};

}  // namespace

Result<std::unique_ptr<RemoteSource>> RemoteSource::open(
    std::string url, config::HttpClientConfig http, std::int64_t timeout_ms) {
  if (!url.starts_with("http://") && !url.starts_with("https://")) {
    return fail(Code::kUsage,
                quote(http::safe_url(url)) + " is no http or https URL");
  }
  while (url.ends_with('/')) url.pop_back();
  return std::unique_ptr<RemoteSource>(
      new RemoteSource(std::move(url), std::move(http), timeout_ms));
}

Result<std::string> RemoteSource::call(std::string_view path,
                                       const Parameters& parameters, bool post,
                                       const std::stop_token& stop) const {
  // Each time anew, so that rotated secrets are taken up.
  auto settings = http::settings(http_);
  if (!settings) return fail(std::move(settings).error());
  const std::string form = form_of(parameters);
  http::Request request{
      .method = post ? "POST" : "GET",
      .url = url_ + "/api/v1/" + std::string(path),
      .headers = settings->headers,
      .timeout_ms = timeout_ms_ == 0 ? kNoTimeoutMs : timeout_ms_,
      .body_bytes_max = kAnswerBytesMax,
      .options = settings->options};
  if (post) {
    request.headers.emplace_back("Content-Type", kFormType);
    request.body = form;
  } else if (!form.empty()) {
    request.url += "?" + form;
  }
  auto response = fetch(std::move(request), stop);
  if (!response)
    return fail(std::move(response).error().in(http::safe_url(url_)));
  const int status = response->status;
  // As promtool: some proxies let only GET through.
  if (post && (status == kMethodNotAllowed || status == kNotImplemented))
    return call(path, parameters, false, stop);
  const bool is_json =
      response->header("content-type").contains("application/json");
  if (status / 100 != 2 && !is_json) {
    const bool forbidden = status == 401 || status == 403;
    return fail(forbidden ? Code::kPermission : Code::kUnavailable,
                http::safe_url(url_) + ": " + printable(response->status_text));
  }
  return std::move(response->body);
}

Result<QueryResult> RemoteSource::query(std::string_view text,
                                        std::int64_t time_ms,
                                        const EngineOptions& options) const {
  Parameters parameters = {{"query", std::string(text)},
                           {"time", seconds_text(time_ms)}};
  add_engine_options(options, parameters);
  const auto body = call("query", parameters, true, options.stop);
  if (!body) return fail(body.error());
  auto result = read_query_answer(*body);
  if (result && result->t_ms == 0) result->t_ms = time_ms;
  return result;
}

Result<QueryResult> RemoteSource::query_range(
    std::string_view text, const RangeTimes& times,
    const EngineOptions& options) const {
  Parameters parameters = {{"query", std::string(text)},
                           {"start", seconds_text(times.start_ms)},
                           {"end", seconds_text(times.end_ms)},
                           {"step", seconds_text(times.step_ms)}};
  add_engine_options(options, parameters);
  const auto body = call("query_range", parameters, true, options.stop);
  if (!body) return fail(body.error());
  return read_query_answer(*body);
}

Result<std::unique_ptr<Selection>> RemoteSource::select(
    const Matchers& matchers, const SelectRange& range) const {
  std::string selector = selector_text(matchers);
  Parameters parameters = range_parameters(range);
  parameters.emplace_back("match[]", selector);
  const auto body = call("series", parameters);
  if (!body) return fail(body.error());
  std::vector<std::string> warnings;
  auto series = read_series_answer(*body, warnings);
  if (!series) return fail(std::move(series).error());
  return std::make_unique<RemoteSelection>(*this, std::move(selector), range,
                                           std::move(*series),
                                           std::move(warnings));
}

Result<std::vector<std::string>> RemoteSource::label_names(
    const Matchers& matchers, const SelectRange& range,
    std::size_t limit) const {
  Parameters parameters = range_parameters(range);
  if (!matchers.empty())
    parameters.emplace_back("match[]", selector_text(matchers));
  const auto body = call("labels", parameters);
  if (!body) return fail(body.error());
  std::vector<std::string> warnings;
  auto names = read_names_answer(*body, warnings);
  if (names && names->size() > limit) names->resize(limit);
  return names;
}

Result<std::vector<std::string>> RemoteSource::label_values(
    std::string_view name, const Matchers& matchers, const SelectRange& range,
    std::size_t limit) const {
  Parameters parameters = range_parameters(range);
  if (!matchers.empty())
    parameters.emplace_back("match[]", selector_text(matchers));
  const auto body = call("label/" + http::percent_encode(name) + "/values",
                         parameters, false);
  if (!body) return fail(body.error());
  std::vector<std::string> warnings;
  auto values = read_names_answer(*body, warnings);
  if (values && values->size() > limit) values->resize(limit);
  return values;
}

Result<std::vector<FamilyDescription>> RemoteSource::metadata() const {
  const auto body = call("metadata", {}, false);
  if (!body) return fail(body.error());
  return read_metadata_answer(*body);
}

}  // namespace prom::query
