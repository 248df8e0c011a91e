// A Prometheus data directory as a source of the engine: --tsdb DIR.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/query/source.h"

namespace prom::tsdb {
class DataDirectory;
}

namespace prom::query {

// Immutable; threads may share it.
class TsdbSource final : public Source {
 public:
  // Reads the directory, which a server may be writing to, as it is now.
  // kMissing when it is none.
  static Result<std::unique_ptr<TsdbSource>> open(const std::string& path);
  explicit TsdbSource(std::shared_ptr<const tsdb::DataDirectory> directory);

  Result<std::unique_ptr<Selection>> select(
      const Matchers& matchers, const SelectRange& range) const override;
  Result<std::vector<std::string>> label_names(
      const Matchers& matchers, const SelectRange& range,
      std::size_t limit) const override;
  Result<std::vector<std::string>> label_values(
      std::string_view name, const Matchers& matchers, const SelectRange& range,
      std::size_t limit) const override;

  // The time of the newest sample; nothing when there is none.
  [[nodiscard]] bool has_samples() const;
  [[nodiscard]] std::int64_t newest_ms() const;

 private:
  std::shared_ptr<const tsdb::DataDirectory> directory_;
};

}  // namespace prom::query
