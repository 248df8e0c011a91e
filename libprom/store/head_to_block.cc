#include "libprom/store/head_to_block.h"

#include <algorithm>
#include <random>

#include "libprom/block/writer.h"
#include "libprom/store/block_plan.h"

namespace prom::store {
namespace {

// Decoded at once; eight bytes each.
constexpr std::uint64_t kSliceSamples = 8ULL << 20U;
constexpr std::size_t kSliceSeriesMin = 256;
constexpr std::size_t kSliceSeriesMax = 1U << 16U;
constexpr std::size_t kBatchSeries = 64;

void note_loose(const Record& record, OccupiedWindows& into) {
  if (record.body.size() < sizeof(LooseBody)) return;
  const auto body = load_struct<LooseBody>(record.body.data());
  ByteReader reader(record.body.subspan(sizeof body));
  (void)reader.take(body.count * 4ULL);
  const Bytes times = reader.take(body.count * 4ULL);
  if (!reader.ok()) return;
  for (std::uint32_t i = 0; i < body.count; ++i)
    into.insert(window_of(
        body.base_ms + load_le<std::uint32_t>(times.data() + i * 4ULL),
        kWindowsMs[0]));
}

// In which windows a generation has samples.  One that spans few windows is
// taken to have some in each; of others the records are looked at.
void note_windows(const Snapshot& snapshot, OccupiedWindows& into) {
  const CommitBody& root = snapshot.root();
  if (root.samples == 0) return;
  const std::int64_t first = window_of(root.min_ms, kWindowsMs[0]);
  const std::int64_t last = window_of(root.max_ms, kWindowsMs[0]);
  if (last - first < 2) {
    for (std::int64_t window = first; window <= last; ++window)
      into.insert(window);
    return;
  }
  const Head& head = snapshot.head();
  std::int64_t known = first;
  into.insert(first);
  visit_batches(
      head.log(), head.log().begin(), head.log_end(),
      {.on_record =
           [&](const Record& record) {
             if (record.header.type == RecordType::kLoose)
               note_loose(record, into);
             if (record.header.type != RecordType::kRow ||
                 record.body.size() < sizeof(RowBody))
               return;
             const auto row = load_struct<RowBody>(record.body.data());
             const std::int64_t window = window_of(row.t_ms, kWindowsMs[0]);
             if (window != known) into.insert(known = window);
           },
       .on_commit = {},
       .on_damage = [&](const Error& error) { head.report(error); }});
}

// At most so many series as have kSliceSamples in a piece, on average.
std::size_t slice_size(const View& heads, std::size_t series) {
  std::uint64_t samples = 1;
  for (const auto& snapshot : heads.heads())
    samples += snapshot->root().samples;
  const std::uint64_t size = kSliceSamples * series / samples;
  return std::clamp<std::uint64_t>(size, kSliceSeriesMin, kSliceSeriesMax);
}

// False when the piece has no samples.
Result<bool> add_series(const View& heads, const TimeRange& range,
                        block::Writer& writer) {
  const auto all = heads.select({}, range.min_ms, range.max_ms);
  if (!all) return fail(all.error());
  const std::size_t size = slice_size(heads, (*all)->size());
  bool any = false;
  Samples samples;
  for (std::size_t first = 0; first < (*all)->size(); first += size) {
    const auto slice =
        (*all)->slice(first, std::min(size, (*all)->size() - first));
    const auto exemplars = slice->exemplars();
    for (std::size_t i = 0; i < slice->size(); i += kBatchSeries) {
      const std::size_t count = std::min(kBatchSeries, slice->size() - i);
      slice->read(i, count, samples);
      for (std::size_t k = 0; k < count; ++k) {
        const SeriesSamples one = samples.of(k);
        if (one.t_ms.empty()) continue;
        const Labels labels = slice->labels(i + k);
        if (labels.empty()) continue;  // its record is damaged
        if (Status added = writer.add(labels, one); !added)
          return fail(std::move(added).error());
        if (!exemplars[i + k].empty()) writer.add_exemplars(exemplars[i + k]);
        any = true;
      }
    }
  }
  return any;
}

}  // namespace

block::Ulid new_block_id(os::Clock& clock) {
  std::random_device device;
  const auto random = [&] {
    return static_cast<std::uint64_t>(device()) << 32U | device();
  };
  return block::Ulid::make(clock.wall_ms(), random(), random());
}

Result<std::vector<block::BlockInfo>> heads_to_blocks(os::FileSystem& files,
                                                      os::Clock& clock,
                                                      const std::string& store,
                                                      const View& heads) {
  OccupiedWindows occupied;
  for (const auto& snapshot : heads.heads()) note_windows(*snapshot, occupied);
  std::vector<block::BlockInfo> blocks;
  const auto give_up = [&](Error error) {
    for (const block::BlockInfo& block : blocks)
      (void)files.unlink(block_path(store, block.id));
    return fail(std::move(error));
  };
  for (const Piece& piece :
       plan_pieces(occupied, heads.min_ms(), heads.max_ms())) {
    auto writer = block::Writer::create(files, blocks_path(store),
                                        {.id = new_block_id(clock),
                                         .level = piece.level,
                                         .parents = {},
                                         .statistics = piece.level > 0});
    if (!writer) return give_up(writer.error());
    const auto any = add_series(heads, piece.range, **writer);
    if (!any) return give_up(any.error());
    if (!*any) continue;
    for (const FamilyMetadata& one : heads.metadata())
      (*writer)->add_metadata({.family = one.family,
                               .type = one.type,
                               .help = one.help,
                               .unit = one.unit});
    const auto info = (*writer)->finish();
    if (!info) return give_up(info.error());
    blocks.push_back(*info);
  }
  return blocks;
}

}  // namespace prom::store
