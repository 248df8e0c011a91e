// Every version of a kernel against the scalar one, bit by bit.
#include "libprom/chunk/kernels.h"

#include <bit>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/value_patterns.h"

namespace prom::chunk {
namespace {

using Words = std::vector<std::uint64_t>;

constexpr std::size_t kOverreadBytes = 64;

class KernelTwins : public testing::TestWithParam<Machine> {
 protected:
  void SetUp() override {
    tested_ = kernels_of(GetParam());
    if (tested_ == nullptr) GTEST_SKIP() << "this processor does not have it";
  }

  // Gives both versions the same words, and expects the first `count` of what
  // they leave to be the same.
  template <typename Run>
  void expect_same(const Words& words, std::size_t count, const Run& run) {
    Words expected = words;
    Words given = words;
    run(kScalarKernels, expected.data());
    run(*tested_, given.data());
    for (std::size_t i = 0; i < count; ++i)
      ASSERT_EQ(given[i], expected[i]) << "word " << i << " of " << count;
  }

  // Of different widths and signs.
  Words make_words(std::size_t count) {
    Words words(count + 2 * kKernelBlock);
    const unsigned shift = static_cast<unsigned>(random_() % 64);
    for (std::uint64_t& word : words) {
      word = random_() >> shift;
      if (random_() % 4 == 0) word = 0 - word;
      if (random_() % 16 == 0) word = random_();
    }
    return words;
  }

  const Kernels* tested_ = nullptr;
  std::mt19937_64 random_{1};
};

TEST_P(KernelTwins, UnpackEveryWidth) {
  std::string packed(256 * 8 + kOverreadBytes, '\0');
  for (char& byte : packed) byte = static_cast<char>(random_());
  const auto* const from = reinterpret_cast<const std::byte*>(packed.data());
  for (unsigned width = 0; width <= 64; ++width) {
    for (const std::size_t count : {0U, 1U, 7U, 8U, 9U, 100U, 255U, 256U}) {
      SCOPED_TRACE(width);
      expect_same(make_words(count), count, [&](const Kernels& run, auto* q) {
        run.unpack(from, count, width, q);
      });
    }
  }
}

TEST_P(KernelTwins, TransformWordsInPlace) {
  for (int round = 0; round < 2000; ++round) {
    const std::size_t count = random_() % 257;
    const Words words = make_words(count);
    const std::uint64_t a = random_() >> random_() % 64;
    const std::uint64_t b = random_() >> random_() % 64;
    const unsigned shift = static_cast<unsigned>(random_() % 64);
    expect_same(words, count,
                [&](const Kernels& run, auto* q) { run.add(q, count, a); });
    expect_same(words, count, [&](const Kernels& run, auto* q) {
      run.add_line(q, count, a, b);
    });
    expect_same(words, count,
                [&](const Kernels& run, auto* q) { run.sum(q, count, a, b); });
    expect_same(words, count, [&](const Kernels& run, auto* q) {
      run.sum_twice(q, count, a, b);
    });
    expect_same(words, count, [&](const Kernels& run, auto* q) {
      run.chain(q, count, a, shift);
    });
    expect_same(words, count, [&](const Kernels& run, auto* q) {
      run.scale(q, count, a, b);
    });
    expect_same(words, count, [&](const Kernels& run, auto* q) {
      run.divide(q, count, a, shift, b);
    });
    expect_same(words, count, [&](const Kernels& run, auto* q) {
      run.subtract_line(q, count, a, b, q);
    });
  }
}

TEST_P(KernelTwins, LookAtWords) {
  for (int round = 0; round < 2000; ++round) {
    const std::size_t count = 1 + random_() % 256;
    Words words = make_words(count);
    if (round % 3 == 0) {
      std::fill(words.begin(), words.end(), words[0]);
      if (round % 2 == 0) words[random_() % count] ^= 1;
    }
    const std::uint64_t* const at = words.data();
    EXPECT_EQ(tested_->all_equal(at, count),
              kScalarKernels.all_equal(at, count));
    EXPECT_EQ(tested_->differing_bits(at, count),
              kScalarKernels.differing_bits(at, count));
    EXPECT_EQ(tested_->least(at, count), kScalarKernels.least(at, count));
    WidthCounts expected{};
    WidthCounts given{};
    kScalarKernels.count_widths(at, count, expected);
    tested_->count_widths(at, count, given);
    EXPECT_EQ(given, expected);
    expect_same(words, count - 1, [&](const Kernels& run, auto* q) {
      run.zigzag_differences(at, count, q);
    });
    std::vector<Differences> found;
    expect_same(words, count - 1, [&](const Kernels& run, auto* q) {
      found.push_back(run.differences(at, count, q));
    });
    EXPECT_EQ(found[0].changes, found[1].changes);
    EXPECT_EQ(found[0].ascending, found[1].ascending);
  }
}

TEST_P(KernelTwins, ConvertMantissas) {
  for (unsigned exponent = 0; exponent <= kExponentMax; ++exponent) {
    for (const bool multiply : {false, true}) {
      const Decimal decimal{static_cast<std::uint8_t>(exponent), multiply};
      for (int round = 0; round < 60; ++round) {
        const std::size_t count = 1 + random_() % 256;
        const Words q = make_words(count);
        // What is behind must stay as it is.
        expect_same(Words(count + 8, 7), count + 8,
                    [&](const Kernels& run, auto* into) {
                      run.to_double(q.data(), count, decimal, into);
                    });
      }
    }
  }
}

TEST_P(KernelTwins, FindMantissas) {
  for (std::size_t kind = 0; kind < test::pattern_count(); ++kind) {
    for (unsigned exponent = 0; exponent <= kExponentMax; ++exponent) {
      SCOPED_TRACE(test::pattern_name(kind));
      const std::size_t count = 1 + random_() % 256;
      const Words bits = test::make_pattern(kind, count, random_);
      const Decimal decimal{static_cast<std::uint8_t>(exponent),
                            random_() % 2 == 0};
      std::vector<std::size_t> misses;
      expect_same(Words(count + 8), count, [&](const Kernels& run, auto* q) {
        misses.push_back(run.from_double(bits.data(), count, decimal, q));
      });
      EXPECT_EQ(misses[0], misses[1]);
    }
  }
}

TEST_P(KernelTwins, FindMantissasAtTheEndsOfTheirRange) {
  Words bits;
  for (const double edge : {0x1p51, 0x1p52, 0x1p53, 0x1p62, 0x1p63, 0x1p64,
                            1e14, 1e15, 1e16, 0.5, 1.5, 2.5}) {
    for (const double sign : {1.0, -1.0}) {
      for (const std::uint64_t ulp : {0U, 1U, 2U}) {
        bits.push_back(std::bit_cast<std::uint64_t>(sign * edge) + ulp);
        bits.push_back(std::bit_cast<std::uint64_t>(sign * edge) - ulp);
      }
    }
  }
  for (const unsigned exponent : {0U, 1U, 2U, 15U}) {
    for (const bool multiply : {false, true}) {
      expect_same(Words(bits.size() + 8), bits.size(),
                  [&](const Kernels& run, auto* q) {
                    run.from_double(
                        bits.data(), bits.size(),
                        {static_cast<std::uint8_t>(exponent), multiply}, q);
                  });
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Machines, KernelTwins,
                         testing::Values(Machine::kAvx2, Machine::kAvx512),
                         [](const auto& machine) {
                           return machine.param == Machine::kAvx2 ? "Avx2"
                                                                  : "Avx512";
                         });

}  // namespace
}  // namespace prom::chunk
