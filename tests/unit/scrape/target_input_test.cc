#include "libprom/scrape/target_input.h"

#include <unistd.h>

#include <gtest/gtest.h>

namespace prom::scrape {
namespace {

class TargetInputTest : public testing::Test {
 protected:
  TargetInputTest() {
    int fds[2];
    EXPECT_EQ(::pipe(fds), 0);
    read_end_ = os::Fd(fds[0]);
    write_end_ = os::Fd(fds[1]);
    input_.emplace(read_end_.get());
  }
  void write(std::string_view text) {
    ASSERT_EQ(::write(write_end_.get(), text.data(), text.size()),
              static_cast<ssize_t>(text.size()));
    read();
  }
  void read() {
    input_->read(
        [this](const config::TargetSet& set) { jobs_.push_back(set.job); },
        [this](const Error& error) { errors_.push_back(error.message); });
  }

  os::Fd read_end_, write_end_;
  std::optional<TargetInput> input_;
  std::vector<std::string> jobs_, errors_;
};

TEST_F(TargetInputTest, TakesLinesHoweverTheyAreCut) {
  write(R"({"job":"a","targets":[]})");
  EXPECT_TRUE(jobs_.empty());
  write("\n{\"job\":\"b\",");
  write("\"targets\":[]}\n\n{\"job\":\"c\",\"targets\":[]}\n");
  EXPECT_EQ(jobs_, (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_TRUE(errors_.empty());
}

TEST_F(TargetInputTest, SkipsLinesThatAreNone) {
  write("not json\n{\"job\":\"a\",\"targets\":[]}\n");
  EXPECT_EQ(jobs_, std::vector<std::string>{"a"});
  EXPECT_EQ(errors_.size(), 1U);
}

TEST_F(TargetInputTest, KnowsItsEnd) {
  write("{\"job\":\"a\"");
  write_end_.reset();
  read();
  EXPECT_EQ(input_->fd(), -1);
  EXPECT_EQ(errors_.size(), 1U);
}

}  // namespace
}  // namespace prom::scrape
