// HTTP/1.1 server on Boost.Beast.  server.cc is the only file that sees Beast
// and Asio: they are slow to compile.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libprom/base/result.h"

namespace prom::http {

using Header = std::pair<std::string, std::string>;

struct ServerRequest {
  std::string method;
  std::string path;  // decoded, without the query
  std::vector<std::pair<std::string, std::string>> query;  // decoded, in order
  std::vector<Header> headers;  // names in lower case
  std::string body;             // decompressed
  std::string peer;             // "127.0.0.1:5678", or "unix"

  [[nodiscard]] std::string header(std::string_view lower_name) const;
  // The first value of a query parameter; "" without one.
  [[nodiscard]] std::string parameter(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> parameters(
      std::string_view name) const;
};

struct ServerResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::vector<Header> headers = {};
  std::string body = {};
};

// Called on one of the server's threads; must be thread-safe.  For a HEAD
// request the body that it returns is only measured.  Answers of a kilobyte and
// more are compressed for clients that ask for it; bodies that come as gzip
// arrive decompressed, other encodings (snappy) as they are.
using Handler = std::function<ServerResponse(const ServerRequest&)>;

// Limits against slow and greedy peers; all on by default.
struct ServerOptions {
  // "127.0.0.1:9093", ":9093", "[::1]:0", "unix:/run/x.sock", "fd:3" (a
  // listening socket that was inherited; http/listener.h finds them).
  std::string listen = "127.0.0.1:0";
  std::size_t threads = 2;            // for handlers; one more does the I/O
  std::size_t connections_max = 512;  // more wait in the kernel's queue
  std::uint64_t header_bytes_max = 64ULL << 10U;
  std::uint64_t body_bytes_max = 64ULL << 20U;
  std::int64_t header_timeout_ms = 10'000;
  // For a whole body of a request; for each step of sending an answer.
  std::int64_t body_timeout_ms = 30'000;
  std::int64_t idle_timeout_ms = 60'000;
};

class Server {
 public:
  // Binds, starts the threads and returns.  kUnavailable when the address is
  // taken, kPermission when it may not be bound.
  static Result<std::unique_ptr<Server>> start(const ServerOptions& options,
                                               Handler handler);
  ~Server();  // stops

  // The address that was bound, with the port that the kernel chose.
  [[nodiscard]] const std::string& address() const;
  // Accepts no more, finishes running requests, at most for `grace_ms`, closes
  // every connection and ends the threads.  Waits for handlers that are
  // running, however long they take.  Not to be called from a handler.
  void stop(std::int64_t grace_ms = 1000);

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace prom::http
