// A file system that remembers what was done, and the disk that it was done to:
// together they make every state in which a power loss may leave the disk.
//
// The model is POSIX at its harshest.  Of a file, what its last sync covered is
// there; each later write is there, missing, or torn at sectors of 512 bytes,
// and the file may have grown without its data (zeros).  Of a directory, the
// names that its last sync covered are there; any later creation, removal or
// renaming is there or not, in any combination, and a directory that was made
// is a name like any other.  A page that is changed through a mapping is as it
// was at some moment since it was mapped, word by word.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "libprom/os/file.h"

namespace prom {

// Something that was done to the disk.
struct DiskCall {
  enum class Kind {
    kCreate,     // the name `name` of `directory`, for `inode`
    kDirectory,  // the same for a directory
    kRename,     // to `to_name` of `to_directory`
    kUnlink,     // and the removal of a directory
    kWrite,
    kSize,
    kSync,
    kSyncDirectory,
    kMapped,  // `bytes` are at `offset` of a page that is mapped
  };
  Kind kind = Kind::kWrite;
  std::uint64_t directory = 0;
  std::string name = {};
  std::uint64_t to_directory = 0;
  std::string to_name = {};
  std::uint64_t inode = 0;
  std::uint64_t offset = 0;
  std::string bytes = {};
};

// Passes calls on to the real one and records them.  What is below `root` when
// it is made counts as being on the disk.  Files named `mapped_name` have
// counters at [mapped_at, mapped_at + mapped_bytes) that are changed through a
// mapping; they are looked at with each call.
class RecordingFileSystem final : public os::FileSystem {
 public:
  struct Mapped {
    std::string name = {};  // "": none
    std::uint64_t at = 0;
    std::size_t bytes = 0;
  };
  RecordingFileSystem(std::string root, Mapped mapped);
  ~RecordingFileSystem() override;

  // Syncs of files or directories for which this says true are passed on but
  // not recorded: a program that forgot them.
  void forget_syncs(std::function<bool(const std::string&)> forgets) {
    forgets_sync_ = std::move(forgets);
  }

  Result<std::unique_ptr<os::File>> open(const std::string& path,
                                         os::OpenMode mode) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status unlink(const std::string& path) override;
  Status make_directory(const std::string& path) override;
  Status remove_directory(const std::string& path) override;
  Status sync_directory(const std::string& path) override;
  Result<std::vector<os::DirectoryEntry>> list(
      const std::string& path) override;

  // Calls so far: a point at which the power may fail.
  [[nodiscard]] std::size_t size();
  // The last `count` calls before `end` as lines of text, for who has to find
  // out what went wrong.
  [[nodiscard]] std::string describe(std::size_t end, std::size_t count) const;
  // What differs between the files below the root and those that the calls
  // make: something was done behind this file system.  Locks and sockets do
  // not count.
  [[nodiscard]] std::vector<std::string> escaped();

 private:
  friend class PowerLoss;
  class RecordedFile;
  struct Node;
  struct Place {
    Node* directory = nullptr;
    std::string name;
  };
  void load(Node& node, const std::string& path);
  Place find(const std::string& path);
  Node* node_of(const std::string& path);
  void record(DiskCall call);
  void note_mapped();

  std::string root_;
  const Mapped mapped_;
  std::function<bool(const std::string&)> forgets_sync_;
  std::unique_ptr<Node> tree_;                    // as it is now
  std::map<std::uint64_t, std::string> initial_;  // content of files
  std::vector<DiskCall> initial_names_;
  std::vector<DiskCall> calls_;
  std::uint64_t last_inode_ = 0;
  // Mapped pages that exist: their path and what was seen last.
  std::map<std::uint64_t, std::pair<std::string, std::string>> pages_;
};

// Walks through a recording and makes states of the disk.
class PowerLoss {
 public:
  explicit PowerLoss(const RecordingFileSystem& recorded);
  ~PowerLoss();
  PowerLoss(PowerLoss&&) noexcept;

  // The power fails behind the first `calls` calls.  REQUIRES: not fewer than
  // before.
  void advance_to(std::size_t calls);
  // A file of a state: its path below the root and its content.
  struct File {
    std::string path;
    std::string content;
  };
  struct State {
    std::vector<std::string> directories;  // parents first
    std::vector<File> files;
  };
  // One of the states there may be then.
  State state(std::mt19937_64& random) const;
  // The one in which nothing is lost.
  [[nodiscard]] State whole() const;

 private:
  struct Model;
  std::unique_ptr<Model> model_;
};

// Makes `directory` (which is emptied before) hold the state.
void write_state(const PowerLoss::State& state, const std::string& directory);

}  // namespace prom
