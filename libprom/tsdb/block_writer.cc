#include "libprom/tsdb/block_writer.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "libprom/tsdb/chunk_writer.h"
#include "libprom/tsdb/index_writer.h"
#include "libprom/tsdb/output_file.h"
#include "libprom/tsdb/series_chunker.h"
#include "libprom/tsdb/tombstones.h"

namespace prom::tsdb {
namespace {

constexpr std::size_t kUlidChars = 26;
constexpr std::string_view kUnfinished = ".tmp-for-creation";
constexpr std::int64_t kTimeMax = std::numeric_limits<std::int64_t>::max();

std::int64_t floor_divide(std::int64_t a, std::int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

// Takes away a directory of files and directories of files.
void remove_all(os::FileSystem& files, const std::string& path) {
  const auto entries = files.list(path);
  if (!entries) return;
  for (const os::DirectoryEntry& entry : *entries) {
    const std::string inner = os::join_path(path, entry.name);
    if (!entry.is_directory) {
      (void)files.unlink(inner);
      continue;
    }
    const auto leaves = files.list(inner);
    if (!leaves) continue;
    for (const os::DirectoryEntry& leaf : *leaves)
      (void)files.unlink(os::join_path(inner, leaf.name));
    (void)files.remove_directory(inner);
  }
  (void)files.remove_directory(path);
}

}  // namespace

std::vector<TimeRange> block_ranges(TimeRange span, std::int64_t duration_ms) {
  std::vector<TimeRange> ranges;
  if (span.min_ms > span.max_ms) return ranges;
  const auto count = [&] {
    return floor_divide(span.max_ms, duration_ms) -
           floor_divide(span.min_ms, duration_ms);
  };
  while (count() >= static_cast<std::int64_t>(kBlockRangesMax))
    duration_ms *= 3;
  std::int64_t begin = span.min_ms;
  for (std::int64_t i = 0; i < count(); ++i) {
    const std::int64_t end =
        (floor_divide(begin, duration_ms) + 1) * duration_ms - 1;
    ranges.push_back({begin, end});
    begin = end + 1;
  }
  ranges.push_back({begin, span.max_ms});
  return ranges;
}

struct BlockWriter::State {
  State(os::FileSystem& files_in, const std::string& directory_in,
        const BlockWriterOptions& options)
      : files(files_in),
        directory(directory_in),
        path(os::join_path(directory_in, options.ulid)),
        unfinished(path + std::string(kUnfinished)),
        chunks_path(os::join_path(unfinished, "chunks")),
        staging(os::join_path(unfinished, "index.staged")),
        chunks(files_in, chunks_path, options.segment_bytes_max),
        chunker(chunks, options.start_times) {
    meta.ulid = options.ulid;
    meta.sources = {options.ulid};
    meta.min_time_ms = kTimeMax;
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (!is_finished) remove_all(files, unfinished);
  }

  Status create() {
    if (Status made = files.make_directory(unfinished); !made) return made;
    if (Status made = files.make_directory(chunks_path); !made) return made;
    auto created = IndexWriter::create(files, staging);
    if (!created) return fail(std::move(created).error());
    index.emplace(std::move(*created));
    return {};
  }

  Status end_series() {
    std::vector<ChunkMeta> of_series;
    if (Status ended = chunker.end_series(of_series); !ended) return ended;
    if (of_series.empty()) return {};
    ++meta.series;
    meta.chunks += of_series.size();
    return index->add(labels, of_series);
  }

  Status add(const SeriesSamples& samples) {
    for (std::size_t i = 0; i < samples.t_ms.size(); ++i) {
      const std::int64_t t_ms = samples.t_ms[i];
      if ((has_last && t_ms <= last_ms) || t_ms == kTimeMax) {
        return fail(Code::kBadData,
                    "sample out of order in " + labels.to_string());
      }
      has_last = true;
      last_ms = t_ms;
      meta.min_time_ms = std::min(meta.min_time_ms, t_ms);
      meta.max_time_ms = std::max(meta.max_time_ms, t_ms + 1);
      const FloatHistogram* const histogram =
          samples.histogram.empty() ? nullptr : samples.histogram[i];
      const std::int64_t start_ms =
          samples.start_ms.empty() ? 0 : samples.start_ms[i];
      ++meta.samples;
      ++(histogram == nullptr ? meta.float_samples : meta.histogram_samples);
      Status added = histogram == nullptr
                         ? chunker.add(t_ms, samples.value[i], start_ms)
                         : chunker.add(t_ms, *histogram, start_ms);
      if (!added) return added;
    }
    return {};
  }

  Status write_small(const char* name, const std::string& content) const {
    auto file = OutputFile::create(files, os::join_path(unfinished, name));
    if (!file) return fail(std::move(file).error());
    if (Status written = file->append(content); !written) return written;
    return file->finish();
  }

  Status finish() {
    if (Status ended = end_series(); !ended) return ended;
    if (meta.samples == 0)
      return fail(Code::kBadData, "no samples to write a block of");
    if (Status done = chunks.finish(); !done) return done;
    if (Status done = index->finish(files, os::join_path(unfinished, "index"));
        !done) {
      return done;
    }
    if (Status done = files.unlink(staging); !done) return done;
    if (Status done = write_small("tombstones", write_tombstones({})); !done)
      return done;
    if (Status done = write_small("meta.json", write_meta(meta)); !done)
      return done;
    for (const std::string& synced : {chunks_path, unfinished}) {
      if (Status done = files.sync_directory(synced); !done) return done;
    }
    if (Status done = files.rename(unfinished, path); !done) return done;
    is_finished = true;
    return files.sync_directory(directory);
  }

  os::FileSystem& files;
  const std::string directory;
  const std::string path;
  const std::string unfinished;
  const std::string chunks_path;
  const std::string staging;
  ChunkWriter chunks;
  SeriesChunker chunker;
  std::optional<IndexWriter> index;
  BlockMeta meta;
  Labels labels;  // of the series that is being added
  bool has_last = false;
  std::int64_t last_ms = 0;
  bool is_finished = false;
};

BlockWriter::BlockWriter() = default;
BlockWriter::~BlockWriter() = default;

Result<std::unique_ptr<BlockWriter>> BlockWriter::create(
    os::FileSystem& files, const std::string& directory,
    const BlockWriterOptions& options) {
  if (options.ulid.size() != kUlidChars || options.ulid.contains('/') ||
      options.ulid.contains('.')) {
    return fail(Code::kUsage, "not a ULID: " + options.ulid);
  }
  std::unique_ptr<BlockWriter> writer(new BlockWriter);
  writer->state_ = std::make_unique<State>(files, directory, options);
  if (Status created = writer->state_->create(); !created)
    return fail(std::move(created).error());
  return writer;
}

Status BlockWriter::add(const Labels& labels, const SeriesSamples& samples) {
  State& state = *state_;
  if (labels.empty()) return fail(Code::kBadData, "series without labels");
  if (labels != state.labels) {
    if (labels < state.labels) {
      return fail(Code::kBadData, "series out of order: " + labels.to_string() +
                                      " after " + state.labels.to_string());
    }
    if (Status ended = state.end_series(); !ended) return ended;
    state.labels = labels;
    state.has_last = false;
  }
  return state.add(samples);
}

Result<BlockMeta> BlockWriter::finish() {
  if (Status finished = state_->finish(); !finished)
    return fail(std::move(finished).error());
  return state_->meta;
}

}  // namespace prom::tsdb
