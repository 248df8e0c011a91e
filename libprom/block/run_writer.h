// Writes a table of runs (run.h) number by number: a zone's run goes to the
// file once the zone is full, so a table costs a few bytes a series in memory.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/block/format.h"
#include "libprom/block/output.h"

namespace prom::block {

// One thread.
class RunWriter {
 public:
  explicit RunWriter(std::uint32_t zone) : zone_(zone) {}

  Status add(std::uint64_t number, Output& output);
  // Appends the rest and the table, and names it in `header`; a table of zeros
  // is left out.
  Status write(Output& output, Header& header, std::uint32_t kind);

 private:
  Status flush(Output& output);

  std::uint32_t zone_;
  bool all_zero_ = true;
  std::vector<std::uint64_t> pending_;  // less than a zone
  std::string runs_;                    // Run each
};

}  // namespace prom::block
