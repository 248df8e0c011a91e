// How far a long command is, on a terminal: one line that is drawn over, at
// most ten times a second, and gone at the end.  In a pipe, nothing.
//
//   import  [=========>          ]  47%  1.2 GB of 2.6 GB  84 MB/s  17s left
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "libprom/os/clock.h"
#include "libprom/os/output.h"

namespace prom::cli {

enum class ProgressUnit { kBytes, kCount };

// What the line is made of.
struct ProgressState {
  std::string_view what = {};
  std::uint64_t total = 0;  // 0: not known
  std::uint64_t done = 0;
  std::string_view note = {};
  double seconds = 0;  // since the beginning
  ProgressUnit unit = ProgressUnit::kBytes;
};
std::string progress_line(const ProgressState& state);

// One thread.
class Progress {
 public:
  using Unit = ProgressUnit;
  // `total` 0: not known, as for a pipe; then there is no bar.
  Progress(os::Output& err, os::Clock& clock, std::string what,
           std::uint64_t total, Unit unit = Unit::kBytes);
  // Removes the line.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `note` is shown behind the figures ("3.2 M samples").
  void show(std::uint64_t done, std::string_view note = {});
  // Another part of the work begins: the bar starts anew.
  void begin(std::string what, std::uint64_t total, Unit unit);
  // Removes the line, so that a message can be written.
  void clear();

 private:
  os::Output& err_;
  os::Clock& clock_;
  const bool visible_;
  std::string what_;
  std::uint64_t total_;
  Unit unit_;
  std::int64_t begun_ns_;
  std::int64_t shown_ns_ = INT64_MIN;
  bool on_screen_ = false;
};

// "1.2 GB": powers of 1000, three digits at most.
std::string format_bytes(std::uint64_t bytes);
// "3.2 M": the same for what is counted.
std::string format_count(std::uint64_t count);

}  // namespace prom::cli
