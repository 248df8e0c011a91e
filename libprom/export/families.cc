#include "libprom/export/families.h"

#include <algorithm>
#include <vector>

#include "libprom/base/utf8.h"
#include "libprom/exposition/parser.h"
#include "libprom/exposition/text.h"
#include "libprom/exposition/writer.h"

namespace prom::exports {
namespace {

constexpr std::string_view kNoHelp = "Metric read from text.";

// The family that a sample belongs to, given the families that were declared.
std::string family_of(const std::string& name,
                      const std::map<std::string, MetricType>& declared) {
  if (declared.contains(name)) return name;
  for (const std::string_view suffix : {"_bucket", "_sum", "_count"}) {
    if (!name.ends_with(suffix)) continue;
    std::string base = name.substr(0, name.size() - suffix.size());
    const auto found = declared.find(base);
    if (found != declared.end() && (found->second == MetricType::kHistogram ||
                                    found->second == MetricType::kSummary))
      return base;
  }
  return name;
}

struct Parsed {
  std::map<std::string, MetricType> types;
  std::map<std::string, std::string> help;
  std::vector<std::pair<Labels, double>> samples;
};

Result<Parsed> parse(std::string_view text) {
  using exposition::Metadata;
  using exposition::Parser;
  Parsed parsed;
  Parser parser(text, exposition::Format::kText);
  for (;;) {
    Result<Parser::Item> item = parser.next();
    if (!item) return fail(std::move(item).error());
    if (*item == Parser::Item::kEnd) return parsed;
    if (*item == Parser::Item::kSample) {
      if (parser.sample().t_ms)
        return fail(Code::kBadData, std::to_string(parser.sample().line) +
                                        ":1: a sample with a timestamp");
      parsed.samples.emplace_back(parser.labels(), parser.sample().value);
      continue;
    }
    const Metadata& metadata = parser.metadata();
    if (metadata.kind == Metadata::Kind::kType)
      parsed.types.try_emplace(metadata.family, metadata.type);
    if (metadata.kind == Metadata::Kind::kHelp)
      parsed.help.try_emplace(metadata.family, metadata.text);
  }
}

// Whatever a device or a file system calls itself, a label is UTF-8.
Labels as_utf8(const Labels& labels) {
  LabelsBuilder builder;
  for (const LabelView& label : labels) {
    std::string value;
    for (std::string_view rest = label.value; !rest.empty();) {
      const CodePoint c = decode_utf8(rest);
      append_utf8(value, c.value);
      rest.remove_prefix(c.size);
    }
    builder.set(label.name, value);
  }
  return builder.build();
}

Labels without_name(const Labels& labels) {
  return LabelsBuilder(labels).remove(kMetricName).build();
}

}  // namespace

Families::Family& Families::family(std::string_view name, MetricType type,
                                   std::string_view help) {
  auto found = families_.find(name);
  if (found == families_.end())
    found = families_.emplace(name, Family{type, std::string(help), {}}).first;
  return found->second;
}

void Families::add(std::string_view name, MetricType type,
                   std::string_view help, const Labels& labels, double value) {
  if (!is_legacy_metric_name(name)) return;
  const bool utf8 = std::ranges::all_of(labels, [](const LabelView& label) {
    return is_valid_utf8(label.value);
  });
  if (!utf8) return add(name, type, help, as_utf8(labels), value);
  family(name, type, help)
      .samples.try_emplace({std::string(name), labels}, value);
}

Status Families::add_text(std::string_view text) {
  Result<Parsed> parsed = parse(text);
  if (!parsed) return fail(std::move(parsed).error());
  for (const auto& [labels, value] : parsed->samples) {
    const std::string name(labels.metric_name());
    const std::string owner = family_of(name, parsed->types);
    const auto type = parsed->types.find(owner);
    const auto help = parsed->help.find(owner);
    family(owner,
           type == parsed->types.end() ? MetricType::kUnknown : type->second,
           help == parsed->help.end() ? kNoHelp : help->second)
        .samples.try_emplace({name, without_name(labels)}, value);
  }
  return {};
}

std::string Families::text() const {
  using exposition::Metadata;
  std::string out;
  exposition::Writer writer(out, exposition::Format::kText);
  for (const auto& [name, family] : families_) {
    writer.metadata({Metadata::Kind::kHelp, name, {}, family.help});
    writer.metadata({Metadata::Kind::kType, name, family.type, {}});
    for (const auto& [key, value] : family.samples) {
      writer.sample(
          LabelsBuilder(key.second).set(kMetricName, key.first).build(), value);
    }
  }
  return out;
}

}  // namespace prom::exports
