#include "libprom/store/generation_request.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <thread>

#include "libprom/os/local_socket.h"
#include "libprom/store/append.h"
#include "libprom/store/writer.h"

namespace prom::store {
namespace {

constexpr int kAttempts = 200;
constexpr auto kPause = std::chrono::milliseconds(50);

Status ask_writer(const std::string& store) {
  auto socket = os::connect_local(store, kAppendSocket);
  if (!socket) return fail(std::move(socket).error());
  if (!os::send_all(socket->get(), kRotateRequest))
    return fail(Code::kMissing, "the writer ended");
  os::end_sending(socket->get());
  std::string answer;
  std::array<char, 512> buffer;  // NOLINT: filled by recv
  while (answer.size() < buffer.size() && !answer.ends_with('\n')) {
    const ssize_t n = ::recv(socket->get(), buffer.data(), buffer.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return fail(Code::kMissing, "the writer ended");
    answer.append(buffer.data(), static_cast<std::size_t>(n));
  }
  if (answer == "ok\n") return {};
  answer.pop_back();
  return fail(Code::kIo, "the writer says: " + answer);
}

}  // namespace

Status request_generation(os::FileSystem& files, os::Clock& clock,
                          const std::string& store, bool unsafe_filesystem) {
  Status busy;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (attempt > 0) std::this_thread::sleep_for(kPause);
    auto writer = Writer::open(store, {.unsafe_filesystem = unsafe_filesystem},
                               files, clock);
    if (writer) return (*writer)->rotate();
    busy = fail(writer.error());
    if (busy.error().code != Code::kBusy) return busy;
    const Status asked = ask_writer(store);
    if (asked || asked.error().code != Code::kMissing) return asked;
  }
  return busy;
}

}  // namespace prom::store
