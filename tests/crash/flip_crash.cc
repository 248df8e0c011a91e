// Damage: every bit of every file of a small store flipped, one at a time, and
// sectors zeroed, doubled and swapped, and files cut.  The store must never
// answer a wrong sample, nor crash; what is damaged is reported with its file
// and an offset, or makes no difference; and what it does not touch is there.
//
//   flip_crash [BITS]      how many of the bits, spread over all; 12,000 by
//                          default, or CRASH_BITS; 0: every one (`make crash`)
//
// Prints TAP lines.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>

#include "libprom/store/ctl.h"
#include "libprom/store/report.h"

#include "tests/support/store_life.h"
#include "tests/support/temporary_directory.h"

namespace prom::store {
namespace {

constexpr std::uint64_t kBitsDefault = 12'000;
constexpr std::size_t kSectorBytes = 512;
constexpr int kProblemsShown = 12;

struct StoredFile {
  std::string path;  // below the store
  std::string content;
  // Bytes behind it were reserved and are not used yet.
  std::size_t used = 0;
};

// What a damaged store said.
struct Answer {
  std::uint64_t samples = 0;
  std::uint64_t wrong = 0;
  std::vector<std::string> damage;
};

Answer ask(const std::string& store) {
  Answer answer;
  const auto view = View::open(store);
  if (!view) {
    answer.damage.push_back(view.error().message);
    return answer;
  }
  answer.wrong = wrong_samples(**view, &answer.samples);
  const auto report = verify_store(store);
  answer.damage = report ? report->damage
                         : std::vector<std::string>{report.error().message};
  return answer;
}

class Flips {
 public:
  explicit Flips(std::string store) : store_(std::move(store)) {}

  bool prepare() {
    FakeClock clock;
    StoreLife life(store_, os::real_file_system(), clock, {});
    // Ends with blocks, closed generations that are in them, one that is not,
    // the live one, and a deletion that is pending.
    if (!life.live({.scrapes = 19,
                    .rotate_every = 4,
                    .compact_every = 10,
                    .delete_at = 17,
                    .clean_at = -1,
                    .import_at = -1,
                    .compact_all_at = 9}))
      return false;
    const Answer whole = ask(store_);
    samples_ = whole.samples;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(store_)) {
      if (!entry.is_regular_file()) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      StoredFile stored{.path = entry.path().string().substr(store_.size() + 1),
                        .content = {std::istreambuf_iterator<char>(file), {}}};
      stored.used = stored.content.size();
      files_.push_back(std::move(stored));
    }
    std::ranges::sort(files_, {}, &StoredFile::path);
    note_used();
    return whole.wrong == 0 && whole.damage.empty() && samples_ > 0;
  }

  void flip_bits(std::uint64_t bits_max) {
    std::uint64_t all = 0;
    for (const StoredFile& file : files_) all += file.content.size() * 8;
    const std::uint64_t stride = bits_max == 0 ? 1 : all / bits_max + 1;
    std::uint64_t next = stride == 1 ? 0 : std::random_device()() % stride;
    std::uint64_t before = 0;
    for (const StoredFile& file : files_) {
      for (; next < before + file.content.size() * 8; next += stride) {
        const std::uint64_t bit = next - before;
        const std::size_t at = bit / 8;
        const char bad = static_cast<char>(
            static_cast<unsigned char>(file.content[at]) ^ (1U << (bit % 8)));
        damage(file, at, std::string(1, bad));
      }
      before += file.content.size() * 8;
    }
  }

  // Sectors as a disk damages them.
  void damage_sectors() {
    for (const StoredFile& file : files_) {
      const std::string& content = file.content;
      for (std::size_t at = 0; at + kSectorBytes <= content.size();
           at += kSectorBytes) {
        damage(file, at, std::string(kSectorBytes, '\0'));
        if (at + 2 * kSectorBytes > content.size()) continue;
        const std::string one = content.substr(at, kSectorBytes);
        const std::string two = content.substr(at + kSectorBytes, kSectorBytes);
        damage(file, at, two + one);
        damage(file, at, one + one);
      }
    }
  }

  // Cuts each file at some places, its beginning included.
  void cut_files() {
    for (const StoredFile& file : files_) {
      const std::string path = store_ + "/" + file.path;
      const std::size_t step =
          std::max<std::size_t>(file.content.size() / 8, 1);
      for (std::size_t size = 0; size < file.content.size(); size += step) {
        std::filesystem::resize_file(path, size);
        judge(file, size, irrelevant(file, size));
        std::ofstream(path, std::ios::binary) << file.content;
      }
    }
  }

  [[nodiscard]] bool right() const { return problems_ == 0; }
  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] std::uint64_t reported() const { return reported_; }
  [[nodiscard]] std::uint64_t bytes() const {
    std::uint64_t all = 0;
    for (const StoredFile& file : files_) all += file.content.size();
    return all;
  }
  void print_silent() const {
    for (const auto& [where, count] : silent_)
      std::printf("# no difference: %s, %llu times\n", where.c_str(),
                  static_cast<unsigned long long>(count));
  }

