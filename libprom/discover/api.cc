#include "libprom/discover/api.h"

#include <algorithm>
#include <utility>

#include "libprom/base/letters.h"
#include "libprom/base/utf8.h"
#include "libprom/http/settings.h"
#include "libprom/http/target.h"

namespace prom::discover {
namespace {

Error too_many(std::size_t most, std::string_view what) {
  return {Code::kLimit, "a list of more than " + std::to_string(most) + " " +
                            std::string(what)};
}

Status check_status(const http::Response& response) {
  constexpr int kGoodHundreds = 2;
  constexpr std::size_t kShownBytesMax = 100;
  if (response.status / 100 == kGoodHundreds) return {};
  return fail(Code::kUnavailable,
              "server returned HTTP status " +
                  printable(std::string_view(response.status_text)
                                .substr(0, kShownBytesMax)));
}

}  // namespace

Result<http::Request> api_request(const config::HttpClientConfig& client,
                                  std::string url, std::int64_t interval_ms) {
  auto settings = http::settings(client);
  if (!settings) return fail(std::move(settings).error());
  http::Request request;
  request.url = std::move(url);
  request.options = settings->options;
  request.headers = std::move(settings->headers);
  request.headers.emplace_back("User-Agent", "Prometheus/" PROM_VERSION);
  request.timeout_ms = std::min(interval_ms, kRequestMsMax);
  return request;
}

Result<Json> good_json(const Result<http::Response>& response) {
  if (!response) return fail(response.error());
  if (const Status good = check_status(*response); !good)
    return fail(good.error());
  return Json::parse(response->body);
}

Result<std::vector<Json>> objects_of(const Json& list) {
  if (!list.is_array() && !list.is_null())
    return fail(Code::kBadData, "unexpected answer: no list");
  std::vector<Json> items = list.items();
  if (!std::ranges::all_of(items, &Json::is_object))
    return fail(Code::kBadData, "unexpected answer: no list of objects");
  return items;
}

Task<Result<http::Response>> fetch_good(Async& async, http::Request request) {
  Async::Fetch fetch = async.fetch(std::move(request));
  Result<http::Response> response = co_await fetch;
  if (!response) co_return response;
  if (Status good = check_status(*response); !good)
    co_return fail(std::move(good).error());
  co_return response;
}

Task<Result<Json>> fetch_json(Async& async, http::Request request) {
  request.headers.emplace_back("Accept", "application/json");
  Task<Result<http::Response>> fetch = fetch_good(async, std::move(request));
  const Result<http::Response> response = co_await fetch;
  co_return good_json(response);
}

Task<Result<Json>> fetch_json(Async& async,
                              const config::HttpClientConfig& client,
                              std::string url, std::int64_t interval_ms) {
  auto request = api_request(client, std::move(url), interval_ms);
  if (!request) co_return fail(std::move(request).error());
  Task<Result<Json>> fetch = fetch_json(async, *std::move(request));
  Result<Json> json = co_await fetch;
  co_return json;
}

Task<Result<std::vector<Json>>> fetch_pages(Async& async, http::Request first,
                                            std::string list, NextPage next,
                                            ListLimits limits) {
  const std::string base = first.url.substr(0, first.url.find('?'));
  std::vector<Json> items;
  std::size_t bytes = 0;
  http::Request request = first;
  for (std::size_t number = 1; number <= limits.pages; ++number) {
    Task<Result<http::Response>> fetch = fetch_good(async, request);
    const Result<http::Response> response = co_await fetch;
    if (!response) co_return fail(response.error());
    bytes += response->body.size();
    if (bytes > limits.bytes) co_return fail(too_many(limits.bytes, "bytes"));
    const Result<Json> page = Json::parse(response->body);
    if (!page) co_return fail(page.error());
    auto more = page->is_object()
                    ? objects_of((*page)[list])
                    : fail(Code::kBadData, "unexpected answer: no object");
    if (!more) co_return fail(std::move(more).error());
    for (Json& item : *more) items.push_back(std::move(item));
    if (items.size() > limits.items)
      co_return fail(too_many(limits.items, "items"));
    const std::optional<std::string> query =
        next(Page{.body = *page,
                  .response = *response,
                  .number = number,
                  .items = more->size(),
                  .items_so_far = items.size()});
    if (!query) co_return items;
    request.url = base + "?" + *query;
  }
  co_return fail(too_many(limits.pages, "pages"));
}

std::string to_query(
    const std::vector<std::pair<std::string, std::string>>& parameters) {
  std::string query;
  for (const auto& [name, value] : parameters) {
    if (!query.empty()) query += '&';
    query += http::percent_encode(name) + "=" + http::percent_encode(value);
  }
  return query;
}

bool is_json_type(std::string_view content_type) {
  std::string plain;
  for (const char c : to_lower(content_type)) {
    if (c != ' ' && c != '"' && c != '\t') plain += c;
  }
  return plain == "application/json" ||
         plain == "application/json;charset=utf-8";
}

std::string sanitized_label_name(std::string_view name) {
  std::string out;
  while (!name.empty()) {
    const char c = name.front();
    const bool is_good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                         (c >= '0' && c <= '9');
    out += is_good ? c : '_';
    name.remove_prefix(decode_utf8(name).size);
  }
  return out;
}

std::string host_port(std::string_view host, std::string_view port) {
  std::string out;
  const bool is_v6 = host.find_first_of(":%") != std::string_view::npos;
  if (is_v6) out += '[';
  out += host;
  if (is_v6) out += ']';
  out += ':';
  out += port;
  return out;
}

std::string host_port(std::string_view host, std::int64_t port) {
  return host_port(host, std::to_string(port));
}

std::string framed(const std::vector<std::string>& items,
                   std::string_view separator, std::string_view if_empty) {
  if (items.empty()) return std::string(if_empty);
  std::string out(separator);
  for (const std::string& item : items) {
    out += item;
    out += separator;
  }
  return out;
}

}  // namespace prom::discover
