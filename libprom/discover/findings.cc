#include "libprom/discover/findings.h"

#include <utility>

#include "libprom/os/log.h"

namespace prom::discover {
namespace {

// Labels of all targets of a place, with those of their groups: some lines of
// JSON can stand for a million targets with a thousand labels each.
constexpr std::uint64_t kLabelBytesMax = 128ULL << 20U;

std::uint64_t label_bytes(const Groups& groups) {
  std::uint64_t bytes = 0;
  for (const config::TargetGroup& group : groups) {
    bytes += group.targets.size() * group.labels.encoded().size();
    for (const Labels& target : group.targets) bytes += target.encoded().size();
  }
  return bytes;
}

bool is_too_large(const Groups& groups) {
  return label_bytes(groups) > kLabelBytesMax;
}

std::string too_large() {
  return "the labels of all targets take more than " +
         std::to_string(kLabelBytesMax) + " bytes";
}

}  // namespace

void Findings::found_all(Places places) {
  for (const auto& [place, groups] : places) {
    if (is_too_large(groups)) return failed(place, too_large());
  }
  places_ = std::move(places);
  ++generation_;
  settled();
}

void Findings::found(std::string_view place, Groups groups) {
  if (is_too_large(groups)) return failed(place, too_large());
  places_.insert_or_assign(std::string(place), std::move(groups));
  ++generation_;
}

void Findings::gone(std::string_view place) {
  const auto known = places_.find(place);
  if (known == places_.end()) return;
  places_.erase(known);
  ++generation_;
}

void Findings::settled() {
  is_settled_ = true;
  failure_.clear();
  metrics_.refreshed(mechanism_, true);
}

void Findings::failed(std::string_view place, std::string_view why) {
  is_settled_ = true;
  metrics_.refreshed(mechanism_, false);
  std::string failure = std::string(place) + ": " + std::string(why);
  if (failure == failure_) return;
  failure_ = std::move(failure);
  os::log_error("cannot find targets; keeping those from before",
                {{"mechanism", std::string(mechanism_)},
                 {"place", std::string(place)},
                 {"err", std::string(why)}});
}

void Findings::adopt(std::string_view place, const Groups& groups) {
  found(place, groups);
  is_settled_ = true;
}

}  // namespace prom::discover