 private:
  // Of arenas, what is before the end of their streams.
  void note_used() {
    const auto generations = list_generations(store_);
    if (!generations) return;
    for (const std::uint64_t generation : *generations) {
      const auto snapshot = Snapshot::open(store_, generation);
      if (!snapshot) continue;
      const Head& head = (*snapshot)->head();
      for (const auto& [stream, end] :
           {std::pair(&head.log(), head.log_end()),
            std::pair(&head.index(), head.index_end())}) {
        for (const auto& arena : stream->arenas()) {
          const std::string path = arena.path.substr(store_.size() + 1);
          const auto file = std::ranges::find(files_, path, &StoredFile::path);
          if (file != files_.end())
            file->used = std::min<std::size_t>(
                file->used, sizeof(ArenaHeader) +
                                (end > arena.start ? end - arena.start : 0));
        }
      }
    }
    const auto view = View::open(store_);
    if (!view) return;
    first_generation_ = (*view)->manifest().first_generation;
    for (const ManifestBlock& block : (*view)->manifest().blocks)
      costs_["blocks/" + block.id.to_string()] = block.samples;
    for (const auto& head : (*view)->heads())
      costs_[head_path("", head->generation()).substr(1)] =
          head->root().samples;
  }

  // Samples that damage of this file may cost.
  [[nodiscard]] std::uint64_t cost_of(const std::string& path) const {
    for (const auto& [prefix, samples] : costs_) {
      if (path.starts_with(prefix)) return samples;
    }
    return 0;
  }

  // Where damage makes no difference by design; "" where it has to be noticed.
  [[nodiscard]] std::string irrelevant(const StoredFile& file,
                                       std::size_t at) const {
    if (at >= file.used) return "reserved space of arenas";
    if (file.path.ends_with(".lock") || file.path == "LOCK") return "locks";
    if (file.path.ends_with("ctl")) {
      // Behind the first two words: the boot, whose other value only means that
      // the end of the log is looked for; and what is reserved.
      if (at >= 64 && at < 512) return "reserved space of counters";
      if (at >= 528) return "boot and reserved space of counters";
      // Of the first generation, whose header is the mark of a store.
      if (at >= 64 && file.path == "ctl" && first_generation_ > 1)
        return "generations that are in blocks";
    }
    if (!file.path.starts_with("head/")) return "";
    const std::uint64_t generation =
        std::strtoull(file.path.substr(5, 16).c_str(), nullptr, 16);
    return generation < first_generation_ ? "generations that are in blocks"
                                          : "";
  }

  void damage(const StoredFile& file, std::size_t at, std::string_view bytes) {
    if (file.content.compare(at, bytes.size(), bytes) == 0) return;
    const int fd = ::open((store_ + "/" + file.path).c_str(), O_RDWR);
    bool done =
        ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(at)) ==
        static_cast<ssize_t>(bytes.size());
    std::string why;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      if (bytes[i] == file.content[at + i]) continue;
      why = irrelevant(file, at + i);
      if (why.empty()) break;
    }
    judge(file, at, why);
    done = done && ::pwrite(fd, file.content.data() + at, bytes.size(),
                            static_cast<off_t>(at)) ==
                       static_cast<ssize_t>(bytes.size());
    ::close(fd);
    if (!done) std::abort();
  }

  // `why` the damage may go unnoticed; "" when it may not.
  void judge(const StoredFile& file, std::size_t at, const std::string& why) {
    ++count_;
    const Answer answer = ask(store_);
    const bool names_file = std::ranges::any_of(
        answer.damage,
        [&](const std::string& damage) { return damage.contains(file.path); });
    reported_ += answer.damage.empty() ? 0 : 1;
    std::string problem;
    if (answer.wrong != 0) {
      problem = std::to_string(answer.wrong) + " wrong samples";
    } else if (!answer.damage.empty() && !names_file) {
      problem = "reported for another file: " + answer.damage.front();
    } else if (answer.damage.empty() && answer.samples != samples_) {
      problem = std::to_string(answer.samples) + " samples instead of " +
                std::to_string(samples_) + ", and no word of it";
    } else if (answer.samples + cost_of(file.path) < samples_) {
      problem = "only " + std::to_string(answer.samples) + " samples of " +
                std::to_string(samples_) + " are left";
    } else if (answer.damage.empty()) {
      if (why.empty()) problem = "not noticed";
      ++silent_[why];
    }
    if (problem.empty() || ++problems_ > kProblemsShown) return;
    std::fprintf(stderr, "%s at %zu: %s\n", file.path.c_str(), at,
                 problem.c_str());
  }

  const std::string store_;
  std::uint64_t samples_ = 0;
  std::uint64_t first_generation_ = 0;
  std::vector<StoredFile> files_;
  std::uint64_t count_ = 0;
  std::uint64_t reported_ = 0;
  int problems_ = 0;
  std::map<std::string, std::uint64_t> costs_;   // by file or directory
  std::map<std::string, std::uint64_t> silent_;  // by the reason for it
};

int run(std::uint64_t bits) {
  const TemporaryDirectory directory;
  Flips flips(directory.path() + "/s");
  if (!flips.prepare()) {
    std::printf("not ok - a store to damage\n");
    return 1;
  }
  flips.flip_bits(bits);
  std::printf(
      "%s - %llu flipped bits of %llu bytes, %llu of them reported, "
      "give no wrong answer\n",
      flips.right() ? "ok" : "not ok",
      static_cast<unsigned long long>(flips.count()),
      static_cast<unsigned long long>(flips.bytes()),
      static_cast<unsigned long long>(flips.reported()));
  flips.print_silent();
  flips.damage_sectors();
  flips.cut_files();
  std::printf(
      "%s - nor do zeroed, swapped and doubled sectors and cut files, "
      "%llu in all\n",
      flips.right() ? "ok" : "not ok",
      static_cast<unsigned long long>(flips.count()));
  return flips.right() ? 0 : 1;
}

}  // namespace
}  // namespace prom::store

int main(int argc, char** argv) {
  const char* const asked = argc > 1 ? argv[1] : std::getenv("CRASH_BITS");
  return prom::store::run(asked != nullptr ? std::strtoull(asked, nullptr, 10)
                                           : prom::store::kBitsDefault);
}
