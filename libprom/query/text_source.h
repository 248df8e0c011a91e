// Files and pipes as a Source: exposition text, OpenMetrics, the pipe dialect
// and frames, told apart by their content.  Reads all of an input before the
// query begins.
#pragma once

#include <cstdint>
#include <memory>
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

// The same for an input that is read as it comes: frames, the pipe dialect,
// text, or OpenMetrics documents one after the other, which are known by their
// "# EOF".  One thread.
class TextStream {
 public:
  // Fills `into`, which must outlive it.
  explicit TextStream(MemorySource& into);
  ~TextStream();

  // kBadData for what does not parse; kLimit for more than kStreamSeriesMax
  // series or an unfinished document of more than kStreamBytesMax bytes.
  Status feed(std::string_view bytes, std::int64_t now_ms);
  // What has arrived so far may be looked at: a text without "# EOF" is then
  // taken for the text format.
  Status settle(std::int64_t now_ms);
  // Drops samples that are older than the newest by more than `keep_ms`.
  void forget_older_than(std::int64_t keep_ms);

 private:
  struct State;
  std::unique_ptr<State> state_;
};
constexpr std::size_t kStreamSeriesMax = 5'000'000;
constexpr std::size_t kStreamBytesMax = std::size_t{256} << 20;

}  // namespace prom::query
