#include "libprom/http/server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_set>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "libprom/http/gzip.h"
#include "libprom/http/headers_internal.h"
#include "libprom/http/listener.h"
#include "libprom/http/target.h"
#include "libprom/os/log.h"

namespace prom::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;

using ErrorCode = boost::system::error_code;
using Executor = asio::io_context::executor_type;
using Protocol = asio::generic::stream_protocol;
using Stream = beast::basic_stream<Protocol, Executor>;
using Acceptor = asio::basic_socket_acceptor<Protocol, Executor>;
using Parser = bhttp::request_parser<bhttp::dynamic_body>;
using Answer = bhttp::response<bhttp::string_body>;

constexpr std::size_t kReadBytes = 8 << 10;
// What fits beside a header into the read buffer: body bytes of pipelined
// requests and the line before a chunk.
constexpr std::size_t kReadAheadBytes = 64 << 10;
constexpr std::size_t kGzipBytesMin = 1024;
// After an error the rest of the request is read and thrown away, so that the
// peer sees our answer rather than a reset connection.
constexpr std::size_t kDrainBytesMax = 1 << 20;
constexpr auto kDrainTime = std::chrono::seconds(1);
constexpr auto kAcceptRetry = std::chrono::milliseconds(100);

ServerResponse plain_error(int status, std::string_view text) {
  return {.status = status, .headers = {}, .body = std::string(text) + "\n"};
}

using Milliseconds = std::chrono::milliseconds;
using Timer =
    asio::basic_waitable_timer<std::chrono::steady_clock,
                               asio::wait_traits<std::chrono::steady_clock>,
                               Executor>;

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

std::string_view view(beast::string_view text) {
  return {text.data(), text.size()};
}

struct Refusal {
  int status = 0;  // 0: none
  std::string_view why;
};

// What Beast lets pass and RFC 9112 does not.
template <typename Request>
Refusal judge(const Request& request) {
  const auto hosts = request.count(bhttp::field::host);
  if (hosts > 1 || (hosts == 0 && request.version() >= 11))
    return {400, "expected exactly one Host header"};
  if (request.count(bhttp::field::content_length) > 1)
    return {400, "more than one Content-Length"};
  const auto codings = request.count(bhttp::field::transfer_encoding);
  if (codings == 0) return {};
  if (codings > 1 || request.version() < 11 ||
      request.count(bhttp::field::content_length) != 0)
    return {400, "ambiguous Transfer-Encoding"};
  if (ascii_lower(trimmed(view(request[bhttp::field::transfer_encoding]))) !=
      "chunked")
    return {501, "unknown Transfer-Encoding"};
  return {};
}

// Runs on the pool: unpacks the request, calls the handler, packs its answer.
std::pair<ServerResponse, bool> answer_request(ServerRequest& request,
                                               const Handler& handler,
                                               std::uint64_t body_bytes_max) {
  try {
    if (ascii_lower(request.header("content-encoding")) == "gzip") {
      auto plain = gunzip(request.body, body_bytes_max);
      if (!plain)
        return {plain_error(plain.error().code == Code::kLimit ? 413 : 400,
                            plain.error().message),
                false};
      request.body = std::move(*plain);
    }
    ServerResponse response = handler(request);
    const bool encoded =
        std::any_of(response.headers.begin(), response.headers.end(),
                    [](const Header& header) {
                      return ascii_lower(header.first) == "content-encoding";
                    });
    const bool worth = response.body.size() >= kGzipBytesMin && !encoded;
    if (!worth) return {std::move(response), false};
    response.headers.emplace_back("Vary", "Accept-Encoding");
    if (!accepts_gzip(request.header("accept-encoding")))
      return {std::move(response), false};
    response.body = gzip(response.body);
    return {std::move(response), true};
  } catch (const std::exception& error) {
    os::log_error("request failed",
                  {{"path", request.path}, {"err", error.what()}});
    return {plain_error(500, "internal error"), false};
  }
}

class Session;

// The server.  Everything but `handler`, `pool` and what `mutex` guards belongs
// to the I/O thread; handlers run on the pool, so that a slow one delays
// neither timeouts nor other connections.
struct Core {
  Core(const ServerOptions& chosen, Handler answer, Listener socket)
      : options(chosen),
        handler(std::move(answer)),
        listener(std::move(socket)),
        pool(std::max<std::size_t>(chosen.threads, 1)) {}

