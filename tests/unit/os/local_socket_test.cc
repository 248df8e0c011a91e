#include "libprom/os/local_socket.h"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include <gtest/gtest.h>

#include "tests/support/temporary_directory.h"

namespace prom::os {
namespace {

TEST(LocalSocket, CarriesBytesBothWays) {
  const TemporaryDirectory directory;
  const auto listener = listen_local(directory.path(), "s");
  ASSERT_TRUE(listener) << listener.error().message;
  EXPECT_FALSE(accept_local(listener->get()).valid());  // nobody waits
  const auto client = connect_local(directory.path(), "s");
  ASSERT_TRUE(client) << client.error().message;
  const Fd server = accept_local(listener->get());
  ASSERT_TRUE(server.valid());
  ASSERT_TRUE(send_all(client->get(), "question"));
  end_sending(client->get());
  pollfd readable{.fd = server.get(), .events = POLLIN, .revents = 0};
  ASSERT_EQ(::poll(&readable, 1, 10'000), 1);
  EXPECT_EQ(*read_all(server.get(), 100), "question");
  ASSERT_TRUE(send_all(server.get(), "answer"));
  end_sending(server.get());
  EXPECT_EQ(*read_all(client->get(), 100), "answer");
}

TEST(LocalSocket, IsForTheGroupAtMost) {
  const TemporaryDirectory directory;
  const auto listener = listen_local(directory.path(), "s");
  ASSERT_TRUE(listener);
  struct stat info{};
  ASSERT_EQ(::stat((directory.path() + "/s").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07U, 0U);
}

TEST(LocalSocket, MayLieDeeperThanASocketNameIsLong) {
  const TemporaryDirectory directory;
  std::string deep = directory.path();
  for (int i = 0; i < 4; ++i) deep += "/" + std::string(60, 'd');
  std::filesystem::create_directories(deep);
  const auto listener = listen_local(deep, "s");
  ASSERT_TRUE(listener) << listener.error().message;
  EXPECT_TRUE(connect_local(deep, "s"));
}

TEST(LocalSocket, SaysThatNobodyListens) {
  const TemporaryDirectory directory;
  const auto never = connect_local(directory.path(), "s");
  ASSERT_FALSE(never);
  EXPECT_EQ(never.error().code, Code::kMissing);
  // A process that was killed leaves the name behind.
  {
    ASSERT_TRUE(listen_local(directory.path(), "s"));
  }
  const auto no_more = connect_local(directory.path(), "s");
  ASSERT_FALSE(no_more);
  EXPECT_EQ(no_more.error().code, Code::kMissing);
  EXPECT_TRUE(listen_local(directory.path(), "s"));
}

TEST(LocalSocket, TellsThatTheReaderIsGone) {
  const TemporaryDirectory directory;
  const auto listener = listen_local(directory.path(), "s");
  ASSERT_TRUE(listener);
  const auto client = connect_local(directory.path(), "s");
  ASSERT_TRUE(client);
  {
    const Fd server = accept_local(listener->get());
  }
  EXPECT_FALSE(send_all(client->get(), "x"));  // and no SIGPIPE
}

TEST(LocalSocket, RefusesADirectoryThatIsNone) {
  EXPECT_FALSE(listen_local("/no/such/directory", "s"));
  const auto client = connect_local("/no/such/directory", "s");
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().code, Code::kMissing);
}

TEST(LocalSocket, RefusesANameThatIsTooLong) {
  const TemporaryDirectory directory;
  EXPECT_FALSE(listen_local(directory.path(), std::string(200, 'n')));
}

}  // namespace
}  // namespace prom::os
