#include "libprom/os/notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>

#include <gtest/gtest.h>

#include "libprom/os/file.h"

namespace prom::os {
namespace {

TEST(AnnounceReady, WritesANewlineAndClosesTheDescriptor) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  announce_ready(ends[1]);
  std::array<char, 8> buffer{};
  EXPECT_EQ(::read(ends[0], buffer.data(), buffer.size()), 1);
  EXPECT_EQ(buffer[0], '\n');
  EXPECT_EQ(::read(ends[0], buffer.data(), buffer.size()), 0);
  ::close(ends[0]);
}

TEST(NotifyManager, SendsADatagramToAnAbstractSocket) {
  const std::string name = "@prom-notify-test-" + std::to_string(::getpid());
  const Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, name.data(), name.size());
  address.sun_path[0] = '\0';
  const auto size =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), size),
            0);
  ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
  announce_ready(-1);
  ::unsetenv("NOTIFY_SOCKET");
  std::array<char, 64> buffer{};
  const ssize_t n =
      ::recv(socket.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  ASSERT_GT(n, 0);
  EXPECT_EQ(std::string(buffer.data(), static_cast<std::size_t>(n)), "READY=1");
}

TEST(NotifyManager, IgnoresAPathThatIsNoSocketName) {
  ::setenv("NOTIFY_SOCKET", "relative", 1);
  notify_manager("READY=1");
  ::setenv("NOTIFY_SOCKET", ("/" + std::string(300, 'x')).c_str(), 1);
  notify_manager("READY=1");
  ::unsetenv("NOTIFY_SOCKET");
}

}  // namespace
}  // namespace prom::os
