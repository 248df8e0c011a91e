// *.prom files, written by cron jobs and the like
#include "libprom/export/collector.h"
#include "libprom/export/reading.h"
#include "libprom/os/file.h"
#include "libprom/os/log.h"

namespace prom::exports {
namespace {

// Reads one file into `families`; returns what is wrong with it.
Status collect_file(const std::string& path, Families& families) {
  const Result<os::FileInfo> info = os::file_info(path);
  if (!info) return fail(info.error());
  const Result<std::string> text = read_text(path);
  if (!text) return fail(text.error());
  if (Status ok = families.add_text(*text); !ok)
    return fail(std::move(ok).error().in(path));
  families.gauge("node_textfile_mtime_seconds",
                 "When a text file was last written, in seconds since 1970.",
                 static_cast<double>(info->modified_ns) / 1e9,
                 {{"file", path}});
  return {};
}

}  // namespace

Status collect_text_directory(const std::string& directory,
                              Families& families) {
  Status first;
  bool found = false;
  // A pattern stands for several directories.
  for (const std::string& path : os::glob(directory)) {
    found = true;
    for (const std::string& name : names_in(path)) {
      if (!name.ends_with(".prom")) continue;
      Status status = collect_file(os::join_path(path, name), families);
      if (!status && first) first = std::move(status);
    }
  }
  // Where nobody has made the directory yet, there are no files in it.
  if (!found) first = fail(Code::kMissing, "no directory " + directory);
  const bool error = !first && first.error().code != Code::kMissing;
  families.gauge("node_textfile_scrape_error",
                 "Whether a text file could not be read.", error ? 1 : 0);
  return first;
}

Status collect_textfile(const Host& host, Families& families) {
  return collect_text_directory(host.text_directory, families);
}

}  // namespace prom::exports
