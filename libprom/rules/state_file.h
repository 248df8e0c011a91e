// What rules know, kept on disk: alerts and the series that were recorded
// last, so that `for` runs on over restarts and over runs from cron, and what
// vanished between two runs is marked stale.
//
// A JSON file, replaced as a whole and synced (os::write_file_atomically): a
// crash leaves the old state or the new one.  Groups are known by file and
// name, rules by kind, name and labels; what is not there any more is
// forgotten.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/os/file.h"
#include "libprom/rules/group_runner.h"

namespace prom::rules {

constexpr std::uint64_t kStateBytesMax = 1ULL << 30U;

// The state of one group, and of several made one text.  `saved_ms`: the time
// of the evaluation.
std::string group_state(const GroupRunner& group);
std::string state_text(const std::vector<std::string>& group_states,
                       std::int64_t saved_ms);
Status save_state(os::FileSystem& files, const std::string& path,
                  const std::string& text);

// A state that was read; groups take their part from it.
class SavedState {
 public:
  // kMissing when there is no file, kCorrupt when it is no state.
  static Result<SavedState> load(const std::string& path);
  static Result<SavedState> parse(std::string_view text);
  SavedState(SavedState&&) noexcept;
  SavedState& operator=(SavedState&&) noexcept;
  ~SavedState();

  [[nodiscard]] std::int64_t saved_ms() const;
  // Gives the group's rules their alerts and series.  With `resume_grace_ms`,
  // pending alerts go on as after an outage from saved_ms to `now_ms`;
  // without, as if there had been none.  Rules that were found are restored.
  void apply(GroupRunner& group, std::int64_t now_ms,
             std::int64_t resume_grace_ms) const;

 private:
  struct Data;
  explicit SavedState(std::unique_ptr<Data> data);
  std::unique_ptr<Data> data_;
};

}  // namespace prom::rules
