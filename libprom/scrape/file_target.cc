#include "libprom/scrape/file_target.h"

#include <cstdlib>

#include "libprom/base/utf8.h"

namespace prom::scrape {

Result<std::string> allowed_file(const std::string& url,
                                 const std::string& directory) {
  const std::string path = url.substr(kFileScheme.size());
  const auto real = [](const std::string& name) {
    char* resolved = ::realpath(name.c_str(), nullptr);
    std::string text = resolved == nullptr ? "" : resolved;
    std::free(resolved);
    return text;
  };
  std::string file = real(path);
  if (file.empty()) return fail(Code::kMissing, path + ": no such file");
  std::string below = directory.empty() ? "" : real(directory);
  if (!below.empty() && !below.ends_with('/')) below += '/';
  if (below.empty() || !file.starts_with(below)) {
    return fail(Code::kPermission,
                "reading " + printable(path) + " is not allowed");
  }
  return file;
}

}  // namespace prom::scrape
