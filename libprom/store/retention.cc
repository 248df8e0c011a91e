#include "libprom/store/retention.h"

#include <algorithm>
#include <cmath>

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
  if (rest.empty()) {
    into.keep_ms = keep_ms;
    return {};
  }
  if (take_word(rest) != "for")
    return fail(Code::kBadData, "'for' and a selector may follow the time");
  auto matchers = promql::parse_selector(rest);
  if (!matchers) return fail(promql::to_error(matchers.error()));
  if (into.rules.size() == kRetentionRulesMax)
    return fail(Code::kBadData, "too many rules");
  into.rules.push_back({std::move(*matchers), keep_ms});
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
  return fail(Code::kBadData,
              "a line is 'keep D', 'keep D for SELECTOR', 'size SIZE' or "
              "'share P%'");
}

}  // namespace

std::int64_t Retention::longest_ms() const {
  std::int64_t longest = keep_ms;
  for (const RetentionRule& rule : rules)
    longest = std::max(longest, rule.keep_ms);
  return longest;
}

std::int64_t Retention::shortest_ms() const {
  std::int64_t shortest = keep_ms;
  for (const RetentionRule& rule : rules)
    shortest = std::min(shortest, rule.keep_ms);
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

Result<std::vector<bool>> outlived_series(const Retention& retention,
                                          const block::Block& block,
                                          std::int64_t now_ms) {
  const auto is_old = [&](std::int64_t keep_ms) {
    return keep_ms != kForEver && block.info().max_ms < now_ms - keep_ms;
  };
  if (!is_old(retention.shortest_ms())) return std::vector<bool>();
  std::vector<bool> gone(block.series_count(), is_old(retention.keep_ms));
  std::vector<bool> ruled(block.series_count());
  for (const RetentionRule& rule : retention.rules) {
    const auto matched = block.select(rule.matchers);
    if (!matched) return fail(matched.error());
    for (const block::Ordinal series : *matched) {
      if (ruled[series]) continue;
      ruled[series] = true;
      gone[series] = is_old(rule.keep_ms);
    }
  }
  if (std::ranges::find(gone, true) == gone.end()) gone.clear();
  return gone;
}

}  // namespace prom::store
