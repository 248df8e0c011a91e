#include "libprom/cli/completion.h"

#include <algorithm>
#include <ranges>
#include <utility>

#include "libprom/base/utf8.h"

namespace prom::cli {
namespace {

constexpr std::size_t kCandidatesMax = 2000;

// Where in the command line the word stands.
struct Place {
  std::vector<const Command*> path;  // the command and those above it
  const Flag* value_of = nullptr;    // it is the value of this flag
  std::vector<std::pair<const Flag*, std::string>> given;
  std::size_t words = 0;    // arguments before it
  bool only_words = false;  // behind "--"

  [[nodiscard]] const Command& command() const { return *path.back(); }
};

const Flag* find_flag(const Place& place, std::string_view name,
                      bool is_short) {
  for (const Command* command : place.path | std::views::reverse) {
    for (const Flag& flag : command->flags) {
      if ((is_short ? flag.short_name : flag.name) == name) return &flag;
    }
  }
  return nullptr;
}

// A flag before the subcommand's word is the subcommand's when that has one of
// this name, as in run().  Failures are the run's to report.
void set_given(const Place& place) {
  for (const auto& [flag, value] : place.given) {
    const Flag* const inner = find_flag(place, flag->name, false);
    (void)inner->set(value);
  }
}

void take_flag(const std::string& word, Place& place) {
  const bool is_long = word.starts_with("--");
  const std::string_view name = std::string_view(word).substr(is_long ? 2 : 1);
  const std::size_t equals = is_long ? name.find('=') : std::string_view::npos;
  const bool has_value =
      equals != std::string_view::npos || (!is_long && name.size() > 1);
  const std::string_view bare =
      is_long ? name.substr(0, equals) : name.substr(0, 1);
  const Flag* const flag = find_flag(place, bare, !is_long);
  if (flag == nullptr) return;
  if (flag->value.empty()) {
    place.given.emplace_back(flag, "");
  } else if (has_value) {
    place.given.emplace_back(flag, name.substr(is_long ? equals + 1 : 1));
  } else {
    place.value_of = flag;
  }
}

const Command* find_subcommand(const Command& command, std::string_view name) {
  const auto found =
      std::ranges::find(command.subcommands, name, &Command::name);
  return found == command.subcommands.end() ? nullptr : &*found;
}

Place find_place(const Command& command, std::span<const std::string> before) {
  Place place;
  place.path.push_back(&command);
  for (const std::string& raw : before) {
    const std::string word = unquote_word(raw);
    const bool may_be_flag = !place.only_words;
    const Command* const sub = may_be_flag && place.words == 0
                                   ? find_subcommand(place.command(), word)
                                   : nullptr;
    if (place.value_of != nullptr) {
      place.given.emplace_back(std::exchange(place.value_of, nullptr), word);
    } else if (may_be_flag && word == "--") {
      place.only_words = true;
    } else if (may_be_flag && word.size() > 1 && word.starts_with('-')) {
      take_flag(word, place);
    } else if (sub != nullptr) {
      place.path.push_back(sub);
    } else {
      ++place.words;
    }
  }
  return place;
}

// The positionals that may take argument number `index`: before EXPR there may
// be a FILE.
std::vector<const Positional*> positionals_at(const Command& command,
                                              std::size_t index) {
  std::vector<const Positional*> possible;
  std::size_t at = 0;
  for (const Positional& positional : command.positionals) {
    const bool is_many = positional.count_max == kMany;
    if (is_many || index < at + positional.count_max)
      possible.push_back(&positional);
    if (!is_many) at += positional.count_max;
    if (!is_many && index < at) break;
  }
  return possible;
}

class Answer {
 public:
  Answer(std::string word, Io& io) : word_(std::move(word)), io_(io) {}

  void add(std::string_view text, std::string_view what) {
    if (!text.starts_with(word_) || count_++ >= kCandidatesMax) return;
    // A line is a candidate, so one with a line break cannot be offered.
    if (text.find_first_of("\n\t") != std::string_view::npos) return;
    io_.out.write(text);
    if (!what.empty()) io_.out.write("\t" + printable(what));
    io_.out.write("\n");
  }

  void add_values(std::string_view placeholder, const Completer& completer,
                  std::string_view prefix) {
    if (completer) {
      const std::string typed = word_.substr(prefix.size());
      for (const Candidate& one : completer(typed, io_))
        add(std::string(prefix) + one.text, one.what);
    } else if (placeholder == "DIR") {
      io_.out.write(":directories\n");
    } else if (placeholder == "FILE" || placeholder == "PATH") {
      io_.out.write(":files\n");
    }
  }

  void add_flags(const Place& place) {
    for (const Flag& flag : place.command().flags)
      add("--" + flag.name, flag.help);
    add("--help", "show the common options");
    add("--help-all", "show all options");
    add("--version", "show the version");
    add("--color", "auto, always or never");
  }

 private:
  const std::string word_;
  Io& io_;
  std::size_t count_ = 0;
};

}  // namespace

Completer one_of(std::vector<Candidate> choices) {
  return
      [choices = std::move(choices)](std::string_view, Io&) { return choices; };
}

std::string unquote_word(std::string_view word) {
  std::string text;
  char quote = 0;
  for (std::size_t i = 0; i < word.size(); ++i) {
    const char c = word[i];
    const bool escapes = c == '\\' && quote != '\'' && i + 1 < word.size();
    if (escapes && (quote == 0 || word[i + 1] == '"' || word[i + 1] == '\\')) {
      text += word[++i];
    } else if (c == quote) {
      quote = 0;
    } else if (quote == 0 && (c == '\'' || c == '"')) {
      quote = c;
    } else {
      text += c;
    }
  }
  return text;
}

void complete(const Command& command, std::span<const std::string> words,
              Io& io) {
  if (words.empty()) return;
  const Place place = find_place(command, words.first(words.size() - 1));
  set_given(place);
  const std::string word = unquote_word(words.back());
  Answer answer(word, io);
  if (place.value_of != nullptr) {
    answer.add_values(place.value_of->value, place.value_of->complete, "");
    return;
  }
  const std::size_t equals = word.find('=');
  if (!place.only_words && word.starts_with("--") &&
      equals != std::string::npos) {
    const Flag* const flag =
        find_flag(place, std::string_view(word).substr(2, equals - 2), false);
    if (flag != nullptr) {
      answer.add_values(flag->value, flag->complete,
                        std::string_view(word).substr(0, equals + 1));
    }
    return;
  }
  if (!place.only_words && word.starts_with('-')) {
    answer.add_flags(place);
    return;
  }
  if (place.words == 0 && !place.only_words) {
    for (const Command& sub : place.command().subcommands)
      answer.add(sub.name, sub.summary);
  }
  for (const Positional* positional :
       positionals_at(place.command(), place.words)) {
    answer.add_values(positional->name, positional->complete, "");
  }
}

}  // namespace prom::cli
