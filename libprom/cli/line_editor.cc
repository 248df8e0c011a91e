#include "libprom/cli/line_editor.h"

#include <fcntl.h>
#include <histedit.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <clocale>
#include <cstdio>

#include "libprom/base/utf8.h"
#include "libprom/cli/table.h"
#include "libprom/os/file.h"
#include "libprom/os/output.h"

namespace prom::cli {
namespace {

constexpr std::size_t kListedMax = 200;

struct CloseFile {
  void operator()(std::FILE* file) const { (void)std::fclose(file); }
};
using FilePtr = std::unique_ptr<std::FILE, CloseFile>;

FilePtr open_copy(int fd, const char* mode) {
  const int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, 3);
  return FilePtr(copy < 0 ? nullptr : ::fdopen(copy, mode));
}

// What all candidates begin with.
std::string common_front(const std::vector<Candidate>& candidates) {
  std::string front = candidates.front().text;
  for (const Candidate& one : candidates) {
    const auto differ = std::ranges::mismatch(front, one.text);
    front.erase(differ.in1, front.end());
  }
  // Not in the middle of a letter.
  while (!front.empty() && !is_valid_utf8(front)) front.pop_back();
  return front;
}

}  // namespace

struct LineEditor::State {
  explicit State(Options with) : options(std::move(with)) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (history != nullptr) {
      if (!options.history_file.empty()) {
        HistEvent event{};
        (void)::history(history, &event, H_SAVE, options.history_file.c_str());
      }
      ::history_end(history);
    }
    if (editor != nullptr) ::el_end(editor);
  }

  static State& of(EditLine* editor) {
    void* data = nullptr;
    (void)::el_get(editor, EL_CLIENTDATA, &data);
    return *static_cast<State*>(data);
  }
  static const char* prompt_of(EditLine* editor) {
    return of(editor).prompt.c_str();
  }
  static unsigned char on_cancel(EditLine* editor, int /*key*/) {
    of(editor).cancelled = true;
    return CC_NEWLINE;
  }
  static unsigned char on_complete(EditLine* editor, int /*key*/) {
    return of(editor).complete_line();
  }

  unsigned char complete_line() {
    if (!options.complete) return CC_ERROR;
    const LineInfo* const info = ::el_line(editor);
    const std::string text(info->buffer, info->cursor);
    const LineCompletion found = options.complete(text);
    if (found.candidates.empty()) return CC_ERROR;
    const std::string typed = text.substr(found.begin);
    std::string front = common_front(found.candidates);
    if (found.candidates.size() == 1 || front.size() > typed.size()) {
      // libedit counts letters, not bytes.
      const auto letters =
          static_cast<int>(std::ranges::count_if(typed, [](char c) {
            return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
          }));
      ::el_deletestr(editor, letters);
      (void)::el_insertstr(editor, front.c_str());
      return CC_REFRESH;
    }
    list(found.candidates);
    return CC_REDISPLAY;
  }

  // In columns, below the line.
  void list(const std::vector<Candidate>& candidates) const {
    os::Output terminal(options.out_fd);
    const auto width =
        static_cast<std::size_t>(os::terminal_columns(options.out_fd));
    const std::size_t shown = std::min(candidates.size(), kListedMax);
    std::size_t widest = 1;
    for (std::size_t i = 0; i < shown; ++i)
      widest = std::max(widest, display_width(printable(candidates[i].text)));
    const std::size_t columns = std::max<std::size_t>(width / (widest + 2), 1);
    const std::size_t rows = (shown + columns - 1) / columns;
    terminal.write("\n");
    for (std::size_t row = 0; row < rows; ++row) {
      std::string line;
      for (std::size_t i = row; i < shown; i += rows) {
        const std::string text = fit(printable(candidates[i].text), width);
        line += text;
        if (i + rows < shown)
          line += std::string(widest + 2 - display_width(text), ' ');
      }
      terminal.write(line + "\n");
    }
    if (candidates.size() > shown)
      terminal.write("… " + std::to_string(candidates.size() - shown) +
                     " more\n");
    (void)terminal.flush();
  }

  const Options options;
  FilePtr in, out, err;
  EditLine* editor = nullptr;  // null where there is no terminal
  History* history = nullptr;
  std::string prompt;
  bool cancelled = false;
};

