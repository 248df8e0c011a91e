#include "libprom/query/stream.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include <boost/unordered/unordered_flat_map.hpp>

namespace prom::query {

namespace {

constexpr std::string_view kSameLabels =
    "vector cannot contain metrics with the same labelset";
constexpr std::size_t kBytesPerCell = sizeof(double) + sizeof(CellKind);

}  // namespace

bool is_metadata_label(std::string_view name) {
  return name == kMetricName || name == "__type__" || name == "__unit__";
}

Labels without_metadata(const Labels& labels) {
  std::vector<LabelView> kept;
  for (const LabelView& label : labels) {
    if (!is_metadata_label(label.name)) kept.push_back(label);
  }
  return Labels::from_sorted(kept);
}

LabelColumn Stream::column(std::string_view name) const {
  LabelColumn column;
  column.values.emplace_back();
  column.ids.reserve(size());
  boost::unordered_flat_map<std::string, std::uint32_t> ids;
  ids.emplace(std::string(), 0U);
  for (std::size_t i = 0; i < size(); ++i) {
    const Labels of_series = labels(i);
    const auto next = static_cast<std::uint32_t>(column.values.size());
    const auto [at, is_new] =
        ids.try_emplace(std::string(of_series.get(name)), next);
    if (is_new) column.values.push_back(at->first);
    column.ids.push_back(at->second);
  }
  return column;
}

// -- Table

Table::Table(Rows rows, std::size_t steps, Reservation reservation)
    : Stream(rows.labels.size(), steps),
      rows_(std::move(rows)),
      reservation_(std::move(reservation)) {}

Result<TablePtr> Table::make(QueryContext& query, Rows rows,
                             std::size_t steps) {
  auto ok = query.check();
  if (!ok) return fail(std::move(ok).error());
  std::size_t samples = 0;
  for (std::size_t i = 0; i < rows.cells.size(); ++i) {
    if (rows.cells.kind(i) == CellKind::kFloat) {
      ++samples;
    } else if (rows.cells.kind(i) == CellKind::kHistogram) {
      samples += rows.cells.histogram(i)->sample_weight();
    }
  }
  Reservation reservation(query.budget);
  auto added = reservation.add(samples, rows.cells.size() * kBytesPerCell);
  if (!added) return fail(std::move(added).error());
  return TablePtr(new Table(std::move(rows), steps, std::move(reservation)));
}

Status Table::read(std::size_t first, std::size_t count, Worker& /*worker*/,
                   Cells& into) const {
  into.reset(0, steps());
  for (std::size_t row = first; row < first + count; ++row) {
    into.append_row(rows_.cells, row);
  }
  return {};
}

// -- Reading

std::size_t batch_rows(std::size_t steps) {
  constexpr std::size_t kCells = std::size_t{32} << 10;
  constexpr std::size_t kRowsMax = 1024;
  return std::clamp(kCells / std::max<std::size_t>(steps, 1), std::size_t{1},
                    kRowsMax);
}

std::size_t part_count(const Stream& stream, std::size_t parts_max) {
  const std::size_t rows = batch_rows(stream.steps());
  const std::size_t batches = (stream.size() + rows - 1) / rows;
  return std::clamp(batches, std::size_t{1}, parts_max);
}

namespace {

Status read_part(const Stream& stream, std::size_t part, std::size_t parts,
                 Worker& worker, const BatchBody& body) {
  const std::size_t begin = stream.size() * part / parts;
  const std::size_t end = stream.size() * (part + 1) / parts;
  const std::size_t rows = batch_rows(stream.steps());
  Cells cells;
  for (std::size_t first = begin; first < end; first += rows) {
    auto ok = worker.query.check();
    if (!ok) return ok;
    const std::size_t count = std::min(rows, end - first);
    ok = stream.read(first, count, worker, cells);
    if (!ok) return ok;
    ok = body(part, first, cells, worker);
    if (!ok) return ok;
  }
  return {};
}

}  // namespace

Status read_all(QueryContext& query, const Stream& stream, std::size_t parts,
                Annotations& annotations, const BatchBody& body) {
  std::vector<Status> outcomes(parts);
  std::vector<std::unique_ptr<Worker>> workers;
  const std::size_t threads = std::min<std::size_t>(query.threads, parts);
  for (std::size_t i = 0; i < threads; ++i) {
    workers.push_back(std::make_unique<Worker>(query));
  }
  std::atomic<std::size_t> next = 0;
  std::atomic<bool> failed = false;
  const auto work = [&](Worker& worker) {
    for (std::size_t part = next++; part < parts && !failed; part = next++) {
      outcomes[part] = read_part(stream, part, parts, worker, body);
      if (!outcomes[part]) failed = true;
    }
  };
  {
    std::vector<std::jthread> helpers;
    for (std::size_t i = 1; i < threads; ++i) {
      helpers.emplace_back([&work, &workers, i] { work(*workers[i]); });
    }
    work(*workers[0]);
  }
  for (const auto& worker : workers) annotations.merge(worker->annotations);
  for (Status& outcome : outcomes) {
    if (!outcome) return std::move(outcome);
  }
  return {};
}

Result<TablePtr> materialize(QueryContext& query, StreamPtr stream,
                             Annotations& annotations) {
  if (auto* table = dynamic_cast<Table*>(stream.get())) {
    stream.release();  // NOLINT(bugprone-unused-return-value)
    return TablePtr(table);
  }
  constexpr std::size_t kPartsMax = 16;
  const std::size_t parts = part_count(*stream, kPartsMax);
  std::vector<Rows> of_part(parts);
  std::vector<Reservation> reserved(parts);
  for (Reservation& part : reserved) part = Reservation(query.budget);
  auto read =
      read_all(query, *stream, parts, annotations,
               [&](std::size_t part, std::size_t first, const Cells& cells,
                   Worker& /*worker*/) -> Status {
                 Rows& rows = of_part[part];
                 const std::size_t before = rows.cells.size();
                 std::size_t samples = 0;
                 for (std::size_t at = 0; at < cells.size(); ++at) {
                   samples += cells.kind(at) == CellKind::kNone ? 0 : 1;
                 }
                 for (std::size_t row = 0; row < cells.rows(); ++row) {
                   if (cells.row_is_empty(row)) continue;
                   rows.add(stream->labels(first + row),
                            stream->drops_name(first + row));
                   rows.cells.append_row(cells, row);
                 }
                 return reserved[part].add(
                     samples, (rows.cells.size() - before) * kBytesPerCell);
               });
  if (!read) return fail(std::move(read).error());
  reserved.clear();  // the finished table is counted exactly
  Rows all = std::move(of_part.front());
  for (std::size_t part = 1; part < parts; ++part) {
    Rows& more = of_part[part];
    std::ranges::move(more.labels, std::back_inserter(all.labels));
    std::ranges::copy(more.drops, std::back_inserter(all.drops));
    for (std::size_t row = 0; row < more.cells.rows(); ++row) {
      if (query.gives_up(row)) break;
      all.cells.append_row(more.cells, row);
    }
    more = Rows();
  }
  return Table::make(query, std::move(all), stream->steps());
}

Status merge_same_labels(const QueryContext& query, Rows& rows, bool strict) {
  boost::unordered_flat_map<Labels, std::size_t, LabelsHash> first_of;
  std::vector<std::size_t> target(rows.labels.size());
  bool repeated = false;
  for (std::size_t i = 0; i < rows.labels.size(); ++i) {
    if (query.gives_up(i)) return query.check();
    const auto [at, is_new] = first_of.try_emplace(rows.labels[i], i);
    target[i] = at->second;
    repeated = repeated || !is_new;
  }
  if (!repeated) return {};
  if (strict) return fail(Code::kExecution, std::string(kSameLabels));
  const std::size_t steps = rows.cells.steps();
  Rows merged;
  for (std::size_t i = 0; i < rows.labels.size(); ++i) {
    if (query.gives_up(i)) return query.check();
    if (target[i] == i) {
      target[i] = merged.labels.size();
      merged.add(rows.labels[i], rows.drops[i] != 0);
      merged.cells.append_row(rows.cells, i);
      continue;
    }
    target[i] = target[target[i]];
    for (std::size_t step = 0; step < steps; ++step) {
      if (rows.cells.kind(i * steps + step) == CellKind::kNone) continue;
      const std::size_t to = target[i] * steps + step;
      if (merged.cells.kind(to) != CellKind::kNone) {
        return fail(Code::kExecution, std::string(kSameLabels));
      }
      merged.cells.copy(to, rows.cells, i * steps + step);
    }
  }
  rows = std::move(merged);
  return {};
}

// -- Mapping

namespace {

class MappedStream final : public Stream {
 public:
  MappedStream(StreamPtr input, bool strips, bool marks, MapBody body)
      : Stream(input->size(), input->steps()),
        input_(std::move(input)),
        strips_(strips),
        marks_(marks),
        body_(std::move(body)) {}

