#include "libprom/os/fault.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <csignal>

#include <gtest/gtest.h>

#include "libprom/os/file.h"

#include "tests/support/temporary_directory.h"

namespace prom::os {
namespace {

// A file of some pages, mapped; truncate() makes pages unreadable.
class FaultGuardTest : public testing::Test {
 protected:
  static constexpr std::size_t kPages = 4;

  FaultGuardTest() : page_(static_cast<std::size_t>(::sysconf(_SC_PAGESIZE))) {
    const std::string path = directory_.path() + "/f";
    fd_ = Fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    const std::string text(page_ * kPages, 'x');
    EXPECT_EQ(::write(fd_.get(), text.data(), text.size()),
              static_cast<ssize_t>(text.size()));
    mapping_ = static_cast<const char*>(
        ::mmap(nullptr, page_ * kPages, PROT_READ, MAP_SHARED, fd_.get(), 0));
    EXPECT_NE(mapping_, MAP_FAILED);
  }
  ~FaultGuardTest() override {
    ::munmap(const_cast<char*>(mapping_), page_ * kPages);
  }
  void truncate(std::size_t pages) const {
    EXPECT_EQ(::ftruncate(fd_.get(), static_cast<off_t>(page_ * pages)), 0);
  }
  [[nodiscard]] Bytes region() const {
    return {reinterpret_cast<const std::byte*>(mapping_), page_ * kPages};
  }
  // volatile: the byte is read whatever the compiler knows.
  [[nodiscard]] char at(std::size_t offset) const {
    return *static_cast<const volatile char*>(mapping_ + offset);
  }

  const std::size_t page_;
  const TemporaryDirectory directory_;
  Fd fd_;
  const char* mapping_ = nullptr;
};

TEST_F(FaultGuardTest, ReadsZerosWhereAPageIsGoneAndSaysWhere) {
  const FaultGuard guard(region());
  EXPECT_EQ(at(page_ * 3), 'x');
  EXPECT_FALSE(guard.fault());
  truncate(2);
  EXPECT_EQ(at(page_), 'x');
  EXPECT_FALSE(guard.fault());
  EXPECT_EQ(at(page_ * 3 + 5), '\0');
  ASSERT_TRUE(guard.fault());
  EXPECT_EQ(*guard.fault(), page_ * 3 + 5);
  EXPECT_EQ(at(page_ * 3), '\0');  // no second fault
}

TEST_F(FaultGuardTest, MovesWithItsOwner) {
  FaultGuard first(region());
  const FaultGuard second = std::move(first);
  truncate(1);
  EXPECT_EQ(at(page_ * 2), '\0');
  EXPECT_TRUE(second.fault());
}

TEST_F(FaultGuardTest, WithoutAGuardTheProcessEnds) {
  EXPECT_EXIT(
      {
        {
          const FaultGuard guard(region());
        }  // the handler is installed
        truncate(0);
        (void)at(0);
      },
      testing::KilledBySignal(SIGBUS), "");
}

TEST(FaultGuard, OfNothingSaysNothing) {
  EXPECT_FALSE(FaultGuard().fault());
  EXPECT_FALSE(FaultGuard(Bytes()).fault());
}

}  // namespace
}  // namespace prom::os
