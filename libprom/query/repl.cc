#include "libprom/query/repl.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <future>
#include <optional>
#include <utility>

#include "libprom/base/suggest.h"
#include "libprom/base/utf8.h"
#include "libprom/cli/diagnostics.h"
#include "libprom/cli/line_editor.h"
#include "libprom/http/client.h"
#include "libprom/os/file.h"
#include "libprom/os/signals.h"
#include "libprom/query/answer.h"
#include "libprom/query/explain.h"
#include "libprom/query/expression_completion.h"

namespace prom::query {
namespace {

constexpr std::string_view kPrompt = "promql> ";
constexpr std::string_view kMore = "   ...> ";

constexpr std::string_view kHelp =
    ".help                    this list\n"
    ".range START [END]       evaluate over a range: .range now-1h; .range "
    "off\n"
    ".time T                  evaluate at T; .time now\n"
    ".step D                  distance of the points of a range; .step auto\n"
    ".format FORMAT           how results are shown; .format auto\n"
    ".source [DIR|URL]        what is read, or read something else\n"
    ".explain EXPR            the parts of an expression, with samples and "
    "time\n"
    ".timing                  show how long each query took, or stop it\n"
    ".quit                    end; so does Ctrl-D\n"
    "Anything else is an expression.  Tab completes, Ctrl-R searches the\n"
    "history, Ctrl-C gives up a line or a query; open brackets go on in the\n"
    "next line.\n";

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

// $XDG_STATE_HOME/prom-tools/query-history, below the home directory when that
// is not set; "" when there is no home either.
std::string history_file() {
  const auto variable = [](const char* name) -> std::string {
    const char* const value = ::getenv(name);
    return value != nullptr ? value : "";
  };
  std::string state = variable("XDG_STATE_HOME");
  if (state.empty()) {
    const std::string home = variable("HOME");
    if (home.empty()) return {};
    state = home + "/.local/state";
  }
  const std::string directory = state + "/prom-tools";
  if (!os::make_directories(os::real_file_system(), directory)) return {};
  return directory + "/query-history";
}

class Repl {
 public:
  Repl(QueryOptions options, cli::Io& io)
      : options_(std::move(options)), io_(io) {}

  Status open() {
    options_.inputs.timeout_ms = options_.engine.timeout_ms;
    options_.inputs.files = options_.words;
    auto inputs = open_inputs(options_.inputs, io_);
    if (!inputs) return fail(std::move(inputs).error());
    inputs_ = std::move(*inputs);
    return {};
  }

  cli::Exit run(cli::LineEditor& editor, os::Signals& signals) {
    std::string text;
    while (!quit_ && io_.out.status()) {
      (void)io_.out.flush();
      const cli::LineEditor::Read read =
          editor.read(std::string(text.empty() ? kPrompt : kMore));
      if (read.event == cli::LineEditor::Event::kEnd && text.empty()) break;
      if (read.event == cli::LineEditor::Event::kCancelled) {
        text.clear();
        continue;
      }
      const bool blank = trimmed(read.line).empty();
      if (!text.empty()) text += '\n';
      text += read.line;
      pending_ = text + "\n";
      const bool ends = blank || read.event == cli::LineEditor::Event::kEnd ||
                        text.size() > promql::kExpressionBytesMax ||
                        !is_unfinished(text);
      if (!ends) continue;
      if (!trimmed(text).empty()) editor.remember(text);
      take(std::string(trimmed(text)), signals);
      text.clear();
      pending_.clear();
    }
    return cli::Exit::kOk;
  }

  cli::LineCompletion complete(std::string_view line) const {
    if (line.starts_with('.') && pending_.empty())
      return complete_command(line);
    const std::string text = pending_ + std::string(line);
    ExpressionCompletion found =
        complete_expression(text, inputs_.source.get());
    if (found.begin < pending_.size()) return {};
    return {.begin = found.begin - pending_.size(),
            .candidates = std::move(found.candidates)};
  }

 private:
  struct DotCommand {
    std::string_view name;
    void (Repl::*run)(std::string_view argument, os::Signals& signals);
  };
  static constexpr auto commands() {
    return std::to_array<DotCommand>({{".explain", &Repl::dot_explain},
                                      {".format", &Repl::dot_format},
                                      {".help", &Repl::dot_help},
                                      {".quit", &Repl::dot_quit},
                                      {".range", &Repl::dot_range},
                                      {".source", &Repl::dot_source},
                                      {".step", &Repl::dot_step},
                                      {".time", &Repl::dot_time},
                                      {".timing", &Repl::dot_timing}});
  }

