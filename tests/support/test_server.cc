#include "tests/support/test_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace prom::test {
namespace {

std::size_t content_length(std::string_view head) {
  std::string lower(head);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  });
  constexpr std::string_view kName = "content-length: ";
  const std::size_t at = lower.find(kName);
  std::size_t length = 0;
  if (at != std::string::npos) {
    std::from_chars(lower.data() + at + kName.size(),
                    lower.data() + lower.size(), length);
  }
  return length;
}

}  // namespace

std::string Peer::read_request() {
  for (;;) {
    const std::size_t head = rest_.find("\r\n\r\n");
    if (head != std::string::npos) {
      const std::size_t size = head + 4 + content_length(rest_.substr(0, head));
      if (rest_.size() >= size) {
        std::string request = rest_.substr(0, size);
        rest_.erase(0, size);
        return request;
      }
    }
    const std::string more = read_some();
    if (more.empty()) return "";
    rest_ += more;
  }
}

std::string Peer::read_some() {
  char buffer[16384];
  const ssize_t n = ::recv(fd_.get(), buffer, sizeof buffer, 0);
  return n <= 0 ? "" : std::string(buffer, static_cast<std::size_t>(n));
}

bool Peer::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n =
        ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

bool Peer::answer(std::string_view status, std::string_view headers,
                  std::string_view body) {
  std::string text = "HTTP/1.1 " + std::string(status) + "\r\n";
  text += headers;
  text += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  text += body;
  return send(text);
}

void Peer::reset() {
  // Dissolves the connection with RST, whoever else holds the descriptor.
  const sockaddr nobody{.sa_family = AF_UNSPEC, .sa_data = {}};
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  ::connect(fd_.get(), &nobody, sizeof nobody);
}

void Peer::wait_for_close() const {
  char byte = 0;
  while (::recv(fd_.get(), &byte, 1, 0) > 0) {
  }
}

TestServer::TestServer(std::string body)
    : TestServer([body = std::move(body)](Peer& peer) {
        while (!peer.read_request().empty())
          if (!peer.answer("200 OK", "Content-Type: text/plain\r\n", body))
            return;
      }) {}

TestServer::TestServer(Script script)
    : script_(std::move(script)),
      listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_.get(), generic, size) != 0 ||
      ::listen(listener_.get(), 1024) != 0 ||
      ::getsockname(listener_.get(), generic, &size) != 0)
    throw std::runtime_error("test server cannot listen");
  port_ = ntohs(address.sin_port);
  acceptor_ = std::jthread([this] { accept_loop(); });
}

TestServer::~TestServer() {
  stopping_ = true;
  ::shutdown(listener_.get(), SHUT_RDWR);
  acceptor_.join();
  const std::lock_guard lock(mutex_);
  for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
  threads_.clear();  // joins
  for (const int fd : open_) ::close(fd);
}

void TestServer::accept_loop() {
  while (!stopping_) {
    os::Fd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!fd.valid()) continue;
    ++connections_;
    const std::lock_guard lock(mutex_);
    // A duplicate, so that the destructor can end scripts that wait.
    open_.push_back(::dup(fd.get()));
    threads_.emplace_back([this, held = std::move(fd)]() mutable {
      Peer peer(std::move(held));
      script_(peer);
      if (peer.fd() >= 0) ::shutdown(peer.fd(), SHUT_RDWR);
    });
  }
}

std::string TestServer::url(std::string_view path) const {
  return "http://127.0.0.1:" + std::to_string(port_) + std::string(path);
}

std::string gzipped(std::string_view text) {
  constexpr int kGzipWindow = 15 + 16;
  z_stream stream{};
  if (::deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, kGzipWindow, 8,
                     Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::runtime_error("zlib does not start");
  std::string packed(::deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  ::deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  ::deflateEnd(&stream);
  return packed;
}

}  // namespace prom::test
