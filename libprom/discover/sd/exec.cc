// exec_sd_configs: a command that prints target groups, as a file with targets
// holds them.  Ours: Prometheus has no such mechanism.
//
// The command is not trusted to end, to be brief or to clean up: it leads a
// process group that is killed when its time is over, when it has said too
// much, and when it has ended.
#include "libprom/config/sd/exec.h"

#include <unistd.h>

#include <array>
#include <cerrno>

#include "libprom/base/duration.h"
#include "libprom/base/utf8.h"
#include "libprom/config/load.h"
#include "libprom/discover/sd/makers_internal.h"
#include "libprom/os/child.h"

namespace prom::discover {
namespace {

constexpr std::size_t kOutputBytesMax = 16U << 20U;
// Of what it says on standard error, the end is kept.
constexpr std::size_t kErrorBytesKept = 4096;
constexpr std::size_t kErrorLineBytesMax = 300;
// So much is read before others have their turn.
constexpr int kReadsPerTurn = 16;

// One of the pipes from the command.
struct Stream {
  int fd = -1;
  std::size_t bytes_max = 0;
  bool keeps_end = false;  // what is too much falls off the front
  std::string text = {};
  bool is_over = false;  // it was too much
};

enum class Read { kMore, kNothingNow, kEnd };

Read read_once(Stream& stream) {
  std::array<char, 65536> buffer;
  const ssize_t n = ::read(stream.fd, buffer.data(), buffer.size());
  if (n < 0 && errno == EINTR) return Read::kMore;
  if (n < 0 && errno == EAGAIN) return Read::kNothingNow;
  if (n <= 0) return Read::kEnd;
  stream.text.append(buffer.data(), static_cast<std::size_t>(n));
  if (stream.text.size() <= stream.bytes_max) return Read::kMore;
  if (stream.keeps_end) {
    stream.text.erase(0, stream.text.size() - stream.bytes_max);
    return Read::kMore;
  }
  stream.is_over = true;
  return Read::kEnd;
}

// Until its end; kills the command when it says too much.
Task<bool> collect(Async& async, Stream& stream, os::Child& child) {
  Read last = Read::kMore;
  while (last != Read::kEnd) {
    for (int i = 0; i < kReadsPerTurn && last == Read::kMore; ++i)
      last = read_once(stream);
    if (last == Read::kEnd) break;
    Async::Wait wait = async.readable(stream.fd);
    co_await wait;
    last = Read::kMore;
  }
  if (stream.is_over) child.kill_group();
  co_return true;
}

// ": what the last line on standard error said", or "".
std::string last_words(const Stream& errors) {
  const std::string& text = errors.text;
  const std::size_t end = text.find_last_not_of(" \t\r\n");
  if (end == std::string::npos) return "";
  const std::size_t before = text.find_last_of('\n', end);
  const std::size_t begin = before == std::string::npos ? 0 : before + 1;
  return ": " + printable(std::string_view(text)
                              .substr(begin, end - begin + 1)
                              .substr(0, kErrorLineBytesMax));
}

class Exec : public Poller {
 public:
  Exec(const config::ExecSdConfig& config, Surroundings& around)
      : Poller(place(config), config.refresh_interval_ms, around),
        config_(config) {}

  [[nodiscard]] std::string_view name() const override { return "exec"; }

 protected:
  Task<Result<Groups>> poll() override {
    auto child = os::Child::start_group(config_.command, config_.environment);
    if (!child) co_return fail(std::move(child).error());
    Stream output{.fd = child->output_fd(), .bytes_max = kOutputBytesMax};
    Stream errors{.fd = child->error_fd(),
                  .bytes_max = kErrorBytesKept,
                  .keeps_end = true};
    Task<bool> reading_output = collect(async(), output, *child);
    Task<bool> reading_errors = collect(async(), errors, *child);
    reading_output.start();
    reading_errors.start();
    Async::Wait wait = async().readable(child->exit_fd(), config_.timeout_ms);
    const bool in_time = co_await wait;
    const int status = child->end();
    // Whoever wrote there is gone; what they wrote last may be unread.
    for (Stream* stream : {&output, &errors}) {
      while (!stream->is_over && read_once(*stream) == Read::kMore) continue;
    }
    co_return result(output, errors, in_time, status);
  }

 private:
  // Arguments may be secret.
  static std::string place(const config::ExecSdConfig& config) {
    return printable(config.command.front());
  }

  [[nodiscard]] Result<Groups> result(const Stream& output,
                                      const Stream& errors, bool in_time,
                                      int status) const {
    if (output.is_over)
      return fail(Code::kLimit, "it printed more than " +
                                    std::to_string(kOutputBytesMax >> 20U) +
                                    " MiB");
    if (!in_time)
      return fail(Code::kTimeout, "killed after " +
                                      format_duration(config_.timeout_ms) +
                                      last_words(errors));
    if (status != 0)
      return fail(Code::kUnavailable,
                  "exit status " + std::to_string(status) + last_words(errors));
    // Silence is more likely a mistake than the wish to have no targets.
    if (output.text.find_first_not_of(" \t\r\n") == std::string::npos)
      return fail(Code::kBadData,
                  "it printed nothing; [] is no targets" + last_words(errors));
    auto groups = config::parse_exec_sd(output.text, config_.command.front());
    if (!groups) return fail(config::to_error(groups.error()));
    return *std::move(groups);
  }

  const config::ExecSdConfig config_;
};

}  // namespace

Made make_exec(const config::SdConfig& config, Surroundings& around) {
  return std::make_unique<Exec>(
      static_cast<const config::ExecSdConfig&>(config), around);
}

}  // namespace prom::discover
