#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <thread>

#include "libprom/base/utf8.h"
#include "libprom/discover/sd/zookeeper_client_internal.h"

namespace prom::discover::zookeeper {
namespace {

// Requests.
constexpr std::int32_t kGetData = 4;
constexpr std::int32_t kGetChildren = 8;
constexpr std::int32_t kPing = 11;
// Numbers of packets that no request has.
constexpr std::int32_t kEventId = -1;
constexpr std::int32_t kPingId = -2;

constexpr std::int32_t kNoNode = -101;
constexpr std::int32_t kNodeDeleted = 2;
constexpr std::int32_t kSessionEvent = -1;
constexpr std::size_t kPasswordSize = 16;
constexpr std::size_t kEventsMax = 100'000;
constexpr std::size_t kChildrenMax = 100'000;

void append_int(std::string& out, std::int32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8)
    out += static_cast<char>(static_cast<std::uint32_t>(value) >>
                             static_cast<unsigned>(shift));
}
void append_long(std::string& out, std::int64_t value) {
  append_int(out, static_cast<std::int32_t>(value >> 32));
  append_int(out, static_cast<std::int32_t>(value));
}
void append_text(std::string& out, std::string_view text) {
  append_int(out, static_cast<std::int32_t>(text.size()));
  out += text;
}

// Reads front to back; zeros and not ok() past the end.
class Reader {
 public:
  explicit Reader(std::string_view rest) : rest_(rest) {}

  std::int32_t integer() {
    constexpr std::size_t kSize = 4;
    std::uint32_t value = 0;
    for (const char c : take(kSize))
      value = value << 8U | static_cast<unsigned char>(c);
    return static_cast<std::int32_t>(value);
  }
  std::string_view text() {
    const std::int32_t size = integer();  // -1: none
    return size <= 0 ? std::string_view()
                     : take(static_cast<std::size_t>(size));
  }
  std::string_view take(std::size_t size) {
    is_ok_ = is_ok_ && size <= rest_.size();
    if (!is_ok_) return {};
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  [[nodiscard]] bool is_ok() const { return is_ok_; }
  [[nodiscard]] std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
  bool is_ok_ = true;
};

struct Addresses {
  std::vector<std::pair<sockaddr_storage, socklen_t>> list;
};

// What a look-up on another thread finds.  Whoever is last ends it.
struct Lookup {
  std::string host, port;
  os::Fd done{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  Addresses addresses;
};

// getaddrinfo knows /etc/hosts and takes its time.
void look_up(const std::shared_ptr<Lookup>& lookup) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(lookup->host.c_str(), lookup->port.c_str(), &hints,
                    &found) == 0) {
    for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
      auto& [address, size] = lookup->addresses.list.emplace_back();
      std::copy_n(reinterpret_cast<const char*>(one->ai_addr), one->ai_addrlen,
                  reinterpret_cast<char*>(&address));
      size = one->ai_addrlen;
    }
    ::freeaddrinfo(found);
  }
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t n =
      ::write(lookup->done.get(), &one, sizeof one);
}

// "host", "host:port", "[::1]:port", "::1"
std::shared_ptr<Lookup> make_lookup(const std::string& server) {
  auto lookup = std::make_shared<Lookup>();
  lookup->host = server;
  lookup->port = std::to_string(kPort);
  const std::size_t colon = server.rfind(':');
  const bool is_bracketed = server.starts_with('[');
  if (colon != std::string::npos &&
      (is_bracketed ? server[colon - 1] == ']' : server.find(':') == colon)) {
    lookup->host = server.substr(0, colon);
    lookup->port = server.substr(colon + 1);
  }
  if (is_bracketed && lookup->host.ends_with(']'))
    lookup->host = lookup->host.substr(1, lookup->host.size() - 2);
  return lookup;
}

