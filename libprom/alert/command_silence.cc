#include <cstdlib>

#include "libprom/alert/api_json.h"
#include "libprom/alert/command_internal.h"
#include "libprom/base/duration.h"
#include "libprom/base/utf8.h"
#include "libprom/http/target.h"

namespace prom::alert {
namespace {

struct Options {
  std::string url;
  std::string format = "text";
  bool expired = false;
  std::vector<std::string> words;  // matchers or ids
  std::string author;
  std::string comment;
  std::int64_t duration_ms = kHourMs;
  std::string start;
  std::string end;
  bool everything = false;  // --i-mean-it
};

// "a=b" as given; a word without an operator is an alert's name.
Result<LabelMatchers> read_words(const std::vector<std::string>& words) {
  LabelMatchers matchers;
  for (const std::string& word : words) {
    const bool bare = word.find_first_of("=~") == std::string::npos;
    auto matcher = parse_matcher(bare ? "alertname=\"" + word + "\"" : word,
                                 MatcherMode::kFallback);
    if (!matcher) return fail(Code::kUsage, matcher.error().message);
    matchers.push_back(std::move(*matcher));
  }
  return matchers;
}

// Whether a silence would hush every alert that has the labels at all.
bool covers_everything(const LabelMatchers& matchers) {
  for (const LabelMatcher& matcher : matchers) {
    const bool any = matcher.op() == MatchOp::kRegex &&
                     (matcher.value() == ".*" || matcher.value() == ".+");
    if (!any) return false;
  }
  return true;
}

cli::Exit add(const Options& options, cli::Io& io) {
  auto matchers = read_words(options.words);
  if (!matchers) return report(io, matchers.error());
  if (options.comment.empty()) {
    io.complain("a comment is required: --comment TEXT");
    return cli::Exit::kUsage;
  }
  if (covers_everything(*matchers) && !options.everything) {
    io.complain("this silences every alert; say --i-mean-it if it shall");
    return cli::Exit::kUsage;
  }
  const std::int64_t now_ms = io.clock.wall_ms();
  auto start =
      parse_time_ms(options.start.empty() ? "now" : options.start, now_ms);
  if (!start) return report(io, {Code::kUsage, start.error().message});
  Result<std::int64_t> end = *start + options.duration_ms;
  if (!options.end.empty()) end = parse_time_ms(options.end, now_ms);
  if (!end) return report(io, {Code::kUsage, end.error().message});
  Silence silence{.matchers = std::move(*matchers),
                  .starts_at_ms = *start,
                  .ends_at_ms = *end,
                  .created_by = options.author,
                  .comment = options.comment};
  auto answer = Remote{options.url}.call("POST", "/api/v2/silences",
                                         posted_silence(silence));
  if (!answer) return report(io, answer.error());
  // {"silenceID":"…"}: the id is the last quoted text.
  const std::size_t end_quote = answer->rfind('"');
  const std::size_t quote = answer->rfind('"', end_quote - 1);
  if (end_quote == std::string::npos || quote == std::string::npos)
    return report(io, {Code::kBadData, "the server's answer has no id"});
  io.out.write(answer->substr(quote + 1, end_quote - quote - 1) + "\n");
  return cli::Exit::kOk;
}

cli::Exit expire(const Options& options, cli::Io& io) {
  for (const std::string& id : options.words) {
    if (!is_uuid(id)) return report(io, {Code::kUsage, "not an id: " + id});
    auto answer = Remote{options.url}.call("DELETE", "/api/v2/silence/" + id);
    if (!answer) return report(io, std::move(answer).error().in(id));
  }
  return cli::Exit::kOk;
}

cli::Exit query(const Options& options, cli::Io& io) {
  auto matchers = read_words(options.words);
  if (!matchers) return report(io, matchers.error());
  std::string path = "/api/v2/silences?expired=";
  path += options.expired ? "true" : "false";
  for (const LabelMatcher& matcher : *matchers)
    path += "&filter=" + http::percent_encode(matcher.to_string());
  auto answer = Remote{options.url}.call("GET", path);
  if (!answer) return report(io, answer.error());
  if (options.format == "json") {
    io.out.write(*answer);
    return cli::Exit::kOk;
  }
  auto silences = read_silences(*answer);
  if (!silences) return report(io, silences.error());
  for (const Silence& silence : *silences)
    io.out.write(silence.id + "  " + to_string(silence.matchers) + "  until " +
                 format_rfc3339(silence.ends_at_ms) + "  " +
                 printable(silence.created_by) + "  " +
                 printable(silence.comment) + "\n");
  return cli::Exit::kOk;
}

cli::Command add_command(const std::shared_ptr<Options>& options) {
  return {
      .name = "add",
      .summary = "create a silence and print its id",
      .flags = {url_flag(options->url),
                {.name = "author",
                 .short_name = "a",
                 .value = "NAME",
                 .help = "Who silences ($USER).",
                 .set = cli::into_text(options->author)},
                {.name = "comment",
                 .short_name = "c",
                 .value = "TEXT",
                 .help = "Why; required.",
                 .set = cli::into_text(options->comment)},
                {.name = "duration",
                 .short_name = "d",
                 .value = "D",
                 .help = "How long (1h).",
                 .set = cli::into_duration(options->duration_ms)},
                {.name = "start",
                 .value = "T",
                 .help = "From when (now).",
                 .set = cli::into_text(options->start)},
                {.name = "end",
                 .value = "T",
                 .help = "Until when, instead of --duration.",
                 .set = cli::into_text(options->end)},
                {.name = "i-mean-it",
                 .help = "Allow a silence that covers every alert.",
                 .set = cli::into_switch(options->everything)}},
      .positionals = {{.name = "MATCHER",
                       .help = "label=value, !=, =~ or !~; a bare word is an "
                               "alert's name.",
                       .set = cli::into_texts(options->words),
                       .count_min = 1,
                       .count_max = cli::kMany}},
      .examples = {{"prom-alert silence add -c \"db upgrade\" -d 2h "
                    "alertname=~Db.* cluster=eu",
                    "be quiet for two hours"}},
      .run = [options](cli::Io& io) { return add(*options, io); }};
}

}  // namespace

cli::Command silence_command() {
  auto options = std::make_shared<Options>();
  const char* user = std::getenv("USER");
  options->author = user != nullptr ? user : "";
  return {.name = "silence",
          .summary = "add, end and list silences of a server",
          .subcommands = {
              add_command(options),
              {.name = "expire",
               .summary = "end silences now",
               .flags = {url_flag(options->url)},
               .positionals = {{.name = "ID",
                                .help = "Ids of silences.",
                                .set = cli::into_texts(options->words),
                                .count_min = 1,
                                .count_max = cli::kMany}},
               .run = [options](cli::Io& io) { return expire(*options, io); }},
              {.name = "query",
               .summary = "list silences",
               .flags = {url_flag(options->url),
                         {.name = "expired",
                          .help = "Also those that have ended.",
                          .set = cli::into_switch(options->expired)},
                         {.name = "output",
                          .short_name = "o",
                          .value = "FORMAT",
                          .help = "text or json (text).",
                          .set = cli::into_text(options->format)}},
               .positionals = {{.name = "MATCHER",
                                .help = "Matchers that the silence has.",
                                .set = cli::into_texts(options->words),
                                .count_max = cli::kMany}},
               .run = [options](cli::Io& io) { return query(*options, io); }}}};
}

}  // namespace prom::alert
