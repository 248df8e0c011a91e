// A scriptable HTTP/1.1 peer on a loopback port that the kernel chooses.  Plain
// sockets, one thread per connection, so that a test can be slow, endless,
// malformed or rude in exactly the way it wants.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "libprom/os/file.h"

namespace prom::test {

// One accepted connection, as the script sees it.
class Peer {
 public:
  explicit Peer(os::Fd fd) : fd_(std::move(fd)) {}

  // The next request, head and body; "" when the client closed.
  std::string read_request();
  std::string read_some();  // whatever comes next; "" when the client closed
  // False when the client is gone.
  bool send(std::string_view bytes);
  // A whole answer with Content-Length.
  bool answer(std::string_view status, std::string_view headers,
              std::string_view body);
  void reset();                 // closes with RST
  void wait_for_close() const;  // until the client closes or the server stops

  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  os::Fd fd_;
  std::string rest_;
};

class TestServer {
 public:
  // Called once per connection, on its own thread; the connection closes when
  // it returns.
  using Script = std::function<void(Peer&)>;

  explicit TestServer(Script script);
  // Answers every request with `body` as text/plain.
  explicit TestServer(std::string body);
  ~TestServer();

  [[nodiscard]] std::string url(std::string_view path = "/metrics") const;
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] unsigned connections() const { return connections_; }

 private:
  void accept_loop();

  Script script_;
  os::Fd listener_;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::atomic<unsigned> connections_ = 0;
  std::mutex mutex_;  // guards the two below
  std::vector<int> open_;
  std::vector<std::jthread> threads_;
  std::jthread acceptor_;
};

// `text` as a gzip member.
std::string gzipped(std::string_view text);

}  // namespace prom::test
