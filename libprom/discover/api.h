// How mechanisms ask an HTTP API, and the small rules by which answers become
// labels.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/config/http_client.h"
#include "libprom/discover/async.h"
#include "libprom/discover/json.h"
#include "libprom/discover/task.h"
#include "libprom/http/client.h"

namespace prom::discover {

// The longest that one request of a look may take.
constexpr std::int64_t kRequestMsMax = 60'000;

// A GET of `url` with what the configuration says about HTTP: credentials,
// read anew from their files, TLS, proxy, headers.  It may take as long as the
// interval of looks, and never longer than kRequestMsMax.
Result<http::Request> api_request(const config::HttpClientConfig& client,
                                  std::string url, std::int64_t interval_ms);

// The body of an answer with a 2xx status; kUnavailable for another status.
Result<Json> good_json(const Result<http::Response>& response);
// The elements of a list, none for null.  kBadData when it is no list, or one
// of something else than objects: then the answer is not what was asked for.
Result<std::vector<Json>> objects_of(const Json& list);

// Sends it.  kUnavailable for any status but 2xx.
Task<Result<http::Response>> fetch_good(Async& async, http::Request request);
// The same, with the body as JSON.
Task<Result<Json>> fetch_json(Async& async, http::Request request);
// A GET of `url`.  REQUIRES: client outlives the task.
Task<Result<Json>> fetch_json(Async& async,
                              const config::HttpClientConfig& client,
                              std::string url, std::int64_t interval_ms);

// Limits of all pages of one list together.
constexpr std::size_t kPagesMax = 1000;
constexpr std::size_t kItemsMax = 200'000;
constexpr std::size_t kListBytesMax = 128U << 20U;
struct ListLimits {
  std::size_t pages = kPagesMax;
  std::size_t items = kItemsMax;
  std::size_t bytes = kListBytesMax;
};

// One page of a list, for who says whether there is another.
struct Page {
  const Json& body;
  const http::Response& response;
  std::size_t number = 1;  // from 1 on
  std::size_t items = 0;   // on this page
  std::size_t items_so_far = 0;
};
// The query ("cursor=x&per_page=100") of the page after this one; nullopt when
// it was the last.  Only a query, so that no answer leads to another server.
using NextPage = std::function<std::optional<std::string>(const Page& page)>;

// The elements of a list that comes in pages: the objects of the member `list`
// of each answer, the first of which is to `first`.  kLimit beyond the limits.
Task<Result<std::vector<Json>>> fetch_pages(Async& async, http::Request first,
                                            std::string list, NextPage next,
                                            ListLimits limits = {});

// "a=1&b=x%20y", for a URL.
std::string to_query(
    const std::vector<std::pair<std::string, std::string>>& parameters);

// application/json, with or without charset=utf-8.
bool is_json_type(std::string_view content_type);

// Every character but ASCII letters, digits and underscores becomes one
// underscore.
std::string sanitized_label_name(std::string_view name);
// "a:1", "[::1]:1"
std::string host_port(std::string_view host, std::string_view port);
std::string host_port(std::string_view host, std::int64_t port);
// ",a,b,": every item stands between two separators; "" without items, or
// `if_empty`.
std::string framed(const std::vector<std::string>& items,
                   std::string_view separator, std::string_view if_empty = "");

}  // namespace prom::discover
