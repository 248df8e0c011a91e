#include "libprom/discover/findings.h"

#include <utility>

#include "libprom/os/log.h"

namespace prom::discover {

void Findings::found_all(Places places) {
  places_ = std::move(places);
  ++generation_;
  settled();
}

void Findings::found(std::string_view place, Groups groups) {
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
