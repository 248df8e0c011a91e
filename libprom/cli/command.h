// What a tool is: a table of flags, positionals, subcommands and examples, and
// a function.  From this one table come parsing (CLI11), `--help`, the check of
// the man page and the completions.  Stages build their Command in
// x/command.cc; a tool's main is three lines.
//
//   Command command() {
//     auto options = std::make_shared<Options>();
//     return {.name = "prom-x", .summary = "does x",
//             .flags = {{.name = "step", .value = "D", .help = "…",
//                        .set = into_duration(options->step_ms)}},
//             .run = [options](Io& io) { return run(*options, io); }};
//   }
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/cli/exit.h"
#include "libprom/os/clock.h"
#include "libprom/os/output.h"

namespace prom::cli {

// Everything a run touches outside its options, so that tests run a whole
// tool in-process.
struct Io {
  os::Output& out;  // data only
  os::Output& err;  // messages and progress
  int in_fd = 0;    // standard input
  os::Clock& clock;
  bool in_is_terminal = false;
  bool out_is_terminal = false;
  bool color = false;  // resolved from --color, NO_COLOR, TERM, the terminal
  std::string program = {};  // "prom-query", for messages
  std::string command = {};  // "prom-query check": with the subcommand

  // "prom-query: <message>" on err.
  void complain(std::string_view message) const;
};

// Stores or validates one occurrence of a flag or positional.  It only takes
// note: what the text means is resolved in run().
using Setter = std::function<Status(std::string_view)>;

// What may stand in a place of the command line, for completion.
struct Candidate {
  std::string text = {};  // the whole word
  std::string what = {};  // half a line; may be empty
};
// Lists what `word`, which is being typed, may become; what does not begin with
// it is left out by the caller.  Flags that stand before it have been set, so
// it knows where to look.  It must be quick, and silent about failures.
using Completer =
    std::function<std::vector<Candidate>(std::string_view word, Io& io)>;
// The completer of a fixed set.
Completer one_of(std::vector<Candidate> choices);

struct Flag {
  std::string name = {};        // without dashes: "config.file"
  std::string short_name = {};  // "S", without dash; may be empty
  std::string value = {};       // "FILE" in help; empty for a switch
  std::string help = {};        // one sentence; states the default and the unit
  Setter set = {};              // a switch is set with ""
  std::string group = {};       // heading in --help; "" is "Options"
  bool common = true;           // false: only in --help-all and the man page
  Completer complete = {};      // of the value; files for FILE, DIR and PATH
};

struct Positional {
  std::string name = {};  // "FILE"
  std::string help = {};
  Setter set = {};
  std::size_t count_min = 0;
  std::size_t count_max = 1;  // kMany for any number
  Completer complete = {};    // files for FILE, DIR and PATH
};
constexpr std::size_t kMany = SIZE_MAX;

struct Example {
  std::string line = {};  // a shell command
  std::string what = {};
};

struct Command {
  std::string name = {};         // "prom-query", or the subcommand's word
  std::string summary = {};      // one line, lower case, no full stop
  std::string description = {};  // a paragraph for --help; may be empty
  std::vector<Flag> flags = {};  // a subcommand's flags come after its word
  std::vector<Positional> positionals = {};
  std::vector<Command> subcommands = {};
  std::vector<Example> examples = {};
  // Runs when no subcommand was given; empty when one is required.
  std::function<Exit(Io&)> run = {};
};

// Setters for the usual types.  The referenced variable must outlive them.
Setter into_text(std::string& into);
Setter into_texts(std::vector<std::string>& into);
Setter into_switch(bool& into, bool value = true);
Setter into_count(std::uint64_t& into, std::uint64_t min = 0,
                  std::uint64_t max = UINT64_MAX);
Setter into_number(double& into);
Setter into_duration(std::int64_t& into_ms);  // "1h30m", "15" (seconds)
Setter into_size(std::uint64_t& into_bytes);  // "64MB", base 2 as upstream

// Parses, runs and returns the exit code of the process.  Adds --help,
// --help-all, --version, --color, and two hidden ones: --dump-flags prints
// the table for scripts/check-man, --complete lists what the last of the words
// behind it may become, for scripts/completions/.  Unknown flags and
// subcommands are answered with the nearest known one.  SIGPIPE ends quietly; a
// failed write to standard output is exit 74.
int run(int argc, char** argv, const Command& command);

// The same for tests: arguments without the program's name.
Exit run(const std::vector<std::string>& arguments, const Command& command,
         Io& io);

}  // namespace prom::cli
