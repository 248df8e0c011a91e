#include "libprom/os/input_pipe.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>

#include <gtest/gtest.h>

#include "tests/support/temporary_directory.h"

namespace prom::os {
namespace {

class InputPipeTest : public testing::Test {
 protected:
  InputPipeTest() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    read_end_ = Fd(ends[0]);
    write_end_ = Fd(ends[1]);
  }
  void write(std::string_view text) const {
    EXPECT_EQ(::write(write_end_.get(), text.data(), text.size()),
              static_cast<ssize_t>(text.size()));
  }
  InputPipe open() const {
    auto input = InputPipe::open(read_end_.get());
    EXPECT_TRUE(input);
    return *std::move(input);
  }
  // What a successor that opens the same pipe finds.
  std::string left() const {
    InputPipe successor = open();
    EXPECT_TRUE(successor.fill());
    return std::string(successor.bytes());
  }

  Fd read_end_, write_end_;
};

TEST_F(InputPipeTest, LeavesToASuccessorWhatIsNotConsumed) {
  write("abcdef");
  InputPipe input = open();
  EXPECT_TRUE(input.is_pipe());
  EXPECT_EQ(*input.fill(), true);
  EXPECT_EQ(input.bytes(), "abcdef");
  EXPECT_EQ(left(), "abcdef");
  ASSERT_TRUE(input.consume(2));
  EXPECT_EQ(input.bytes(), "cdef");
  EXPECT_EQ(left(), "cdef");
}

TEST_F(InputPipeTest, GrowsByWhatComes) {
  InputPipe input = open();
  EXPECT_EQ(*input.fill(), false);
  write("ab");
  EXPECT_EQ(*input.fill(), true);
  EXPECT_EQ(*input.fill(), false);
  write("cd");
  EXPECT_EQ(*input.fill(), true);
  EXPECT_EQ(input.bytes(), "abcd");
  EXPECT_FALSE(input.ended());
}

TEST_F(InputPipeTest, EndsOnceAllWritersAreGoneAndAllIsRead) {
  write("x");
  write_end_.reset();
  InputPipe input = open();
  EXPECT_EQ(*input.fill(), true);
  EXPECT_EQ(*input.fill(), true);  // the end is news
  EXPECT_TRUE(input.ended());
  EXPECT_EQ(*input.fill(), false);
  EXPECT_EQ(input.bytes(), "x");
}

TEST_F(InputPipeTest, AbsorbsWhatIsLargerThanAPipe) {
  write("abc");
  InputPipe input = open();
  ASSERT_TRUE(input.fill());
  ASSERT_TRUE(input.absorb());
  EXPECT_EQ(left(), "");
  write("def");
  EXPECT_EQ(*input.fill(), true);
  EXPECT_EQ(input.bytes(), "abcdef");
  // The first bytes are in memory only, the last two still in the pipe.
  ASSERT_TRUE(input.consume(4));
  EXPECT_EQ(input.bytes(), "ef");
  EXPECT_EQ(left(), "ef");
}

TEST_F(InputPipeTest, TakesMoreThanAPipeHolds) {
  const int size = ::fcntl(write_end_.get(), F_GETPIPE_SZ);
  ASSERT_GT(size, 0);
  const std::string piece(static_cast<std::size_t>(size) / 2, 'p');
  InputPipe input = open();
  for (int i = 0; i < 8; ++i) {
    write(piece);
    ASSERT_TRUE(input.fill());
    ASSERT_TRUE(input.absorb());
  }
  EXPECT_EQ(input.bytes().size(), piece.size() * 8);
  ASSERT_TRUE(input.consume(piece.size() * 8));
  EXPECT_EQ(input.bytes(), "");
}

TEST(InputFile, IsReadToItsEnd) {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/f";
  ASSERT_TRUE(write_file_atomically(real_file_system(), path, "abc"));
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  auto input = InputPipe::open(fd.get());
  ASSERT_TRUE(input);
  EXPECT_FALSE(input->is_pipe());
  EXPECT_EQ(*input->fill(), true);
  EXPECT_EQ(input->bytes(), "abc");
  ASSERT_TRUE(input->consume(1));
  EXPECT_EQ(input->bytes(), "bc");
  EXPECT_EQ(*input->fill(), true);
  EXPECT_TRUE(input->ended());
  ASSERT_TRUE(input->absorb());
  EXPECT_EQ(input->bytes(), "bc");
}

TEST(InputPipe, RefusesWhatIsNoDescriptor) {
  const auto input = InputPipe::open(-1);
  ASSERT_FALSE(input);
  EXPECT_EQ(input.error().code, Code::kIo);
}

}  // namespace
}  // namespace prom::os
