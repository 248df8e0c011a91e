#include "tests/support/fault_file_system.h"

namespace prom {
namespace {

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

}  // namespace prom
