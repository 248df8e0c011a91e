// A store as a source of the engine: one view, read in place.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/query/source.h"

namespace prom::store {
class View;
}

namespace prom::query {

// Immutable; threads may share it.
class StoreSource final : public Source {
 public:
  // Reads the store at `path` as it is now; to see what was appended since,
  // open it again, which takes well under a millisecond for a small store.
  // kMissing when there is no store.
  static Result<std::unique_ptr<StoreSource>> open(const std::string& path);
  explicit StoreSource(std::shared_ptr<const store::View> view);

  Result<std::unique_ptr<Selection>> select(
      const Matchers& matchers, const SelectRange& range) const override;
  [[nodiscard]] std::int64_t coarsest_ms(Resolution use) const override;
  Result<std::vector<std::string>> label_names(
      const Matchers& matchers, const SelectRange& range,
      std::size_t limit) const override;
  Result<std::vector<std::string>> label_values(
      std::string_view name, const Matchers& matchers, const SelectRange& range,
      std::size_t limit) const override;
  Result<std::vector<FamilyDescription>> metadata() const override;

  [[nodiscard]] const store::View& view() const { return *view_; }

 private:
  std::shared_ptr<const store::View> view_;
};

}  // namespace prom::query
