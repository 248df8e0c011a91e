#include "libprom/store/settings.h"

#include "libprom/config/load.h"

namespace prom::store {
namespace {

Result<config::StorageConfig> load_storage(const std::string& file) {
  const auto config = config::load_prometheus(file);
  if (!config)
    return fail(Code::kConfig, file + ": " + config.error().front().message);
  return config->storage;
}

}  // namespace

Status configure_writer(const std::string& config_file, WriterOptions& into) {
  const auto storage = load_storage(config_file);
  if (!storage) return fail(storage.error());
  if (storage->out_of_order_time_window_ms)
    into.out_of_order_window_ms = *storage->out_of_order_time_window_ms;
  return {};
}

Result<Retention> configured_retention(const std::string& store,
                                       const std::string& config_file) {
  auto retention = load_retention(store);
  if (!retention || config_file.empty()) return retention;
  const auto storage = load_storage(config_file);
  if (!storage) return fail(storage.error());
  if (storage->retention_time_ms > 0)
    retention->keep_ms = storage->retention_time_ms;
  if (storage->retention_bytes > 0)
    retention->bytes_max = storage->retention_bytes;
  if (storage->retention_percentage > 0)
    retention->share_max = storage->retention_percentage;
  return retention;
}

}  // namespace prom::store
