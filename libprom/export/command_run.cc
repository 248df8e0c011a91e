#include "libprom/export/command_run.h"

#include "libprom/export/families.h"
#include "libprom/export/output.h"
#include "libprom/os/child.h"

namespace prom::exports {
namespace {

constexpr std::size_t kOutputBytesMax = 16ULL << 20U;
// What a shell says of a command that it does not find.
constexpr int kNotFound = 127;

std::string file_name(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

// Adds what the command printed; false when it is no exposition.
bool add_output(const os::Finished& finished, Families& families, cli::Io& io) {
  if (finished.cut) {
    io.complain("the command wrote more than 16 MiB");
    return false;
  }
  const Status taken = families.add_text(finished.output);
  if (!taken)
    io.complain("the output is not exposition text: " + taken.error().message);
  return taken.has_value();
}

}  // namespace

cli::Exit run_command(const CommandOptions& options, cli::Io& io) {
  const std::int64_t begin_ns = io.clock.monotonic_ns();
  Result<os::Finished> finished =
      os::run_child(options.arguments, kOutputBytesMax, options.timeout_ms);
  const std::int64_t took_ns = io.clock.monotonic_ns() - begin_ns;
  if (!finished) {
    io.complain(finished.error().message);
    finished.emplace().status = kNotFound;
  }
  if (finished->timed_out)
    io.complain("the command took too long and was ended");
  Families families;
  const bool valid = add_output(*finished, families, io);
  const Labels labels{{"command", options.name.empty()
                                      ? file_name(options.arguments.at(0))
                                      : options.name}};
  families.gauge("prom_export_command_duration_seconds",
                 "How long the command ran.",
                 static_cast<double>(took_ns) / 1e9, labels);
  families.gauge("prom_export_command_exit_status",
                 "Exit status of the command, 128 + N when signal N ended it, "
                 "127 when there is no such command.",
                 finished->status, labels);
  families.gauge("prom_export_command_timed_out",
                 "Whether the command was ended because it took too long.",
                 finished->timed_out ? 1 : 0, labels);
  families.gauge("prom_export_command_output_valid",
                 "Whether what the command printed is exposition text.",
                 valid ? 1 : 0, labels);
  families.gauge("prom_export_command_finished_timestamp_seconds",
                 "When the command ended, in seconds since 1970.",
                 static_cast<double>(io.clock.wall_ms()) / 1e3, labels);
  return write_output(families.text(), options.output, io);
}

}  // namespace prom::exports
