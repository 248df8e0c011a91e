// The state of a Writer, for writer.cc and writer_merge.cc.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "libprom/block/label_builder.h"
#include "libprom/block/output.h"
#include "libprom/block/run_writer.h"
#include "libprom/block/sample_part.h"
#include "libprom/block/statistics.h"
#include "libprom/block/time_table.h"
#include "libprom/block/writer.h"
#include "libprom/chunk/histogram_column.h"
#include "libprom/chunk/value_column.h"

namespace prom::block {

// Columns of bytes, each written once.
class ColumnStore {
 public:
  // File offset of the bytes.  Short ones are looked for nearby only: naming a
  // place far away would cost as much as they do.
  Result<std::uint64_t> place(std::string_view bytes, Output& output);
  // Wherever they are.
  Result<std::uint64_t> place_shared(std::string_view bytes, Output& output);

 private:
  Result<std::uint64_t> place(std::string_view bytes, std::uint64_t reach,
                              Output& output);

  // The place of the last column of a hash.
  boost::unordered_flat_map<std::uint64_t, std::uint64_t> by_hash_;
};

// The tables of one kind of sample.
class PartWriter {
 public:
  Status add(const SamplePart& part, const TimeTable& times, Output& output);
  Status write(Output& output, Header& header, SectionKind kind);

 private:
  std::array<RunWriter, kSampleTables> tables_{
      RunWriter(zone_of(SampleTable::kTimes)),
      RunWriter(zone_of(SampleTable::kSkipFront)),
      RunWriter(zone_of(SampleTable::kSkipBack)),
      RunWriter(zone_of(SampleTable::kValues)),
      RunWriter(zone_of(SampleTable::kStarts))};
};

// One series, its columns placed.
struct SeriesParts {
  SamplePart floats;
  SamplePart histograms;
  std::int64_t min_ms = 0;
  std::int64_t max_ms = 0;
  std::array<SamplePart, kResolutions> bins;
};

// The bins of the series that have the same times.
struct BinPlan {
  struct Part {
    BinLayout layout;
    bool wanted = false;
    TimeSlice times;
    std::uint64_t shape = 0;  // file offset
  };
  std::array<Part, kResolutions> parts;
};

// Where what follows from the times of bins that were joined went.
struct JoinedBins {
  TimeSlice times;
  std::uint64_t shape = 0;  // file offset
};

// Where the times of a series that is merged went.
struct MergedTimes {
  TimeSlice floats;
  TimeSlice histograms;
  std::int64_t min_ms = 0;
  std::int64_t max_ms = 0;
};

// A part of a merge, opened.
struct MergePart {
  const Block* block = nullptr;
  Ordinal series = 0;
  SamplePart floats;
  SamplePart histograms;
  std::array<OpenPart, kResolutions> bins;
};

// Part of a key of what is remembered by times.
void append_key(std::string& key, const TimeSlice& slice);
// Appends the times of a slice.
Status append_times(const SampleParts& parts, const TimeSlice& slice,
                    std::vector<std::int64_t>& into);

struct Writer::State {
  os::FileSystem& files;
  std::string directory;
  std::string temporary;  // path; empty once it is renamed or removed
  WriterOptions options;
  std::unique_ptr<Output> output;
  Header header;
  // What broke; every call after that repeats it.
  std::optional<Error> failure;

  Labels last_labels;
  bool last_was_written = false;
  LabelBuilder labels;
  std::deque<std::uint64_t> hashes;
  TimeTable times;
  ColumnStore columns;
  PartWriter float_parts;
  PartWriter histogram_parts;
  std::array<PartWriter, kResolutions> bin_parts;
  std::string exemplars;  // ExemplarEntry each
  std::map<std::string, FamilyMetadata, std::less<>> metadata;

  chunk::ValueEncoder encoder;
  std::string encoded;
  std::vector<std::uint64_t> bits;
  boost::unordered_flat_map<std::string, MergedTimes> merged;
  boost::unordered_flat_map<std::string, BinPlan> plans;
  std::size_t planned_bins = 0;
  boost::unordered_flat_map<std::string, JoinedBins> joined;

  State(os::FileSystem& file_system, const WriterOptions& writer_options)
      : files(file_system), options(writer_options) {}

  // Remembers a failure.
  Status settle(Status status);
  Status check_order(const Labels& next) const;

  Status add(const Labels& next, const SeriesSamples& samples,
             const BinsAlone* alone);
  Result<SamplePart> place_floats(const SeriesSamples& floats);
  Result<SamplePart> place_histograms(const SeriesSamples& histograms);
  // Puts a series whose columns are in the file into the tables.
  Status add_series(const Labels& next, const SeriesParts& parts);
  Result<std::uint64_t> place_starts(std::span<const std::int64_t> start_ms);
  Status add_exemplars(std::span<const Exemplar> added);
  Status write_section(SectionKind kind, std::string_view bytes);
  Status write_metadata();
  Status write_sections();
  Result<BlockInfo> finish();

  // In writer_merge.cc.
  Status merge(const Labels& next, std::span<const BlockPart> parts,
               std::span<const TimeRange> drop);
  Result<SeriesParts> merge_columns(std::span<const BlockPart> parts);
  Status merge_decoded(const Labels& next, std::span<const BlockPart> parts,
                       std::span<const TimeRange> drop);
  Result<MergedTimes> merge_times(std::span<const MergePart> parts);
  Result<MergedTimes> place_merged_times(std::span<const MergePart> parts);
  Result<std::uint64_t> merge_values(std::span<const MergePart> parts);
  Result<std::uint64_t> merge_histograms(std::span<const MergePart> parts);
  Result<std::uint64_t> merge_starts(std::span<const MergePart> parts,
                                     bool of_histograms);

  // In writer_bins.cc.  Places the bins of floats, and those alone.
  Status place_bins(const SeriesSamples& floats, const TimeSlice& slice,
                    const BinsAlone* alone, SeriesParts& into);
  Status merge_bins(std::span<const MergePart> parts, SeriesParts& into);
  Result<bool> join_bins_of(std::span<const MergePart> parts,
                            std::size_t resolution, const SeriesParts& series,
                            SamplePart& into);
  Result<JoinedBins> join_times(std::span<const MergePart> parts,
                                std::size_t resolution,
                                std::span<const BinColumns> columns);
  Result<const BinPlan*> plan_of(const TimeSlice& slice,
                                 std::span<const MergePart> parts);
  const BinPlan& remember_plan(const TimeSlice& slice, BinPlan plan);
  Result<BinPlan> make_plan(std::span<const std::int64_t> t_ms);
  Status place_made(const BinPlan& plan, std::span<const double> values,
                    SeriesParts& into);
  Result<SamplePart> place_apart(const Bins& bins, bool alone);
};

}  // namespace prom::block
