// The result of an operation that can fail for reasons outside the program: a
// file, a peer, a configuration, a query.  A bug in the program is not an
// Error; it is an assert.
//
//   if (!r) return fail(std::move(r).error().in("open block"));
//
// is written out; there is no macro for it.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace prom {

// What kind of remedy applies.  cli/exit.h maps each to an exit code.
enum class Code {
  kNo,           // ran, and the answer is no: a check or a test failed
  kUsage,        // wrong flags or arguments
  kBadData,      // input that does not parse, or breaks a stated limit
  kMissing,      // an input that is not there
  kUnavailable,  // a remote side that does not answer
  kInternal,     // a state that the program should have excluded
  kIo,           // a system call failed: disk full, read error
  kCorrupt,      // stored bytes that fail their checksum or contradict others
  kBusy,         // trying again later is sensible
  kPermission,   // not allowed
  kConfig,       // configuration that is wrong: restarting does not help
  kExecution,    // a query that parses but cannot be evaluated on this data
  kLimit,        // a stated limit was reached; the message names it
  kTimeout,      // a deadline passed
  kCancelled,    // a signal or a caller asked to stop
};

struct [[nodiscard]] Error {
  Code code = Code::kInternal;
  // One line, lower case, no full stop, outermost context first:
  // "open block 01J…: index: bad crc at 4096".
  std::string message;

  // Returns the same error with "what: " put before the message.
  Error in(std::string_view what) && {
    message.insert(0, std::string(what) + ": ");
    return std::move(*this);
  }
};

template <typename T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

// The failing side of any Result.
[[nodiscard]] inline std::unexpected<Error> fail(Code code,
                                                 std::string message) {
  return std::unexpected<Error>(Error{code, std::move(message)});
}
[[nodiscard]] inline std::unexpected<Error> fail(Error error) {
  return std::unexpected<Error>(std::move(error));
}

}  // namespace prom
