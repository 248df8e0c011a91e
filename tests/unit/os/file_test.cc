#include "libprom/os/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "libprom/os/lock.h"
#include "libprom/os/watch.h"

#include "tests/support/temporary_directory.h"

namespace prom::os {
namespace {

class FileTest : public testing::Test {
 protected:
  [[nodiscard]] std::string path(const std::string& name) const {
    return directory_.path() + "/" + name;
  }
  [[nodiscard]] std::string content(const std::string& name) const {
    return read_file(path(name)).value_or("(unreadable)");
  }

  TemporaryDirectory directory_;
  FileSystem& files_ = real_file_system();
};

// prom-rules eval --alerts /dev/null once replaced /dev/null by a file.
TEST_F(FileTest, WritesToWhatIsNoFileInsteadOfReplacingIt) {
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  const Fd reader(::open(path("pipe").c_str(), O_RDONLY | O_NONBLOCK));
  ASSERT_TRUE(write_file_atomically(files_, path("pipe"), "through"));
  EXPECT_EQ(read_all(reader.get(), 100).value(), "through");
  struct stat info{};
  ASSERT_EQ(::stat(path("pipe").c_str(), &info), 0);
  EXPECT_TRUE(S_ISFIFO(info.st_mode));
  EXPECT_EQ(files_.list(directory_.path())->size(), 1U);
  EXPECT_FALSE(write_file_atomically(files_, directory_.path(), "x"));
}

TEST_F(FileTest, IsWrittenAndReadAtPositions) {
  auto file = files_.open(path("a"), OpenMode::kCreate);
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->write_at(3, as_bytes("def")));
  ASSERT_TRUE((*file)->write_at(0, as_bytes("abc")));
  ASSERT_TRUE((*file)->sync());
  EXPECT_EQ((*file)->size().value(), 6U);
  std::array<std::byte, 10> buffer{};
  EXPECT_EQ((*file)->read_at(2, buffer).value(), 4U);
  EXPECT_EQ(as_text(Bytes(buffer).first(4)), "cdef");
  EXPECT_EQ((*file)->read_at(6, buffer).value(), 0U);
  ASSERT_TRUE((*file)->preallocate(100));
  EXPECT_EQ((*file)->size().value(), 100U);
  ASSERT_TRUE((*file)->truncate(2));
  EXPECT_EQ(content("a"), "ab");
}

TEST_F(FileTest, ErrorsNameThePathAndTheRemedy) {
  const auto missing = files_.open(path("none"), OpenMode::kRead);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Code::kMissing);
  EXPECT_NE(missing.error().message.find(path("none")), std::string::npos);
  ASSERT_TRUE(files_.open(path("a"), OpenMode::kCreate));
  EXPECT_FALSE(files_.open(path("a"), OpenMode::kCreate));
  EXPECT_EQ(files_.open(path("a/b"), OpenMode::kRead).error().code,
            Code::kMissing);
  EXPECT_EQ(system_error("x", EROFS).code, Code::kPermission);
  EXPECT_EQ(system_error("x", ENOSPC).code, Code::kIo);
}

TEST_F(FileTest, AWholeFileIsReadUpToItsLimit) {
  ASSERT_TRUE(write_file_atomically(files_, path("a"), "12345"));
  EXPECT_EQ(read_file(path("a"), 5).value(), "12345");
  const auto limited = read_file(path("a"), 4);
  ASSERT_FALSE(limited);
  EXPECT_EQ(limited.error().code, Code::kLimit);
  EXPECT_NE(limited.error().message.find(path("a")), std::string::npos);
  EXPECT_EQ(read_file(directory_.path()).error().code, Code::kIo);
  EXPECT_EQ(read_file(path("none")).error().code, Code::kMissing);
}

TEST_F(FileTest, IsReplacedInOneStep) {
  ASSERT_TRUE(write_file_atomically(files_, path("a"), "old content"));
  ASSERT_TRUE(write_file_atomically(files_, path("a"), "new"));
  EXPECT_EQ(content("a"), "new");
  EXPECT_EQ(files_.list(directory_.path())->size(), 1U);
  EXPECT_FALSE(write_file_atomically(files_, path("none/a"), "x"));
}

TEST_F(FileTest, IsNeverWrittenThroughALinkLeftInTheWay) {
  ASSERT_TRUE(write_file_atomically(files_, path("victim"), "precious"));
  const std::string temporary =
      path("a") + ".tmp-" + std::to_string(::getpid());
  ASSERT_EQ(::symlink(path("victim").c_str(), temporary.c_str()), 0);
  ASSERT_TRUE(write_file_atomically(files_, path("a"), "mine"));
  EXPECT_EQ(content("a"), "mine");
  EXPECT_EQ(content("victim"), "precious");
  struct stat info{};
  ASSERT_EQ(::lstat(path("a").c_str(), &info), 0);
  EXPECT_TRUE(S_ISREG(info.st_mode));
}

