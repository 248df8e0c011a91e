// Several sources as one, as a fan-out query over several servers: a series
// that more than one of them has is one series, and of samples of one time the
// source that was named first has the say.  Used by prom-query.
#pragma once

#include <memory>
#include <vector>

#include "libprom/query/source.h"

namespace prom::query {

// Immutable; threads may share it when its sources may be shared.
class MergedSource final : public Source {
 public:
  // REQUIRES: at least one source, none of them null.
  explicit MergedSource(std::vector<std::unique_ptr<Source>> sources)
      : sources_(std::move(sources)) {}

  // Fails when one of the sources fails.
  Result<std::unique_ptr<Selection>> select(
      const Matchers& matchers, const SelectRange& range) const override;
  [[nodiscard]] std::int64_t coarsest_ms(Resolution use) const override;
  Result<std::vector<std::string>> label_names(
      const Matchers& matchers, const SelectRange& range,
      std::size_t limit) const override;
  Result<std::vector<std::string>> label_values(
      std::string_view name, const Matchers& matchers, const SelectRange& range,
      std::size_t limit) const override;
  // Of a family that several know, what the first of them says.
  Result<std::vector<FamilyDescription>> metadata() const override;

 private:
  const std::vector<std::unique_ptr<Source>> sources_;
};

}  // namespace prom::query
