#include "libprom/config/sd/file.h"

#include "libprom/base/utf8.h"
#include "libprom/config/sd/readers_internal.h"

namespace prom::config {
namespace {

const Regex& pattern() {
  static const Regex kPattern =
      Regex::compile(R"([^*]*(\*[^/]*)?\.(json|yml|yaml|JSON|YML|YAML))")
          .value();
  return kPattern;
}

}  // namespace

void read_sd(Fields& fields, FileSdConfig& into) {
  fields.texts("files", into.files);
  fields.duration("refresh_interval", into.refresh_interval_ms);
  if (into.files.empty())
    fields.error("files",
                 "file service discovery config must contain at least one "
                 "path name");
  for (std::string& path : into.files) {
    if (!pattern().matches(path))
      fields.error("files", "path name " + quote(path) +
                                " is not valid for file discovery");
    path = fields.file().joined(path);
  }
}

}  // namespace prom::config