  Status open();
  void run();
  void stop(std::int64_t grace_ms);
  void remove(const std::shared_ptr<Session>& session);

  void accept();
  void accepted(ErrorCode error, Stream::socket_type socket);

  const ServerOptions options;
  const Handler handler;
  Listener listener;
  asio::io_context io{1};
  asio::executor_work_guard<Executor> work{io.get_executor()};
  Acceptor acceptor{io};
  Timer retry{io};
  bool accepting = false;
  bool stopping = false;
  std::unordered_set<std::shared_ptr<Session>> sessions;

  asio::thread_pool pool;
  std::thread io_thread;
  std::mutex mutex;
  std::condition_variable ended;
  bool drained = false;  // guarded by mutex: stopping and without sessions
  bool stopped = false;  // guarded by mutex
};

// One connection: reads a request, has the handler answer it on the pool,
// writes the answer, and begins again.  Lives on the I/O thread, kept alive by
// Core::sessions and by the operation under way.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(Core& core, Stream::socket_type socket)
      : core_(core),
        peer_(peer_address(socket.native_handle())),
        stream_(std::move(socket)),
        buffer_(core.options.header_bytes_max + kReadAheadBytes) {}

  void await_request();
  // Ends the connection at once when no request is running, else after its
  // answer.
  void end_soon() {
    closing_ = true;
    if (idle_) close();
  }

 private:
  void read_header();
  void parse_header(std::size_t size);
  void read_body();
  void dispatch();
  void send(ServerResponse response, bool gzipped);
  void write();
  void refuse(int status, std::string_view why);
  void drain();
  void close();

  Core& core_;
  const std::string peer_;
  Stream stream_;
  beast::flat_buffer buffer_;
  HeaderScan scan_;
  std::optional<Parser> parser_;
  Answer answer_;
  std::optional<bhttp::response_serializer<bhttp::string_body>> serializer_;
  std::size_t drained_bytes_ = 0;
  unsigned version_ = 11;  // of the request: 10 or 11
  bool is_head_ = false;
  bool keep_alive_ = false;
  bool idle_ = false;     // between requests
  bool closing_ = false;  // after this answer
  bool refused_ = false;  // the rest of the input is thrown away
};

void Session::await_request() {
  scan_ = {};
  parser_.reset();
  version_ = 11;
  is_head_ = false;
  keep_alive_ = false;
  if (closing_) return close();
  if (buffer_.size() != 0) {
    stream_.expires_after(Milliseconds(core_.options.header_timeout_ms));
    return read_header();
  }
  idle_ = true;
  stream_.expires_after(Milliseconds(core_.options.idle_timeout_ms));
  stream_.async_read_some(
      buffer_.prepare(kReadBytes),
      [self = shared_from_this()](ErrorCode error, std::size_t bytes) {
        self->idle_ = false;
        if (error) return self->close();
        self->buffer_.commit(bytes);
        self->stream_.expires_after(
            Milliseconds(self->core_.options.header_timeout_ms));
        self->read_header();
      });
}

void Session::read_header() {
  const std::string_view text(static_cast<const char*>(buffer_.data().data()),
                              buffer_.size());
  switch (scan_.advance(text)) {
    case HeaderScan::Verdict::kComplete:
      if (scan_.size() > core_.options.header_bytes_max)
        return refuse(431, "request header too large");
      return parse_header(scan_.size());
    case HeaderScan::Verdict::kMalformed:
      return refuse(400, "malformed request header");
    case HeaderScan::Verdict::kTooManyLines:
      return refuse(431, "too many header lines");
    case HeaderScan::Verdict::kPartial:
      break;
  }
  if (text.size() >= core_.options.header_bytes_max)
    return refuse(431, "request header too large");
  stream_.async_read_some(
      buffer_.prepare(kReadBytes),
      [self = shared_from_this()](ErrorCode error, std::size_t bytes) {
        if (error) return self->close();
        self->buffer_.commit(bytes);
        self->read_header();
      });
}

