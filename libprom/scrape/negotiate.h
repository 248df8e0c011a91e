// Which exposition format to ask for, and which one came.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/config/prometheus.h"
#include "libprom/exposition/parser.h"

namespace prom::scrape {

// Those that are asked for where nothing else is said, the best first.
std::vector<config::ScrapeProtocol> text_protocols();

// The Accept header: the protocols in falling weight, then anything.
std::string accept_header(const std::vector<config::ScrapeProtocol>& protocols,
                          config::NameEscaping escaping);

// What a Content-Type means; blank and unknown ones mean `fallback`.  kBadData
// when that leaves nothing that can be parsed.
Result<exposition::Format> format_of(
    std::string_view content_type,
    std::optional<config::ScrapeProtocol> fallback);

}  // namespace prom::scrape