Task<Result<os::Fd>> open_socket(Async& async, std::string server,
                                 std::int64_t timeout_ms) {
  const std::shared_ptr<Lookup> lookup = make_lookup(server);
  std::thread(look_up, lookup).detach();
  Async::Wait looked = async.readable(lookup->done.get(), timeout_ms);
  if (!co_await looked)
    co_return fail(Code::kTimeout, "its name was not found in time");
  Error error{Code::kUnavailable, "there is no such host"};
  for (const auto& [address, size] : lookup->addresses.list) {
    os::Fd socket(::socket(address.ss_family,
                           SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const int on = 1;
    (void)::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    int reason = 0;
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address),
                  size) != 0)
      reason = errno;
    if (reason == EINPROGRESS) {
      Async::Wait connected = async.writable(socket.get(), timeout_ms);
      reason = ETIMEDOUT;
      socklen_t length = sizeof reason;
      if (co_await connected)
        (void)::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &reason,
                           &length);
    }
    if (reason == 0) co_return socket;
    error = os::system_error("connect", reason);
  }
  co_return fail(std::move(error));
}

}  // namespace

Task<Status> Client::connect(std::string server, std::int64_t timeout_ms) {
  socket_.reset();
  input_.clear();
  events_.clear();
  is_connected_ = false;
  timeout_ms_ = timeout_ms;
  Task<Result<os::Fd>> opening = open_socket(async_, server, timeout_ms);
  Result<os::Fd> opened = co_await opening;
  if (!opened) co_return fail(std::move(opened).error());
  socket_ = *std::move(opened);
  std::string hello;
  append_int(hello, 0);   // version of the protocol
  append_long(hello, 0);  // nothing was seen before
  append_int(hello, static_cast<std::int32_t>(
                        std::min<std::int64_t>(timeout_ms, INT32_MAX)));
  append_long(hello, 0);  // a new session
  append_text(hello, std::string(kPasswordSize, '\0'));
  hello += '\0';  // a server that only reads will not do
  if (const Status sent = send(hello); !sent) co_return fail(sent.error());
  Task<Result<std::string>> receiving = receive(timeout_ms);
  const Result<std::string> answer = co_await receiving;
  if (!answer) co_return fail(answer.error());
  Reader reader(*answer);
  reader.integer();
  const std::int32_t agreed_ms = reader.integer();
  if (!reader.is_ok() || agreed_ms <= 0)
    co_return fail(Code::kUnavailable, "the server refused the session");
  timeout_ms_ = agreed_ms;
  is_connected_ = true;
  co_return {};
}

Status Client::send(std::string_view packet) {
  std::string framed;
  append_text(framed, packet);
  // Requests are small and few: the kernel has room for them.
  const ssize_t n =
      ::send(socket_.get(), framed.data(), framed.size(), MSG_NOSIGNAL);
  if (n == static_cast<ssize_t>(framed.size())) return {};
  return fail(os::system_error("send", n < 0 ? errno : ENOBUFS));
}

Status Client::send_request(std::int32_t id, std::int32_t operation,
                            std::string_view body) {
  std::string packet;
  append_int(packet, id);
  append_int(packet, operation);
  packet += body;
  return send(packet);
}

// A third of the session's time without a word: a ping.  Two thirds: the
// server is gone.
Task<Result<std::string>> Client::receive(std::int64_t timeout_ms) {
  constexpr std::size_t kLengthSize = 4;
  constexpr int kPartsOfTimeout = 3;
  int silent_parts = 0;
  std::int64_t waited_ms = 0;
  for (;;) {
    Reader reader(input_);
    const std::int32_t size = reader.integer();
    if (reader.is_ok() &&
        (size < 0 || static_cast<std::size_t>(size) > kPacketBytesMax))
      co_return fail(Code::kLimit, "a packet is too large");
    if (reader.is_ok() &&
        reader.rest().size() >= static_cast<std::size_t>(size)) {
      const auto length = static_cast<std::size_t>(size);
      std::string packet = input_.substr(kLengthSize, length);
      input_.erase(0, kLengthSize + length);
      co_return packet;
    }
    const std::int64_t part_ms =
        std::max<std::int64_t>(timeout_ms_ / kPartsOfTimeout, 1);
    Async::Wait wait = async_.readable(socket_.get(), part_ms);
    if (!co_await wait) {
      waited_ms += part_ms;
      if (++silent_parts >= kPartsOfTimeout - 1 ||
          (timeout_ms >= 0 && waited_ms >= timeout_ms))
        co_return fail(Code::kTimeout, "the server does not answer");
      if (is_connected_) {
        const Status sent = send_request(kPingId, kPing, "");
        if (!sent) co_return fail(sent.error());
      }
      continue;
    }
    silent_parts = 0;
    std::array<char, 65536> buffer;
    const ssize_t n = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (n == 0) co_return fail(Code::kUnavailable, "the server hung up");
    if (n < 0 && errno != EAGAIN && errno != EINTR)
      co_return fail(os::system_error("receive", errno));
    if (n > 0) input_.append(buffer.data(), static_cast<std::size_t>(n));
  }
}

