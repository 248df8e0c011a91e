// The live writer: one event loop over an input pipe, the clients of
// append.sock, signals and the clock.  prom-store append runs it when it got
// the lock and reads from a pipe, or was told to listen.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/os/child.h"
#include "libprom/os/input_pipe.h"
#include "libprom/os/signals.h"
#include "libprom/store/append.h"
#include "libprom/store/metrics.h"

namespace prom::store {

class AppendServer {
 public:
  // Without an input: only clients.  Borrows the others.
  AppendServer(const AppendOptions& options, Writer& writer, os::Clock& clock,
               std::optional<os::InputPipe> input);
  ~AppendServer();

  // Until the input ends (unless listening) or SIGTERM or SIGINT comes.  What
  // was taken is committed and synced then; clients that are not done find the
  // next writer.
  Status run();

 private:
  struct Client {
    os::Fd fd;
    std::string greeting;  // until its newline
    std::optional<Decoder> decoder;
    std::string bytes;  // not taken yet
    bool ended = false;
    std::uint64_t taken = 0;  // bytes of its input that are with the writer
    std::uint64_t told = 0;   // and that it knows to be committed
    bool done = false;        // all of it is with the writer; wants an answer
    Status result;
  };

  Status start();
  void wait();
  Status turn();
  void read_input();
  void feed_input(bool grew);
  void accept_clients();
  void read_client(Client& client);
  void feed_client(Client& client);
  bool commit();
  Status consume_input();
  static void tell_progress(Client& client);
  void answer_clients();
  void sync_if_due(bool now);
  void rotate_if_due();
  void compact_if_due();
  void write_metrics(bool now);
  [[nodiscard]] int wait_ms() const;

  const AppendOptions& options_;
  Writer& writer_;
  os::Clock& clock_;
  std::optional<os::Signals> signals_;
  os::Fd listener_;
  std::vector<std::unique_ptr<Client>> clients_;

  std::optional<os::InputPipe> input_;
  std::optional<Decoder> decoder_;
  std::size_t input_taken_ = 0;  // bytes with the writer, not consumed yet
  bool input_done_ = false;
  Status input_result_;
  bool input_waits_ = false;   // for more bytes behind those that are there
  bool input_paused_ = false;  // and it was fed as it is
  bool input_again_ = false;   // feed the same bytes once more
  std::int64_t grew_ns_ = 0;

  bool stop_ = false;
  bool stuck_ = false;  // the last commit failed
  Status stuck_reason_;
  std::int64_t retry_ns_ = 0;
  std::int64_t rotate_retry_ns_ = 0;
  std::int64_t compact_ns_ = 0;  // when to start one
  std::optional<os::Child> compaction_;
  std::int64_t synced_ns_ = 0;
  std::int64_t metrics_ns_ = 0;
  StoreMetrics metrics_;
};

}  // namespace prom::store
