// Exposition text to samples of the writer.  prom-store append's decoder is
// the only user; one thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "libprom/base/checksum.h"
#include "libprom/base/result.h"
#include "libprom/exposition/parser.h"
#include "libprom/os/clock.h"
#include "libprom/store/writer.h"

namespace prom::store {

class TextInput {
 public:
  TextInput(Writer& writer, os::Clock& clock);

  // The whole of an input: taken as a whole or, when it is malformed, not at
  // all (kBadData with line and column).
  Status take_whole(std::string_view text, exposition::Format format);

  // What take_piece leaves for the next call, since more of it may follow.
  enum class Hold {
    kNothing,
    kRun,    // the last run of samples of one time
    kGroup,  // of it only those that the writer keeps in one row
  };
  // A piece of a stream, which ends with the end of a line; returns how much
  // of it was taken, 0 when nothing is in front of what is held.  Malformed
  // lines are counted, left out, and the first one is logged.  Samples without
  // a time get the time of this call.
  Result<std::size_t> take_piece(std::string_view piece,
                                 exposition::Format format, Hold hold);

  // The first piece need not begin with the first line of the pipe dialect.
  void enter_midway();

  [[nodiscard]] std::uint64_t bad_lines() const { return bad_lines_; }
  // A stream of the pipe dialect saw its last line.
  [[nodiscard]] bool ended() const { return state_.ended; }

 private:
  // Where the samples of the newest time, or their last group, begin.
  struct Run {
    std::int64_t t_ms = 0;
    std::size_t sample = 0;  // index
    const char* series = nullptr;
    exposition::Parser::Continuation before;
    std::uint32_t group = 0;
  };
  Status parse(exposition::Parser& parser, Hold hold, Run& run);
  Status take_lines(std::string_view piece, exposition::Format format);
  void forget_old_numbers();
  SeriesId series_of(const exposition::Parser& parser);
  void keep_samples(std::size_t count);
  void name_new();
  void note_metadata(const exposition::Metadata& metadata);
  void note_start(const exposition::Parser& parser);
  void note_exemplar(const exposition::Parser& parser);
  std::uint32_t extra_of(const exposition::Parser& parser);
  [[nodiscard]] Hash128 hash_of(const exposition::Parser& parser) const;
  Status deliver();

  Writer& writer_;
  os::Clock& clock_;
  const std::uint64_t seed_;
  std::int64_t now_ms_ = 0;
  exposition::Parser::Continuation state_;
  // Series by their text as written, so that a line that came before is not
  // parsed into labels again.
  struct HashOf {
    using is_avalanching = void;
    std::size_t operator()(const Hash128& hash) const { return hash.low; }
  };
  boost::unordered_flat_map<Hash128, SeriesId, HashOf> known_;
  std::uint64_t known_in_ = 0;  // generation that the numbers are of
  std::vector<SeriesSample> samples_;
  std::vector<SampleExtra> extras_;  // of samples_
  // Starts that `# START` told, by series text; they hold until told otherwise.
  boost::unordered_flat_map<Hash128, std::int64_t, HashOf> starts_;
  wire::ExemplarFrame exemplars_;
  // Of samples_, ascending: those of series that were not known.
  struct NewSeries {
    std::size_t sample = 0;
    Hash128 text;
    Labels labels;
  };
  std::vector<NewSeries> new_;
  std::map<std::string, wire::MetadataFrame::Item> metadata_;
  std::uint64_t bad_lines_ = 0;
};

}  // namespace prom::store
