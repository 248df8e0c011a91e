// From the labels that a target exposes to the labels that are stored.
#pragma once

#include <optional>

#include "libprom/base/result.h"
#include "libprom/model/labels.h"
#include "libprom/scrape/job.h"

namespace prom::scrape {

// Joins a sample's labels with its target's.  With honor_labels the sample's
// win; else the target's win and the sample's `x` becomes `exported_x`, with
// the prefix repeated until the name is free.
Labels join_labels(const Labels& exposed, const Labels& target,
                   bool honor_labels);

// The above, then the job's metric_relabel_configs, then its limits.  nullopt:
// relabelling dropped the sample.  kBadData and kLimit fail the whole scrape.
Result<std::optional<Labels>> sample_labels(const Labels& exposed,
                                            const Labels& target,
                                            const Job& job);

}  // namespace prom::scrape
