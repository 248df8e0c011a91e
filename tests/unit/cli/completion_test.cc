#include "libprom/cli/completion.h"

#include <gtest/gtest.h>

namespace prom::cli {
namespace {

struct Options {
  std::string store, format;
  bool quick = false;
  std::vector<std::string> words;
};

// A tool with flags, a subcommand, and values that depend on a flag before.
std::string completed(const std::vector<std::string>& words) {
  Options o;
  const Command command = {
      .name = "tool",
      .summary = "does things",
      .flags = {{.name = "storage",
                 .short_name = "S",
                 .value = "DIR",
                 .help = "the store",
                 .set = into_text(o.store)},
                {.name = "format",
                 .value = "F",
                 .help = "the format",
                 .set = into_text(o.format),
                 .complete = one_of({{"json", "JSON"}, {"plain", ""}})},
                {.name = "quick", .help = "do", .set = into_switch(o.quick)}},
      .positionals = {{.name = "WORD",
                       .help = "w",
                       .set = into_texts(o.words),
                       .count_max = kMany,
                       .complete =
                           [&o](std::string_view, Io&) {
                             return std::vector<Candidate>{
                                 {o.store + "-one", "1"}, {"two\nlines", ""}};
                           }}},
      .subcommands = {{.name = "check",
                       .summary = "looks",
                       .flags = {{.name = "deep",
                                  .help = "look twice",
                                  .set = into_switch(o.quick)}},
                       .positionals = {{.name = "FILE",
                                        .help = "f",
                                        .set = into_texts(o.words)}},
                       .run = {}}},
      .run = [](Io&) { return Exit::kOk; }};
  os::Output out;
  os::Output err;
  Io io{.out = out, .err = err, .clock = os::real_clock()};
  std::vector<std::string> arguments = {"--complete"};
  arguments.insert(arguments.end(), words.begin(), words.end());
  EXPECT_EQ(run(arguments, command, io), Exit::kOk);
  EXPECT_EQ(err.text(), "");
  return out.text();
}

TEST(Complete, OffersFlagsOfTheCommandOnly) {
  EXPECT_EQ(completed({"--s"}), "--storage\tthe store\n");
  EXPECT_EQ(completed({"check", "--d"}), "--deep\tlook twice\n");
  EXPECT_EQ(completed({"check", "--q"}), "");
}

TEST(Complete, OffersSubcommandsAtFirst) {
  EXPECT_EQ(completed({"ch"}), "check\tlooks\n");
  EXPECT_EQ(completed({"x", "ch"}), "");
}

TEST(Complete, OffersValuesOfFlagsInBothForms) {
  EXPECT_EQ(completed({"--format", ""}), "json\tJSON\nplain\n");
  EXPECT_EQ(completed({"--format=j"}), "--format=json\tJSON\n");
  EXPECT_EQ(completed({"-S", ""}), ":directories\n");
  EXPECT_EQ(completed({"check", ""}), ":files\n");
}

TEST(Complete, KnowsWhatStandsBefore) {
  EXPECT_EQ(completed({"-S", "here", "he"}), "here-one\t1\n");
  EXPECT_EQ(completed({"--storage='a b'", "--quick", "'a"}), "a b-one\t1\n");
  EXPECT_EQ(completed({"-Shere", "--", "he"}), "here-one\t1\n");
}

TEST(Complete, HasNothingForNothing) {
  EXPECT_EQ(completed({}), "");
  EXPECT_EQ(completed({"--unknown", "--format="}),
            "--format=json\tJSON\n--format=plain\n");
}

TEST(UnquoteWord, TakesOffWhatTheShellWould) {
  EXPECT_EQ(unquote_word(R"('a{b="c')"), R"(a{b="c)");
  EXPECT_EQ(unquote_word(R"("a\"b")"), R"(a"b)");
  EXPECT_EQ(unquote_word(R"(a\ b'c d'e)"), "a bc de");
  EXPECT_EQ(unquote_word(R"('a\')"), R"(a\)");
  EXPECT_EQ(unquote_word("\\"), "\\");
}

}  // namespace
}  // namespace prom::cli