void Session::parse_header(std::size_t size) {
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(size + 1));
  parser_->body_limit(core_.options.body_bytes_max);
  ErrorCode error;
  parser_->put(asio::buffer(buffer_.data(), size), error);
  if (error == bhttp::error::body_limit)
    return refuse(413, "request body too large");
  if (error || !parser_->is_header_done())
    return refuse(400, "malformed request header");
  buffer_.consume(size);
  if (const Refusal refusal = judge(parser_->get()); refusal.status != 0)
    return refuse(refusal.status, refusal.why);
  version_ = parser_->get().version();
  is_head_ = parser_->get().method() == bhttp::verb::head;
  keep_alive_ = parser_->get().keep_alive();
  if (parser_->is_done()) return dispatch();

  stream_.expires_after(Milliseconds(core_.options.body_timeout_ms));
  const auto expect = parser_->get()[bhttp::field::expect];
  if (expect.empty()) return read_body();
  if (ascii_lower(view(expect)) != "100-continue")
    return refuse(417, "unknown expectation");
  asio::async_write(stream_, asio::buffer(kContinue.data(), kContinue.size()),
                    [self = shared_from_this()](ErrorCode failed, std::size_t) {
                      if (failed) return self->close();
                      self->read_body();
                    });
}

void Session::read_body() {
  bhttp::async_read(
      stream_, buffer_, *parser_,
      [self = shared_from_this()](ErrorCode error, std::size_t) {
        if (!error) return self->dispatch();
        if (error == bhttp::error::body_limit)
          return self->refuse(413, "request body too large");
        // Errors of the parser are the peer's; others are the connection's.
        if (error.category() ==
                make_error_code(bhttp::error::bad_chunk).category() &&
            error != bhttp::error::partial_message &&
            error != bhttp::error::end_of_stream)
          return self->refuse(400, "malformed request body");
        self->close();
      });
}

// Takes the request off the parser and gives it to the pool.
void Session::dispatch() {
  stream_.expires_never();
  auto message = parser_->release();
  auto target = parse_target(view(message.target()));
  if (!target) return refuse(400, "malformed request target");

  auto request = std::make_shared<ServerRequest>();
  request->method = view(message.method_string());
  request->path = std::move(target->path);
  request->query = std::move(target->query);
  for (const auto& field : message)
    request->headers.emplace_back(ascii_lower(view(field.name_string())),
                                  view(field.value()));
  request->body = beast::buffers_to_string(message.body().data());
  request->peer = peer_;
  asio::post(core_.pool, [self = shared_from_this(), request] {
    auto [answer, gzipped] = answer_request(*request, self->core_.handler,
                                            self->core_.options.body_bytes_max);
    asio::post(self->core_.io,
               [self, gzipped, response = std::move(answer)]() mutable {
                 self->send(std::move(response), gzipped);
               });
  });
}

void Session::send(ServerResponse response, bool gzipped) {
  const bool keep_alive = keep_alive_ && !closing_ && !refused_;
  closing_ = !keep_alive;
  answer_ = {};
  answer_.version(version_);
  answer_.result(static_cast<unsigned>(response.status));
  answer_.set(bhttp::field::date, http_date());
  for (const Header& header : response.headers)
    if (is_safe_header(header)) answer_.insert(header.first, header.second);
  if (gzipped) answer_.set(bhttp::field::content_encoding, "gzip");
  const bool has_body = response.status >= 200 && response.status != 204 &&
                        response.status != 304;
  if (has_body) {
    if (!response.content_type.empty() && !response.body.empty())
      answer_.set(bhttp::field::content_type, response.content_type);
    answer_.content_length(response.body.size());
    if (!is_head_) answer_.body() = std::move(response.body);
  }
  answer_.keep_alive(keep_alive);
  serializer_.emplace(answer_);
  write();
}

// Sends as much as the socket takes, again and again: the deadline is for
// progress, so that a large answer may take its time.
void Session::write() {
  stream_.expires_after(Milliseconds(core_.options.body_timeout_ms));
  bhttp::async_write_some(
      stream_, *serializer_,
      [self = shared_from_this()](ErrorCode error, std::size_t) {
        if (error) return self->close();
        if (!self->serializer_->is_done()) return self->write();
        self->serializer_.reset();
        self->answer_ = {};
        if (self->refused_) return self->drain();
        self->await_request();
      });
}

void Session::refuse(int status, std::string_view why) {
  refused_ = true;
  send({.status = status, .headers = {}, .body = std::string(why) + "\n"},
       false);
}

