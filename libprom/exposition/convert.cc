#include "libprom/exposition/convert.h"

#include <map>
#include <optional>

#include "libprom/exposition/parser.h"
#include "libprom/exposition/writer.h"

namespace prom::exposition {
namespace {

constexpr std::string_view kTotal = "_total";

bool has_bare_counters(Format format) {
  return format == Format::kOpenMetrics;
}

// The types of all families, which may follow their help.
Result<std::map<std::string, MetricType>> types_of(std::string_view body,
                                                   Format format) {
  std::map<std::string, MetricType> types;
  Parser parser(body, format);
  while (true) {
    const auto item = parser.next();
    if (!item) return fail(item.error());
    if (*item == Parser::Item::kEnd) return types;
    if (*item != Parser::Item::kMetadata) continue;
    const Metadata& metadata = parser.metadata();
    if (metadata.kind == Metadata::Kind::kType)
      types[metadata.family] = metadata.type;
  }
}

class Converter {
 public:
  Converter(Format from, Format to, std::map<std::string, MetricType> types,
            std::int64_t now_ms)
      : from_(from),
        to_(to),
        types_(std::move(types)),
        now_ms_(now_ms),
        writer_(out_, to) {}

  Result<std::string> run(std::string_view body) {
    Parser parser(body, from_);
    while (true) {
      const auto item = parser.next();
      if (!item) return fail(item.error());
      if (*item == Parser::Item::kEnd) break;
      if (*item == Parser::Item::kMetadata) {
        writer_.metadata(translated(parser.metadata()));
      } else {
        write_sample(parser);
      }
    }
    writer_.finish();
    return std::move(out_);
  }

 private:
  // A counter's family is called x in OpenMetrics and x_total elsewhere.
  Metadata translated(Metadata metadata) const {
    const auto type = types_.find(metadata.family);
    const bool is_counter =
        type != types_.end() && type->second == MetricType::kCounter;
    if (!is_counter || has_bare_counters(from_) == has_bare_counters(to_))
      return metadata;
    if (has_bare_counters(from_)) {
      metadata.family += kTotal;
    } else if (metadata.family.ends_with(kTotal)) {
      metadata.family.resize(metadata.family.size() - kTotal.size());
    } else {
      // OpenMetrics knows no such counter.
      metadata.type = MetricType::kUnknown;
    }
    return metadata;
  }

  void write_sample(const Parser& parser) {
    const Sample& sample = parser.sample();
    std::optional<std::int64_t> t_ms = sample.t_ms;
    if (!t_ms && to_ == Format::kPipe) t_ms = now_ms_;
    std::optional<Exemplar> exemplar;
    if (sample.has_exemplar && to_ == Format::kOpenMetrics)
      exemplar = parser.exemplar();
    writer_.sample(parser.labels(), sample.value, t_ms,
                   exemplar ? &*exemplar : nullptr);
  }

  const Format from_;
  const Format to_;
  const std::map<std::string, MetricType> types_;
  const std::int64_t now_ms_;
  std::string out_;
  Writer writer_;
};

}  // namespace

Result<std::string> convert(std::string_view body, Format from, Format to,
                            std::int64_t now_ms) {
  auto types = types_of(body, from);
  if (!types) return fail(std::move(types).error());
  return Converter(from, to, *std::move(types), now_ms).run(body);
}

}  // namespace prom::exposition
