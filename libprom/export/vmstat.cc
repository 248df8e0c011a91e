// /proc/vmstat
#include "libprom/export/collector.h"
#include "libprom/export/reading.h"

namespace prom::exports {
namespace {

// oom_kill, pgpgin, pgpgout, pswpin, pswpout, pgfault, pgmajfault and kin.
bool is_wanted(std::string_view field) {
  return field.starts_with("oom_kill") || field.starts_with("pgpg") ||
         field.starts_with("pswp") ||
         (field.starts_with("pg") &&
          field.find("fault") != std::string_view::npos);
}

}  // namespace

Status collect_vmstat(const Host& host, Families& families) {
  const Result<std::string> text = read_text(host.proc + "/vmstat");
  if (!text) return fail(text.error());
  for (const std::string_view line : lines_of(*text)) {
    const auto words = words_of(line);
    if (words.size() < 2 || !is_wanted(words[0])) continue;
    families.untyped("node_vmstat_" + std::string(words[0]),
                     "Virtual memory: " + std::string(words[0]) + ".",
                     number(words[1]));
  }
  return {};
}

}  // namespace prom::exports
