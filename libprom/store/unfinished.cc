#include "libprom/store/unfinished.h"

#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>

namespace prom::store {
namespace {

// A store and its directories.
constexpr int kLevels = 3;

bool is_somebody_elses(std::string_view digits) {
  pid_t pid = 0;
  const char* const last = digits.data() + digits.size();
  const auto [end, error] = std::from_chars(digits.data(), last, pid);
  if (error != std::errc() || end != last || pid <= 0) return true;
  if (pid == ::getpid()) return false;
  return ::kill(pid, 0) == 0 || errno != ESRCH;
}

}  // namespace

std::string unfinished_name(const std::string& path, std::string_view mark) {
  return path + std::string(mark) + std::to_string(::getpid());
}

void remove_unfinished(os::FileSystem& files, const std::string& path,
                       std::string_view mark) {
  const std::string directory = os::parent_directory(path);
  const std::string name = path.substr(path.rfind('/') + 1) + std::string(mark);
  const auto entries = files.list(directory);
  if (!entries) return;
  for (const os::DirectoryEntry& entry : *entries) {
    if (!entry.name.starts_with(name) ||
        is_somebody_elses(std::string_view(entry.name).substr(name.size())))
      continue;
    const std::string left = os::join_path(directory, entry.name);
    if (entry.is_directory) {
      remove_tree(files, left, kLevels);
    } else {
      (void)files.unlink(left);
    }
  }
}

void remove_tree(os::FileSystem& files, const std::string& path, int levels) {
  const auto entries = files.list(path);
  if (!entries) return;
  for (const os::DirectoryEntry& entry : *entries) {
    const std::string inner = path + "/" + entry.name;
    if (!entry.is_directory) {
      (void)files.unlink(inner);
    } else if (levels > 1) {
      remove_tree(files, inner, levels - 1);
    }
  }
  (void)files.remove_directory(path);
}

}  // namespace prom::store
