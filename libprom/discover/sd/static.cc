// static_configs: what the configuration says, for ever.
#include "libprom/config/sd/static.h"

#include "libprom/discover/sd/makers_internal.h"

namespace prom::discover {
namespace {

class Static : public Mechanism {
 public:
  explicit Static(const config::StaticSdConfig& config)
      : groups_(config.groups) {}

  [[nodiscard]] std::string_view name() const override { return "static"; }
  [[nodiscard]] bool covers(std::string_view /*place*/) const override {
    return false;
  }
  Task<Status> run(Findings& findings) override {
    Findings::Places places;
    places.emplace("", groups_);
    findings.found_all(std::move(places));
    co_return {};
  }

 private:
  const Groups groups_;
};

}  // namespace

Made make_static(const config::SdConfig& config, Surroundings& /*around*/) {
  return std::make_unique<Static>(
      static_cast<const config::StaticSdConfig&>(config));
}

}  // namespace prom::discover
