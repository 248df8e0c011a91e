#include "libprom/tsdb/block.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "libprom/os/file.h"
#include "libprom/os/map.h"
#include "libprom/tsdb/chunk.h"
#include "libprom/tsdb/chunk_files.h"
#include "libprom/tsdb/index_reader.h"
#include "libprom/tsdb/samples_edit.h"

namespace prom::tsdb {
namespace {

constexpr std::uint64_t kMetaBytesMax = 16U << 20U;
constexpr std::uint64_t kTombstonesBytesMax = 1U << 30U;

// A block need not have the file.
Status read_tombstones(const std::string& block, Tombstones& into) {
  const std::string path = os::join_path(block, "tombstones");
  const auto content = os::read_file(path, kTombstonesBytesMax);
  if (!content) {
    if (content.error().code == Code::kMissing) return {};
    return fail(content.error());
  }
  auto parsed = parse_tombstones(as_bytes(*content));
  if (!parsed) return fail(std::move(parsed).error().in(path));
  into = std::move(*parsed);
  return {};
}

}  // namespace

struct Block::State {
  std::string path;
  BlockMeta meta;
  Tombstones tombstones;
  os::MappedFile index_file;
  ChunkFiles chunks;

  // The index is read when it is first needed: most queries look at few of
  // the blocks.
  std::once_flag index_once;
  std::optional<Result<IndexReader>> index;
};

Block::Block() : state_(std::make_unique<State>()) {}
Block::~Block() = default;

Result<std::shared_ptr<const Block>> Block::open(const std::string& path) {
  const std::shared_ptr<Block> block(new Block);
  State& state = *block->state_;
  state.path = path;
  const std::string meta_path = os::join_path(path, "meta.json");
  const auto text = os::read_file(meta_path, kMetaBytesMax);
  if (!text) return fail(text.error());
  auto meta = parse_meta(*text);
  if (!meta) return fail(std::move(meta).error().in(meta_path));
  state.meta = std::move(*meta);

  if (Status read = read_tombstones(path, state.tombstones); !read)
    return fail(std::move(read).error());
  auto index = os::MappedFile::open(os::join_path(path, "index"));
  if (!index) return fail(std::move(index).error());
  state.index_file = std::move(*index);
  auto chunks = ChunkFiles::open(os::join_path(path, "chunks"));
  if (!chunks) return fail(std::move(chunks).error());
  state.chunks = std::move(*chunks);
  return block;
}

const BlockMeta& Block::meta() const {
  return state_->meta;
}
const std::string& Block::path() const {
  return state_->path;
}

Result<const IndexReader*> Block::index() const {
  std::call_once(state_->index_once, [this] {
    state_->index = IndexReader::open(os::join_path(state_->path, "index"),
                                      state_->index_file.bytes());
  });
  if (!*state_->index) return fail(state_->index->error());
  return &**state_->index;
}

Result<std::vector<SeriesId>> Block::select(const Matchers& matchers) const {
  const auto reader = index();
  if (!reader) return fail(reader.error());
  return (*reader)->select(matchers);
}

Result<Labels> Block::labels(SeriesId series) const {
  const auto reader = index();
  if (!reader) return fail(reader.error());
  return (*reader)->labels(series);
}

Result<std::vector<std::string>> Block::label_names() const {
  const auto reader = index();
  if (!reader) return fail(reader.error());
  return (*reader)->label_names();
}

Result<std::vector<std::string>> Block::label_values(
    std::string_view name) const {
  const auto reader = index();
  if (!reader) return fail(reader.error());
  return (*reader)->label_values(name);
}

void Block::read(SeriesId series, TimeRange range, Samples& into,
                 std::vector<Error>& damage) const {
  const auto reader = index();
  if (!reader) {
    damage.push_back(reader.error());
    return;
  }
  const std::size_t begin = into.t_ms.size();
  std::vector<ChunkMeta> chunks;
  if (Status listed = (*reader)->chunks(series, range, chunks); !listed)
    damage.push_back(std::move(listed).error());
  for (const ChunkMeta& chunk : chunks) {
    const auto bytes = state_->chunks.read(chunk.ref);
    if (!bytes) {
      damage.push_back(bytes.error());
      continue;
    }
    const std::size_t from = into.t_ms.size();
    if (Status decoded = decode_chunk(bytes->encoding, bytes->bytes, into);
        !decoded) {
      damage.push_back(
          std::move(decoded).error().in(state_->chunks.place(chunk.ref)));
      continue;
    }
    if (chunk.range.min_ms < range.min_ms || chunk.range.max_ms > range.max_ms)
      keep_samples(into, from, [&range](std::int64_t t_ms) {
        return t_ms >= range.min_ms && t_ms <= range.max_ms;
      });
  }
  const auto deleted = state_->tombstones.find(series);
  if (deleted != state_->tombstones.end())
    deleted->second.remove_from(into, begin);
}

}  // namespace prom::tsdb
