#include "libprom/scrape/exposition_input.h"

#include "libprom/base/utf8.h"
#include "libprom/http/client.h"
#include "libprom/os/file.h"
#include "libprom/scrape/negotiate.h"

namespace prom::scrape {
namespace {

constexpr std::uint64_t kInputBytesMax = 1ULL << 30U;

Result<ExpositionInput> fetch(const std::string& url) {
  using config::ScrapeProtocol;
  http::Request request;
  request.url = url;
  request.body_bytes_max = kInputBytesMax;
  request.headers.emplace_back(
      "Accept",
      accept_header(text_protocols(), config::NameEscaping::kAllowUtf8));
  auto response = http::fetch(std::move(request));
  if (!response) return fail(std::move(response).error());
  if (response->status != 200) {
    return fail(Code::kUnavailable, "server returned HTTP status " +
                                        printable(response->status_text));
  }
  auto format = format_of(response->header("content-type"),
                          ScrapeProtocol::kPrometheusText004);
  if (!format) return fail(std::move(format).error());
  return ExpositionInput{std::move(response->body), *format};
}

}  // namespace

Result<ExpositionInput> read_exposition(const std::string& name, cli::Io& io) {
  if (name.starts_with("http://") || name.starts_with("https://"))
    return fetch(name);
  auto body = name == "-" ? os::read_all(io.in_fd, kInputBytesMax)
                          : os::read_file(name, kInputBytesMax);
  if (!body) return fail(std::move(body).error());
  const exposition::Format format = exposition::detect_format(*body);
  return ExpositionInput{*std::move(body), format};
}

}  // namespace prom::scrape
