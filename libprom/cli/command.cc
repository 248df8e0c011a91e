// The only file that sees CLI11.
#include "libprom/cli/command.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <limits>
#include <span>

#include <CLI/CLI.hpp>

#include "libprom/base/suggest.h"
#include "libprom/base/utf8.h"
#include "libprom/cli/completion.h"
#include "libprom/cli/help.h"
#include "libprom/os/log.h"
#include "libprom/os/signals.h"

namespace prom::cli {
namespace {

constexpr int kNoLimit = std::numeric_limits<int>::max() >> 4;

struct GivenFlag {
  std::string name;
  std::string value;  // "" of a switch
};

// What CLI11 is told, and where to find our table again.
struct Node {
  const Command* command = nullptr;
  std::string path;
  CLI::App* app = nullptr;
  std::vector<GivenFlag> flags;
  std::vector<std::string> words;
  std::vector<std::unique_ptr<Node>> children;
};

// Only takes note: which command's flag it is shows when all words are read.
void add_flag(Node& node, const Flag& flag) {
  std::string names = "--" + flag.name;
  if (!flag.short_name.empty()) names = "-" + flag.short_name + "," + names;
  const std::string& name = flag.name;
  if (flag.value.empty()) {
    node.app->add_flag_function(names, [&node, name](std::int64_t count) {
      for (std::int64_t i = 0; i < count; ++i) node.flags.push_back({name, ""});
    });
    return;
  }
  node.app
      ->add_option(names,
                   [&node, name](const CLI::results_t& values) {
                     for (const std::string& value : values)
                       node.flags.push_back({name, value});
                     return true;
                   })
      ->expected(1)
      ->take_all();
}

// Every word that is no option, in order; CLI11 would give the first
// positional all of them, so distribute() shares them out afterwards.
void collect_words(CLI::App& app, std::vector<std::string>& words) {
  app.add_option("WORD",
                 [&words](const CLI::results_t& values) {
                   words = values;
                   return true;
                 })
      ->expected(0, kNoLimit)
      ->take_all()
      ->allow_extra_args();
}

std::unique_ptr<Node> build(CLI::App& app, const Command& command,
                            const std::string& path) {
  auto node = std::make_unique<Node>();
  node->command = &command;
  node->path = path;
  node->app = &app;
  app.set_help_flag("-h,--help");
  app.set_help_all_flag("--help-all");
  app.fallthrough();
  for (const Flag& flag : command.flags) add_flag(*node, flag);
  collect_words(app, node->words);
  for (const Command& sub : command.subcommands) {
    CLI::App* const child = app.add_subcommand(sub.name, sub.summary);
    node->children.push_back(build(*child, sub, path + " " + sub.name));
  }
  app.require_subcommand(0, 1);
  return node;
}

// The root, the subcommand that was named, and so on as deep as it goes.
std::vector<const Node*> parsed_path(const Node& root) {
  std::vector<const Node*> path = {&root};
  const auto was_named = [](const std::unique_ptr<Node>& child) {
    return child->app->parsed();
  };
  for (;;) {
    const auto& children = path.back()->children;
    const auto child = std::ranges::find_if(children, was_named);
    if (child == children.end()) return path;
    path.push_back(child->get());
  }
}

const Node& parsed_node(const Node& root) {
  return *parsed_path(root).back();
}

std::vector<std::string> flag_words(const Command& command) {
  std::vector<std::string> words = {"--help", "--help-all", "--version",
                                    "--color"};
  for (const Flag& flag : command.flags) words.push_back("--" + flag.name);
  return words;
}

std::vector<std::string> subcommand_words(const Command& command) {
  std::vector<std::string> words;
  for (const Command& sub : command.subcommands) words.push_back(sub.name);
  return words;
}

Exit refuse(Io& io, const Node& node, const std::string& message) {
  io.complain(message);
  io.err.write("Try '" + node.path + " --help'.\n");
  return Exit::kUsage;
}

// CLI11 leaves the unknown words of a subcommand with the root.
Exit refuse_option(Io& io, const Node& root) {
  const Node& node = parsed_node(root);
  const std::vector<std::string> extras = root.app->remaining(true);
  const std::string typed = extras.empty() ? "" : extras.front();
  const std::string name = typed.substr(0, typed.find('='));
  std::string message =
      "unknown option " + name + did_you_mean(name, flag_words(*node.command));
  if (!node.command->positionals.empty() && !typed.starts_with("--"))
    message += "; put -- before an argument that begins with a minus";
  return refuse(io, node, message);
}

Exit refuse_word(Io& io, const Node& node, const std::string& typed) {
  const std::vector<std::string> words = subcommand_words(*node.command);
  if (!words.empty() && node.command->positionals.empty()) {
    return refuse(
        io, node,
        "unknown command " + quote(typed) + did_you_mean(typed, words));
  }
  return refuse(io, node, "unexpected argument " + quote(typed));
}

// Gives each positional its words, from the left; those that later ones need
// are kept for them.
std::optional<Exit> distribute(Io& io, const Node& node,
                               const std::vector<std::string>& words) {
  const std::vector<Positional>& positionals = node.command->positionals;
  std::size_t needed = 0;
  for (const Positional& positional : positionals)
    needed += positional.count_min;
  std::size_t at = 0;
  for (const Positional& positional : positionals) {
    needed -= positional.count_min;
    const std::size_t left = words.size() - at;
    if (left < positional.count_min)
      return refuse(io, node, positional.name + " is required");
    const std::size_t free = left > needed ? left - needed : 0;
    const std::size_t count =
        std::clamp(free, positional.count_min,
                   std::max(positional.count_min, positional.count_max));
    for (const std::size_t end = at + count; at < end; ++at) {
      if (Status set = positional.set(words[at]); !set)
        return refuse(io, node, positional.name + ": " + set.error().message);
    }
  }
  if (at < words.size()) return refuse_word(io, node, words[at]);
  return std::nullopt;
}

// A flag may stand before the subcommand's word, but it is the subcommand that
// must know it: `prom-query -S dir explain up` explains what is in dir.
std::optional<Exit> set_flags(Io& io, const Node& root) {
  const std::vector<const Node*> path = parsed_path(root);
  const Node& chosen = *path.back();
  for (const Node* node : path) {
    for (const GivenFlag& given : node->flags) {
      const auto flag =
          std::ranges::find(chosen.command->flags, given.name, &Flag::name);
      const std::string shown = "--" + given.name;
      if (flag == chosen.command->flags.end()) {
        return refuse(io, chosen,
                      shown + " is no option of " + chosen.path +
                          did_you_mean(shown, flag_words(*chosen.command)));
      }
      if (Status set = flag->set(given.value); !set)
        return refuse(io, chosen, shown + ": " + set.error().message);
    }
  }
  return std::nullopt;
}

struct Global {
  std::string color = "auto";
  bool dump = false;
};

// `behind` are the words behind "--".
Exit execute(const Node& root, Io& io, const Global& global,
             const std::vector<std::string>& behind) {
  const Node& node = parsed_node(root);
  std::vector<std::string> given = node.words;
  given.insert(given.end(), behind.begin(), behind.end());
  if (global.dump) {
    io.out.write(dump_flags(*root.command, root.path));
    return Exit::kOk;
  }
  if (const std::optional<Exit> refused = set_flags(io, root)) return *refused;
  if (const std::optional<Exit> refused = distribute(io, node, given))
    return *refused;
  if (!node.command->run) {
    const std::vector<std::string> words = subcommand_words(*node.command);
    std::string list;
    for (const std::string& word : words)
      list += (list.empty() ? "" : ", ") + word;
    return refuse(io, node, "a command is needed: " + list);
  }
  if (global.color != "auto") io.color = global.color == "always";
  io.command = node.path;
  return node.command->run(io);
}

bool wants_color(bool terminal) {
  const char* no_color = ::getenv("NO_COLOR");
  const char* term = ::getenv("TERM");
  if (no_color != nullptr && *no_color != '\0') return false;
  if (term != nullptr && std::string_view(term) == "dumb") return false;
  return terminal;
}

}  // namespace

void Io::complain(std::string_view message) const {
  err.write(program + ": " + printable(message) + "\n");
}

Exit run(const std::vector<std::string>& arguments, const Command& command,
         Io& io) {
  CLI::App app;
  Global global;
  if (io.program.empty()) io.program = command.name;
  io.command = command.name;
  if (!arguments.empty() && arguments.front() == "--complete") {
    complete(command, std::span(arguments).subspan(1), io);
    return Exit::kOk;
  }
  const std::unique_ptr<Node> root = build(app, command, command.name);
  app.set_version_flag("--version", command.name + " " + PROM_VERSION);
  app.add_option("--color", global.color)
      ->check(CLI::IsMember({"auto", "always", "never"}));
  app.add_flag("--dump-flags", global.dump);
  // CLI11 ends a subcommand at "--" and reads on with its parent, so what is
  // behind it does not go through CLI11.
  const auto marker = std::ranges::find(arguments, "--");
  std::vector<std::string> behind;
  if (marker != arguments.end()) behind.assign(marker + 1, arguments.end());
  // CLI11 takes them from the back.
  std::vector<std::string> reversed(std::make_reverse_iterator(marker),
                                    arguments.rend());
  try {
    app.parse(std::move(reversed));
  } catch (const CLI::CallForHelp&) {
    const Node& node = parsed_node(*root);
    io.out.write(help_text(*node.command, node.path, false));
    return Exit::kOk;
  } catch (const CLI::CallForAllHelp&) {
    const Node& node = parsed_node(*root);
    io.out.write(help_text(*node.command, node.path, true));
    return Exit::kOk;
  } catch (const CLI::CallForVersion&) {
    io.out.write(command.name + " " + PROM_VERSION + "\n");
    return Exit::kOk;
  } catch (const CLI::ExtrasError&) {
    return refuse_option(io, *root);
  } catch (const CLI::ArgumentMismatch& error) {
    const std::string_view what = error.what();
    return refuse(
        io, parsed_node(*root),
        std::string(what.substr(0, what.find(':'))) + " needs a value");
  } catch (const CLI::ParseError& error) {
    return refuse(io, parsed_node(*root), error.what());
  }
  return execute(*root, io, global, behind);
}

int run(int argc, char** argv, const Command& command) {
  os::ignore_sigpipe();
  ::umask(027);
  os::Output out(STDOUT_FILENO);
  os::Output err(STDERR_FILENO, 0);
  Io io{.out = out,
        .err = err,
        .in_fd = STDIN_FILENO,
        .clock = os::real_clock(),
        .in_is_terminal = ::isatty(STDIN_FILENO) == 1,
        .out_is_terminal = out.is_terminal(),
        .color = false,
        .program = command.name,
        .command = command.name};
  io.color = wants_color(io.out_is_terminal);
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  Exit exit = run(arguments, command, io);
  if (Status flushed = out.flush(); !flushed && !out.reader_gone()) {
    io.complain(flushed.error().message);
    exit = Exit::kIo;
  }
  return static_cast<int>(exit);
}

}  // namespace prom::cli
