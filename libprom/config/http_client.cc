#include "libprom/config/http_client.h"

#include "libprom/os/file.h"

namespace prom::config {

Result<Secret> resolve_secret(const Secret& secret, const std::string& file) {
  if (file.empty()) return secret;
  auto content = os::read_file(file, kSecretFileBytesMax);
  if (!content) return fail(std::move(content).error());
  constexpr std::string_view kSpace = " \t\r\n\v\f";
  const std::size_t begin = content->find_first_not_of(kSpace);
  if (begin == std::string::npos) return Secret();
  const std::size_t end = content->find_last_not_of(kSpace) + 1;
  return Secret(content->substr(begin, end - begin));
}

}  // namespace prom::config
