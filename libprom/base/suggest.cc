#include "libprom/base/suggest.h"

#include <algorithm>
#include <utility>

namespace prom {
namespace {

constexpr std::size_t kDistanceMax = 2;
constexpr std::size_t kWordBytesMax = 64;

// Optimal string alignment: insert, delete, replace, swap neighbours.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replace = a[i - 1] == b[j - 1] ? 0 : 1;
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + replace});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

}  // namespace

std::vector<std::string> suggestions(std::string_view typed,
                                     const std::vector<std::string>& known) {
  std::vector<std::pair<std::size_t, std::string>> near;
  if (typed.empty() || typed.size() > kWordBytesMax) return {};
  for (const std::string& word : known) {
    if (word.size() > kWordBytesMax) continue;
    // Of a short word nearly everything is two edits away.
    const std::size_t allowed = typed.size() <= 3 ? 1 : kDistanceMax;
    const std::size_t distance = edit_distance(typed, word);
    const bool longer = typed.size() >= 4 && word.starts_with(typed);
    if (distance <= allowed || longer) near.emplace_back(distance, word);
  }
  std::ranges::sort(near);
  std::vector<std::string> words;
  for (auto& [distance, word] : near) words.push_back(std::move(word));
  return words;
}

std::string did_you_mean(std::string_view typed,
                         const std::vector<std::string>& known) {
  const std::vector<std::string> words = suggestions(typed, known);
  return words.empty() ? "" : " (did you mean `" + words.front() + "`?)";
}

}  // namespace prom
