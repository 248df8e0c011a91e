// /proc/mounts and statvfs
#include <algorithm>
#include <array>
#include <set>

#include "libprom/export/collector.h"
#include "libprom/export/reading.h"
#include "libprom/os/host.h"

namespace prom::exports {
namespace {

// How long a network file system may take to answer.
constexpr std::int64_t kTimeoutMs = 5000;

struct Mount {
  std::string device, path, type;
  bool read_only = false;
};

// Blanks and the like are written as octal: \040.
std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto digit = [&](std::size_t at) {
      return at < text.size() && text[at] >= '0' && text[at] <= '7';
    };
    if (text[i] == '\\' && digit(i + 1) && digit(i + 2) && digit(i + 3)) {
      out += static_cast<char>((text[i + 1] - '0') * 64 +
                               (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

bool has_option(std::string_view options, std::string_view wanted) {
  while (!options.empty()) {
    const std::size_t end = std::min(options.find(','), options.size());
    if (options.substr(0, end) == wanted) return true;
    options.remove_prefix(std::min(end + 1, options.size()));
  }
  return false;
}

Result<std::vector<Mount>> read_mounts(const Host& host) {
  // What process 1 sees, since we may have been given less.
  Result<std::string> text = read_text(host.proc + "/1/mounts");
  if (!text) text = read_text(host.proc + "/mounts");
  if (!text) return fail(text.error());
  std::vector<Mount> mounts;
  for (const std::string_view line : lines_of(*text)) {
    const auto words = words_of(line);
    if (words.size() < 4) continue;
    mounts.push_back({unescaped(words[0]), unescaped(words[1]),
                      std::string(words[2]), has_option(words[3], "ro")});
  }
  return mounts;
}

// File systems whose other side may not answer, ever.
bool may_hang(std::string_view type) {
  constexpr std::array<std::string_view, 10> kTypes = {
      "nfs", "nfs4", "cifs",      "smb3",  "9p",
      "afs", "ceph", "glusterfs", "ncpfs", "lustre"};
  return type.starts_with("fuse") ||
         std::ranges::find(kTypes, type) != kTypes.end();
}

void collect_mount(const Host& host, const Mount& mount, Families& families) {
  const Labels labels{{"device", mount.device},
                      {"fstype", mount.type},
                      {"mountpoint", mount.path}};
  families.gauge("node_filesystem_readonly",
                 "Whether the file system is mounted read-only.",
                 mount.read_only ? 1 : 0, labels);
  const std::string path = host.root + mount.path;
  const Result<os::FileSystemStats> stats =
      may_hang(mount.type) ? os::file_system_stats(path, kTimeoutMs)
                           : os::file_system_stats(path);
  families.gauge("node_filesystem_device_error",
                 "Whether the file system could not be asked.", stats ? 0 : 1,
                 labels);
  if (!stats) return;
  const auto gauge = [&](std::string_view name, std::string_view help,
                         std::uint64_t value) {
    families.gauge(name, help, static_cast<double>(value), labels);
  };
  gauge("node_filesystem_size_bytes", "Bytes of the file system.",
        stats->size_bytes);
  gauge("node_filesystem_free_bytes", "Bytes that are free.",
        stats->free_bytes);
  gauge("node_filesystem_avail_bytes", "Bytes that are free to all users.",
        stats->available_bytes);
  gauge("node_filesystem_files", "Inodes of the file system.", stats->files);
  gauge("node_filesystem_files_free", "Inodes that are free.",
        stats->files_free);
}

}  // namespace

Status collect_filesystem(const Host& host, Families& families) {
  const Result<std::vector<Mount>> mounts = read_mounts(host);
  if (!mounts) return fail(mounts.error());
  std::set<std::pair<std::string, std::string>> seen;
  for (const Mount& mount : *mounts) {
    if (is_excluded(host.mounts_excluded, mount.path) ||
        is_excluded(host.file_systems_excluded, mount.type) ||
        !seen.insert({mount.device, mount.path}).second)
      continue;
    collect_mount(host, mount, families);
  }
  return {};
}

}  // namespace prom::exports
