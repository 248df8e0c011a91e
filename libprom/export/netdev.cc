// /proc/net/dev
#include <array>

#include "libprom/export/collector.h"
#include "libprom/export/reading.h"

namespace prom::exports {
namespace {

// Columns of /proc/net/dev, in their order.
constexpr std::array<std::string_view, 16> kColumns = {
    "receive_bytes",      "receive_packets",   "receive_errs",
    "receive_drop",       "receive_fifo",      "receive_frame",
    "receive_compressed", "receive_multicast", "transmit_bytes",
    "transmit_packets",   "transmit_errs",     "transmit_drop",
    "transmit_fifo",      "transmit_colls",    "transmit_carrier",
    "transmit_compressed"};

void add(Families& families, std::string_view column, const std::string& device,
         double value) {
  families.counter("node_network_" + std::string(column) + "_total",
                   "Network interface: " + std::string(column) + ".", value,
                   {{"device", device}});
}

}  // namespace

Status collect_netdev(const Host& host, Families& families) {
  const Result<std::string> text = read_text(host.proc + "/net/dev");
  if (!text) return fail(text.error());
  for (const std::string_view line : lines_of(*text)) {
    // The heading has no colon; a name may have one, as eth0:1.
    const std::size_t colon = line.rfind(':');
    if (colon == std::string_view::npos) continue;
    const auto name = words_of(line.substr(0, colon));
    const auto values = words_of(line.substr(colon + 1));
    if (name.empty() || is_excluded(host.interfaces_excluded, name[0]))
      continue;
    const std::string device(name[0]);
    for (std::size_t i = 0; i < kColumns.size() && i < values.size(); ++i)
      add(families, kColumns.at(i), device, number(values[i]));
    const auto unhandled = read_value(host.sys + "/class/net/" + device +
                                      "/statistics/rx_nohandler");
    if (unhandled) add(families, "receive_nohandler", device, *unhandled);
  }
  return {};
}

}  // namespace prom::exports
