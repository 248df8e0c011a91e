#include "libprom/query/watch.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <optional>

#include "libprom/base/utf8.h"
#include "libprom/cli/diagnostics.h"
#include "libprom/cli/table.h"
#include "libprom/os/signals.h"
#include "libprom/query/output_file.h"
#include "libprom/query/text_source.h"

namespace prom::query {
namespace {

constexpr std::int64_t kIntervalMs = 2000;
constexpr std::size_t kReadBytes = std::size_t{64} << 10;

// The alternate screen, left again whatever happens.
class Screen {
 public:
  explicit Screen(cli::Io& io) : io_(io) {
    if (io_.out_is_terminal) io_.out.write("\x1b[?1049h\x1b[?25l");
  }
  ~Screen() {
    if (io_.out_is_terminal) io_.out.write("\x1b[?25h\x1b[?1049l");
    (void)io_.out.flush();
  }
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  // Shows as many lines as there is room for; `head` is the first.
  void show(std::string_view head, std::string_view page) {
    if (!io_.out_is_terminal) {
      io_.out.write(page);
      (void)io_.out.flush();
      return;
    }
    const auto columns =
        static_cast<std::size_t>(os::terminal_columns(io_.out.fd()));
    auto lines = static_cast<std::size_t>(os::terminal_rows(io_.out.fd()));
    const cli::Palette colors = cli::palette(io_.color);
    std::string text = "\x1b[H";
    text.append(colors.dim).append(cli::fit(head, columns));
    text.append(colors.reset).append("\x1b[K");
    while (!page.empty() && lines > 1) {
      const std::size_t end = std::min(page.find('\n'), page.size());
      text.append("\r\n").append(page.substr(0, end)).append("\x1b[K");
      page.remove_prefix(std::min(end + 1, page.size()));
      --lines;
    }
    io_.out.write(text + "\x1b[J");
    (void)io_.out.flush();
  }

 private:
  cli::Io& io_;
};

// Where the answers come from: opened anew each time, or one input in memory
// that grows.
class Watcher {
 public:
  Watcher(const Question& question, const QueryOptions& options, cli::Io& io)
      : question_(question),
        options_(options),
        io_(io),
        interval_ms_(options.watch_ms != 0 ? options.watch_ms : kIntervalMs) {}

  cli::Exit run(os::Signals& signals) {
    if (options_.follow) {
      auto memory = std::make_unique<MemorySource>();
      stream_ = std::make_unique<TextStream>(*memory);
      inputs_.memory = memory.get();
      inputs_.source = std::move(memory);
      (void)::fcntl(io_.in_fd, F_SETFL,
                    ::fcntl(io_.in_fd, F_GETFL) | O_NONBLOCK);
    }
    Screen screen(io_);
    while (true) {
      const std::int64_t next_ns =
          io_.clock.monotonic_ns() + interval_ms_ * 1'000'000;
      if (Status refreshed = refresh(screen); !refreshed) {
        error_ = std::move(refreshed).error();
        return cli::exit_for(error_->code);
      }
      if (ended_ || !io_.out.status()) return cli::Exit::kOk;
      if (!wait_until(next_ns, signals)) return cli::Exit::kOk;
    }
  }

  // Why it ended before it was asked to.
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

 private:
  // One page.  Only a broken stream ends the watch.
  Status refresh(Screen& screen) {
    if (stream_ != nullptr) {
      Status settled = take_input();
      if (!settled) return settled;
      if (!fresh_) return {};
      fresh_ = false;
    }
    os::Output page;
    const Status answered = answer(page);
    std::string text = page.text();
    if (!answered && io_.out_is_terminal) {
      text = printable(answered.error().message) + "\n";
    } else if (!answered) {
      io_.complain(answered.error().message);
    }
    screen.show("every " + format_duration(interval_ms_) + "  " +
                    format_rfc3339(io_.clock.wall_ms() / 1000 * 1000) + "  " +
                    printable(question_.text),
                text);
    if (answered && !options_.output_file.empty())
      return replace_file(options_.output_file, page.text());
    return {};
  }

