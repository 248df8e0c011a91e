// What a word on the command line may become, from a Command's table: the one
// generator behind the completions of all shells (scripts/completions/).
#pragma once

#include <span>
#include <string>

#include "libprom/cli/command.h"

namespace prom::cli {

// `words` are those behind the program's name up to the cursor, the last one is
// being typed; they may still have the quotes of the shell around them.  Writes
// a line a candidate: the whole word without quotes, and behind a tab what it
// is.  The line ":files" stands for names of files, ":directories" for those of
// directories.
void complete(const Command& command, std::span<const std::string> words,
              Io& io);

// A word as the shell would pass it on: quotes and backslashes are taken off; a
// quote that is still open counts as closed.
std::string unquote_word(std::string_view word);

}  // namespace prom::cli
