// What one scrape of one target gives to the output: a row over the target's
// columns, samples that bring their own timestamps, and metadata that changed.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "libprom/exposition/parser.h"
#include "libprom/model/labels.h"
#include "libprom/wire/frame.h"

namespace prom::scrape {

// The series of a target, in the order of its rows.  Immutable once shared; it
// grows by replacement.
using Columns = std::vector<Labels>;

struct Batch {
  std::shared_ptr<const Columns> columns;
  wire::Row row;
  std::vector<wire::Loose::Item> loose;
  std::vector<wire::MetadataFrame::Item> metadata;
  std::vector<wire::ExemplarFrame::Item> exemplars;
  bool is_last = false;  // of this source, which is gone

  // Memory that it holds; columns are the target's.
  [[nodiscard]] std::size_t bytes() const;
};

}  // namespace prom::scrape