TEST_F(FileTest, DirectoriesAreMadeListedAndRemoved) {
  ASSERT_TRUE(make_directories(files_, path("x//y/z/")));
  ASSERT_TRUE(make_directories(files_, path("x/y")));
  ASSERT_TRUE(write_file_atomically(files_, path("x/b"), ""));
  const auto entries = files_.list(path("x"));
  ASSERT_TRUE(entries);
  ASSERT_EQ(entries->size(), 2U);
  EXPECT_EQ(entries->at(0).name, "b");
  EXPECT_FALSE(entries->at(0).is_directory);
  EXPECT_TRUE(entries->at(1).is_directory);
  EXPECT_FALSE(files_.remove_directory(path("x")));
  ASSERT_TRUE(files_.remove_directory(path("x/y/z")));
  ASSERT_TRUE(files_.sync_directory(path("x/y")));
  EXPECT_EQ(files_.list(path("none")).error().code, Code::kMissing);
}

TEST_F(FileTest, InformationIsThatOfTheTarget) {
  ASSERT_TRUE(write_file_atomically(files_, path("a"), "123"));
  const auto info = file_info(path("a"));
  ASSERT_TRUE(info);
  EXPECT_EQ(info->size, 3U);
  EXPECT_FALSE(info->is_directory);
  EXPECT_GT(info->modified_ns, 0);
  EXPECT_TRUE(file_info(directory_.path())->is_directory);
  EXPECT_FALSE(exists(path("b")));
  const auto space = disk_space(directory_.path());
  ASSERT_TRUE(space);
  EXPECT_GT(space->total_bytes, space->free_bytes / 2);
}

TEST_F(FileTest, PatternsMatchSorted) {
  for (const char* name : {"b.yml", "a.yml", "c.txt"})
    ASSERT_TRUE(write_file_atomically(files_, path(name), ""));
  EXPECT_EQ(glob(path("*.yml")),
            (std::vector<std::string>{path("a.yml"), path("b.yml")}));
  EXPECT_TRUE(glob(path("*.none")).empty());
}

TEST(Path, IsJoinedAndSplit) {
  EXPECT_EQ(join_path("/a", "b"), "/a/b");
  EXPECT_EQ(join_path("/a/", "b"), "/a/b");
  EXPECT_EQ(join_path("/a", "/b"), "/b");
  EXPECT_EQ(join_path("", "b"), "b");
  EXPECT_EQ(join_path(".", "b"), "b");
  EXPECT_EQ(parent_directory("/a/b"), "/a");
  EXPECT_EQ(parent_directory("/a"), "/");
  EXPECT_EQ(parent_directory("a"), ".");
  EXPECT_EQ(parent_directory("a/b"), "a");
}

TEST_F(FileTest, ALockIsHeldOnceAndReleased) {
  EXPECT_FALSE(FileLock::is_held(path("LOCK")).value());
  {
    const auto lock = FileLock::acquire(path("LOCK"));
    ASSERT_TRUE(lock);
    EXPECT_TRUE(FileLock::is_held(path("LOCK")).value());
    const auto second = FileLock::acquire(path("LOCK"));
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Code::kBusy);
    // Opening and closing the file elsewhere must not release it.
    EXPECT_TRUE(read_file(path("LOCK")));
    EXPECT_TRUE(FileLock::is_held(path("LOCK")).value());
  }
  EXPECT_FALSE(FileLock::is_held(path("LOCK")).value());
  EXPECT_TRUE(FileLock::acquire(path("LOCK")));
  EXPECT_TRUE(exists(path("LOCK")));
}

TEST_F(FileTest, AWatchNoticesFinishedFilesOnly) {
  auto watch = DirectoryWatch::create();
  ASSERT_TRUE(watch);
  ASSERT_TRUE(watch->add(directory_.path()));
  ASSERT_TRUE(watch->add(directory_.path()));
  EXPECT_FALSE(watch->take_events());
  {
    auto file = files_.open(path("a"), OpenMode::kCreate);
    ASSERT_TRUE(file);
    EXPECT_TRUE(watch->take_events());  // it was created
    ASSERT_TRUE((*file)->write_at(0, as_bytes("x")));
    EXPECT_FALSE(watch->take_events());
  }
  EXPECT_TRUE(watch->take_events());
  ASSERT_TRUE(files_.rename(path("a"), path("b")));
  EXPECT_TRUE(watch->take_events());
  ASSERT_TRUE(files_.unlink(path("b")));
  EXPECT_TRUE(watch->take_events());
  EXPECT_EQ(watch->add(path("none")).error().code, Code::kMissing);
}

}  // namespace
}  // namespace prom::os
