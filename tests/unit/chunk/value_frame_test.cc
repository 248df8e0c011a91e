// Frames as the codecs make them, on every machine: that each way of packing
// is met, that all machines write and read the same bytes, and that many
// values come back.
#include "libprom/chunk/value_frame.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "libprom/chunk/value_column.h"

#include "tests/support/value_patterns.h"

namespace prom::chunk {
namespace {

using Bits = std::vector<std::uint64_t>;

class ScopedMachine {
 public:
  explicit ScopedMachine(Machine machine) { use_machine(machine); }
  ~ScopedMachine() { use_machine(std::nullopt); }
  ScopedMachine(const ScopedMachine&) = delete;
  ScopedMachine& operator=(const ScopedMachine&) = delete;
};

std::vector<Machine> machines() {
  std::vector<Machine> found;
  for (const Machine each :
       {Machine::kScalar, Machine::kAvx2, Machine::kAvx512})
    if (kernels_of(each) != nullptr) found.push_back(each);
  return found;
}

TEST(FrameEncoder, FindsEveryWayToPack) {
  std::mt19937_64 random(1);
  FrameEncoder encoder;
  std::set<Mode> modes;
  std::set<Mode> ulp_modes;
  std::set<ScaleKind> kinds;
  std::size_t divisors = 0;
  std::size_t with_exceptions = 0;
  for (int round = 0; round < 4000; ++round) {
    const Bits bits = test::make_pattern(
        random() % test::pattern_count(),
        random() % 4 == 0 ? 1 + random() % 256 : 256, random);
    std::string frame;
    encoder.begin_column();
    encoder.encode(bits, frame);
    frame.append(kOverread, '\0');
    ByteReader in(as_bytes(frame).first(frame.size() - kOverread));
    FrameHead head;
    ASSERT_TRUE(head.read(in, bits.size()));
    modes.insert(head.main.mode);
    kinds.insert(head.scale.kind);
    if (head.scale.kind == ScaleKind::kUlp) ulp_modes.insert(head.ulp.mode);
    divisors += head.scale.divisor.factor != 1 ? 1 : 0;
    with_exceptions += (static_cast<unsigned>(frame[0]) & 0x20U) != 0 ? 1 : 0;
  }
  EXPECT_EQ(modes.size(), kModes);
  EXPECT_EQ(kinds.size(), 4U);
  EXPECT_GE(ulp_modes.size(), 2U);
  EXPECT_GT(divisors, 100U);
  EXPECT_GT(with_exceptions, 100U);
}

// What a pattern is packed with in most frames.
std::string usual_packing(std::size_t kind) {
  std::mt19937_64 random(2);
  FrameEncoder encoder;
  std::map<std::string, std::size_t> seen;
  for (int round = 0; round < 40; ++round) {
    const Bits bits = test::make_pattern(kind, 256, random);
    std::string frame;
    encoder.begin_column();
    encoder.encode(bits, frame);
    ByteReader in(frame);
    FrameHead head;
    EXPECT_TRUE(head.read(in, bits.size()));
    static constexpr const char* kKinds[] = {"divide", "multiply", "bits",
                                             "ulp"};
    static constexpr const char* kModeNames[] = {
        "constant", "reference", "delta", "dod",
        "sparse",   "linear",    "xor",   "split"};
    std::string name = kKinds[static_cast<std::size_t>(head.scale.kind)];
    name += head.scale.exponent != 0 ? " decimal " : " ";
    name += head.scale.divisor.factor != 1 ? "multiple " : "";
    name += kModeNames[static_cast<std::size_t>(head.main.mode)];
    ++seen[name];
  }
  return std::ranges::max_element(seen, {},
                                  [](const auto& each) { return each.second; })
      ->first;
}

TEST(FrameEncoder, PacksThePatternsAsTheyAreMeant) {
  const std::map<std::string_view, std::string> kExpected = {
      {"counter", "divide delta"},
      {"seldom", "divide sparse"},
      {"gauge", "divide delta"},
      {"pages", "divide multiple delta"},
      {"odd_multiples", "divide multiple reference"},
      {"steady", "divide linear"},
      {"squares", "divide dod"},
      {"decimal", "divide decimal reference"},
      {"product", "multiply decimal reference"},
      {"seconds_sum", "ulp decimal delta"},
      {"ratio", "bits reference"},
      {"signed_ratio", "ulp decimal reference"},
      {"narrow_floats", "bits multiple reference"},
      {"nanoseconds", "divide multiple delta"},
  };
  for (std::size_t kind = 0; kind < test::pattern_count(); ++kind) {
    const auto expected = kExpected.find(test::pattern_name(kind));
    if (expected == kExpected.end()) continue;
    EXPECT_EQ(usual_packing(kind), expected->second) << expected->first;
  }
}

// Encodes and decodes on every machine.
void expect_twins(const Bits& bits, std::vector<ValueEncoder>& encoders) {
  std::string first;
  const std::vector<Machine> all = machines();
  for (std::size_t i = 0; i < all.size(); ++i) {
    const ScopedMachine scope(all[i]);
    std::string bytes;
    encoders[i].encode(bits, bytes);
    if (i == 0) first = bytes;
    ASSERT_EQ(bytes, first) << "machine " << i;
  }
  const std::size_t size = first.size();
  first.append(kOverread, '\x77');
  const auto column =
      ValueColumn::open(as_bytes(first).first(size), bits.size());
  ASSERT_TRUE(column);
  Bits decoded(bits.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    const ScopedMachine scope(all[i]);
    std::ranges::fill(decoded, 0);
    ASSERT_TRUE(column->decode(0, bits.size(), decoded.data()));
    ASSERT_EQ(decoded, bits) << "machine " << i;
  }
}

// A million values by default; $PROM_CODEC_VALUES asks for more (a thousand
// million take some minutes), $PROM_CODEC_SEED for others.
TEST(FrameEncoder, BringsVeryManyValuesBackOnEveryMachine) {
  const char* const wanted = std::getenv("PROM_CODEC_VALUES");
  const char* const seed = std::getenv("PROM_CODEC_SEED");
  const std::uint64_t goal =
      wanted == nullptr ? 1'000'000 : std::strtoull(wanted, nullptr, 10);
  std::mt19937_64 random(seed == nullptr ? 3
                                         : std::strtoull(seed, nullptr, 10));
  std::vector<ValueEncoder> encoders(3);
  std::uint64_t values = 0;
  for (std::size_t kind = 0; values < goal; ++kind) {
    SCOPED_TRACE(test::pattern_name(kind % test::pattern_count()));
    const Bits bits = test::make_pattern(kind % test::pattern_count(),
                                         1 + random() % 1000, random);
    expect_twins(bits, encoders);
    if (HasFatalFailure()) return;
    values += bits.size();
  }
  RecordProperty("values", std::to_string(values));
}

TEST(FrameHead, RefusesSpareCodes) {
  const std::string kBad[] = {
      std::string("\x80\x02", 2),                   // spare bit
      std::string("\x40\x17\x02", 3),               // exponent 23
      std::string("\x40\x5f\0\0\0\0\0\0\0\0", 10),  // bits with an exponent
      std::string("\x20\x01\x00\x05\x02", 5),       // stale behind the end
  };
  for (const std::string& bytes : kBad) {
    ByteReader in(bytes);
    FrameHead head;
    EXPECT_FALSE(head.read(in, 4));
  }
  for (unsigned mode = kModes; mode < 16; ++mode) {
    std::string frame = {static_cast<char>(mode), 2, 2};
    frame.append(kOverread, '\0');
    Bits decoded(4);
    EXPECT_FALSE(
        read_frame(as_bytes(frame).first(3), decoded.size(), decoded.data()));
  }
}

}  // namespace
}  // namespace prom::chunk
