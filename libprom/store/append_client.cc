// The side of append.sock that brings the input.
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "libprom/base/number.h"
#include "libprom/os/local_socket.h"
#include "libprom/store/append.h"

namespace prom::store {
namespace {

constexpr std::size_t kAnswerBytesMax = 65536;

std::string_view name_of(InputFormat format) {
  switch (format) {
    case InputFormat::kAuto:
      return "auto";
    case InputFormat::kText:
      return "text";
    case InputFormat::kOpenMetrics:
      return "openmetrics";
    case InputFormat::kPipe:
      return "pipe";
    case InputFormat::kWire:
      return "wire";
  }
  return "auto";
}

// "ok", or "error CODE MESSAGE" with the code of an exit status.
Status read_answer(int fd) {
  auto answer = os::read_all(fd, kAnswerBytesMax);
  if (!answer) return fail(std::move(answer).error());
  std::string_view line = *answer;
  if (line == "ok\n") return {};
  if (line.ends_with('\n')) line.remove_suffix(1);
  constexpr std::string_view kError = "error ";
  if (!line.starts_with(kError))
    return fail(Code::kBusy, "the writer ended before it had committed");
  line.remove_prefix(kError.size());
  const std::size_t space = line.find(' ');
  const auto exit = parse_int(line.substr(0, space));
  const std::string message(
      space == std::string_view::npos ? "" : line.substr(space + 1));
  for (const Code code : {Code::kBadData, Code::kBusy, Code::kConfig}) {
    if (exit && *exit == static_cast<int>(cli::exit_for(code)))
      return fail(code, message);
  }
  return fail(Code::kIo, message);
}

}  // namespace

Status append_by_socket(const std::string& store, int input_fd,
                        InputFormat format) {
  const auto socket = os::connect_local(store, kAppendSocket);
  if (!socket) return fail(socket.error());
  std::string greeting(kAppendGreeting);
  greeting += name_of(format);
  greeting += '\n';
  if (Status sent = os::send_all(socket->get(), greeting); !sent) return sent;
  std::array<char, 65536> buffer;  // NOLINT: filled by read
  while (true) {
    const ssize_t n = ::read(input_fd, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(os::system_error("read", errno));
    if (n == 0) break;
    const Status sent = os::send_all(
        socket->get(), {buffer.data(), static_cast<std::size_t>(n)});
    // The writer may have refused already; then it says why.
    if (!sent) return read_answer(socket->get());
  }
  os::end_sending(socket->get());
  return read_answer(socket->get());
}

}  // namespace prom::store
