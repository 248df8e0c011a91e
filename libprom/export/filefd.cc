// /proc/sys/fs/file-nr
#include "libprom/export/collector.h"
#include "libprom/export/reading.h"

namespace prom::exports {

Status collect_filefd(const Host& host, Families& families) {
  const Result<std::string> text = read_text(host.proc + "/sys/fs/file-nr");
  if (!text) return fail(text.error());
  const auto lines = lines_of(*text);
  const auto words = words_of(lines.empty() ? "" : lines[0]);
  if (words.size() < 3) return fail(Code::kBadData, "file-nr: malformed");
  families.gauge("node_filefd_allocated", "Open files of all processes.",
                 number(words[0]));
  families.gauge("node_filefd_maximum", "Open files that there may be.",
                 number(words[2]));
  return {};
}

}  // namespace prom::exports
