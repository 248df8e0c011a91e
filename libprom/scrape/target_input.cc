#include "libprom/scrape/target_input.h"

#include <unistd.h>

#include <array>
#include <cerrno>

namespace prom::scrape {
namespace {

constexpr std::size_t kReadBytes = 64U << 10U;

// prom-discover of the same installation as this program.
std::string find_discover() {
  std::array<char, 4096> self{};
  const ssize_t n = ::readlink("/proc/self/exe", self.data(), self.size() - 1);
  std::string name = "prom-discover";
  if (n <= 0) return name;
  const std::string_view path(self.data(), static_cast<std::size_t>(n));
  std::string beside = std::string(path.substr(0, path.rfind('/') + 1)) + name;
  return ::access(beside.c_str(), X_OK) == 0 ? beside : name;
}

}  // namespace

Result<TargetInput> TargetInput::discover(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), find_discover());
  auto child = os::Child::start(arguments);
  if (!child) return fail(std::move(child).error());
  TargetInput input(child->output_fd());
  input.child_.emplace(*std::move(child));
  return input;
}

void TargetInput::read(const Take& take, const Complain& complain) {
  std::array<char, kReadBytes> buffer;
  const ssize_t n = ::read(fd_, buffer.data(), buffer.size());
  if (n < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (n <= 0) {
    if (n < 0) complain(os::system_error("read targets", errno));
    if (!pending_.empty())
      complain({Code::kBadData, "the last line of targets is cut off"});
    fd_ = -1;
    return;
  }
  std::string_view rest(buffer.data(), static_cast<std::size_t>(n));
  for (std::size_t end = 0; (end = rest.find('\n')) != rest.npos;
       rest.remove_prefix(end + 1)) {
    pending_ += rest.substr(0, end);
    const std::string line = std::exchange(pending_, {});
    if (std::exchange(skipping_line_, false) || line.empty()) continue;
    auto set = config::parse_target_set(line);
    if (set) {
      take(*set);
    } else {
      complain(std::move(set).error().in("targets"));
    }
  }
  if (!skipping_line_) pending_ += rest;
  if (pending_.size() > config::kTargetLineBytesMax) {
    complain({Code::kLimit, "a line of targets is too long"});
    pending_.clear();
    skipping_line_ = true;
  }
}

void TargetInput::signal(int number) const {
  if (child_) child_->signal(number);
}

std::optional<int> TargetInput::wait_for_child() {
  if (!child_) return std::nullopt;
  return child_->wait();
}

}  // namespace prom::scrape
