// What prometheus.yml says about the store: prom-store append and those that
// compact read it.
#pragma once

#include <string>

#include "libprom/base/result.h"
#include "libprom/store/retention.h"
#include "libprom/store/writer.h"

namespace prom::store {

// Samples may be so late as storage.tsdb.out_of_order_time_window says, if it
// does.  kConfig for a file that is not right.
Status configure_writer(const std::string& config_file, WriterOptions& into);

// What DIR/retention of the store says, and over it storage.tsdb.retention of
// the file, which may be "".
Result<Retention> configured_retention(const std::string& store,
                                       const std::string& config_file);

}  // namespace prom::store
