// Runs the transfers of a Client: libcurl's multi handles behind one epoll.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "libprom/http/easy_internal.h"
#include "libprom/os/file.h"

namespace prom::http {

// Used from one thread.
class Reactor {
 public:
  using Finished = std::function<void(Transfer&, CURLcode)>;

  Reactor();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  // What the transfers have in common: TLS sessions.
  [[nodiscard]] CURLSH* share() const { return share_.get(); }

  // Begins the hop that transfer.easy is set up for.
  Status add(Transfer& transfer);
  // Ends it, finished or not.  Without a hop that runs, nothing happens.
  static void remove(const Transfer& transfer);

  // Waits until a socket or one of `wake_fds` has something or libcurl wants
  // to be called, at most `timeout_ms` (-1: for ever).
  void wait(int timeout_ms, const std::vector<int>& wake_fds) const;
  // Does what can be done without waiting.
  void run_sockets();
  // Calls `finished` for each hop that has ended.
  void collect(const Finished& finished);

 private:
  // libcurl walks all connections that a multi handle keeps at the end of each
  // transfer.  So there are several handles, and an origin always has the same
  // one: with a thousand targets that makes a scrape half as expensive.
  static constexpr std::size_t kShards = 64;

  struct FreeMulti {
    void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
  };
  struct FreeShare {
    void operator()(CURLSH* share) const { curl_share_cleanup(share); }
  };
  // One multi handle, made when it is first needed.
  struct Shard {
    Reactor* reactor = nullptr;
    std::unique_ptr<CURLM, FreeMulti> multi;
    std::int64_t timer_ns = -1;  // when libcurl wants to be called; -1: not
  };

  CURLM* multi_for(const Origin& origin);
  static int on_socket(CURL* easy, curl_socket_t socket, int what, void* user,
                       void* of_socket);
  static int on_timer(CURLM* multi, long timeout_ms, void* user);

  os::Fd epoll_;
  std::unique_ptr<CURLSH, FreeShare> share_;  // after those that use it
  std::array<Shard, kShards> shards_;
};

}  // namespace prom::http
