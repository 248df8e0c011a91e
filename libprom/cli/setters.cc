#include <array>
#include <cmath>

#include "libprom/base/duration.h"
#include "libprom/base/number.h"
#include "libprom/cli/command.h"

namespace prom::cli {
namespace {

std::unexpected<Error> usage(std::string message) {
  return fail(Code::kUsage, std::move(message));
}

struct SizeUnit {
  std::string_view suffix;
  unsigned shift;
};
constexpr std::array<SizeUnit, 12> kSizeUnits = {{{"EiB", 60},
                                                  {"PiB", 50},
                                                  {"TiB", 40},
                                                  {"GiB", 30},
                                                  {"MiB", 20},
                                                  {"KiB", 10},
                                                  {"EB", 60},
                                                  {"PB", 50},
                                                  {"TB", 40},
                                                  {"GB", 30},
                                                  {"MB", 20},
                                                  {"KB", 10}}};

}  // namespace

Setter into_text(std::string& into) {
  return [&into](std::string_view text) -> Status {
    into = text;
    return {};
  };
}

Setter into_texts(std::vector<std::string>& into) {
  return [&into](std::string_view text) -> Status {
    into.emplace_back(text);
    return {};
  };
}

Setter into_switch(bool& into, bool value) {
  return [&into, value](std::string_view) -> Status {
    into = value;
    return {};
  };
}

Setter into_count(std::uint64_t& into, std::uint64_t min, std::uint64_t max) {
  return [&into, min, max](std::string_view text) -> Status {
    const std::optional<std::uint64_t> count = parse_uint(text);
    if (!count)
      return usage("\"" + std::string(text) + "\" is no whole number");
    if (*count < min) return usage("must be at least " + std::to_string(min));
    if (*count > max) return usage("must be at most " + std::to_string(max));
    into = *count;
    return {};
  };
}

Setter into_number(double& into) {
  return [&into](std::string_view text) -> Status {
    const std::optional<double> number = parse_float(text);
    if (!number) return usage("\"" + std::string(text) + "\" is no number");
    into = *number;
    return {};
  };
}

Setter into_duration(std::int64_t& into_ms) {
  return [&into_ms](std::string_view text) -> Status {
    if (const auto duration_ms = parse_duration_ms(text)) {
      into_ms = *duration_ms;
      return {};
    }
    constexpr double kSecondsMax = 9.2e12;
    const std::optional<double> seconds = parse_float(text);
    if (!seconds || std::isnan(*seconds) || *seconds < 0 ||
        *seconds > kSecondsMax) {
      return usage("\"" + std::string(text) +
                   "\" is no duration; write 90s, 5m, 1h30m or seconds");
    }
    into_ms = static_cast<std::int64_t>(*seconds * 1000);
    return {};
  };
}

Setter into_size(std::uint64_t& into_bytes) {
  return [&into_bytes](std::string_view text) -> Status {
    std::string_view digits = text;
    unsigned shift = 0;
    for (const SizeUnit& unit : kSizeUnits) {
      if (!text.ends_with(unit.suffix)) continue;
      shift = unit.shift;
      digits.remove_suffix(unit.suffix.size());
      break;
    }
    if (shift == 0 && digits.ends_with('B')) digits.remove_suffix(1);
    const std::optional<std::uint64_t> count = parse_uint(digits);
    if (!count || (shift != 0 && *count >> (64U - shift) != 0))
      return usage("\"" + std::string(text) + "\" is no size; write 512MB");
    into_bytes = *count << shift;
    return {};
  };
}

}  // namespace prom::cli