  Status answer(os::Output& page) {
    if (stream_ == nullptr) {
      InputOptions wanted = options_.inputs;
      wanted.files.assign(options_.words.begin(), options_.words.end() - 1);
      wanted.timeout_ms = options_.engine.timeout_ms;
      Result<Inputs> opened = open_inputs(wanted, io_);
      if (!opened) return fail(std::move(opened).error());
      inputs_ = std::move(*opened);
    } else {
      inputs_.now_ms = inputs_.memory->sample_count() == 0
                           ? io_.clock.wall_ms()
                           : inputs_.memory->span().max_ms;
    }
    const auto result =
        evaluate(question_, inputs_, options_.times, options_.engine.engine());
    if (!result) return fail(result.error());
    View view = make_view(io_);
    if (view.rows > 1) --view.rows;  // the head
    const bool to_screen = io_.out_is_terminal && options_.output_file.empty();
    Status rendered =
        render(*result, question_, inputs_, options_,
               to_screen ? view : View{.columns = 0}, to_screen, page);
    if (!rendered) return rendered;
    for (const std::string& warning : result->warnings)
      page.write("warning: " + printable(warning) + "\n");
    return {};
  }

  // What has arrived; forgets what is older than --keep.
  Status take_input() {
    std::array<char, kReadBytes> buffer{};
    while (!ended_) {
      const ssize_t n = ::read(io_.in_fd, buffer.data(), buffer.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && errno == EAGAIN) break;
      if (n < 0) return fail(os::system_error("read standard input", errno));
      ended_ = n == 0;
      fresh_ = fresh_ || n > 0 || ended_;
      Status fed = stream_->feed(
          std::string_view(buffer.data(), static_cast<std::size_t>(n)),
          io_.clock.wall_ms());
      if (!fed) return fed;
    }
    Status settled = stream_->settle(io_.clock.wall_ms());
    if (!settled) return settled;
    stream_->forget_older_than(options_.keep_ms);
    return {};
  }

  // False when a signal asks to end.  With --follow the input is what is
  // waited for, but never less than the interval.
  bool wait_until(std::int64_t until_ns, os::Signals& signals) {
    while (true) {
      const std::int64_t left_ns = until_ns - io_.clock.monotonic_ns();
      const bool due = left_ns <= 0;
      if (due && stream_ == nullptr) return true;
      std::array<pollfd, 2> waits = {
          {{.fd = signals.fd(), .events = POLLIN, .revents = 0},
           {.fd = due ? io_.in_fd : -1, .events = POLLIN, .revents = 0}}};
      const int wait_ms = due ? -1
                              : static_cast<int>(std::min<std::int64_t>(
                                    left_ns / 1'000'000 + 1, kDayMs));
      const int ready = ::poll(waits.data(), waits.size(), wait_ms);
      if (ready < 0 && errno != EINTR) return false;
      if (const auto signal = signals.next()) return *signal == SIGWINCH;
      if (due && waits[1].revents != 0) return true;
    }
  }

  const Question& question_;
  const QueryOptions& options_;
  cli::Io& io_;
  const std::int64_t interval_ms_;
  Inputs inputs_;
  std::unique_ptr<TextStream> stream_;
  bool fresh_ = true;
  bool ended_ = false;
  std::optional<Error> error_;
};

}  // namespace

cli::Exit watch(const Question& question, const QueryOptions& options,
                cli::Io& io) {
  if (options.follow && io.in_is_terminal) {
    io.complain("--follow reads a pipe");
    return cli::Exit::kUsage;
  }
  auto signals = os::Signals::collect({SIGINT, SIGTERM, SIGHUP, SIGWINCH});
  if (!signals) {
    io.complain(signals.error().message);
    return cli::exit_for(signals.error().code);
  }
  Watcher watcher(question, options, io);
  const cli::Exit exit = watcher.run(*signals);
  if (watcher.error()) io.complain(watcher.error()->message);
  return exit;
}

}  // namespace prom::query
