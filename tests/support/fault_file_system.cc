#include "tests/support/fault_file_system.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace prom {
namespace {

constexpr std::size_t kSectorBytes = 512;

class FaultFile final : public os::File {
 public:
  FaultFile(std::unique_ptr<os::File> file, FaultFileSystem& files)
      : file_(std::move(file)), files_(files) {}

  Status write_at(std::uint64_t offset, Bytes bytes) override {
    if (Status passed = files_.pass("write", path()); !passed) {
      // A disk that fills up takes a part.
      (void)file_->write_at(offset, bytes.first(bytes.size() / 2));
      return passed;
    }
    return file_->write_at(offset, bytes);
  }
  Result<std::size_t> read_at(std::uint64_t offset,
                              std::span<std::byte> into) override {
    if (Status passed = files_.pass("read", path()); !passed)
      return fail(passed.error());
    return file_->read_at(offset, into);
  }
  Status sync() override {
    if (Status passed = files_.pass("sync", path()); !passed) return passed;
    return file_->sync();
  }
  Status preallocate(std::uint64_t size) override {
    if (Status passed = files_.pass("preallocate", path()); !passed)
      return passed;
    return file_->preallocate(size);
  }
  Status truncate(std::uint64_t size) override {
    if (Status passed = files_.pass("truncate", path()); !passed) return passed;
    return file_->truncate(size);
  }
  Result<std::uint64_t> size() override { return file_->size(); }
  [[nodiscard]] int fd() const override { return file_->fd(); }
  [[nodiscard]] const std::string& path() const override {
    return file_->path();
  }

 private:
  std::unique_ptr<os::File> file_;
  FaultFileSystem& files_;
};

}  // namespace

void FaultFileSystem::fail_at(std::uint64_t first, int error_number,
                              bool for_good) {
  calls_ = 0;
  first_ = first;
  error_number_ = error_number;
  for_good_ = for_good;
  has_failed_ = false;
}

Status FaultFileSystem::pass(std::string_view name, const std::string& path) {
  if (name.find(only_) == std::string_view::npos) return {};
  ++calls_;
  const bool fails =
      first_ != 0 && (calls_ == first_ || (for_good_ && calls_ > first_));
  if (!fails) return {};
  has_failed_ = true;
  return prom::fail(
      os::system_error(std::string(name) + " " + path, error_number_));
}

Result<std::unique_ptr<os::File>> FaultFileSystem::open(const std::string& path,
                                                        os::OpenMode mode) {
  if (Status passed = pass("open", path); !passed)
    return prom::fail(passed.error());
  auto file = os::real_file_system().open(path, mode);
  if (!file) return file;
  return std::make_unique<FaultFile>(std::move(*file), *this);
}

Status FaultFileSystem::rename(const std::string& from, const std::string& to) {
  if (Status passed = pass("rename", from); !passed) return passed;
  return os::real_file_system().rename(from, to);
}
Status FaultFileSystem::unlink(const std::string& path) {
  if (Status passed = pass("unlink", path); !passed) return passed;
  return os::real_file_system().unlink(path);
}
Status FaultFileSystem::make_directory(const std::string& path) {
  if (Status passed = pass("make directory", path); !passed) return passed;
  return os::real_file_system().make_directory(path);
}
Status FaultFileSystem::remove_directory(const std::string& path) {
  if (Status passed = pass("remove directory", path); !passed) return passed;
  return os::real_file_system().remove_directory(path);
}
Status FaultFileSystem::sync_directory(const std::string& path) {
  if (Status passed = pass("sync directory", path); !passed) return passed;
  return os::real_file_system().sync_directory(path);
}
Result<std::vector<os::DirectoryEntry>> FaultFileSystem::list(
    const std::string& path) {
  if (Status passed = pass("list", path); !passed)
    return prom::fail(passed.error());
  return os::real_file_system().list(path);
}

// -- recording

namespace {

using Call = RecordingFileSystem::Call;

class RecordingFile final : public os::File {
 public:
  RecordingFile(std::unique_ptr<os::File> file, RecordingFileSystem& files,
                std::uint64_t id)
      : file_(std::move(file)), files_(files), id_(id) {}

