#include "libprom/os/fault.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <mutex>
#include <utility>

namespace prom::os {
namespace {

// Read by the signal handler, so: no locks, no allocation.
struct Slot {
  std::atomic<std::uintptr_t> begin{0};  // 0: free
  std::atomic<std::uintptr_t> end{0};
  std::atomic<std::uintptr_t> fault{0};
};
static_assert(std::atomic<std::uintptr_t>::is_always_lock_free);

std::array<Slot, kFaultGuardsMax> slots;
std::atomic<int> slots_used{0};
std::mutex slots_mutex;  // between guards; never taken by the handler

void on_bus_error(int signal, siginfo_t* info, void* /*context*/) {
  const auto address = reinterpret_cast<std::uintptr_t>(info->si_addr);
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const int used = slots_used.load(std::memory_order_acquire);
  for (int i = 0; i < used; ++i) {
    Slot& slot = slots[static_cast<std::size_t>(i)];
    const std::uintptr_t begin = slot.begin.load(std::memory_order_acquire);
    if (begin == 0 || address < begin || address >= slot.end.load()) continue;
    void* const at = reinterpret_cast<void*>(  // NOLINT: the faulting page
        address & ~(page - 1));
    if (::mmap(at, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
               0) == MAP_FAILED)
      break;
    slot.fault.store(address, std::memory_order_release);
    return;
  }
  // Not ours: the access is repeated and ends the process.
  ::signal(signal, SIG_DFL);
}

void install_handler() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction action{};
    action.sa_sigaction = on_bus_error;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    ::sigemptyset(&action.sa_mask);
    ::sigaction(SIGBUS, &action, nullptr);
  });
}

}  // namespace

FaultGuard::FaultGuard(Bytes region) {
  if (region.empty()) return;
  install_handler();
  const std::scoped_lock lock(slots_mutex);
  const int used = slots_used.load();
  int free = 0;
  while (free < used && slots[static_cast<std::size_t>(free)].begin != 0)
    ++free;
  if (free == kFaultGuardsMax) return;
  Slot& slot = slots[static_cast<std::size_t>(free)];
  const auto begin = reinterpret_cast<std::uintptr_t>(region.data());
  slot.fault = 0;
  slot.end = begin + region.size();
  slot.begin.store(begin, std::memory_order_release);
  slots_used.store(std::max(used, free + 1), std::memory_order_release);
  slot_ = free;
}

FaultGuard::FaultGuard(FaultGuard&& other) noexcept
    : slot_(std::exchange(other.slot_, -1)) {}

FaultGuard& FaultGuard::operator=(FaultGuard&& other) noexcept {
  std::swap(slot_, other.slot_);
  return *this;
}

FaultGuard::~FaultGuard() {
  if (slot_ < 0) return;
  const std::scoped_lock lock(slots_mutex);
  slots[static_cast<std::size_t>(slot_)].begin = 0;
}

std::optional<std::uint64_t> FaultGuard::fault() const {
  if (slot_ < 0) return std::nullopt;
  const Slot& slot = slots[static_cast<std::size_t>(slot_)];
  const std::uintptr_t address = slot.fault.load(std::memory_order_acquire);
  if (address == 0) return std::nullopt;
  return address - slot.begin.load();
}

}  // namespace prom::os
