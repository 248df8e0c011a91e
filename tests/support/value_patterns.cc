#include "tests/support/value_patterns.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

namespace prom::test {
namespace {

using Random = std::mt19937_64;
using Bits = std::vector<std::uint64_t>;

constexpr std::uint64_t kStale = 0x7ff0000000000002U;

std::uint64_t bits_of(double value) {
  return std::bit_cast<std::uint64_t>(value);
}

bool chance(Random& random, unsigned one_in) {
  return random() % one_in == 0;
}

template <typename Next>
Bits doubles(std::size_t count, const Next& next) {
  Bits made(count);
  for (std::uint64_t& each : made) each = bits_of(next());
  return made;
}

// Bit patterns at which codecs break.
std::uint64_t odd_bits(Random& random) {
  static const std::array<std::uint64_t, 24> kOdd = {
      0x0000000000000000U, 0x8000000000000000U,  // zeros
      0x0000000000000001U, 0x8000000000000001U,  // least subnormals
      0x000fffffffffffffU, 0x0010000000000000U,
      0x7fefffffffffffffU, 0xffefffffffffffffU,  // greatest
      0x7ff0000000000000U, 0xfff0000000000000U,  // infinities
      0x7ff8000000000000U, 0x7ff8000000000001U,  // quiet NaNs
      0x7ff0000000000001U, kStale,               // signalling NaNs
      0xfff8000000000000U, 0xffffffffffffffffU,
      0x43e0000000000000U, 0xc3e0000000000000U,  // 2^63, -2^63
      0x43dfffffffffffffU, 0x43f0000000000000U,
      0x4340000000000000U, 0x433fffffffffffffU,  // 2^53 and below
      0x4330000000000001U, 0x7ff4000000000000U};
  return kOdd[random() % kOdd.size()];
}

Bits constant(std::size_t count, Random& random) {
  return Bits(count, chance(random, 2)
                         ? bits_of(static_cast<double>(random() % 100))
                         : random());
}
Bits counter(std::size_t count, Random& random) {
  const unsigned step = 1U + static_cast<unsigned>(random() % 1000);
  double value = static_cast<double>(random() % 1000000000);
  return doubles(count, [&] {
    if (chance(random, 300)) value = 0;
    return value += static_cast<double>(random() % step);
  });
}
Bits seldom(std::size_t count, Random& random) {
  double value = static_cast<double>(random() % 1000);
  return doubles(count, [&] {
    return value +=
           chance(random, 20) ? static_cast<double>(random() % 5) - 1 : 0;
  });
}
Bits gauge(std::size_t count, Random& random) {
  double value = 1e6;
  return doubles(count, [&] {
    return value += static_cast<double>(random() % 2001) - 1000;
  });
}
Bits pages(std::size_t count, Random& random) {
  double value = 1e9;
  value -= std::fmod(value, 4096);
  return doubles(count, [&] {
    return value += 4096 * (static_cast<double>(random() % 200) - 100);
  });
}
Bits odd_multiples(std::size_t count, Random& random) {
  const double factor = double(3 + 2 * (random() % 5000));
  const double residue = -static_cast<double>(random() % 100);
  return doubles(count, [&] {
    return residue + factor * (static_cast<double>(random() % 200) - 100);
  });
}
Bits steady(std::size_t count, Random& random) {
  double i = 0;
  return doubles(count, [&] {
    return 1.7e9 + 15 * i++ + static_cast<double>(random() % 3);
  });
}
Bits squares(std::size_t count, Random& random) {
  double i = static_cast<double>(random() % 100);
  return doubles(count, [&] {
    i += 1;
    return i * i;
  });
}
Bits decimal(std::size_t count, Random& random) {
  const double power = std::pow(10.0, double(1 + random() % 6));
  return doubles(
      count, [&] { return static_cast<double>(random() % 100000) / power; });
}
Bits product(std::size_t count, Random& random) {
  return doubles(
      count, [&] { return static_cast<double>(random() % 100000) * 0.001; });
}
Bits seconds_sum(std::size_t count, Random& random) {
  double value = static_cast<double>(random() % 1000000) / 1e3;
  return doubles(count, [&] {
    return value += static_cast<double>(random() % 100000000) * 1e-9;
  });
}
Bits ratio(std::size_t count, Random& random) {
  return doubles(count, [&] {
    return static_cast<double>(random() % 1000000) /
           double(1 + random() % 999999);
  });
}
Bits signed_ratio(std::size_t count, Random& random) {
  return doubles(count, [&] {
    return (static_cast<double>(random()) / 0x1p64 - 0.5) /
           double(1 + random() % 7);
  });
}
Bits narrow_floats(std::size_t count, Random& random) {
  return doubles(count, [&] {
    return double(static_cast<float>(random() % 1000000) / 977.0F);
  });
}
Bits great_integers(std::size_t count, Random& random) {
  return doubles(count, [&] {
    return double(std::int64_t(random())) * (chance(random, 3) ? 1e-6 : 1);
  });
}
Bits nanoseconds(std::size_t count, Random& random) {
  double value = 1.7e18;
  return doubles(count, [&] {
    return value += 256 * static_cast<double>(random() % 1000);
  });
}
Bits ending(std::size_t count, Random& random) {
  Bits made = counter(count, random);
  const std::size_t end = random() % count;
  std::fill(made.begin() + std::ptrdiff_t(end), made.end(), kStale);
  return made;
}
Bits flapping(std::size_t count, Random& random) {
  Bits made = gauge(count, random);
  for (std::uint64_t& each : made)
    if (chance(random, 3)) each = kStale;
  return made;
}
Bits sprinkled(std::size_t count, Random& random) {
  Bits made =
      chance(random, 2) ? gauge(count, random) : signed_ratio(count, random);
  for (std::uint64_t& each : made)
    if (chance(random, 30)) each = odd_bits(random);
  return made;
}
Bits odd(std::size_t count, Random& random) {
  Bits made(count);
  for (std::uint64_t& each : made) each = odd_bits(random);
  return made;
}
Bits random_bits(std::size_t count, Random& random) {
  Bits made(count);
  for (std::uint64_t& each : made) each = random();
  return made;
}
Bits payloads(std::size_t count, Random& random) {
  Bits made(count);
  for (std::uint64_t& each : made)
    each = 0x7ff0000000000000U | random() % 0xfffff | random() << 63U;
  return made;
}
Bits few_bits(std::size_t count, Random& random) {
  const auto shift = static_cast<unsigned>(random() % 64);
  const auto width = static_cast<unsigned>(1 + random() % 64);
  const std::uint64_t base = random();
  Bits made(count);
  for (std::uint64_t& each : made)
    each = base + ((random() >> (64 - width)) << shift);
  return made;
}
Bits outliers(std::size_t count, Random& random) {
  Bits made = seldom(count, random);
  for (std::uint64_t& each : made)
    if (chance(random, 40))
      each = bits_of(std::ldexp(1.0, static_cast<int>(random() % 62)));
  return made;
}
Bits subnormals(std::size_t count, Random& random) {
  Bits made(count);
  for (std::uint64_t& each : made) each = random() >> (12 + random() % 50);
  return made;
}
Bits pieces(std::size_t count, Random& random) {
  Bits made;
  while (made.size() < count) {
    const std::size_t kind = random() % (pattern_count() - 1);
    const std::size_t room = count - made.size();
    const Bits piece = make_pattern(
        kind, std::min<std::size_t>(room, 1 + random() % 400), random);
    made.insert(made.end(), piece.begin(), piece.end());
  }
  return made;
}

struct Pattern {
  std::string_view name;
  Bits (*make)(std::size_t, Random&);
};
constexpr std::array kPatterns = {
    Pattern{"constant", constant},
    Pattern{"counter", counter},
    Pattern{"seldom", seldom},
    Pattern{"gauge", gauge},
    Pattern{"pages", pages},
    Pattern{"odd_multiples", odd_multiples},
    Pattern{"steady", steady},
    Pattern{"squares", squares},
    Pattern{"decimal", decimal},
    Pattern{"product", product},
    Pattern{"seconds_sum", seconds_sum},
    Pattern{"ratio", ratio},
    Pattern{"signed_ratio", signed_ratio},
    Pattern{"narrow_floats", narrow_floats},
    Pattern{"great_integers", great_integers},
    Pattern{"nanoseconds", nanoseconds},
    Pattern{"ending", ending},
    Pattern{"flapping", flapping},
    Pattern{"sprinkled", sprinkled},
    Pattern{"odd", odd},
    Pattern{"random_bits", random_bits},
    Pattern{"payloads", payloads},
    Pattern{"few_bits", few_bits},
    Pattern{"outliers", outliers},
    Pattern{"subnormals", subnormals},
    Pattern{"pieces", pieces},  // of all others; the last
};

}  // namespace

std::size_t pattern_count() {
  return kPatterns.size();
}

std::string_view pattern_name(std::size_t kind) {
  return kPatterns[kind].name;
}

Bits make_pattern(std::size_t kind, std::size_t count, Random& random) {
  return kPatterns[kind].make(count, random);
}

}  // namespace prom::test
