#include "libprom/store/export_tsdb.h"

#include <algorithm>
#include <random>

#include "libprom/block/ulid.h"
#include "libprom/store/export_series.h"
#include "libprom/tsdb/block_writer.h"

namespace prom::store {
namespace {

constexpr std::uint64_t kSeriesPerLook = 256;
// A server's own blocks grow by this factor, up to 31 days; wider ones at once
// spare it the work and us a thousand directories for a long export.
constexpr std::int64_t kBlockGrowth = 3;
constexpr std::int64_t kBlockDurationMaxMs = 81 * tsdb::kBlockDurationMs;
constexpr std::size_t kBlocksGood = 100;

std::string new_ulid(os::Clock& clock) {
  static std::random_device device;
  const auto word = [] {
    return static_cast<std::uint64_t>(device()) << 32U | device();
  };
  const std::uint64_t high = word();
  return block::Ulid::make(clock.wall_ms(), high, word()).to_string();
}

std::int64_t duration_for(const tsdb::TimeRange& span) {
  std::int64_t duration_ms = tsdb::kBlockDurationMs;
  while (duration_ms < kBlockDurationMaxMs &&
         (span.max_ms / duration_ms - span.min_ms / duration_ms) >
             static_cast<std::int64_t>(kBlocksGood))
    duration_ms *= kBlockGrowth;
  return duration_ms;
}

// Removes finished blocks unless they are kept.
class MadeBlocks {
 public:
  MadeBlocks(os::FileSystem& files, std::string directory)
      : files_(files), directory_(std::move(directory)) {}
  ~MadeBlocks() {
    for (const std::string& ulid : ulids_) remove(directory_ + "/" + ulid, 0);
  }
  void add(std::string ulid) { ulids_.push_back(std::move(ulid)); }
  void keep() { ulids_.clear(); }

 private:
  // A block is a directory of files with one directory of files in it.
  void remove(const std::string& path, int depth) {
    const auto entries = files_.list(path);
    if (!entries) return;
    for (const os::DirectoryEntry& entry : *entries) {
      const std::string inner = path + "/" + entry.name;
      if (!entry.is_directory) {
        (void)files_.unlink(inner);
      } else if (depth == 0) {
        remove(inner, depth + 1);
      }
    }
    (void)files_.remove_directory(path);
  }

  os::FileSystem& files_;
  const std::string directory_;
  std::vector<std::string> ulids_;
};

struct Work {
  const View& view;
  const TsdbExport& request;
  os::FileSystem& files;
  os::Clock& clock;
  const std::function<bool(std::uint64_t)>& go_on;
  std::uint64_t samples_done = 0;
};

Status export_block(Work& work, const tsdb::TimeRange& range,
                    MadeBlocks& made) {
  auto series = ExportSeries::open(work.view, work.request.selectors,
                                   range.min_ms, range.max_ms);
  if (!series) return fail(series.error());
  std::unique_ptr<tsdb::BlockWriter> writer;
  Labels labels;
  Samples samples;
  for (std::uint64_t n = 0;; ++n) {
    if (n % kSeriesPerLook == 0 && !work.go_on(work.samples_done))
      return fail(Code::kCancelled, "interrupted; nothing was exported");
    const auto more = (*series)->next(labels, samples);
    if (!more) return fail(more.error());
    if (!*more) break;
    if (!writer) {
      tsdb::BlockWriterOptions options;
      options.ulid = new_ulid(work.clock);
      auto begun = tsdb::BlockWriter::create(work.files, work.request.directory,
                                             options);
      if (!begun) return fail(begun.error());
      writer = std::move(*begun);
    }
    if (Status done = writer->add(labels, samples.of(0)); !done) return done;
    work.samples_done += samples.t_ms.size();
  }
  if (!writer) return {};
  const auto meta = writer->finish();
  if (!meta) return fail(meta.error());
  made.add(meta->ulid);
  return {};
}

}  // namespace

Result<std::uint64_t> export_tsdb(
    const View& view, const TsdbExport& request, os::FileSystem& files,
    os::Clock& clock, const std::function<bool(std::uint64_t)>& go_on) {
  const tsdb::TimeRange span{std::max(request.min_ms, view.min_ms()),
                             std::min(request.max_ms, view.max_ms())};
  Status made_directory = os::make_directories(files, request.directory);
  if (!made_directory) return fail(made_directory.error());
  Work work{.view = view,
            .request = request,
            .files = files,
            .clock = clock,
            .go_on = go_on};
  MadeBlocks made(files, request.directory);
  if (span.min_ms <= span.max_ms) {
    for (const auto& range : tsdb::block_ranges(span, duration_for(span))) {
      if (Status done = export_block(work, range, made); !done)
        return fail(done.error());
    }
  }
  made.keep();
  return work.samples_done;
}

}  // namespace prom::store
