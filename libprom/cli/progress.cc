#include "libprom/cli/progress.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "libprom/base/duration.h"
#include "libprom/cli/table.h"

namespace prom::cli {
namespace {

constexpr std::int64_t kPauseNs = 100'000'000;
constexpr std::size_t kBarColumns = 24;
// Before that, a rate says nothing.
constexpr double kRateAfterSeconds = 0.5;

std::string scaled(std::uint64_t value, std::string_view unit) {
  static constexpr std::array<std::string_view, 7> kPrefixes = {
      "", "k", "M", "G", "T", "P", "E"};
  auto shown = static_cast<double>(value);
  std::size_t prefix = 0;
  while (shown >= 999.5 && prefix + 1 < kPrefixes.size()) {
    shown /= 1000;
    ++prefix;
  }
  const bool whole = prefix == 0 || shown >= 99.95;
  const std::string number =
      whole ? fmt::format("{:.0f}", shown) : fmt::format("{:.1f}", shown);
  const bool bare = prefix == 0 && unit.empty();
  return bare ? number
              : fmt::format("{} {}{}", number, kPrefixes[prefix], unit);
}

std::string bar(double share) {
  const auto full =
      static_cast<std::size_t>(share * static_cast<double>(kBarColumns));
  std::string text(full, '=');
  if (full < kBarColumns) text += '>';
  text.resize(kBarColumns, ' ');
  return "[" + text + "]";
}

}  // namespace

std::string format_bytes(std::uint64_t bytes) {
  return scaled(bytes, "B");
}

std::string format_count(std::uint64_t count) {
  return scaled(count, "");
}

std::string progress_line(const ProgressState& state) {
  const auto amount = [&](std::uint64_t n) {
    return state.unit == ProgressUnit::kBytes ? format_bytes(n)
                                              : format_count(n);
  };
  std::string text(state.what);
  if (state.total > 0) {
    const double share = std::min(1.0, static_cast<double>(state.done) /
                                           static_cast<double>(state.total));
    text += fmt::format("  {} {:3.0f}%  {} of {}", bar(share), share * 100,
                        amount(state.done), amount(state.total));
  } else {
    text += "  " + amount(state.done);
  }
  if (!state.note.empty()) text += fmt::format("  {}", state.note);
  if (state.seconds < kRateAfterSeconds || state.done == 0) return text;
  const double rate = static_cast<double>(state.done) / state.seconds;
  text += fmt::format("  {}/s", amount(static_cast<std::uint64_t>(rate)));
  if (state.total > state.done) {
    const double left = static_cast<double>(state.total - state.done) / rate;
    const auto left_s = static_cast<std::int64_t>(std::min(left, 1e9)) + 1;
    text += "  " + format_duration(left_s * kSecondMs) + " left";
  }
  return text;
}

Progress::Progress(os::Output& err, os::Clock& clock, std::string what,
                   std::uint64_t total, Unit unit)
    : err_(err),
      clock_(clock),
      visible_(err.is_terminal()),
      what_(std::move(what)),
      total_(total),
      unit_(unit),
      begun_ns_(clock.monotonic_ns()) {}

Progress::~Progress() {
  clear();
}

void Progress::begin(std::string what, std::uint64_t total, Unit unit) {
  what_ = std::move(what);
  total_ = total;
  unit_ = unit;
  begun_ns_ = clock_.monotonic_ns();
  shown_ns_ = INT64_MIN;
}

void Progress::clear() {
  if (!on_screen_) return;
  on_screen_ = false;
  err_.write("\r\x1b[K");
  (void)err_.flush();
}

void Progress::show(std::uint64_t done, std::string_view note) {
  if (!visible_) return;
  const std::int64_t now_ns = clock_.monotonic_ns();
  if (shown_ns_ != INT64_MIN && now_ns - shown_ns_ < kPauseNs) return;
  shown_ns_ = now_ns;
  on_screen_ = true;
  const double seconds = static_cast<double>(now_ns - begun_ns_) / 1e9;
  const auto columns =
      static_cast<std::size_t>(std::max(os::terminal_columns(err_.fd()), 20));
  err_.write("\r" +
             fit(progress_line({.what = what_,
                                .total = total_,
                                .done = done,
                                .note = note,
                                .seconds = seconds,
                                .unit = unit_}),
                 columns - 1) +
             "\x1b[K");
  (void)err_.flush();
}

}  // namespace prom::cli
