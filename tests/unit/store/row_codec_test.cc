#include "libprom/store/row_codec.h"

#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "libprom/store/format.h"

namespace prom::store {
namespace {

using Bits = std::vector<std::uint64_t>;

Bits decode(const std::string& body, const Bits& reference,
            std::size_t columns) {
  Bits values = reference;
  values.resize(columns);
  const RowDecoder decoder(as_bytes(body), static_cast<std::uint32_t>(columns));
  for (std::size_t at = 0; at < columns; at += kBlockColumns) {
    const std::size_t count = std::min(kBlockColumns, columns - at);
    EXPECT_TRUE(decoder.block(at / kBlockColumns,
                              std::span(values).subspan(at, count)));
  }
  for (std::size_t column = 0; column < columns; ++column) {
    std::uint64_t one = column < reference.size() ? reference[column] : 0;
    EXPECT_TRUE(decoder.column(column, one));
    EXPECT_EQ(one, values[column]);
  }
  return values;
}

TEST(RowCodec, ReadsBackWhatItWrote) {
  std::mt19937_64 random(1);
  for (const std::size_t columns : {0U, 1U, 63U, 64U, 65U, 1000U, 5000U}) {
    for (const unsigned share : {0U, 1U, 50U, 100U}) {
      Bits reference(columns);
      for (std::uint64_t& bits : reference) bits = random();
      Bits row = reference;
      for (std::uint64_t& bits : row) {
        if (random() % 100 >= share) continue;
        bits = random() % 10 == 0 ? kAbsentBits
                                  : bits ^ random() << (random() % 64);
      }
      std::string body;
      encode_row(row, reference, body);
      EXPECT_EQ(decode(body, reference, columns), row);
    }
  }
}

TEST(RowCodec, TakesColumnsPastTheReferenceAsZero) {
  const Bits row = {1, 2, 3, kAbsentBits, 0};
  std::string body;
  encode_row(row, Bits{1, 9}, body);
  EXPECT_EQ(decode(body, {1, 9}, 5), row);
}

TEST(RowCodec, WritesAlmostNothingForARowThatRepeats) {
  const Bits row(640, 0x4045000000000000ULL);
  std::string body;
  encode_row(row, row, body);
  EXPECT_EQ(body.size(), 8U);
}

TEST(RowDecoder, StaysWithinAnyBytes) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 20'000; ++round) {
    // Of exactly this size on the heap, so that a sanitizer sees each step out.
    std::vector<std::byte> bytes(random() % 100);
    for (std::byte& byte : bytes)
      byte = static_cast<std::byte>(random() % 4 == 0 ? random() : 1);
    const RowDecoder decoder(bytes, static_cast<std::uint32_t>(random() % 300));
    Bits values(64);
    (void)decoder.block(random() % 6, values);
    std::uint64_t value = 0;
    (void)decoder.column(random() % 300, value);
  }
}

}  // namespace
}  // namespace prom::store
