// The side of append.sock that brings the input.
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <optional>

#include "libprom/base/number.h"
#include "libprom/os/clock.h"
#include "libprom/os/local_socket.h"
#include "libprom/store/append.h"

namespace prom::store {
namespace {

constexpr std::size_t kAnswerBytesMax = 65536;
constexpr int kLookEveryMs = 5;
// When to believe that a pipe is too small for the unit that it holds.
constexpr std::int64_t kAbsorbAfterNs = 1'000'000'000;
constexpr std::size_t kAbsorbBytesMin = 32768;

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

// "error CODE MESSAGE" with the code of an exit status.
Status error_of(std::string_view line) {
  constexpr std::string_view kError = "error ";
  if (!line.starts_with(kError))
    return fail(Code::kInternal, "the writer speaks another protocol");
  line.remove_prefix(kError.size());
  const std::size_t space = line.find(' ');
  const auto exit = parse_int(line.substr(0, space));
  const std::string message(
      space == std::string_view::npos ? "" : line.substr(space + 1));
  for (const Code code : {Code::kBadData, Code::kConfig}) {
    if (exit && *exit == static_cast<int>(cli::exit_for(code)))
      return fail(code, message);
  }
  return fail(Code::kIo, message);
}

// One input on its way to the live writer.
class Handover {
 public:
  Handover(os::Fd socket, os::InputPipe& input)
      : socket_(std::move(socket)), input_(input) {}

  Status run() {
    while (!result_) {
      if (Status sent = send_more(); !sent) return sent;
      if (Status waited = wait(); !waited) return waited;
      if (Status heard = receive(); !heard) return heard;
    }
    return *result_;
  }

 private:
  static std::unexpected<Error> writer_gone() {
    return fail(Code::kBusy, "the writer ended before it had committed");
  }

  Status send_more() {
    if (end_sent_) return {};
    const auto grew = input_.fill();
    if (!grew) return fail(grew.error());
    if (*grew) grew_ns_ = os::real_clock().monotonic_ns();
    const std::string_view rest = input_.bytes().substr(sent_);
    if (!rest.empty()) {
      // Of a failed send the reason may be waiting to be read.
      if (!os::send_all(socket_.get(), rest)) return receive_all();
      sent_ += rest.size();
    }
    if (input_.ended()) {
      os::end_sending(socket_.get());
      end_sent_ = true;
    } else if (!rest.empty() || sent_ < kAbsorbBytesMin) {
      return {};
    } else if (os::real_clock().monotonic_ns() - grew_ns_ > kAbsorbAfterNs) {
      // The pipe is full of a unit that the writer wants whole.
      return input_.absorb();
    }
    return {};
  }

  // A pipe stays readable while it holds what was sent and is not yet
  // committed, so then only the writer is waited for, and the pipe looked at
  // every now and then.
  Status wait() {
    std::array<pollfd, 2> waits = {
        {{socket_.get(), POLLIN, 0}, {input_.fd(), POLLIN, 0}}};
    const bool pending = sent_ > 0 && input_.is_pipe();
    const nfds_t count = end_sent_ || pending ? 1 : 2;
    const int timeout_ms = pending && !end_sent_ ? kLookEveryMs : -1;
    if (::poll(waits.data(), count, timeout_ms) < 0 && errno != EINTR)
      return fail(os::system_error("poll", errno));
    return {};
  }

  Status receive() {
    std::array<char, 4096> buffer;  // NOLINT: filled by recv
    while (!result_) {
      const ssize_t n =
          ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && errno == EAGAIN) return {};
      if (n <= 0) return writer_gone();
      lines_.append(buffer.data(), static_cast<std::size_t>(n));
      if (lines_.size() > kAnswerBytesMax) return writer_gone();
      if (Status taken = take_lines(); !taken) return taken;
    }
    return {};
  }

  Status receive_all() {
    Status received;
    while (received && !result_) received = receive();
    return received;
  }

  Status take_lines() {
    for (std::size_t end = 0; (end = lines_.find('\n')) != std::string::npos;) {
      const std::string line = lines_.substr(0, end);
      lines_.erase(0, end + 1);
      const auto at = line.starts_with("at ")
                          ? parse_uint(std::string_view(line).substr(3))
                          : std::nullopt;
      if (!at) {
        result_ = line == "ok" ? input_.consume(sent_) : error_of(line);
        return {};
      }
      if (*at < committed_ || *at - committed_ > sent_)
        return fail(Code::kInternal, "the writer counts wrongly");
      const auto more = static_cast<std::size_t>(*at - committed_);
      if (Status consumed = input_.consume(more); !consumed) return consumed;
      committed_ = *at;
      sent_ -= more;
    }
    return {};
  }

  const os::Fd socket_;
  os::InputPipe& input_;
  std::size_t sent_ = 0;         // of input_.bytes()
  std::uint64_t committed_ = 0;  // of the input since this began
  bool end_sent_ = false;
  std::int64_t grew_ns_ = 0;
  std::string lines_;
  std::optional<Status> result_;
};

}  // namespace

Status append_by_socket(const std::string& store, os::InputPipe& input,
                        InputFormat format) {
  auto socket = os::connect_local(store, kAppendSocket);
  if (!socket) return fail(socket.error());
  std::string greeting(kAppendGreeting);
  greeting += name_of(format);
  greeting += '\n';
  if (!os::send_all(socket->get(), greeting))
    return fail(Code::kMissing, "the writer ended");
  return Handover(std::move(*socket), input).run();
}

}  // namespace prom::store
