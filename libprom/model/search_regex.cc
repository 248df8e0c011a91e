#include "libprom/model/search_regex.h"

#include <algorithm>
#include <vector>

#include <re2/re2.h>

#include "libprom/base/utf8.h"
#include "libprom/model/regex_expand.h"
#include "libprom/model/regex_shape.h"

namespace prom {
namespace {

constexpr std::size_t kPatternBytesMax = 4096;
constexpr std::int64_t kProgramBytesMax = 8LL << 20U;
constexpr int kGroupsMax = 1000;

}  // namespace

Result<SearchRegex> SearchRegex::compile(std::string_view pattern) {
  if (pattern.size() > kPatternBytesMax)
    return fail(Code::kLimit, "regular expression of " +
                                  std::to_string(pattern.size()) +
                                  " bytes is over the limit of " +
                                  std::to_string(kPatternBytesMax));
  std::string translated;
  if (!translate_go_regex(pattern, translated))
    return fail(Code::kBadData, "invalid escape sequence: `\\C`");
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kProgramBytesMax);
  auto engine = std::make_shared<const re2::RE2>(translated, options);
  if (!engine->ok()) return fail(Code::kBadData, engine->error());
  return SearchRegex(std::move(engine));
}

bool SearchRegex::found_in(std::string_view text) const {
  const re2::StringPiece piece(text.data(), text.size());
  return engine_->Match(piece, 0, piece.size(), re2::RE2::UNANCHORED, nullptr,
                        0);
}

std::string SearchRegex::replace_all(std::string_view text,
                                     std::string_view replacement,
                                     std::size_t bytes_max) const {
  const int count =
      1 + std::min(engine_->NumberOfCapturingGroups(), kGroupsMax);
  std::vector<re2::StringPiece> groups(static_cast<std::size_t>(count));
  const re2::StringPiece piece(text.data(), text.size());
  const auto append_group = [&](std::string& out, const GroupReference& group) {
    int number = group.number;
    if (number < 0) {
      const auto& names = engine_->NamedCapturingGroups();
      const auto named = names.find(std::string(group.name));
      if (named != names.end()) number = named->second;
    }
    if (number < 0 || number >= count) return;
    const re2::StringPiece& found = groups[static_cast<std::size_t>(number)];
    out.append(found.data(), found.size());
  };
  std::string out;
  std::size_t copied = 0;  // end of the last match
  std::size_t search = 0;
  while (search <= text.size() && out.size() <= bytes_max &&
         engine_->Match(piece, search, piece.size(), re2::RE2::UNANCHORED,
                        groups.data(), count)) {
    const auto begin = static_cast<std::size_t>(groups[0].data() - text.data());
    const std::size_t end = begin + groups[0].size();
    out += text.substr(copied, begin - copied);
    // No empty match right behind another match.
    if (end > copied || begin == 0)
      expand_references(replacement, out, [&](const GroupReference& group) {
        append_group(out, group);
      });
    copied = end;
    const std::size_t width =
        search < text.size() ? decode_utf8(text.substr(search)).size : 1;
    search = std::max(search + width, end);
  }
  return out.append(text.substr(std::min(copied, text.size())));
}

}  // namespace prom
