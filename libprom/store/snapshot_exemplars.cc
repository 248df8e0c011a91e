#include <algorithm>
#include <ranges>

#include "libprom/store/snapshot.h"

namespace prom::store {
namespace {

// Appends those of a record that are wanted, in the order in which they came.
void take_exemplars(const Record& record, std::span<const SeriesId> series,
                    std::int64_t min_ms, std::int64_t max_ms,
                    std::vector<SeriesExemplar>& into) {
  const auto body = load_struct<ExemplarsBody>(record.body.data());
  ByteReader in(record.body.subspan(sizeof body));
  for (std::uint32_t i = 0; i < body.count; ++i) {
    SeriesExemplar one;
    one.series = in.fixed<std::uint32_t>();
    const std::string_view labels = in.text();
    one.exemplar.t_ms = static_cast<std::int64_t>(
        static_cast<std::uint64_t>(body.base_ms) +
        static_cast<std::uint64_t>(unzigzag(in.varint())));
    one.exemplar.value = in.fixed<double>();
    if (!in.ok()) return;
    const bool wanted =
        one.exemplar.t_ms >= min_ms && one.exemplar.t_ms <= max_ms &&
        (series.empty() || std::ranges::binary_search(series, one.series));
    if (wanted && Labels::decode(labels, one.exemplar.labels))
      into.push_back(std::move(one));
  }
}

}  // namespace

std::vector<SeriesExemplar> Snapshot::exemplars(
    std::span<const SeriesId> series, std::int64_t min_ms,
    std::int64_t max_ms) const {
  std::vector<Record> records;  // the newest first
  std::uint64_t count = 0;
  Position at = root().last_exemplars;
  while (at != kNowhere && at >= head_->log().begin() &&
         count < kExemplarsMax) {
    const auto record = head_->log().record(at);
    if (!record) head_->report(record.error());
    if (!record || record->header.type != RecordType::kExemplars ||
        record->body.size() < sizeof(ExemplarsBody))
      break;
    const auto body = load_struct<ExemplarsBody>(record->body.data());
    records.push_back(*record);
    count += body.count;
    if (body.previous >= at) break;
    at = body.previous;
  }
  std::vector<SeriesExemplar> all;
  for (const Record& record : records | std::views::reverse)
    take_exemplars(record, series, min_ms, max_ms, all);
  const auto known = [&](const SeriesExemplar& one) {
    return one.series < series_count();
  };
  std::erase_if(all, [&](const SeriesExemplar& one) { return !known(one); });
  return all;
}

}  // namespace prom::store
