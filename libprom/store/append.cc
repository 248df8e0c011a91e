#include "libprom/store/append.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <thread>

#include "libprom/os/input_pipe.h"
#include "libprom/os/notify.h"
#include "libprom/os/retry.h"
#include "libprom/os/signals.h"
#include "libprom/store/append_server.h"
#include "libprom/store/compact.h"
#include "libprom/store/settings.h"

namespace prom::store {
namespace {

// How long to wait for a writer that holds the lock and serves no socket.
constexpr int kBusyAttempts = 200;
constexpr auto kBusyPause = std::chrono::milliseconds(50);

bool is_stream(int fd) {
  struct stat info{};
  return ::fstat(fd, &info) == 0 &&
         (S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode));
}

// The inputs that are still to be done.  The first one stays open between
// attempts, with what was read of it and is not committed.
class Inputs {
 public:
  Inputs(std::vector<std::string> files, int in_fd)
      : files_(std::move(files)), in_fd_(in_fd) {}

  [[nodiscard]] bool done() const { return next_ == files_.size(); }
  [[nodiscard]] const std::string& name() const { return files_[next_]; }

  Result<os::InputPipe*> front() {
    if (input_ && *input_) return &**input_;
    const int fd =
        name() == "-" ? ::fcntl(in_fd_, F_DUPFD_CLOEXEC, 3) : os::retried([&] {
          return ::open(name().c_str(), O_RDONLY | O_CLOEXEC);
        });
    if (fd < 0) return fail(os::system_error("open " + name(), errno));
    fd_ = os::Fd(fd);
    input_ = os::InputPipe::open(fd);
    if (!*input_) return fail(input_->error());
    return &**input_;
  }

  void pop() {
    input_.reset();
    fd_.reset();
    ++next_;
  }

 private:
  const std::vector<std::string> files_;
  const int in_fd_;
  std::size_t next_ = 0;
  os::Fd fd_;
  std::optional<Result<os::InputPipe>> input_;
};

// One input from its beginning to its end, by the process that has the lock.
Status append_one(Writer& writer, os::Clock& clock, const std::string& file,
                  os::InputPipe& input, const AppendOptions& options) {
  Decoder decoder(writer, clock, {.format = options.format});
  while (true) {
    const auto grew = input.fill();
    if (!grew) return fail(grew.error());
    while (true) {
      const auto taken = decoder.feed(
          input.bytes(), input.ended() ? Follows::kEnd : Follows::kMore);
      if (!taken) {
        (void)writer.commit();  // what came before it is good
        return fail(Error(taken.error()).in(file));
      }
      if (Status done = writer.commit(); !done) return done;
      if (Status done = input.consume(*taken); !done) return done;
      // When that fails, the generation goes on.
      if (writer.rotation_due()) (void)writer.rotate();
      if (*taken == 0 || input.bytes().empty()) break;
    }
    if (input.ended()) break;
  }
  if (const std::string cut = decoder.cut(); !cut.empty())
    return fail(Code::kBadData, file + ": " + cut);
  return {};
}

Status append_files(Writer& writer, const AppendOptions& options,
                    const cli::Io& io, Inputs& inputs) {
  for (; !inputs.done(); inputs.pop()) {
    const auto input = inputs.front();
    if (!input) return fail(input.error());
    const Status done =
        append_one(writer, io.clock, inputs.name(), **input, options);
    if (!done) {
      (void)writer.sync();
      return done;
    }
  }
  return writer.sync();
}

// Hands the inputs on to the live writer.
Status hand_over(const AppendOptions& options, Inputs& inputs) {
  for (; !inputs.done(); inputs.pop()) {
    const auto input = inputs.front();
    if (!input) return fail(input.error());
    const Status done =
        append_by_socket(options.store, **input, options.format);
    if (done) continue;
    const Code code = done.error().code;
    if (code == Code::kMissing || code == Code::kBusy) return done;
    return fail(Error(done.error()).in(inputs.name()));
  }
  return {};
}

Status append_as_writer(Writer& writer, const AppendOptions& options,
                        const cli::Io& io, Inputs& inputs) {
  for (const Error& damage : writer.damage())
    io.complain("warning: " + damage.message);
  const bool from_input =
      options.files.size() == 1 && options.files.front() == "-";
  const bool live = options.listen || (from_input && is_stream(io.in_fd));
  if (!live) {
    os::announce_ready(options.ready_fd);
    return append_files(writer, options, io, inputs);
  }
  std::optional<os::InputPipe> input;
  if (from_input) {
    const auto front = inputs.front();
    if (!front) return fail(front.error());
    input.emplace(std::move(**front));
  }
  AppendServer server(options, writer, io.clock, std::move(input));
  return server.run();
}

// What was appended is acknowledged already: a failure is only a warning.
void compact_after(const AppendOptions& options, const cli::Io& io) {
  auto retention = configured_retention(options.store, options.config_file);
  Status done = retention ? Status() : fail(retention.error());
  if (done) {
    const auto report =
        compact(os::real_file_system(), io.clock,
                {.store = options.store, .retention = std::move(*retention)});
    if (!report) done = fail(report.error());
  }
  if (!done && done.error().code != Code::kBusy)
    io.complain("warning: not compacted: " + done.error().message);
}

Status append(const AppendOptions& options, const cli::Io& io) {
  Inputs inputs(options.files, io.in_fd);
  Status busy;
  bool announced = false;
  for (int attempt = 0; attempt < kBusyAttempts; ++attempt) {
    if (attempt > 0) std::this_thread::sleep_for(kBusyPause);
    auto writer = Writer::open(options.store, options.writer,
                               os::real_file_system(), io.clock);
    if (writer) {
      const Status done = append_as_writer(**writer, options, io, inputs);
      const bool rotated = (*writer)->counters().generations > 0;
      writer->reset();
      if (rotated && options.compact) compact_after(options, io);
      return done;
    }
    busy = fail(writer.error());
    if (writer.error().code != Code::kBusy || options.listen) return busy;
    if (!announced) os::announce_ready(options.ready_fd);
    announced = true;
    const Status handed = hand_over(options, inputs);
    if (handed) return {};
    const Code code = handed.error().code;
    if (code != Code::kMissing && code != Code::kBusy) return handed;
    // There was a writer; the search for the next one begins anew.
    if (code == Code::kBusy) attempt = 0;
  }
  return busy;
}

}  // namespace

cli::Exit run_append(const AppendOptions& given, cli::Io& io) {
  os::ignore_sigpipe();
  AppendOptions options = given;
  if (options.files.empty() && !options.listen) options.files = {"-"};
  const Status done = append(options, io);
  if (done) return cli::Exit::kOk;
  io.complain(done.error().message);
  return cli::exit_for(done.error().code);
}

}  // namespace prom::store
