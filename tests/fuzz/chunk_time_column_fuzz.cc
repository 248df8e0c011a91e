// Time columns from anywhere: what decodes ascends, is the same on every
// machine and in any slice, and comes back when it is encoded again.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "libprom/chunk/kernels.h"
#include "libprom/chunk/time_column.h"

namespace {

using prom::chunk::kOverread;
using prom::chunk::Machine;
using prom::chunk::TimeColumn;
using Times = std::vector<std::int64_t>;

// Beyond it a few bytes of a regular column would fill the memory.
constexpr std::size_t kTimesMax = 100'000;

constexpr Machine kMachines[] = {Machine::kScalar, Machine::kAvx2,
                                 Machine::kAvx512};

void check_bounds(const TimeColumn& column, const Times& t_ms) {
  for (std::size_t i = 0; i < t_ms.size(); i += 1 + t_ms.size() / 16) {
    const auto found = column.lower_bound(t_ms[i]);
    if (!found || *found != i) std::abort();
  }
}

void check_again(const Times& t_ms) {
  std::string bytes;
  prom::chunk::encode_times(t_ms, bytes);
  bytes.append(kOverread, '\x5a');
  const auto column =
      TimeColumn::open(prom::as_bytes(bytes).first(bytes.size() - kOverread));
  Times again(t_ms.size());
  if (!column || column->size() != t_ms.size() ||
      !column->decode(0, again.size(), again.data()) || again != t_ms)
    std::abort();
  check_bounds(*column, t_ms);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  std::string input(reinterpret_cast<const char*>(data), size);
  input.append(kOverread, '\x33');
  const auto column = TimeColumn::open(prom::as_bytes(input).first(size));
  if (!column || column->size() > kTimesMax) return 0;
  (void)column->lower_bound(column->first_ms() / 2 + column->last_ms() / 2);
  Times t_ms(column->size());
  bool first = true;
  bool decoded = false;
  for (const Machine machine : kMachines) {
    if (prom::chunk::kernels_of(machine) == nullptr) continue;
    prom::chunk::use_machine(machine);
    Times mine(column->size());
    const bool well = column->decode(0, mine.size(), mine.data()).has_value();
    if (!first && (well != decoded || (well && mine != t_ms))) std::abort();
    first = false;
    decoded = well;
    t_ms = std::move(mine);
  }
  prom::chunk::use_machine(std::nullopt);
  if (!decoded) return 0;
  if (std::ranges::adjacent_find(t_ms, std::greater_equal()) != t_ms.end() ||
      t_ms.front() != column->first_ms() || t_ms.back() != column->last_ms())
    std::abort();
  check_bounds(*column, t_ms);
  check_again(t_ms);
  return 0;
}