  Status write_at(std::uint64_t offset, Bytes bytes) override {
    files_.record({.kind = Call::Kind::kWrite,
                   .path = files_.below_root(path()),
                   .to = {},
                   .file = id_,
                   .offset = offset,
                   .bytes = std::string(as_text(bytes)),
                   .watched = {}});
    return file_->write_at(offset, bytes);
  }
  Result<std::size_t> read_at(std::uint64_t offset,
                              std::span<std::byte> into) override {
    return file_->read_at(offset, into);
  }
  Status sync() override {
    files_.record({.kind = Call::Kind::kSync,
                   .path = files_.below_root(path()),
                   .to = {},
                   .file = id_,
                   .bytes = {},
                   .watched = {}});
    return file_->sync();
  }
  Status preallocate(std::uint64_t size) override { return resize(size, true); }
  Status truncate(std::uint64_t size) override { return resize(size, false); }
  Result<std::uint64_t> size() override { return file_->size(); }
  [[nodiscard]] int fd() const override { return file_->fd(); }
  [[nodiscard]] const std::string& path() const override {
    return file_->path();
  }

 private:
  Status resize(std::uint64_t size, bool preallocate) {
    files_.record({.kind = Call::Kind::kSize,
                   .path = files_.below_root(path()),
                   .to = {},
                   .file = id_,
                   .offset = size,
                   .bytes = {},
                   .watched = {}});
    return preallocate ? file_->preallocate(size) : file_->truncate(size);
  }
  std::unique_ptr<os::File> file_;
  RecordingFileSystem& files_;
  const std::uint64_t id_;
};

// A file of the model: what is on the disk, and what may be.
struct Inode {
  std::string durable;
  std::vector<const Call*> pending;
};

void apply_call(std::string& content, const Call& call) {
  if (call.kind == Call::Kind::kSize) {
    content.resize(call.offset);
    return;
  }
  content.resize(
      std::max<std::size_t>(content.size(), call.offset + call.bytes.size()));
  content.replace(call.offset, call.bytes.size(), call.bytes);
}

// A part of a write, as a disk that lost its power may have taken it.
void apply_torn(std::string& content, const Call& call,
                std::mt19937_64& random) {
  if (call.kind != Call::Kind::kWrite || random() % 2 == 0) {
    apply_call(content, call);
    return;
  }
  for (std::size_t at = 0; at < call.bytes.size();) {
    const std::size_t sector = kSectorBytes - (call.offset + at) % kSectorBytes;
    Call part = call;
    part.offset = call.offset + at;
    part.bytes = call.bytes.substr(at, sector);
    if (random() % 4 != 0) apply_call(content, part);
    at += sector;
  }
}

using Names = std::map<std::string, std::shared_ptr<Inode>>;

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

}  // namespace

void RecordingFileSystem::record(Call call) {
  std::ifstream file(watched_, std::ios::binary);
  call.watched.assign(std::istreambuf_iterator<char>(file), {});
  calls_.push_back(std::move(call));
}

std::string RecordingFileSystem::below_root(const std::string& path) const {
  return path.size() > root_.size() ? path.substr(root_.size() + 1) : "";
}

