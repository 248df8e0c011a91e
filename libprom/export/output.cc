#include "libprom/export/output.h"

#include "libprom/os/file.h"

namespace prom::exports {

cli::Exit write_output(std::string_view text, const std::string& path,
                       cli::Io& io) {
  if (path.empty() || path == "-") {
    io.out.write(text);
    return cli::Exit::kOk;
  }
  const Status written =
      os::write_file_atomically(os::real_file_system(), path, text);
  if (written) return cli::Exit::kOk;
  io.complain(written.error().message);
  return cli::exit_for(written.error().code);
}

}  // namespace prom::exports
