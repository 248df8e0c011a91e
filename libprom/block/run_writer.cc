#include "libprom/block/run_writer.h"

namespace prom::block {

Status RunWriter::add(std::uint64_t number, Output& output) {
  pending_.push_back(number);
  all_zero_ = all_zero_ && number == 0;
  return pending_.size() == zone_ ? flush(output) : Status();
}

Status RunWriter::flush(Output& output) {
  const auto run = output.append(pending_);
  if (!run) return fail(run.error());
  append_struct(runs_, *run);
  pending_.clear();
  return {};
}

Status RunWriter::write(Output& output, Header& header, std::uint32_t kind) {
  if (all_zero_) return {};
  if (!pending_.empty()) {
    if (Status status = flush(output); !status) return status;
  }
  header.sections[kind] = Section{output.offset(), runs_.size()};
  return output.append(runs_);
}

}  // namespace prom::block