  cli::LineCompletion complete_command(std::string_view line) const {
    cli::LineCompletion completion;
    const std::size_t blank = line.find(' ');
    if (blank == std::string_view::npos) {
      for (const DotCommand& command : commands()) {
        if (command.name.starts_with(line))
          completion.candidates.push_back({std::string(command.name), {}});
      }
      return completion;
    }
    const std::string_view argument = line.substr(blank + 1);
    if (line.starts_with(".explain ")) {
      ExpressionCompletion found =
          complete_expression(argument, inputs_.source.get());
      return {.begin = blank + 1 + found.begin,
              .candidates = std::move(found.candidates)};
    }
    completion.begin = blank + 1;
    if (!line.starts_with(".format ")) return completion;
    for (const OutputFormat& format : formats()) {
      if (format.name.starts_with(argument))
        completion.candidates.push_back({std::string(format.name), {}});
    }
    return completion;
  }

  void take(const std::string& text, os::Signals& signals) {
    if (text.empty()) return;
    if (!text.starts_with('.')) {
      ask(text, signals);
      return;
    }
    const std::size_t blank = std::min(text.find(' '), text.size());
    const std::string name = text.substr(0, blank);
    std::vector<std::string> names;
    for (const DotCommand& command : commands()) {
      names.emplace_back(command.name);
      if (command.name != name) continue;
      (this->*command.run)(trimmed(std::string_view(text).substr(blank)),
                           signals);
      return;
    }
    io_.complain("no command " + name + did_you_mean(name, names) +
                 "; .help lists them");
  }

  std::optional<Question> parse(std::string_view text) {
    Question question{.text = std::string(text), .expr = nullptr};
    auto expr = promql::parse(text, options_.engine.engine().parse);
    if (expr) {
      question.expr = std::move(*expr);
      return question;
    }
    cli::show(expr.error(), text, io_.err, io_.color);
    return std::nullopt;
  }

  // A store is looked at anew, so that what was appended since is seen.  What
  // was read from a pipe is all there is.
  bool refresh() {
    if (!options_.inputs.files.empty() || inputs_.memory != nullptr ||
        inputs_.remote != nullptr) {
      return true;
    }
    Status opened = open();
    if (!opened) io_.complain(opened.error().message);
    return opened.has_value();
  }

  // Runs `work` beside us, so that Ctrl-C is seen meanwhile.
  template <typename Work>
  auto run_cancellable(os::Signals& signals, Work work) {
    std::stop_source stop;
    EngineOptions engine = options_.engine.engine();
    engine.stop = stop.get_token();
    auto answer = std::async(std::launch::async,
                             [&] { return work(std::as_const(engine)); });
    while (answer.wait_for(std::chrono::milliseconds(20)) !=
           std::future_status::ready) {
      if (signals.next() == SIGINT) stop.request_stop();
    }
    return answer.get();
  }

  void ask(std::string_view text, os::Signals& signals) {
    const std::optional<Question> question = parse(text);
    if (!question || !refresh()) return;
    const std::int64_t begin_ns = io_.clock.monotonic_ns();
    const auto result =
        run_cancellable(signals, [&](const EngineOptions& engine) {
          return evaluate(*question, inputs_, options_.times, engine);
        });
    const std::int64_t spent_us = (io_.clock.monotonic_ns() - begin_ns) / 1000;
    if (!result) {
      io_.complain(result.error().message);
      return;
    }
    const Status rendered =
        render(*result, *question, inputs_, options_, make_view(io_),
               io_.out_is_terminal, io_.out);
    if (!rendered) io_.complain(rendered.error().message);
    (void)io_.out.flush();
    show_notes(*result, *question, inputs_, io_);
    if (!timing_) return;
    io_.complain(std::to_string(result->series.size()) + " series, " +
                 std::to_string(result->samples_read) + " samples read, " +
                 std::to_string(spent_us / 1000) + "." +
                 std::to_string(spent_us / 100 % 10) + " ms");
  }

  void dot_explain(std::string_view argument, os::Signals& signals) {
    const std::optional<Question> question = parse(argument);
    if (!question || !refresh()) return;
    const Result<When> when = resolve_times(options_.times, inputs_.now_ms);
    if (!when) {
      io_.complain(when.error().message);
      return;
    }
    const auto nodes =
        run_cancellable(signals, [&](const EngineOptions& engine) {
          return explain(*question->expr, *inputs_.source, *when, engine);
        });
    if (nodes) {
      write_explained(*nodes, make_view(io_), io_.out);
    } else {
      io_.complain(nodes.error().message);
    }
  }

  void dot_help(std::string_view /*argument*/, os::Signals& /*signals*/) {
    io_.out.write(kHelp);
  }
  void dot_quit(std::string_view /*argument*/, os::Signals& /*signals*/) {
    quit_ = true;
  }
  void dot_timing(std::string_view /*argument*/, os::Signals& /*signals*/) {
    timing_ = !timing_;
    io_.out.write(timing_ ? "timing is on\n" : "timing is off\n");
  }

  void dot_format(std::string_view argument, os::Signals& /*signals*/) {
    if (argument == "auto") {
      options_.output.clear();
    } else if (find_format(argument) != nullptr) {
      options_.output = argument;
    } else {
      for (const OutputFormat& format : formats()) {
        io_.out.write(std::string(format.name) +
                      std::string(12 - format.name.size(), ' ') +
                      std::string(format.summary) + "\n");
      }
    }
  }

