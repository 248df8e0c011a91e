// /proc/loadavg
#include "libprom/export/collector.h"
#include "libprom/export/reading.h"

namespace prom::exports {

Status collect_loadavg(const Host& host, Families& families) {
  const Result<std::string> text = read_text(host.proc + "/loadavg");
  if (!text) return fail(text.error());
  const auto words = words_of(*text);
  if (words.size() < 3) return fail(Code::kBadData, "loadavg: malformed");
  families.gauge("node_load1", "Load average over 1 minute.", number(words[0]));
  families.gauge("node_load5", "Load average over 5 minutes.",
                 number(words[1]));
  families.gauge("node_load15", "Load average over 15 minutes.",
                 number(words[2]));
  return {};
}

}  // namespace prom::exports
