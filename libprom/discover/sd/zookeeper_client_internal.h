// As much of the ZooKeeper protocol as discovery needs: one session that reads
// nodes and is told when they change.  Everything is in the form of Jute:
// big-endian integers, texts behind their length, packets behind theirs.
// Source: zookeeper.jute of Apache ZooKeeper 3.4 and later
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/discover/async.h"
#include "libprom/discover/task.h"
#include "libprom/os/file.h"

namespace prom::discover::zookeeper {

constexpr std::size_t kPacketBytesMax = 16U << 20U;
constexpr std::int64_t kPort = 2181;

// A node and what stands below it.
struct Node {
  bool exists = false;
  std::string data;
  std::vector<std::string> children;  // names
};

struct Event {
  bool is_deletion = false;
  std::string path;
};

class Client {
 public:
  explicit Client(Async& async) : async_(async) {}
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // A new session with "host", "host:port" or "[::1]:port"; an earlier one and
  // its watches end.
  Task<Status> connect(std::string server, std::int64_t timeout_ms);
  // Reads a node and asks to be told of its next change.
  Task<Result<Node>> read(std::string path);
  // The next change.  Fails when the session has ended.
  Task<Result<Event>> next_event();

 private:
  struct Packet {
    std::int32_t id = 0;
    std::int32_t error = 0;
    std::string body;
  };

  Status send(std::string_view packet);
  Status send_request(std::int32_t id, std::int32_t operation,
                      std::string_view body);
  // The next packet, without its length, or a failure; keeps the session alive
  // while it waits.  Waits `timeout_ms` in all; -1: for ever.
  Task<Result<std::string>> receive(std::int64_t timeout_ms);
  Task<Result<Packet>> next_packet();
  Task<Result<Packet>> answer_to(std::int32_t id);
  // Notes an event; false when the packet is neither one nor a ping's answer.
  bool take_event(const Packet& packet);

  Async& async_;
  os::Fd socket_;
  std::int64_t timeout_ms_ = 0;  // of the session, as the server decided
  bool is_connected_ = false;
  std::int32_t last_id_ = 0;
  std::string input_;
  std::deque<Event> events_;
};

}  // namespace prom::discover::zookeeper