  [[nodiscard]] Labels labels(std::size_t series) const override {
    Labels of_input = input_->labels(series);
    return strips_ ? without_metadata(of_input) : of_input;
  }
  [[nodiscard]] bool drops_name(std::size_t series) const override {
    return marks_ || input_->drops_name(series);
  }
  [[nodiscard]] LabelColumn column(std::string_view name) const override {
    if (!strips_ || !is_metadata_label(name)) return input_->column(name);
    return {std::vector<std::uint32_t>(size(), 0), {std::string()}};
  }
  [[nodiscard]] bool names_vary() const override {
    return !strips_ && input_->names_vary();
  }
  Status read(std::size_t first, std::size_t count, Worker& worker,
              Cells& into) const override {
    auto ok = input_->read(first, count, worker, into);
    if (!ok || !body_) return ok;
    return body_(into, worker);
  }

 private:
  const StreamPtr input_;
  const bool strips_;  // drops metadata labels now
  const bool marks_;   // drops them at the end of the query
  const MapBody body_;
};

}  // namespace

Result<StreamPtr> map_stream(QueryContext& query, StreamPtr input,
                             const MapOptions& options, MapBody body,
                             Annotations& annotations) {
  const bool delayed = query.options.delayed_name_removal;
  const bool strips = options.drop_name && !delayed;
  const bool must_merge = strips && input->names_vary();
  auto mapped = std::make_unique<MappedStream>(
      std::move(input), strips, options.drop_name && delayed, std::move(body));
  if (!must_merge) return mapped;
  auto table = materialize(query, std::move(mapped), annotations);
  if (!table) return fail(std::move(table).error());
  const std::size_t steps = (*table)->steps();
  Rows rows = std::move(**table).take();
  auto merged = merge_same_labels(query, rows, options.strict);
  if (!merged) return fail(std::move(merged).error());
  return Table::make(query, std::move(rows), steps);
}

}  // namespace prom::query
