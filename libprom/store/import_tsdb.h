// A Prometheus data directory or block as slots of sorted series.  Read in
// place, slot by slot, without temporary files; prom-store import is the user.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/store/import_format.h"
#include "libprom/store/import_sorter.h"
#include "libprom/store/import_target.h"
#include "libprom/tsdb/data_directory.h"

namespace prom::store {

// One thread.
class TsdbInput {
 public:
  // kMissing when `path` is no such directory.  What is damaged is noted in
  // `errors`.
  static Result<std::unique_ptr<TsdbInput>> open(const std::string& path,
                                                 ImportErrors& errors);

  // Ascending; a slot may turn out to be empty.
  [[nodiscard]] std::vector<ImportSlot> slots() const;
  // The series of a slot.  Borrows this object.
  Result<std::unique_ptr<SortedSeries>> open_slot(const ImportSlot& slot);
  // Of the series read so far.
  [[nodiscard]] const ImportTarget::Families& metadata() const {
    return metadata_;
  }

 private:
  TsdbInput(std::string path,
            std::shared_ptr<const tsdb::DataDirectory> directory,
            ImportErrors& errors)
      : path_(std::move(path)),
        directory_(std::move(directory)),
        errors_(errors) {}
  class Series;

  const std::string path_;
  const std::shared_ptr<const tsdb::DataDirectory> directory_;
  ImportErrors& errors_;
  ImportTarget::Families metadata_;
};

}  // namespace prom::store
