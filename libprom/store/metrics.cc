#include "libprom/store/metrics.h"

#include "libprom/exposition/process_metrics.h"
#include "libprom/exposition/registry.h"
#include "libprom/os/file.h"
#include "libprom/os/log.h"

namespace prom::store {
namespace {

void add_totals(exposition::Registry& registry, const Writer& writer) {
  const WriterCounters counters = writer.counters();
  const auto total = [&](std::string_view name, std::string_view help,
                         std::uint64_t value, const Labels& labels = {}) {
    registry.counter(name, help, labels).set_total(static_cast<double>(value));
  };
  total("prometheus_tsdb_head_samples_appended_total",
        "Total number of appended samples.", counters.samples,
        {{"type", "float"}});
  total("prometheus_tsdb_head_out_of_order_samples_appended_total",
        "Total number of appended out of order samples.", counters.out_of_order,
        {{"type", "float"}});
  total("prometheus_tsdb_too_old_samples_total",
        "Samples older than the out-of-order window.",
        counters.refused[static_cast<std::size_t>(Refusal::kTooOld)],
        {{"type", "float"}});
  total("prometheus_tsdb_out_of_bound_samples_total",
        "Samples too far ahead of the clock.",
        counters.refused[static_cast<std::size_t>(Refusal::kFuture)],
        {{"type", "float"}});
  for (std::size_t i = 0; i < kRefusals; ++i)
    total("prom_store_samples_refused_total", "Samples refused, by reason.",
          counters.refused[i],
          {{"reason", to_string(static_cast<Refusal>(i))}});
  total("prom_store_samples_repeated_total",
        "Samples that the store had already.", counters.repeated);
  total("prometheus_tsdb_exemplar_exemplars_appended_total",
        "Total number of appended exemplars.", counters.exemplars);
  total("prom_store_exemplars_refused_total",
        "Exemplars that are too old or too long, or of no known series.",
        counters.exemplars_refused);
  total("prom_store_rows_total", "Rows appended.", counters.rows);
  total("prom_store_commits_total", "Batches published.", counters.commits);
  total("prom_store_syncs_total", "Syncs to the disk.", counters.syncs);
  total("prom_store_bytes_written_total", "Bytes written to arenas.",
        counters.bytes_written);
  total("prom_store_arenas_replaced_total",
        "Arenas given up because their sync failed.", counters.arenas_replaced);
}

}  // namespace

std::string StoreMetrics::text(const Writer& writer) const {
  exposition::Registry registry;
  exposition::add_process_metrics(registry);
  add_totals(registry, writer);
  const auto total = [&](std::string_view name, std::string_view help,
                         std::uint64_t value) {
    registry.counter(name, help).set_total(static_cast<double>(value));
  };
  total("prom_store_commit_failures_total",
        "Batches that could not be written at the first attempt.",
        commit_failures);
  total("prom_store_sync_failures_total", "Syncs that failed.", sync_failures);
  total("prom_store_input_lines_malformed_total", "Lines of text left out.",
        decoded.bad_lines);
  total("prom_store_input_frames_damaged_total", "Frames left out.",
        decoded.damaged_frames);
  total("prom_store_input_rows_skipped_total",
        "Rows of a stream entered midway whose layout was not known.",
        decoded.skipped_rows);
  total("prom_store_append_clients_total", "Inputs taken through append.sock.",
        clients);
  const auto gauge = [&](std::string_view name, std::string_view help,
                         double value) {
    registry.gauge(name, help).set(value);
  };
  gauge("prometheus_tsdb_head_series", "Total number of series in the head.",
        writer.series_count());
  gauge("prom_store_sources", "Sources of rows.",
        static_cast<double>(writer.source_count()));
  gauge("prom_store_table_bytes", "Memory of the writer's tables.",
        static_cast<double>(writer.memory_bytes()));
  if (writer.root().samples > 0) {
    gauge("prometheus_tsdb_head_min_time", "Minimum time bound of the head.",
          static_cast<double>(writer.root().min_ms));
    gauge("prometheus_tsdb_head_max_time", "Maximum timestamp of the head.",
          static_cast<double>(writer.root().max_ms));
  }
  return registry.text();
}

void StoreMetrics::write(const Writer& writer,
                         const std::string& run_dir) const {
  const Status written = os::write_file_atomically(
      os::real_file_system(), run_dir + "/prom-store.prom", text(writer));
  if (!written)
    os::log_warn("own metrics not written",
                 {{"reason", written.error().message}});
}

}  // namespace prom::store
