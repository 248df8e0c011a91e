// Files and pipes as a Source: exposition text, OpenMetrics, the pipe dialect
// and frames, told apart by their content.  Reads all of an input before the
// query begins.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "libprom/base/result.h"
#include "libprom/query/memory_source.h"

namespace prom::query {

// An input in memory is never larger.
constexpr std::uint64_t kTextBytesMax = std::uint64_t{4} << 30;

struct TextInput {
  std::size_t samples = 0;
  bool cut = false;  // a stream that should have an end has none
};

// Adds the samples of `content` to `into`; those without a timestamp are of
// `now_ms`.  Fails with kBadData and "line:column: reason"; samples before the
// bad line are added then.
Result<TextInput> add_text(std::string_view content, std::int64_t now_ms,
                           MemorySource& into);

}  // namespace prom::query
