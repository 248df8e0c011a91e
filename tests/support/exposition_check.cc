#include "tests/support/exposition_check.h"

#include <bit>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "libprom/base/utf8.h"
#include "libprom/exposition/parser.h"
#include "libprom/exposition/writer.h"

namespace prom::test {
namespace {

using exposition::Format;
using exposition::Parser;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "violated: %s\n", what);
  std::abort();
}

struct Sample {
  Labels labels;
  std::uint64_t value_bits = 0;
  std::optional<std::int64_t> t_ms;

  bool operator==(const Sample&) const = default;
};

Sample sample_of(const Parser& parser) {
  for (const LabelView& label : parser.labels()) {
    require(is_valid_utf8(label.name) && is_valid_utf8(label.value),
            "labels are UTF-8");
    require(!label.name.empty(), "names are not empty");
  }
  require(parser.labels().has(kMetricName), "a sample has a name");
  if (parser.sample().has_exemplar) (void)parser.exemplar();
  return {parser.labels(), std::bit_cast<std::uint64_t>(parser.sample().value),
          parser.sample().t_ms};
}

// False on malformed input; what came before it is in `samples`.
bool collect(Parser& parser, std::vector<Sample>& samples) {
  for (;;) {
    const Result<Parser::Item> item = parser.next();
    if (!item) {
      require(!parser.next(), "a parser stays at its error");
      return false;
    }
    if (*item == Parser::Item::kEnd) return true;
    if (*item == Parser::Item::kSample) samples.push_back(sample_of(parser));
  }
}

void check_rewriting(const std::vector<Sample>& samples) {
  std::string text;
  exposition::Writer writer(text, Format::kPipe);
  for (const Sample& sample : samples) {
    writer.sample(sample.labels, std::bit_cast<double>(sample.value_bits),
                  sample.t_ms.value_or(0));
  }
  writer.finish();
  Parser parser(text, Format::kPipe);
  std::vector<Sample> again;
  require(collect(parser, again), "what is written can be read");
  require(again.size() == samples.size(), "as many samples are read");
  for (std::size_t i = 0; i < samples.size(); ++i) {
    Sample expected = samples[i];
    expected.t_ms = expected.t_ms.value_or(0);
    require(again[i] == expected, "the same samples are read");
  }
}

}  // namespace

void check_exposition(std::string_view input, Format format) {
  std::vector<Sample> samples;
  Parser parser(input, format);
  const bool good = collect(parser, samples);
  check_rewriting(samples);
  if (!good || input.find('"') != std::string_view::npos) return;
  // Without quotes every line is a record, so any line end is a place to cut.
  const std::size_t cut = input.find('\n', input.size() / 2) + 1;
  std::vector<Sample> in_pieces;
  Parser first(input.substr(0, cut), format, {});
  require(collect(first, in_pieces), "the first piece is good");
  Parser second(input.substr(cut), format, first.continuation());
  require(collect(second, in_pieces), "the second piece is good");
  require(in_pieces == samples, "pieces have the same samples");
}

}  // namespace prom::test
