#include "libprom/store/append.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

#include "libprom/os/input_pipe.h"
#include "libprom/os/notify.h"
#include "libprom/os/signals.h"
#include "libprom/store/append_server.h"

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

Result<os::Fd> open_input(const std::string& file, int in_fd) {
  const int fd = file == "-" ? ::fcntl(in_fd, F_DUPFD_CLOEXEC, 3)
                             : ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return fail(os::system_error("open " + file, errno));
  return os::Fd(fd);
}

// One input from its beginning to its end, by the process that has the lock.
Status append_one(Writer& writer, os::Clock& clock, const std::string& file,
                  int fd, const AppendOptions& options) {
  auto input = os::InputPipe::open(fd);
  if (!input) return fail(std::move(input).error());
  Decoder decoder(writer, clock, {.format = options.format});
  while (true) {
    const auto grew = input->fill();
    if (!grew) return fail(grew.error());
    while (true) {
      const auto taken = decoder.feed(
          input->bytes(), input->ended() ? Follows::kEnd : Follows::kMore);
      if (!taken) {
        (void)writer.commit();  // what came before it is good
        return fail(Error(taken.error()).in(file));
      }
      if (Status done = writer.commit(); !done) return done;
      if (Status done = input->consume(*taken); !done) return done;
      if (*taken == 0 || input->bytes().empty()) break;
    }
    if (input->ended()) break;
  }
  if (const std::string cut = decoder.cut(); !cut.empty())
    return fail(Code::kBadData, file + ": " + cut);
  return {};
}

Status append_files(Writer& writer, const AppendOptions& options,
                    const cli::Io& io) {
  for (const std::string& file : options.files) {
    const auto fd = open_input(file, io.in_fd);
    if (!fd) return fail(fd.error());
    const Status done = append_one(writer, io.clock, file, fd->get(), options);
    if (!done) {
      (void)writer.sync();
      return done;
    }
  }
  return writer.sync();
}

// Hands the inputs from `next` on to the live writer; moves `next` on.
Status hand_over(const AppendOptions& options, const cli::Io& io,
                 std::size_t& next) {
  for (; next < options.files.size(); ++next) {
    const auto fd = open_input(options.files[next], io.in_fd);
    if (!fd) return fail(fd.error());
    const Status done =
        append_by_socket(options.store, fd->get(), options.format);
    if (!done && done.error().code == Code::kMissing) return done;
    if (!done) return fail(Error(done.error()).in(options.files[next]));
  }
  return {};
}

Status append_as_writer(Writer& writer, const AppendOptions& options,
                        const cli::Io& io) {
  for (const Error& damage : writer.damage())
    io.complain("warning: " + damage.message);
  const bool from_input =
      options.files.size() == 1 && options.files.front() == "-";
  const bool live = options.listen || (from_input && is_stream(io.in_fd));
  if (!live) {
    os::announce_ready(options.ready_fd);
    return append_files(writer, options, io);
  }
  AppendServer server(options, writer, io.clock, from_input ? io.in_fd : -1);
  return server.run();
}

Status append(const AppendOptions& options, const cli::Io& io) {
  std::size_t next = 0;
  Status busy;
  for (int attempt = 0; attempt < kBusyAttempts; ++attempt) {
    if (attempt > 0) std::this_thread::sleep_for(kBusyPause);
    auto writer = Writer::open(options.store, options.writer,
                               os::real_file_system(), io.clock);
    if (writer) return append_as_writer(**writer, options, io);
    busy = fail(writer.error());
    if (writer.error().code != Code::kBusy || options.listen) return busy;
    const Status handed = hand_over(options, io, next);
    if (handed || handed.error().code != Code::kMissing) return handed;
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
