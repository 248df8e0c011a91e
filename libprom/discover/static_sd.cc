// static_configs: what the configuration says, for ever.
#include "libprom/discover/source.h"

namespace prom::discover {
namespace {

class StaticSource : public Source {
 public:
  explicit StaticSource(const std::vector<config::TargetGroup>& groups) {
    replace({{"", groups}});
  }

  [[nodiscard]] std::string_view mechanism() const override { return "static"; }
  void refresh() override {}
  [[nodiscard]] std::int64_t due_ns() const override { return kNeverNs; }
  [[nodiscard]] bool is_settled() const override { return true; }
  [[nodiscard]] const std::string& failure() const override { return none_; }
  void adopt(const Found& /*before*/) override {}

 private:
  const std::string none_;
};

}  // namespace

std::unique_ptr<Source> make_static_source(
    const std::vector<config::TargetGroup>& groups) {
  return std::make_unique<StaticSource>(groups);
}

std::vector<std::unique_ptr<Source>> make_sources(
    const config::DiscoveryConfigs& configs, Surroundings& surroundings) {
  std::vector<std::unique_ptr<Source>> sources;
  if (!configs.static_groups.empty())
    sources.push_back(make_static_source(configs.static_groups));
  for (const config::FileSdConfig& config : configs.files)
    sources.push_back(make_file_source(config, surroundings));
  for (const config::HttpSdConfig& config : configs.https)
    sources.push_back(make_http_source(config, surroundings));
  return sources;
}

}  // namespace prom::discover
