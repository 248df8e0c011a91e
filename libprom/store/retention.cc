#include "libprom/store/retention.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "libprom/base/duration.h"
#include "libprom/base/number.h"
#include "libprom/cli/command.h"
#include "libprom/os/file.h"
#include "libprom/promql/parser.h"

namespace prom::store {
namespace {

constexpr std::uint64_t kFileBytesMax = 1ULL << 20U;

std::string_view trimmed(std::string_view text) {
  const auto is_space = [](char c) {
    return c == ' ' || c == '\t' || c == '\r';
  };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::string_view take_word(std::string_view& text) {
  const std::size_t end = std::min(text.find_first_of(" \t"), text.size());
  const std::string_view word = text.substr(0, end);
  text = trimmed(text.substr(end));
  return word;
}

Status parse_keep(std::string_view rest, Retention& into) {
  const std::string_view word = take_word(rest);
  std::int64_t keep_ms = kForEver;
  if (word != "forever") {
    const auto duration = parse_duration_ms(word);
    if (!duration) return fail(duration.error());
    if (*duration <= 0) return fail(Code::kBadData, "a time of nothing");
    keep_ms = *duration;
  }
  Stays what = Stays::kSamples;
  if (rest.starts_with("resolution")) {
    (void)take_word(rest);
    const std::string_view length = take_word(rest);
    if (length != "5m" && length != "1h")
      return fail(Code::kBadData, "a resolution is 5m or 1h");
    what = length == "5m" ? Stays::kFiveMinutes : Stays::kHours;
  }
  if (rest.empty()) {
    std::int64_t& of_all = what == Stays::kSamples       ? into.keep_ms
                           : what == Stays::kFiveMinutes ? into.bins_keep_ms[0]
                                                         : into.bins_keep_ms[1];
    of_all = keep_ms;
    return {};
  }
  if (take_word(rest) != "for")
    return fail(Code::kBadData,
                "'resolution', 'for' and a selector may follow the time");
  auto matchers = promql::parse_selector(rest);
  if (!matchers) return fail(promql::to_error(matchers.error()));
  if (into.rules.size() == kRetentionRulesMax)
    return fail(Code::kBadData, "too many rules");
  into.rules.push_back({std::move(*matchers), keep_ms, what});
  return {};
}

Status parse_line(std::string_view line, Retention& into) {
  std::string_view rest = trimmed(line);
  if (rest.empty() || rest.starts_with('#')) return {};
  const std::string_view word = take_word(rest);
  if (word == "keep") return parse_keep(rest, into);
  if (word == "size") return cli::into_size(into.bytes_max)(rest);
  if (word == "share" && rest.ends_with('%')) {
    rest.remove_suffix(1);
    if (Status done = cli::into_number(into.share_max)(rest); !done)
      return done;
    if (into.share_max > 0 && into.share_max <= 100) return {};
  }
  return fail(
      Code::kBadData,
      "a line is 'keep D', 'keep D for SELECTOR', 'keep D resolution R', "
      "'keep D resolution R for SELECTOR', 'size SIZE' or 'share P%'");
}

}  // namespace

std::int64_t Retention::longest_ms() const {
  std::int64_t longest = std::max(keep_ms, std::ranges::max(bins_keep_ms));
  for (const RetentionRule& rule : rules)
    longest = std::max(longest, rule.keep_ms);
  return longest;
}

std::int64_t Retention::shortest_ms() const {
  std::int64_t shortest = keep_ms;
  for (const RetentionRule& rule : rules) {
    if (rule.what == Stays::kSamples)
      shortest = std::min(shortest, rule.keep_ms);
  }
  return shortest;
}

Result<Retention> parse_retention(std::string_view text) {
  Retention retention;
  for (int line = 1; !text.empty(); ++line) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const Status parsed = parse_line(text.substr(0, end), retention);
    if (!parsed)
      return fail(Code::kBadData, "line " + std::to_string(line) + ": " +
                                      parsed.error().message);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return retention;
}

Result<Retention> load_retention(const std::string& store) {
  const std::string path = store + "/retention";
  const auto text = os::read_file(path, kFileBytesMax);
  if (!text && text.error().code == Code::kMissing) return Retention{};
  if (!text) return fail(text.error());
  auto retention = parse_retention(*text);
  if (!retention)
    return fail(Code::kConfig, path + ": " + retention.error().message);
  return retention;
}

std::vector<ManifestBlock> outlived_blocks(
    const Retention& retention, std::span<const ManifestBlock> blocks,
    std::uint64_t head_bytes, std::uint64_t disk_bytes, std::int64_t now_ms) {
  std::uint64_t limit = retention.bytes_max;
  if (retention.share_max > 0) {
    const auto share = static_cast<std::uint64_t>(std::floor(
        static_cast<double>(disk_bytes) * retention.share_max / 100));
    limit = limit == 0 ? share : std::min(limit, share);
  }
  std::vector<ManifestBlock> oldest(blocks.begin(), blocks.end());
  std::ranges::sort(oldest, {}, &ManifestBlock::max_ms);
  std::uint64_t bytes = head_bytes;
  for (const ManifestBlock& block : oldest) bytes += block.bytes;
  const std::int64_t longest = retention.longest_ms();
  std::vector<ManifestBlock> gone;
  for (const ManifestBlock& block : oldest) {
    const bool too_old = longest != kForEver && block.max_ms < now_ms - longest;
    const bool too_much = limit > 0 && bytes > limit;
    if (!too_old && !too_much) break;
    gone.push_back(block);
    bytes -= block.bytes;
  }
  return gone;
}

namespace {

// How long the stages of a series are kept.
using Ages = std::array<std::int64_t, kStagesKept>;

Stays stage_at(Ages ages, std::int64_t age_ms) {
  std::size_t stage = 0;
  for (std::int64_t kept_ms = 0; stage < ages.size(); ++stage) {
    kept_ms = std::max(kept_ms, ages[stage]);
    if (kept_ms == kForEver || age_ms <= kept_ms) break;
  }
  return static_cast<Stays>(stage);
}

// Histograms are thinned out instead: one for each window stays.
Result<bool> is_thin(const block::Block& block, block::Ordinal series,
                     std::int64_t window_ms) {
  Samples samples;
  const Status read =
      block.read(series, std::numeric_limits<std::int64_t>::min(),
                 std::numeric_limits<std::int64_t>::max(), samples);
  if (!read) return fail(read.error());
  const auto same_window = [&](std::int64_t a, std::int64_t b) {
    return window_end_ms(a, window_ms) == window_end_ms(b, window_ms);
  };
  return std::ranges::adjacent_find(samples.t_ms, same_window) ==
         samples.t_ms.end();
}

// Something finer than what is to stay is there.
Result<bool> has_more(const block::Block& block, block::Ordinal series,
                      Stays stays) {
  if (stays == Stays::kSamples) return false;
  if (stays == Stays::kNothing) return true;
  const auto counts = block.counts(series);
  if (!counts) return fail(counts.error());
  if (counts->floats > 0) return true;
  if (stays == Stays::kHours && counts->bins[0] > 0) return true;
  if (counts->histograms == 0) return false;
  const auto thin =
      is_thin(block, series, kResolutionsMs[stays == Stays::kHours ? 1 : 0]);
  if (!thin) return thin;
  return !*thin;
}

}  // namespace

Result<std::vector<Stays>> outlived_series(const Retention& retention,
                                           const block::Block& block,
                                           std::int64_t now_ms) {
  std::int64_t age_ms = 0;
  if (block.info().max_ms >= now_ms ||
      __builtin_sub_overflow(now_ms, block.info().max_ms, &age_ms))
    return std::vector<Stays>();
  if (retention.shortest_ms() == kForEver || age_ms <= retention.shortest_ms())
    return std::vector<Stays>();
  const Ages usual = {retention.keep_ms, retention.bins_keep_ms[0],
                      retention.bins_keep_ms[1]};
  constexpr std::int64_t kNoRule = -1;
  std::vector<Ages> ruled(block.series_count(), {kNoRule, kNoRule, kNoRule});
  for (const RetentionRule& rule : retention.rules) {
    const auto matched = block.select(rule.matchers);
    if (!matched) return fail(matched.error());
    const auto stage = static_cast<std::size_t>(rule.what);
    for (const block::Ordinal series : *matched) {
      if (ruled[series][stage] == kNoRule) ruled[series][stage] = rule.keep_ms;
    }
  }
  std::vector<Stays> stays(block.series_count());
  bool any = false;
  for (block::Ordinal series = 0; series < stays.size(); ++series) {
    Ages ages = ruled[series];
    for (std::size_t stage = 0; stage < ages.size(); ++stage)
      if (ages[stage] == kNoRule) ages[stage] = usual[stage];
    stays[series] = stage_at(ages, age_ms);
    if (any) continue;
    const auto more = has_more(block, series, stays[series]);
    if (!more) return fail(more.error());
    any = *more;
  }
  if (!any) stays.clear();
  return stays;
}

}  // namespace prom::store
