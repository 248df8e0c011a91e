#include "libprom/store/whole_file.h"

#include <sys/stat.h>

#include "libprom/store/unfinished.h"

namespace prom::store {
namespace {

constexpr std::string_view kMark = ".part-";

bool is_special(const std::string& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode);
}

}  // namespace

Result<std::unique_ptr<WholeFile>> WholeFile::create(os::FileSystem& files,
                                                     const std::string& path,
                                                     os::Output& out) {
  std::unique_ptr<WholeFile> whole(new WholeFile(files, out));
  if (path == "-") return whole;
  const bool in_place = is_special(path);
  const std::string name = in_place ? path : unfinished_name(path, kMark);
  if (!in_place) remove_unfinished(files, path, kMark);
  auto file = files.open(
      name, in_place ? os::OpenMode::kReadWrite : os::OpenMode::kCreate);
  if (!file) return fail(file.error());
  whole->path_ = path;
  if (!in_place) whole->unfinished_ = name;
  whole->file_ = std::move(*file);
  whole->own_.emplace(whole->file_->fd(), std::size_t{256} << 10U);
  return whole;
}

WholeFile::~WholeFile() {
  if (!unfinished_.empty()) (void)files_.unlink(unfinished_);
}

Status WholeFile::finish() {
  if (Status flushed = out().flush(); !flushed) return flushed;
  if (unfinished_.empty()) return {};
  if (Status synced = file_->sync(); !synced) return synced;
  if (Status named = files_.rename(unfinished_, path_); !named) return named;
  unfinished_.clear();
  return files_.sync_directory(os::parent_directory(path_));
}

}  // namespace prom::store
