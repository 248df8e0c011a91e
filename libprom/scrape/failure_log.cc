#include "libprom/scrape/failure_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "libprom/base/duration.h"
#include "libprom/base/json_writer.h"
#include "libprom/os/log.h"

namespace prom::scrape {

void FailureLogs::write(const std::string& path, std::int64_t now_ms,
                        std::string_view job, std::string_view url,
                        std::string_view message) {
  if (path.empty()) return;
  const auto [file, is_new] = files_.try_emplace(path);
  if (is_new) {
    file->second = os::Fd(
        ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640));
    if (!file->second.valid()) {
      os::log_error("cannot open the scrape failure log",
                    {{"err", os::system_error(path, errno).message}});
    }
  }
  if (!file->second.valid()) return;
  std::string line;
  JsonWriter json(line);
  json.begin_object();
  json.key("time").string(format_rfc3339(now_ms));
  json.key("level").string("ERROR");
  json.key("msg").string(message);
  json.key("job_name").string(job);
  json.key("target").string(url);
  json.end_object();
  line += '\n';
  if (::write(file->second.get(), line.data(), line.size()) < 0) {
    os::log_error("cannot write the scrape failure log",
                  {{"err", os::system_error(path, errno).message}});
    file->second.reset();  // until the next reload
  }
}

}  // namespace prom::scrape