// The answer is out; reading on keeps the kernel from answering unread bytes
// with a reset, which could overtake the answer.
void Session::drain() {
  ErrorCode ignored;
  (void)stream_.socket().shutdown(Protocol::socket::shutdown_send, ignored);
  buffer_.clear();
  if (drained_bytes_ > kDrainBytesMax) return close();
  if (drained_bytes_ == 0) stream_.expires_after(kDrainTime);
  stream_.async_read_some(
      buffer_.prepare(kReadBytes),
      [self = shared_from_this()](ErrorCode error, std::size_t bytes) {
        if (error) return self->close();
        self->drained_bytes_ += bytes;
        self->drain();
      });
}

void Session::close() {
  idle_ = false;
  stream_.close();
  core_.remove(shared_from_this());
}

Status Core::open() {
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  if (getsockname(listener.fd.get(), reinterpret_cast<sockaddr*>(&bound),
                  &size) != 0)
    return fail(os::system_error("listen", errno));
  ErrorCode error;
  (void)acceptor.assign(Protocol(bound.ss_family, 0), listener.fd.get(), error);
  if (error)
    return fail(Code::kIo,
                "listen on " + listener.address + ": " + error.message());
  (void)listener.fd.release();
  accept();
  return {};
}

// Without a free place nothing is accepted: newcomers wait in the kernel's
// queue until a connection ends, which the timeouts see to.
void Core::accept() {
  if (accepting || stopping || sessions.size() >= options.connections_max)
    return;
  accepting = true;
  acceptor.async_accept(io.get_executor(),
                        [this](ErrorCode error, Stream::socket_type socket) {
                          accepting = false;
                          accepted(error, std::move(socket));
                        });
}

void Core::accepted(ErrorCode error, Stream::socket_type socket) {
  if (stopping) return;
  if (error) {
    // Out of descriptors or memory: others may free some.
    os::log_warn("accept failed",
                 {{"address", listener.address}, {"err", error.message()}});
    retry.expires_after(kAcceptRetry);
    retry.async_wait([this](ErrorCode) { accept(); });
    return;
  }
  // Fails on unix sockets, which have no delay to turn off.
  const int on = 1;
  setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  auto session = std::make_shared<Session>(*this, std::move(socket));
  sessions.insert(session);
  session->await_request();
  accept();
}

void Core::remove(const std::shared_ptr<Session>& session) {
  sessions.erase(session);
  if (!stopping) return accept();
  if (!sessions.empty()) return;
  const std::lock_guard lock(mutex);
  drained = true;
  ended.notify_all();
}

// A request that exhausts memory costs itself, not the server.
void Core::run() {
  while (true) {
    try {
      io.run();
      return;
    } catch (const std::exception& error) {
      os::log_error("connection failed", {{"err", error.what()}});
    }
  }
}

void Core::stop(std::int64_t grace_ms) {
  {
    const std::lock_guard lock(mutex);
    if (std::exchange(stopped, true)) return;
  }
  asio::post(io, [this] {
    stopping = true;
    ErrorCode ignored;
    (void)acceptor.close(ignored);
    retry.cancel();
    // end_soon() takes sessions out of the set.
    const auto open_sessions = sessions;
    for (const auto& session : open_sessions) session->end_soon();
    const std::lock_guard lock(mutex);
    drained = drained || sessions.empty();
    ended.notify_all();
  });
  {
    std::unique_lock lock(mutex);
    ended.wait_for(lock, Milliseconds(grace_ms), [this] { return drained; });
  }
  pool.stop();  // requests that did not begin are dropped
  pool.join();
  work.reset();
  io.stop();
  io_thread.join();
  sessions.clear();
  if (!listener.unlink_path.empty()) unlink(listener.unlink_path.c_str());
}

}  // namespace

struct Server::State {
  State(const ServerOptions& options, Handler handler, Listener listener)
      : core(options, std::move(handler), std::move(listener)) {}
  Core core;
};

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}

// NOLINTNEXTLINE(bugprone-exception-escape): what cannot be stopped ends here
Server::~Server() {
  stop();
}

Result<std::unique_ptr<Server>> Server::start(const ServerOptions& options,
                                              Handler handler) {
  auto listener = open_listener(options.listen);
  if (!listener) return fail(std::move(listener).error());
  auto state = std::make_unique<State>(options, std::move(handler),
                                       std::move(*listener));
  Core& core = state->core;
  if (Status open = core.open(); !open) return fail(std::move(open).error());
  core.io_thread = std::thread([&core] { core.run(); });
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

const std::string& Server::address() const {
  return state_->core.listener.address;
}

void Server::stop(std::int64_t grace_ms) {
  state_->core.stop(grace_ms);
}

}  // namespace prom::http
