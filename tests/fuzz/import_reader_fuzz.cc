// Any bytes as an input of prom-store import: the first chooses the format and
// how the rest is cut.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "libprom/store/import_format.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using namespace prom::store;
  if (size == 0) return 0;
  constexpr ImportFormat kFormats[] = {
      ImportFormat::kText, ImportFormat::kOpenMetrics, ImportFormat::kJsonLines,
      ImportFormat::kCsv};
  std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t piece = data[0] / 4 + 1;
  ImportSorter sorter(prom::os::real_file_system(), "/tmp", 0);
  ImportErrors errors;
  const auto reader =
      make_import_reader(kFormats[data[0] % 4], false, "fuzz", sorter, errors);
  std::string offered;
  for (bool end = false; !end;) {
    const std::string_view more = text.substr(0, piece);
    text.remove_prefix(more.size());
    end = text.empty();
    offered += more;
    const auto taken = reader->take(offered, end);
    if (!taken) return 0;
    if (*taken > offered.size() || (end && *taken != offered.size()))
      __builtin_trap();
    offered.erase(0, *taken);
  }
  if (!sorter.finish()) __builtin_trap();
  for (const ImportSlot& slot : sorter.slots()) {
    Duplicates duplicates;
    const auto merged = sorter.open(slot, duplicates);
    prom::Labels labels;
    prom::Samples samples;
    while (true) {
      const auto next = (*merged)->next(labels, samples);
      if (!next) __builtin_trap();
      if (!*next) break;
      if (std::ranges::adjacent_find(samples.t_ms, std::greater_equal<>()) !=
          samples.t_ms.end())
        __builtin_trap();
    }
  }
  return 0;
}
