#include "libprom/store/ctl.h"

#include <charconv>
#include <cstring>

namespace prom::store {
namespace {

constexpr std::string_view kCtlMagic = "PROMCTL1";
constexpr std::size_t kCtlBytes = 4096;
// The counters have a disk sector of their own.
constexpr std::size_t kCountersAt = 512;
enum Counter : std::size_t { kLogEnd = 0, kSyncedEnd = 1, kBoot = 2 };

struct CtlHeader {
  char magic[8];
  std::uint32_t version;
  std::uint32_t features;
  std::uint64_t store_id;
  std::uint64_t generation;
  std::int64_t created_ms;
  std::uint32_t reserved[5];
  std::uint32_t crc;  // of the 60 bytes before
};
static_assert(sizeof(CtlHeader) == 64);
static_assert(std::atomic<std::uint64_t>::is_always_lock_free &&
              sizeof(std::atomic<std::uint64_t>) == 8);

constexpr unsigned kCheckBits = 16;

std::uint64_t check_of(std::uint64_t units) {
  char raw[8];
  store_le(raw, units);
  return crc32c(std::string_view(raw, 8)) & 0xFFFFU;
}

std::string hex16(std::uint64_t value) {
  std::string text(16, '0');
  for (std::size_t i = 16; i-- > 0; value >>= 4U)
    text[i] = "0123456789abcdef"[value & 0xFU];
  return text;
}

std::optional<std::uint64_t> parse_hex16(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (text.size() != 16 || error != std::errc() ||
      end != text.data() + text.size())
    return std::nullopt;
  return value;
}

}  // namespace

std::uint64_t seal_position(Position position) {
  const std::uint64_t units = position / 8;
  return units << kCheckBits | check_of(units);
}

std::optional<Position> open_position(std::uint64_t sealed) {
  const std::uint64_t units = sealed >> kCheckBits;
  if (check_of(units) != (sealed & 0xFFFFU)) return std::nullopt;
  return units * 8;
}

std::string ctl_path(const std::string& store, std::uint64_t generation) {
  return (generation == kFirstGeneration ? store
                                         : head_path(store, generation)) +
         "/ctl";
}
std::string lock_path(const std::string& store) {
  return store + "/LOCK";
}
std::string head_path(const std::string& store, std::uint64_t generation) {
  return store + "/head/" + hex16(generation);
}

Result<std::vector<std::uint64_t>> list_generations(const std::string& store) {
  auto entries = os::real_file_system().list(store + "/head");
  if (!entries && entries.error().code == Code::kMissing)
    return fail(Code::kMissing, "no store at " + store);
  if (!entries) return fail(std::move(entries).error());
  std::vector<std::uint64_t> all;
  for (const os::DirectoryEntry& entry : *entries) {
    const auto generation = parse_hex16(entry.name);
    if (generation && os::exists(ctl_path(store, *generation)))
      all.push_back(*generation);
  }
  // Who began to make it did not get that far.
  if (all.empty() && !os::exists(store + "/manifest"))
    return fail(Code::kMissing, "no store at " + store);
  return all;
}

Status Ctl::create(os::FileSystem& files, const std::string& store,
                   std::uint64_t generation, std::uint64_t store_id,
                   std::int64_t now_ms) {
  CtlHeader header{};
  std::memcpy(header.magic, kCtlMagic.data(), sizeof header.magic);
  header.version = kFormatVersion;
  header.features = kFeatures;
  header.store_id = store_id;
  header.generation = generation;
  header.created_ms = now_ms;
  std::string page;
  append_struct(page, header);
  store_le(page.data() + 60, crc32c(std::string_view(page).substr(0, 60)));
  page.resize(kCtlBytes);
  char* const counters = page.data() + kCountersAt;
  store_le(counters + kLogEnd * 8, seal_position(kFirstPosition));
  store_le(counters + kSyncedEnd * 8, seal_position(kFirstPosition));
  return os::write_file_atomically(files, ctl_path(store, generation), page);
}

Ctl::Ctl(os::MappedFile file) : file_(std::move(file)) {}

Result<std::shared_ptr<Ctl>> Ctl::open(const std::string& store,
                                       std::uint64_t generation,
                                       os::MappedFile::Access access) {
  const std::string path = ctl_path(store, generation);
  auto file = os::MappedFile::open(path, access, kCtlBytes);
  if (!file && file.error().code == Code::kMissing)
    return fail(Code::kMissing, "no store at " + store);
  if (!file) return fail(std::move(file).error());
  const auto header = load_struct<CtlHeader>(file->bytes().data());
  if (std::string_view(header.magic, 8) != kCtlMagic)
    return fail(Code::kCorrupt, path + ": not a store: bad magic");
  if (header.crc != crc32c(file->bytes().first(60)))
    return fail(Code::kCorrupt, path + ": bad crc at 0");
  if (header.generation != generation)
    return fail(Code::kCorrupt, path + ": of another generation");
  if (header.version != kFormatVersion || (header.features & ~kFeatures) != 0)
    return fail(Code::kConfig,
                path + ": format " + std::to_string(header.version) +
                    ", features " + std::to_string(header.features) +
                    ": this program is too old for it");
  std::shared_ptr<Ctl> ctl(new Ctl(std::move(*file)));
  ctl->store_id_ = header.store_id;
  ctl->generation_ = header.generation;
  ctl->created_ms_ = header.created_ms;
  return ctl;
}

const std::atomic<std::uint64_t>& Ctl::word(std::size_t i) const {
  // The page is specified to be aligned, so the cast is what the format says.
  return *reinterpret_cast<const std::atomic<std::uint64_t>*>(
      file_.bytes().data() + kCountersAt + i * 8);
}

std::optional<Position> Ctl::log_end() const {
  return open_position(word(kLogEnd).load(std::memory_order_acquire));
}
std::optional<Position> Ctl::synced_end() const {
  return open_position(word(kSyncedEnd).load(std::memory_order_acquire));
}
std::uint64_t Ctl::boot() const {
  return word(kBoot).load(std::memory_order_acquire);
}

void Ctl::publish(Position log_end) {
  const_cast<std::atomic<std::uint64_t>&>(word(kLogEnd))
      .store(seal_position(log_end), std::memory_order_release);
}
void Ctl::set_synced(Position log_end) {
  const_cast<std::atomic<std::uint64_t>&>(word(kSyncedEnd))
      .store(seal_position(log_end), std::memory_order_release);
}
void Ctl::set_boot(std::uint64_t boot) {
  const_cast<std::atomic<std::uint64_t>&>(word(kBoot))
      .store(boot, std::memory_order_release);
}

}  // namespace prom::store