LineEditor::LineEditor(std::unique_ptr<State> state)
    : state_(std::move(state)) {}
LineEditor::LineEditor(LineEditor&&) noexcept = default;
LineEditor::~LineEditor() = default;

Result<LineEditor> LineEditor::open(Options options) {
  auto state = std::make_unique<State>(std::move(options));
  State& s = *state;
  s.in = open_copy(s.options.in_fd, "r");
  s.out = open_copy(s.options.out_fd, "w");
  s.err = open_copy(STDERR_FILENO, "w");
  if (s.in == nullptr || s.out == nullptr || s.err == nullptr)
    return fail(os::system_error("open the terminal", errno));
  if (::isatty(s.options.in_fd) != 1) return LineEditor(std::move(state));
  (void)std::setlocale(LC_CTYPE, "");
  s.editor = ::el_init(s.options.program.c_str(), s.in.get(), s.out.get(),
                       s.err.get());
  s.history = ::history_init();
  if (s.editor == nullptr || s.history == nullptr)
    return fail(Code::kIo, "the terminal cannot be used for editing");
  HistEvent event{};
  (void)::history(s.history, &event, H_SETSIZE, kHistoryLinesMax);
  (void)::history(s.history, &event, H_SETUNIQUE, 1);
  if (!s.options.history_file.empty())
    (void)::history(s.history, &event, H_LOAD, s.options.history_file.c_str());
  (void)::el_set(s.editor, EL_CLIENTDATA, &s);
  (void)::el_set(s.editor, EL_PROMPT, &State::prompt_of);
  (void)::el_set(s.editor, EL_EDITOR, "emacs");
  (void)::el_set(s.editor, EL_HIST, ::history, s.history);
  // Ctrl-C is a key while a line is typed: it gives up the line.
  (void)::el_set(s.editor, EL_SETTY, "-d", "-isig", nullptr);
  (void)::el_set(s.editor, EL_ADDFN, "prom-complete", "complete",
                 &State::on_complete);
  (void)::el_set(s.editor, EL_ADDFN, "prom-cancel", "cancel",
                 &State::on_cancel);
  (void)::el_set(s.editor, EL_BIND, "^I", "prom-complete", nullptr);
  (void)::el_set(s.editor, EL_BIND, "^C", "prom-cancel", nullptr);
  (void)::el_set(s.editor, EL_BIND, "^R", "em-inc-search-prev", nullptr);
  (void)::el_source(s.editor, nullptr);
  return LineEditor(std::move(state));
}

LineEditor::Read LineEditor::read(const std::string& prompt) {
  State& s = *state_;
  s.prompt = prompt;
  s.cancelled = false;
  std::string line;
  if (s.editor != nullptr) {
    int count = 0;
    const char* const text = ::el_gets(s.editor, &count);
    if (s.cancelled) {
      (void)std::fputs("^C\n", s.out.get());
      (void)std::fflush(s.out.get());
      return {.event = Event::kCancelled};
    }
    if (text == nullptr || count <= 0) {
      (void)std::fputs("\n", s.out.get());
      (void)std::fflush(s.out.get());
      return {.event = Event::kEnd};
    }
    line.assign(text, static_cast<std::size_t>(count));
  } else {
    int c = 0;
    while ((c = std::fgetc(s.in.get())) != EOF && c != '\n' &&
           line.size() < kLineBytesMax) {
      line += static_cast<char>(c);
    }
    if (c == EOF && line.empty()) return {.event = Event::kEnd};
  }
  while (line.ends_with('\n') || line.ends_with('\r')) line.pop_back();
  return {.event = Event::kLine, .line = std::move(line)};
}

void LineEditor::remember(const std::string& line) {
  if (state_->history == nullptr) return;
  HistEvent event{};
  (void)::history(state_->history, &event, H_ENTER, line.c_str());
}

}  // namespace prom::cli