  // Takes over times that can be understood.
  void set_times(TimeFlags times) {
    Status checked = check_times(times);
    if (checked) {
      const Result<When> when = resolve_times(times, inputs_.now_ms);
      if (!when) checked = fail(when.error());
    }
    if (checked) {
      options_.times = std::move(times);
    } else {
      io_.complain(checked.error().message);
    }
  }

  void dot_range(std::string_view argument, os::Signals& /*signals*/) {
    if (argument.empty() || argument == "off") {
      options_.times = {};
      return;
    }
    const std::size_t blank = std::min(argument.find(' '), argument.size());
    set_times({.time = {},
               .start = std::string(argument.substr(0, blank)),
               .end = std::string(trimmed(argument.substr(blank))),
               .step_ms = options_.times.step_ms});
  }

  void dot_time(std::string_view argument, os::Signals& /*signals*/) {
    const bool is_now = argument.empty() || argument == "now";
    set_times(
        {.time = is_now ? "" : std::string(argument), .start = {}, .end = {}});
  }

  void dot_step(std::string_view argument, os::Signals& /*signals*/) {
    TimeFlags times = options_.times;
    times.step_ms = 0;
    if (!argument.empty() && argument != "auto") {
      const Status set = cli::into_duration(times.step_ms)(argument);
      if (!set) {
        io_.complain(set.error().message);
        return;
      }
    }
    set_times(std::move(times));
  }

  void dot_source(std::string_view argument, os::Signals& /*signals*/) {
    if (argument.empty()) {
      for (const std::string& store : options_.inputs.stores)
        io_.out.write("store " + printable(store) + "\n");
      for (const std::string& tsdb : options_.inputs.tsdbs)
        io_.out.write("data directory " + printable(tsdb) + "\n");
      for (const std::string& url : options_.inputs.urls)
        io_.out.write("server " + http::safe_url(url) + "\n");
      for (const std::string& file : options_.inputs.files)
        io_.out.write("file " + printable(file) + "\n");
      if (!options_.inputs.names_any()) {
        io_.out.write(inputs_.memory != nullptr ? "standard input\n"
                                                : "the default store\n");
      }
      return;
    }
    InputOptions wanted;
    wanted.http_config = options_.inputs.http_config;
    wanted.timeout_ms = options_.inputs.timeout_ms;
    const bool is_url =
        argument.starts_with("http://") || argument.starts_with("https://");
    const auto info = os::file_info(std::string(argument));
    if (is_url) {
      wanted.urls.emplace_back(argument);
    } else if (info && !info->is_directory) {
      wanted.files.emplace_back(argument);
    } else {
      wanted.stores.emplace_back(argument);
    }
    auto opened = open_inputs(wanted, io_);
    if (!opened) {
      io_.complain(opened.error().message);
      return;
    }
    inputs_ = std::move(*opened);
    options_.words = wanted.files;
    options_.inputs = std::move(wanted);
  }

  QueryOptions options_;
  cli::Io& io_;
  Inputs inputs_;
  std::string pending_;  // lines before the one that is typed
  bool timing_ = false;
  bool quit_ = false;
};

cli::Exit refuse(const Error& error, cli::Io& io) {
  io.complain(error.message);
  return cli::exit_for(error.code);
}

}  // namespace

cli::Exit run_repl(const QueryOptions& options, cli::Io& io) {
  // Samples may come from the pipe; the person is at the terminal then.
  os::Fd terminal;
  const bool pipe_has_samples = !options.inputs.names_any() &&
                                options.words.empty() && !io.in_is_terminal &&
                                io.out_is_terminal;
  if (pipe_has_samples) {
    terminal = os::Fd(::open("/dev/tty", O_RDWR | O_CLOEXEC));
    if (!terminal.valid())
      return refuse(os::system_error("open /dev/tty", errno), io);
  }
  auto signals = os::Signals::collect({SIGINT});
  if (!signals) return refuse(signals.error(), io);
  Repl repl(options, io);
  Status opened = repl.open();
  if (!opened) return refuse(opened.error(), io);
  const bool at_terminal = io.in_is_terminal || terminal.valid();
  auto editor = cli::LineEditor::open(
      {.program = "prom-query",
       .history_file = at_terminal ? history_file() : "",
       .complete =
           [&repl](std::string_view text) { return repl.complete(text); },
       .in_fd = terminal.valid() ? terminal.get() : io.in_fd,
       .out_fd = terminal.valid() ? terminal.get() : io.out.fd()});
  if (!editor) return refuse(editor.error(), io);
  if (at_terminal) io.out.write("prom-query " PROM_VERSION "; .help helps\n");
  return repl.run(*editor, *signals);
}

}  // namespace prom::query