bool Client::take_event(const Packet& packet) {
  if (packet.id == kPingId) return true;
  if (packet.id != kEventId) return false;
  Reader reader(packet.body);
  const std::int32_t type = reader.integer();
  reader.integer();  // the session's state
  const std::string_view path = reader.text();
  if (reader.is_ok() && type != kSessionEvent && events_.size() < kEventsMax)
    events_.push_back(
        {.is_deletion = type == kNodeDeleted, .path = std::string(path)});
  return true;
}

Task<Result<Client::Packet>> Client::next_packet() {
  constexpr std::size_t kTransactionSize = 8;
  Task<Result<std::string>> receiving = receive(-1);
  const Result<std::string> bytes = co_await receiving;
  if (!bytes) co_return fail(bytes.error());
  Reader reader(*bytes);
  Packet packet;
  packet.id = reader.integer();
  reader.take(kTransactionSize);
  packet.error = reader.integer();
  packet.body = reader.rest();
  if (!reader.is_ok()) co_return fail(Code::kBadData, "a malformed packet");
  co_return packet;
}

Task<Result<Client::Packet>> Client::answer_to(std::int32_t id) {
  for (;;) {
    Task<Result<Packet>> waiting = next_packet();
    Result<Packet> packet = co_await waiting;
    if (!packet || packet->id == id) co_return packet;
    if (!take_event(*packet))
      co_return fail(Code::kBadData, "an answer that nobody asked for");
  }
}

Task<Result<Node>> Client::read(std::string path) {
  Node node;
  std::string body;
  append_text(body, path);
  body += '\1';  // watch it
  for (const std::int32_t operation : {kGetData, kGetChildren}) {
    const std::int32_t id = last_id_ = last_id_ == INT32_MAX ? 1 : last_id_ + 1;
    const Status sent = send_request(id, operation, body);
    if (!sent) co_return fail(sent.error());
    Task<Result<Packet>> answering = answer_to(id);
    const Result<Packet> answer = co_await answering;
    if (!answer) co_return fail(answer.error());
    if (answer->error == kNoNode) co_return Node{};
    if (answer->error != 0)
      co_return fail(Code::kUnavailable, printable(path) + ": error " +
                                             std::to_string(answer->error) +
                                             " of ZooKeeper");
    Reader reader(answer->body);
    if (operation == kGetData) {
      node.data = reader.text();
    } else {
      const std::int32_t count = reader.integer();
      for (std::int32_t i = 0; i < count && reader.is_ok(); ++i) {
        if (node.children.size() >= kChildrenMax)
          co_return fail(Code::kLimit, printable(path) + ": too many children");
        node.children.emplace_back(reader.text());
      }
    }
    if (!reader.is_ok()) co_return fail(Code::kBadData, "a malformed answer");
  }
  node.exists = true;
  co_return node;
}

Task<Result<Event>> Client::next_event() {
  while (events_.empty()) {
    Task<Result<Packet>> waiting = next_packet();
    const Result<Packet> packet = co_await waiting;
    if (!packet) co_return fail(packet.error());
    if (!take_event(*packet))
      co_return fail(Code::kBadData, "an answer that nobody asked for");
  }
  Event event = std::move(events_.front());
  events_.pop_front();
  co_return event;
}

}  // namespace prom::discover::zookeeper
