// The only file here that sees the date library, which throws for zones that
// it does not know.
#include <chrono>
#include <exception>

#include "date/tz.h"

#include "libprom/template/time.h"

namespace prom::templates {
namespace {

// date:: computes in 32-bit years; far outside of them a zone makes no sense.
constexpr std::int64_t kZonedSecondsMax = 253402300800;  // the year 10000

const date::time_zone* find_zone(std::string_view name) {
  try {
    return date::locate_zone(std::string(name));
  } catch (const std::exception&) {
    return nullptr;
  }
}

bool is_utc(std::string_view zone) {
  return zone.empty() || zone == "UTC";
}

// Names come from templates: no path may leave the zone directory.
bool is_sane_name(std::string_view zone) {
  return zone.size() < 64 && zone.find("..") == std::string_view::npos &&
         !zone.starts_with('/') && zone.find('\\') == std::string_view::npos;
}

}  // namespace

Result<Time> in_zone(const Time& time, std::string_view zone) {
  Time result = time;
  result.zone.clear();
  // The tools log and notify in UTC, so that is what "Local" means to them.
  if (is_utc(zone) || zone == "Local") return result;
  if (!is_sane_name(zone) || find_zone(zone) == nullptr)
    return fail(Code::kBadData, "unknown time zone " + std::string(zone));
  result.zone = zone;
  return result;
}

ZoneOffset zone_offset(const Time& time) {
  if (is_utc(time.zone) || time.seconds < Time::kZeroSeconds ||
      time.seconds > kZonedSecondsMax)
    return {};
  const date::time_zone* zone = find_zone(time.zone);
  if (zone == nullptr) return {};
  try {
    const auto info =
        zone->get_info(date::sys_seconds(std::chrono::seconds(time.seconds)));
    return {static_cast<std::int32_t>(info.offset.count()), info.abbrev};
  } catch (const std::exception&) {
    return {};
  }
}

}  // namespace prom::templates
