#include "libprom/store/manifest.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <thread>

#include "libprom/base/checksum.h"
#include "libprom/base/number.h"
#include "libprom/promql/parser.h"
#include "libprom/store/ctl.h"
#include "libprom/store/unfinished.h"

namespace prom::store {
namespace {

constexpr std::string_view kFirstLine = "prom-manifest 1\n";
constexpr std::string_view kMagic = "prom-manifest ";
constexpr std::string_view kCrc = "crc ";
constexpr int kLockAttempts = 1000;
constexpr auto kLockPause = std::chrono::milliseconds(10);

std::string hex8(std::uint32_t value) {
  std::string text(8, '0');
  for (std::size_t i = 8; i-- > 0; value >>= 4U)
    text[i] = "0123456789abcdef"[value & 0xFU];
  return text;
}

template <typename... Values>
void append_line(std::string& out, std::string_view word,
                 const Values&... values) {
  out += word;
  ((out += ' ', out += std::to_string(values)), ...);
  out += '\n';
}

// The words of a line, one after the other.
class Words {
 public:
  explicit Words(std::string_view line) : rest_(line) {}

  std::string_view next() {
    const std::size_t space = rest_.find(' ');
    const std::string_view word = rest_.substr(0, space);
    rest_ = space == std::string_view::npos ? "" : rest_.substr(space + 1);
    return word;
  }
  template <typename T>
  T number() {
    const std::string_view word = next();
    T value = 0;
    const char* const last = word.data() + word.size();
    const auto [end, error] = std::from_chars(word.data(), last, value);
    ok_ &= !word.empty() && error == std::errc() && end == last;
    return value;
  }
  [[nodiscard]] std::string_view rest() const { return rest_; }
  [[nodiscard]] bool ok() const { return ok_; }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

bool parse_block(Words& words, Manifest& into) {
  const auto id = block::Ulid::parse(words.next());
  if (!id || into.blocks.size() == kBlocksMax) return false;
  ManifestBlock block{.id = *id};
  block.level = words.number<std::uint32_t>();
  block.min_ms = words.number<std::int64_t>();
  block.max_ms = words.number<std::int64_t>();
  block.series = words.number<std::uint64_t>();
  block.samples = words.number<std::uint64_t>();
  block.bytes = words.number<std::uint64_t>();
  block.deleted = words.number<std::uint64_t>();
  into.blocks.push_back(block);
  return words.ok() && words.rest().empty();
}

bool parse_deletion(Words& words, Manifest& into) {
  Deletion deletion;
  deletion.number = words.number<std::uint64_t>();
  deletion.before_generation = words.number<std::uint64_t>();
  deletion.min_ms = words.number<std::int64_t>();
  deletion.max_ms = words.number<std::int64_t>();
  if (!words.ok() || into.deletions.size() == kDeletionsMax) return false;
  auto matchers = promql::parse_selector(words.rest());
  if (!matchers) return false;
  deletion.matchers = std::move(*matchers);
  into.deletions.push_back(std::move(deletion));
  return true;
}

bool parse_line(std::string_view line, Manifest& into) {
  Words words(line);
  const std::string_view kind = words.next();
  if (kind == "block") return parse_block(words, into);
  if (kind == "delete") return parse_deletion(words, into);
  std::uint64_t* const number = kind == "version"     ? &into.version
                                : kind == "head"      ? &into.first_generation
                                : kind == "deletions" ? &into.last_deletion
                                                      : nullptr;
  if (number == nullptr) return false;
  *number = words.number<std::uint64_t>();
  return words.ok() && words.rest().empty();
}

void put_in_order(Manifest& manifest) {
  std::ranges::sort(manifest.blocks, [](const auto& a, const auto& b) {
    return a.min_ms != b.min_ms ? a.min_ms < b.min_ms : a.id < b.id;
  });
  std::ranges::sort(manifest.deletions, {}, &Deletion::number);
}

}  // namespace

std::string manifest_path(const std::string& store) {
  return store + "/manifest";
}
std::string blocks_path(const std::string& store) {
  return store + "/blocks";
}
std::string block_path(const std::string& store, const block::Ulid& id) {
  return blocks_path(store) + "/" + id.to_string();
}

std::string format_manifest(const Manifest& manifest) {
  std::string text(kFirstLine);
  append_line(text, "version", manifest.version);
  append_line(text, "head", manifest.first_generation);
  append_line(text, "deletions", manifest.last_deletion);
  for (const ManifestBlock& block : manifest.blocks)
    append_line(text, "block " + block.id.to_string(), block.level,
                block.min_ms, block.max_ms, block.series, block.samples,
                block.bytes, block.deleted);
  for (const Deletion& deletion : manifest.deletions) {
    append_line(text, "delete", deletion.number, deletion.before_generation,
                deletion.min_ms, deletion.max_ms);
    text.back() = ' ';
    text += '{';
    for (std::size_t i = 0; i < deletion.matchers.size(); ++i)
      text += (i > 0 ? "," : "") + deletion.matchers[i].to_string();
    text += "}\n";
  }
  const std::uint32_t crc = crc32c(text);
  return text + std::string(kCrc) + hex8(crc) + "\n";
}

Result<Manifest> parse_manifest(std::string_view text) {
  const std::size_t line_bytes = kCrc.size() + 9;
  if (text.size() < kFirstLine.size() + line_bytes || !text.starts_with(kMagic))
    return fail(Code::kCorrupt, "not a manifest");
  const std::string_view body = text.substr(0, text.size() - line_bytes);
  if (text.substr(body.size()) != std::string(kCrc) + hex8(crc32c(body)) + "\n")
    return fail(Code::kCorrupt,
                "bad crc at offset " + std::to_string(body.size()));
  if (!text.starts_with(kFirstLine))
    return fail(Code::kConfig, "this program is too old for it");
  Manifest manifest;
  for (std::size_t at = kFirstLine.size(); at < body.size();) {
    const std::size_t end = body.find('\n', at);
    if (end == std::string_view::npos ||
        !parse_line(body.substr(at, end - at), manifest))
      return fail(Code::kCorrupt, "bad line at offset " + std::to_string(at));
    at = end + 1;
  }
  put_in_order(manifest);
  return manifest;
}

Result<Manifest> load_manifest(const std::string& store) {
  const std::string path = manifest_path(store);
  auto text = os::read_file(path, kManifestBytesMax);
  if (!text && text.error().code != Code::kMissing)
    return fail(std::move(text).error());
  if (text) {
    auto manifest = parse_manifest(*text);
    if (!manifest) return fail(std::move(manifest).error().in(path));
    return manifest;
  }
  // Blocks without a manifest: it was lost.
  const auto entries = os::real_file_system().list(blocks_path(store));
  const bool lost =
      entries && std::ranges::any_of(*entries, [](const auto& entry) {
        return block::Ulid::parse(entry.name).has_value();
      });
  // Unless it was made since.
  if (lost && !os::exists(path))
    return fail(Code::kCorrupt, path + ": is missing, but there are blocks");
  if (lost) return load_manifest(store);
  return Manifest{};
}

ManifestBlock manifest_entry(const block::BlockInfo& info,
                             std::uint64_t deleted) {
  return {.id = info.id,
          .level = info.level,
          .min_ms = info.min_ms,
          .max_ms = info.max_ms,
          .series = info.series,
          .samples = info.samples,
          .bytes = info.bytes,
          .deleted = deleted};
}

Result<ManifestEditor> ManifestEditor::open(os::FileSystem& files,
                                            const std::string& store) {
  const std::string path = manifest_path(store) + ".lock";
  auto lock = os::FileLock::acquire(path);
  for (int i = 0; i < kLockAttempts && !lock; ++i) {
    if (lock.error().code != Code::kBusy) break;
    std::this_thread::sleep_for(kLockPause);
    lock = os::FileLock::acquire(path);
  }
  if (!lock) return fail(std::move(lock).error());
  ManifestEditor editor(files, store, std::move(*lock));
  auto manifest = load_manifest(store);
  if (!manifest) return fail(std::move(manifest).error());
  editor.manifest = std::move(*manifest);
  return editor;
}

Status ManifestEditor::publish() {
  remove_unfinished(*files_, manifest_path(store_), ".tmp-");
  ++manifest.version;
  put_in_order(manifest);
  // A deletion is kept until no part of the store needs it any more.
  std::erase_if(manifest.deletions, [&](const Deletion& deletion) {
    const bool in_head = deletion.before_generation > manifest.first_generation;
    return !in_head && std::ranges::none_of(
                           manifest.blocks, [&](const ManifestBlock& block) {
                             return block.deleted < deletion.number;
                           });
  });
  return os::write_file_atomically(*files_, manifest_path(store_),
                                   format_manifest(manifest));
}

Status publish_blocks(os::FileSystem& files, const std::string& store,
                      std::span<const block::BlockInfo> blocks) {
  auto editor = ManifestEditor::open(files, store);
  if (!editor) return fail(std::move(editor).error());
  Manifest& manifest = editor->manifest;
  for (const block::BlockInfo& info : blocks)
    manifest.blocks.push_back(manifest_entry(info, manifest.last_deletion));
  return editor->publish();
}

void remove_unnamed(os::FileSystem& files, const std::string& store,
                    std::span<const block::BlockInfo> blocks) {
  const auto manifest = load_manifest(store);
  if (!manifest) return;
  for (const block::BlockInfo& info : blocks) {
    const auto named =
        std::ranges::find(manifest->blocks, info.id, &ManifestBlock::id);
    if (named == manifest->blocks.end())
      (void)files.unlink(block_path(store, info.id));
  }
}

Result<os::FileLock> lock_blocks(os::FileSystem& files,
                                 const std::string& store) {
  auto lock = os::FileLock::acquire(store + "/compact.lock");
  if (!lock) return lock;
  // The directory first: what is synced below covers its name as well.
  Status done = files.make_directory(blocks_path(store));
  if (!done) return fail(std::move(done).error());
  if (os::exists(manifest_path(store))) {
    // Who wrote it may have died before its name was on the disk.
    done = files.sync_directory(store);
  } else {
    // Blocks without a manifest mean that it was lost.
    auto editor = ManifestEditor::open(files, store);
    done = editor ? editor->publish() : fail(editor.error());
  }
  if (!done) return fail(std::move(done).error());
  return lock;
}

}  // namespace prom::store
