// Lines from a person at a terminal, with editing, history and completion; or
// from a pipe, without.  The only file that sees libedit.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/cli/command.h"

namespace prom::cli {

// What the text before the cursor may become: candidates for the bytes from
// `begin` on.
struct LineCompletion {
  std::size_t begin = 0;
  std::vector<Candidate> candidates;
};
using LineCompleter = std::function<LineCompletion(std::string_view text)>;

constexpr std::size_t kHistoryLinesMax = 2000;
constexpr std::size_t kLineBytesMax = std::size_t{1} << 20;

// One thread.
class LineEditor {
 public:
  struct Options {
    std::string program;       // for the user's ~/.editrc
    std::string history_file;  // "": none is kept; made when it is not there
    LineCompleter complete;
    int in_fd = 0;
    int out_fd = 1;
  };
  // kIo when the descriptors cannot be used.
  static Result<LineEditor> open(Options options);
  LineEditor(LineEditor&&) noexcept;
  LineEditor& operator=(LineEditor&&) = delete;
  ~LineEditor();  // saves the history

  enum class Event { kLine, kCancelled, kEnd };  // a line, Ctrl-C, Ctrl-D
  struct Read {
    Event event = Event::kEnd;
    std::string line = {};  // without its newline
  };
  // Shows `prompt` on a terminal only.
  Read read(const std::string& prompt);
  // What up and down bring back.
  void remember(const std::string& line);

 private:
  struct State;
  explicit LineEditor(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace prom::cli
