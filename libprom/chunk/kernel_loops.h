// Kernels that compilers vectorise by themselves.  Included by each version of
// the kernels inside its namespace, under its target and nothing else: there
// is no `#pragma once`, and nothing may be included here.

void add(std::uint64_t* q, std::size_t count, std::uint64_t base) {
  for (std::size_t i = 0; i < count; ++i) q[i] += base;
}

void add_line(std::uint64_t* q, std::size_t count, std::uint64_t base,
              std::uint64_t slope) {
  for (std::size_t i = 0; i < count; ++i) q[i] += base + i * slope;
}

void scale(std::uint64_t* q, std::size_t count, std::uint64_t factor,
           std::uint64_t residue) {
  for (std::size_t i = 0; i < count; ++i) q[i] = q[i] * factor + residue;
}

bool all_equal(const std::uint64_t* words, std::size_t count) {
  constexpr std::size_t kBlock = 64;
  const std::uint64_t first = words[0];
  while (count >= kBlock) {
    std::uint64_t differences = 0;
    for (std::size_t i = 0; i < kBlock; ++i) differences |= words[i] ^ first;
    if (differences != 0) return false;
    words += kBlock;
    count -= kBlock;
  }
  std::uint64_t differences = 0;
  for (std::size_t i = 0; i < count; ++i) differences |= words[i] ^ first;
  return differences == 0;
}

std::uint64_t differing_bits(const std::uint64_t* words, std::size_t count) {
  const std::uint64_t first = words[0];
  std::uint64_t differences = 0;
  for (std::size_t i = 0; i < count; ++i) differences |= words[i] ^ first;
  return differences;
}

void divide(std::uint64_t* q, std::size_t count, std::uint64_t residue,
            unsigned shift, std::uint64_t factor) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t above = static_cast<std::int64_t>(q[i] - residue);
    q[i] = static_cast<std::uint64_t>(above >> shift) * factor;
  }
}

Differences differences(const std::uint64_t* q, std::size_t count,
                        std::uint64_t* into) {
  std::uint64_t changes = 0;
  std::uint64_t falls = 0;
  for (std::size_t i = 0; i + 1 < count; ++i) {
    const std::uint64_t before = q[i];
    const std::uint64_t after = q[i + 1];
    into[i] = after - before;
    changes += after != before ? 1 : 0;
    falls |=
        static_cast<std::int64_t>(after) < static_cast<std::int64_t>(before)
            ? 1
            : 0;
  }
  return {changes, falls == 0};
}

void zigzag_differences(const std::uint64_t* q, std::size_t count,
                        std::uint64_t* into) {
  for (std::size_t i = 0; i + 1 < count; ++i) {
    const std::uint64_t step = q[i + 1] - q[i];
    const std::uint64_t sign = 0 - (step >> 63U);
    into[i] = (step << 1U) ^ sign;
  }
}

void subtract_line(const std::uint64_t* q, std::size_t count,
                   std::uint64_t base, std::uint64_t slope,
                   std::uint64_t* into) {
  for (std::size_t i = 0; i < count; ++i) into[i] = q[i] - base - i * slope;
}

std::uint64_t least(const std::uint64_t* words, std::size_t count) {
  auto found = static_cast<std::int64_t>(words[0]);
  for (std::size_t i = 1; i < count; ++i) {
    const auto word = static_cast<std::int64_t>(words[i]);
    found = word < found ? word : found;
  }
  return static_cast<std::uint64_t>(found);
}