Result<std::unique_ptr<os::File>> RecordingFileSystem::open(
    const std::string& path, os::OpenMode mode) {
  const bool creates =
      mode == os::OpenMode::kCreate ||
      (mode == os::OpenMode::kOpenOrCreate && !os::exists(path));
  auto file = os::real_file_system().open(path, mode);
  if (!file) return file;
  if (creates) {
    ids_[path] = ++last_id_;
    record({.kind = Call::Kind::kCreate,
            .path = below_root(path),
            .to = {},
            .file = last_id_,
            .bytes = {},
            .watched = {}});
  }
  return std::make_unique<RecordingFile>(std::move(*file), *this, ids_[path]);
}
Status RecordingFileSystem::rename(const std::string& from,
                                   const std::string& to) {
  record({.kind = Call::Kind::kRename,
          .path = below_root(from),
          .to = below_root(to),
          .file = ids_[from],
          .bytes = {},
          .watched = {}});
  ids_[to] = ids_[from];
  ids_.erase(from);
  return os::real_file_system().rename(from, to);
}
Status RecordingFileSystem::unlink(const std::string& path) {
  if (os::exists(path))
    record({.kind = Call::Kind::kUnlink,
            .path = below_root(path),
            .to = {},
            .file = ids_[path],
            .bytes = {},
            .watched = {}});
  return os::real_file_system().unlink(path);
}
Status RecordingFileSystem::make_directory(const std::string& path) {
  if (!os::exists(path))
    record({.kind = Call::Kind::kDirectory,
            .path = below_root(path),
            .to = {},
            .bytes = {},
            .watched = {}});
  return os::real_file_system().make_directory(path);
}
Status RecordingFileSystem::remove_directory(const std::string& path) {
  return os::real_file_system().remove_directory(path);
}
Status RecordingFileSystem::sync_directory(const std::string& path) {
  record({.kind = Call::Kind::kSyncDirectory,
          .path = below_root(path),
          .to = {},
          .bytes = {},
          .watched = {}});
  return os::real_file_system().sync_directory(path);
}
Result<std::vector<os::DirectoryEntry>> RecordingFileSystem::list(
    const std::string& path) {
  return os::real_file_system().list(path);
}

namespace {

// Names change in memory at once and on the disk later.
struct Model {
  Names durable;
  std::vector<const Call*> pending_names;
  std::vector<std::string> directories;

  static void rename_in(Names& names, const Call& call,
                        const std::shared_ptr<Inode>& inode) {
    switch (call.kind) {
      case Call::Kind::kCreate:
        names[call.path] = inode;
        break;
      case Call::Kind::kRename:
        names[call.to] = inode;
        names.erase(call.path);
        break;
      case Call::Kind::kUnlink:
        names.erase(call.path);
        break;
      default:
        break;
    }
  }
};

}  // namespace

void RecordingFileSystem::make_state(std::size_t count, std::mt19937_64& random,
                                     const std::string& directory) const {
  Model model;
  std::map<std::uint64_t, std::shared_ptr<Inode>> inodes;
  for (std::size_t i = 0; i < count; ++i) {
    const Call& call = calls_[i];
    std::shared_ptr<Inode>& inode = inodes[call.file];
    if (!inode) inode = std::make_shared<Inode>();
    switch (call.kind) {
      case Call::Kind::kCreate:
      case Call::Kind::kRename:
      case Call::Kind::kUnlink:
        break;
      case Call::Kind::kWrite:
      case Call::Kind::kSize:
        inode->pending.push_back(&call);
        continue;
      case Call::Kind::kSync:
        for (const Call* write : inode->pending)
          apply_call(inode->durable, *write);
        inode->pending.clear();
        continue;
      case Call::Kind::kDirectory:
        model.directories.push_back(call.path);
        continue;
      case Call::Kind::kSyncDirectory:
        std::erase_if(model.pending_names, [&](const Call* name) {
          if (parent_of(name->path) != call.path) return false;
          Model::rename_in(model.durable, *name, inodes[name->file]);
          return true;
        });
        continue;
    }
    model.pending_names.push_back(&call);
  }
  for (const Call* name : model.pending_names) {
    if (random() % 2 == 0)
      Model::rename_in(model.durable, *name, inodes[name->file]);
  }
  std::filesystem::create_directories(directory);
  for (const std::string& name : model.directories)
    std::filesystem::create_directories(directory + "/" + name);
  for (const auto& [name, inode] : model.durable) {
    std::string content = inode->durable;
    for (const Call* write : inode->pending) {
      if (random() % 4 != 0) apply_torn(content, *write, random);
    }
    // The mapped page is as it was at some moment since the beginning.
    if (root_ + "/" + name == watched_ && count > 0) {
      const Call& moment =
          calls_[count - 1 - random() % std::min<std::size_t>(count, 8)];
      if (!moment.watched.empty()) content = moment.watched;
    }
    std::ofstream(directory + "/" + name, std::ios::binary) << content;
  }
}

}  // namespace prom
