#include "libprom/store/append_server.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include "libprom/os/local_socket.h"
#include "libprom/os/log.h"
#include "libprom/os/notify.h"
#include "libprom/store/generation_request.h"

namespace prom::store {
namespace {

constexpr std::size_t kClientsMax = 64;
constexpr std::size_t kGreetingMax = 64;
// Of one client, held until its end or until a frame is whole.
constexpr std::size_t kClientBytesMax = 256ULL << 20U;
constexpr std::size_t kReadBytes = 1ULL << 18U;

constexpr std::int64_t kNsPerMs = 1'000'000;
constexpr std::int64_t kSyncEveryNs = 1000 * kNsPerMs;
constexpr std::int64_t kMetricsEveryNs = 5000 * kNsPerMs;
constexpr std::int64_t kRetryEveryNs = 1000 * kNsPerMs;
constexpr std::int64_t kRotateRetryNs = 60'000 * kNsPerMs;
// Late enough for most senders to have gone on in the new generation.
constexpr std::int64_t kCompactAfterNs = 10 * 60'000LL * kNsPerMs;
// For retention, and for what was in the way the last time.
constexpr std::int64_t kCompactEveryNs = 2 * 3'600'000LL * kNsPerMs;
// A unit that is cut off in the pipe: how often to look for its rest, and when
// to believe that the pipe is too small for it.
constexpr int kRestEveryMs = 2;
constexpr int kRestEveryMsMax = 50;
constexpr std::int64_t kPauseNs = 4 * kNsPerMs;
constexpr std::int64_t kAbsorbAfterNs = 1000 * kNsPerMs;
constexpr std::size_t kAbsorbBytesMin = 32768;

bool is_readable(int fd) {
  pollfd state{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&state, 1, 0) > 0;
}

bool can_be_retried(const Error& error) {
  return error.code == Code::kIo || error.code == Code::kBusy;
}

void add_counters(DecoderCounters& sum, const DecoderCounters& one) {
  sum.bad_lines += one.bad_lines;
  sum.damaged_frames += one.damaged_frames;
  sum.skipped_rows += one.skipped_rows;
}

}  // namespace

AppendServer::AppendServer(const AppendOptions& options, Writer& writer,
                           os::Clock& clock, std::optional<os::InputPipe> input)
    : options_(options),
      writer_(writer),
      clock_(clock),
      input_(std::move(input)) {}

AppendServer::~AppendServer() {
  if (listener_.valid())
    (void)::unlink((options_.store + "/" + std::string(kAppendSocket)).c_str());
}

Status AppendServer::start() {
  auto signals = os::Signals::collect({SIGTERM, SIGINT});
  if (!signals) return fail(std::move(signals).error());
  signals_.emplace(std::move(*signals));
  auto listener = os::listen_local(options_.store, kAppendSocket);
  if (!listener) return fail(std::move(listener).error());
  listener_ = std::move(*listener);
  if (input_) {
    decoder_.emplace(writer_, clock_,
                     DecoderOptions{.format = options_.format, .live = true});
  } else {
    input_done_ = true;
  }
  synced_ns_ = clock_.monotonic_ns();
  compact_ns_ = synced_ns_ + kCompactAfterNs;
  write_metrics(true);
  os::announce_ready(options_.ready_fd);
  return {};
}

Status AppendServer::run() {
  if (Status started = start(); !started) return started;
  while (!stop_ && (options_.listen || !input_done_)) {
    wait();
    if (Status done = turn(); !done) return done;
  }
  if (!commit()) return stuck_reason_;
  if (options_.sync == SyncPolicy::kEach) sync_if_due(true);
  if (Status done = consume_input(); !done) return done;
  answer_clients();
  sync_if_due(true);
  write_metrics(true);
  return input_result_;
}

int AppendServer::wait_ms() const {
  const std::int64_t now = clock_.monotonic_ns();
  if (input_waits_ && !stuck_) {
    const std::int64_t waited_ms = (now - grew_ns_) / kNsPerMs;
    return static_cast<int>(std::clamp<std::int64_t>(
        waited_ms / 10, kRestEveryMs, kRestEveryMsMax));
  }
  std::int64_t until = now + kSyncEveryNs;
  if (stuck_) until = std::min(until, retry_ns_);
  if (!options_.run_dir.empty())
    until = std::min(until, metrics_ns_ + kMetricsEveryNs);
  return static_cast<int>(std::max<std::int64_t>(0, until - now) / kNsPerMs +
                          1);
}

// Waits for something to do, and notes signals.
void AppendServer::wait() {
  std::vector<pollfd> waits = {{signals_->fd(), POLLIN, 0}};
  // While the disk takes nothing, nothing more is read.
  if (!stuck_) {
    waits.push_back({listener_.get(), POLLIN, 0});
    if (input_ && !input_done_ && !input_waits_)
      waits.push_back({input_->fd(), POLLIN, 0});
    for (const auto& client : clients_) {
      if (!client->ended) waits.push_back({client->fd.get(), POLLIN, 0});
    }
  }
  (void)::poll(waits.data(), waits.size(), wait_ms());
  while (signals_->next()) stop_ = true;
}

Status AppendServer::turn() {
  if (!stuck_) {
    read_input();
    accept_clients();
    for (const auto& client : clients_) read_client(*client);
  } else if (clock_.monotonic_ns() < retry_ns_) {
    return {};
  }
  if (commit()) {
    if (options_.sync == SyncPolicy::kEach) sync_if_due(true);
    if (Status done = consume_input(); !done) return done;
    answer_clients();
    sync_if_due(false);
    rotate_if_due();
    compact_if_due();
  } else if (!can_be_retried(stuck_reason_.error())) {
    return stuck_reason_;
  }
  write_metrics(false);
  return {};
}

// -- the pipe

void AppendServer::read_input() {
  if (!input_ || input_done_) return;
  if (!input_->is_pipe() && !input_again_ && !is_readable(input_->fd())) return;
  const std::int64_t now = clock_.monotonic_ns();
  const auto grew = input_->fill();
  if (!grew) {
    input_result_ = fail(grew.error());
    input_done_ = true;
    return;
  }
  if (*grew) grew_ns_ = now;
  // What may not be whole gets a moment to become so.
  const bool paused =
      input_waits_ && !*grew && !input_paused_ && now - grew_ns_ >= kPauseNs;
  if (*grew || input_again_ || paused) {
    input_paused_ = paused;
    input_again_ = false;
    feed_input(*grew);
  } else if (input_waits_ && now - grew_ns_ > kAbsorbAfterNs &&
             input_->bytes().size() >= kAbsorbBytesMin) {
    // The rest does not come because there is no room for it.
    if (const Status absorbed = input_->absorb(); !absorbed)
      input_result_ = absorbed;
  }
}

void AppendServer::feed_input(bool grew) {
  while (true) {
    const std::string_view rest = input_->bytes().substr(input_taken_);
    const Follows follows = input_->ended() ? Follows::kEnd
                            : grew          ? Follows::kMore
                                            : Follows::kPause;
    const auto taken = decoder_->feed(rest, follows);
    if (!taken && can_be_retried(taken.error())) {
      stuck_ = input_again_ = true;
      stuck_reason_ = fail(taken.error());
      return;
    }
    if (!taken) {
      input_result_ = fail(taken.error());
      input_done_ = true;
      return;
    }
    input_taken_ += *taken;
    if (*taken == 0 || *taken == rest.size()) break;
  }
  input_waits_ = input_taken_ < input_->bytes().size();
  if (!input_->ended()) return;
  input_done_ = true;
  const std::uint64_t bad_lines = decoder_->counters().bad_lines;
  if (const std::string cut = decoder_->cut(); !cut.empty()) {
    input_result_ = fail(Code::kBadData, cut);
  } else if (bad_lines > 0) {
    input_result_ = fail(Code::kBadData, std::to_string(bad_lines) +
                                             " malformed lines left out");
  }
}

Status AppendServer::consume_input() {
  if (input_taken_ == 0) return {};
  return input_->consume(std::exchange(input_taken_, 0));
}

// -- clients

void AppendServer::accept_clients() {
  while (clients_.size() < kClientsMax) {
    os::Fd fd = os::accept_local(listener_.get());
    if (!fd.valid()) return;
    auto client = std::make_unique<Client>();
    client->fd = std::move(fd);
    clients_.push_back(std::move(client));
    ++metrics_.clients;
  }
}

void AppendServer::read_client(Client& client) {
  std::array<char, kReadBytes> buffer;  // NOLINT: filled by recv
  while (!client.ended && !client.done) {
    const ssize_t n = ::recv(client.fd.get(), buffer.data(), buffer.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) break;
    if (n <= 0) {
      client.ended = true;
      // A client that died did not end its input.
      if (n < 0) client.result = fail(os::system_error("receive", errno));
      break;
    }
    client.bytes.append(buffer.data(), static_cast<std::size_t>(n));
    if (client.bytes.size() >= kReadBytes) break;
  }
  if (!client.done) feed_client(client);
}

void AppendServer::feed_client(Client& client) {
  if (!client.decoder && client.bytes == kRotateRequest) {
    client.result = writer_.rotate();
    client.ended = client.done = true;
    return;
  }
  if (!client.decoder) {
    const std::size_t newline = client.bytes.find('\n');
    const bool greets = client.bytes.starts_with(kAppendGreeting);
    if (newline == std::string::npos && !client.ended &&
        client.bytes.size() < kGreetingMax)
      return;
    const auto format =
        greets && newline != std::string::npos
            ? parse_input_format(std::string_view(client.bytes)
                                     .substr(0, newline)
                                     .substr(kAppendGreeting.size()))
            : Result<InputFormat>(fail(Code::kBadData, "no greeting"));
    if (!format) {
      client.result = fail(Code::kBadData, format.error().message);
      client.ended = client.done = true;
      return;
    }
    client.bytes.erase(0, newline + 1);
    client.decoder.emplace(
        writer_, clock_,
        DecoderOptions{.format = *format, .whole_bytes_max = kClientBytesMax});
  }
  std::size_t taken_all = 0;
  while (client.result) {
    const auto taken =
        client.decoder->feed(std::string_view(client.bytes).substr(taken_all),
                             client.ended ? Follows::kEnd : Follows::kMore);
    if (!taken && can_be_retried(taken.error())) {
      stuck_ = true;
      stuck_reason_ = fail(taken.error());
      client.bytes.erase(0, taken_all);
      client.taken += taken_all;
      return;
    }
    if (!taken) {
      client.result = fail(taken.error());
      break;
    }
    taken_all += *taken;
    if (*taken == 0 || taken_all == client.bytes.size()) break;
  }
  client.bytes.erase(0, taken_all);
  client.taken += taken_all;
  if (client.bytes.size() > kClientBytesMax)
    client.result = fail(Code::kBadData, "a line or frame that is too long");
  if (client.ended && client.result) {
    if (const std::string cut = client.decoder->cut(); !cut.empty())
      client.result = fail(Code::kBadData, cut);
  }
  if (client.ended || !client.result) {
    client.ended = client.done = true;
    add_counters(metrics_.decoded, client.decoder->counters());
  }
}

// A client that does not read its answers must not hold up the others; it is
// told next time.
void AppendServer::tell_progress(Client& client) {
  if (client.taken == client.told) return;
  const std::string line = "at " + std::to_string(client.taken) + "\n";
  const ssize_t n = ::send(client.fd.get(), line.data(), line.size(),
                           MSG_DONTWAIT | MSG_NOSIGNAL);
  if (n == static_cast<ssize_t>(line.size())) client.told = client.taken;
}

// Called only when everything that was taken is committed.
void AppendServer::answer_clients() {
  for (const auto& client : clients_) {
    if (!client->done) {
      tell_progress(*client);
      continue;
    }
    std::string answer = "ok\n";
    if (!client->result)
      answer = "error " +
               std::to_string(static_cast<int>(
                   cli::exit_for(client->result.error().code))) +
               " " + client->result.error().message + "\n";
    (void)os::send_all(client->fd.get(), answer);  // it may be gone
  }
  std::erase_if(clients_, [](const auto& client) { return client->done; });
}

// -- the disk

// False: what was taken waits in memory and is tried again.
bool AppendServer::commit() {
  const Status done = writer_.commit();
  if (done) {
    if (stuck_) os::log_info("the disk takes samples again");
    stuck_ = false;
    return true;
  }
  if (!stuck_)
    os::log_error("samples wait for the disk",
                  {{"reason", done.error().message}});
  ++metrics_.commit_failures;
  stuck_ = true;
  stuck_reason_ = done;
  retry_ns_ = clock_.monotonic_ns() + kRetryEveryNs;
  return false;
}

void AppendServer::sync_if_due(bool now) {
  const std::int64_t at = clock_.monotonic_ns();
  const bool due = now || at - synced_ns_ >= kSyncEveryNs;
  if (!due || !writer_.has_unsynced()) return;
  synced_ns_ = at;
  if (const Status synced = writer_.sync(); !synced) {
    ++metrics_.sync_failures;
    os::log_error("sync failed", {{"reason", synced.error().message}});
    // A stream that cannot be made durable takes nothing more.
    stop_ = true;
    input_result_ = synced;
  }
}

void AppendServer::rotate_if_due() {
  if (clock_.monotonic_ns() < rotate_retry_ns_ || !writer_.rotation_due())
    return;
  const Status rotated = writer_.rotate();
  if (rotated) {
    compact_ns_ = clock_.monotonic_ns() + kCompactAfterNs;
    return;
  }
  rotate_retry_ns_ = clock_.monotonic_ns() + kRotateRetryNs;
  os::log_error("no new generation of the head; the old one goes on",
                {{"reason", rotated.error().message}});
}

// Beside us, so that a compaction cannot hold up a sample.
void AppendServer::compact_if_due() {
  if (compaction_) {
    const auto status = compaction_->poll();
    if (!status) return;
    if (*status != 0 && *status != static_cast<int>(cli::Exit::kBusy))
      os::log_error("compaction failed; it is tried again later",
                    {{"status", std::to_string(*status)}});
    compaction_.reset();
  }
  const std::int64_t now = clock_.monotonic_ns();
  if (!options_.compact || now < compact_ns_) return;
  compact_ns_ = now + kCompactEveryNs;
  std::vector<std::string> command = {"/proc/self/exe", "compact",
                                      "--background", "-S", options_.store};
  if (!options_.config_file.empty()) {
    command.emplace_back("--config.file");
    command.push_back(options_.config_file);
  }
  auto child = os::Child::start(command);
  if (child) {
    compaction_.emplace(std::move(*child));
  } else {
    os::log_error("compaction not started",
                  {{"reason", child.error().message}});
  }
}

void AppendServer::write_metrics(bool now) {
  if (options_.run_dir.empty()) return;
  const std::int64_t at = clock_.monotonic_ns();
  if (!now && at - metrics_ns_ < kMetricsEveryNs) return;
  metrics_ns_ = at;
  StoreMetrics all = metrics_;
  if (decoder_) add_counters(all.decoded, decoder_->counters());
  for (const auto& client : clients_) {
    if (client->decoder && !client->done)
      add_counters(all.decoded, client->decoder->counters());
  }
  all.write(writer_, options_.run_dir);
}

}  // namespace prom::store
