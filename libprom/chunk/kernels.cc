#include "libprom/chunk/kernels.h"

#include <atomic>

namespace prom::chunk {
namespace {

std::atomic<const Kernels*> chosen = nullptr;

const Kernels& widest() {
  for (const Machine machine : {Machine::kAvx512, Machine::kAvx2}) {
    const Kernels* found = kernels_of(machine);
    if (found != nullptr) return *found;
  }
  return kScalarKernels;
}

}  // namespace

const std::array<double, kExponentMax + 1> kPowers = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
const std::array<double, kExponentMax + 1> kNegativePowers = {
    1e-0,  1e-1,  1e-2,  1e-3,  1e-4,  1e-5,  1e-6,  1e-7,
    1e-8,  1e-9,  1e-10, 1e-11, 1e-12, 1e-13, 1e-14, 1e-15,
    1e-16, 1e-17, 1e-18, 1e-19, 1e-20, 1e-21, 1e-22};

const Kernels* kernels_of(Machine machine) {
  if (machine == Machine::kScalar) return &kScalarKernels;
#ifdef __x86_64__
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi2") ||
      !__builtin_cpu_supports("lzcnt"))
    return nullptr;
  if (machine == Machine::kAvx2) return &kAvx2Kernels;
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512cd") &&
      __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512vbmi"))
    return &kAvx512Kernels;
#endif
  return nullptr;
}

const Kernels& kernels() {
  const Kernels* found = chosen.load(std::memory_order_relaxed);
  if (found == nullptr) {
    found = &widest();
    chosen.store(found, std::memory_order_relaxed);
  }
  return *found;
}

void use_machine(std::optional<Machine> machine) {
  chosen.store(machine ? kernels_of(*machine) : nullptr,
               std::memory_order_relaxed);
}

}  // namespace prom::chunk
