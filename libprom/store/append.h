// prom-store append: reads inputs into a store.  Whoever gets the lock is the
// writer; who finds it taken hands its input to the writer over
// STORE/append.sock and waits until the writer has committed it.
//
// The protocol of the socket: the client sends the line
// "prom-append 1 FORMAT\n" and its input, and ends its sending direction.  The
// writer sends "at N\n" whenever it has committed more, N bytes of the input by
// now, and at the end "ok\n", or "error CODE MESSAGE\n" with an exit code.
// What is not committed when the writer goes away stays with the client, in a
// pipe even if it is killed, and goes to the next writer.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/cli/command.h"
#include "libprom/os/input_pipe.h"
#include "libprom/store/decoder.h"
#include "libprom/store/writer.h"

namespace prom::store {

constexpr std::string_view kAppendSocket = "append.sock";
constexpr std::string_view kAppendGreeting = "prom-append 1 ";

enum class SyncPolicy : std::uint8_t { kEverySecond, kEach, kNever };

struct AppendOptions {
  std::string store;
  std::vector<std::string> files;  // empty: standard input, unless listening
  InputFormat format = InputFormat::kAuto;
  SyncPolicy sync = SyncPolicy::kEverySecond;
  WriterOptions writer;
  bool listen = false;  // serve append.sock until a signal
  int ready_fd = -1;
  std::string run_dir;      // "": no metrics
  std::string config_file;  // prometheus.yml, for retention; "": none
  // Closed generations are made blocks by a process in the background, or,
  // when the input is short, at its end.
  bool compact = true;
};

cli::Exit run_append(const AppendOptions& given, cli::Io& io);

// Hands one input to the live writer, to its end.  kMissing when there is no
// writer, kBusy when it went away: `input` then holds what is to be done still.
Status append_by_socket(const std::string& store, os::InputPipe& input,
                        InputFormat format);

}  // namespace prom::store
