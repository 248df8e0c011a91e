#include "libprom/scrape/encoder.h"

#include <unordered_map>

#include "libprom/exposition/writer.h"
#include "libprom/model/sample.h"

namespace prom::scrape {
namespace {

// What was written last of a source.
struct Written {
  std::shared_ptr<const Columns> columns;
  std::uint32_t version = 0;
  std::vector<bool> live;  // by column: has a value that is not stale
};

class EncoderBase : public Encoder {
 public:
  explicit EncoderBase(std::string& out) : out_(out) {}

  void write(const Batch& batch) final {
    if (!batch.metadata.empty()) write_metadata(batch.metadata);
    if (!batch.columns->empty()) {
      Written& written = written_[batch.row.source];
      if (written.version != batch.row.version) {
        written = {.columns = batch.columns,
                   .version = batch.row.version,
                   .live = std::vector<bool>(batch.columns->size())};
        write_columns(batch);
      }
      write_row(*batch.columns, batch.row);
      for (std::size_t i = 0; i < batch.row.values.size(); ++i) {
        const double value = batch.row.values[i];
        written.live[i] = !wire::is_absent(value) && !is_stale_nan(value);
      }
    }
    if (!batch.loose.empty()) write_loose(batch);
    if (!batch.exemplars.empty()) write_exemplars(batch);
    if (batch.is_last) {
      written_.erase(batch.row.source);
      forget(batch.row.source);
    }
  }

  void write_gap(std::uint64_t source, std::uint64_t sequence,
                 std::int64_t t_ms) final {
    const auto found = written_.find(source);
    if (found == written_.end()) return;  // nothing was there before
    Written& written = found->second;
    wire::Row row{.source = source,
                  .version = written.version,
                  .sequence = sequence,
                  .t_ms = t_ms,
                  .values = {}};
    row.values.reserve(written.live.size());
    for (const bool live : written.live)
      row.values.push_back(live ? stale_nan() : wire::absent());
    write_row(*written.columns, row);
    written.live.assign(written.live.size(), false);
  }

 protected:
  using Metadata = std::vector<wire::MetadataFrame::Item>;
  virtual void write_metadata(const Metadata& metadata) = 0;
  virtual void write_columns(const Batch& batch) = 0;
  virtual void write_row(const Columns& columns, const wire::Row& row) = 0;
  virtual void write_loose(const Batch& batch) = 0;
  virtual void write_exemplars(const Batch& batch) = 0;
  virtual void forget(std::uint64_t source) = 0;

  std::string& out_;

 private:
  std::unordered_map<std::uint64_t, Written> written_;
};

class TextEncoder final : public EncoderBase {
 public:
  explicit TextEncoder(std::string& out)
      : EncoderBase(out), writer_(out, exposition::Format::kPipe) {}

  // Every line stands for itself.
  void resync() override {}
  void finish() override { writer_.finish(); }

 protected:
  void write_metadata(const Metadata& metadata) override {
    using Kind = exposition::Metadata::Kind;
    for (const auto& item : metadata) {
      if (!item.help.empty())
        writer_.metadata(
            {.kind = Kind::kHelp, .family = item.family, .text = item.help});
      if (!item.type.empty())
        writer_.metadata({.kind = Kind::kType,
                          .family = item.family,
                          .type = exposition::metric_type(item.type),
                          .text = {}});
    }
  }

  // Columns may have other series than before.
  void write_columns(const Batch& batch) override {
    starts_.erase(batch.row.source);
  }

  void write_row(const Columns& columns, const wire::Row& row) override {
    write_starts(columns, row);
    auto histogram = row.histograms.begin();
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (wire::is_absent(row.values[i])) continue;
      if (histogram != row.histograms.end() && histogram->column == i) {
        writer_.sample(columns[i], histogram->histogram, row.t_ms);
        ++histogram;
      } else {
        writer_.sample(columns[i], row.values[i], row.t_ms);
      }
    }
  }

  void write_loose(const Batch& batch) override {
    for (const auto& item : batch.loose) {
      if (item.histogram) {
        writer_.sample(item.labels, *item.histogram, item.t_ms);
      } else {
        writer_.sample(item.labels, item.value, item.t_ms);
      }
    }
  }

  void write_exemplars(const Batch& batch) override {
    for (const auto& item : batch.exemplars)
      writer_.exemplar(
          item.series,
          {.labels = item.labels, .value = item.value, .t_ms = item.t_ms});
  }

  void forget(std::uint64_t source) override { starts_.erase(source); }

 private:
  // Lines about starts are only written when they change.
  void write_starts(const Columns& columns, const wire::Row& row) {
    const auto at = starts_.find(row.source);
    if (row.starts.empty() && at == starts_.end()) return;
    std::unordered_map<std::uint32_t, std::int64_t>& known =
        starts_[row.source];
    auto start = row.starts.begin();
    for (std::uint32_t i = 0; i < columns.size(); ++i) {
      const bool has = start != row.starts.end() && start->column == i;
      const std::int64_t now = has ? (start++)->start_ms : 0;
      if (wire::is_absent(row.values[i]) || is_stale_nan(row.values[i]))
        continue;
      const auto before = known.find(i);
      if ((before == known.end() ? 0 : before->second) == now) continue;
      writer_.start(columns[i], now, row.t_ms);
      known[i] = now;
    }
  }

  exposition::Writer writer_;
  // By source and column; a column keeps its series while there is a layout.
  std::unordered_map<std::uint64_t,
                     std::unordered_map<std::uint32_t, std::int64_t>>
      starts_;
};

class WireEncoder final : public EncoderBase {
 public:
  explicit WireEncoder(std::string& out) : EncoderBase(out), writer_(out) {}

  void resync() override { writer_.resync(); }
  void finish() override { writer_.finish(); }

 protected:
  void write_metadata(const Metadata& metadata) override {
    writer_.write(wire::MetadataFrame{.items = metadata});
  }

  void write_columns(const Batch& batch) override {
    writer_.write(wire::Layout{.source = batch.row.source,
                               .version = batch.row.version,
                               .series = *batch.columns});
  }

  void write_row(const Columns& /*columns*/, const wire::Row& row) override {
    writer_.write(row);
  }

  void write_loose(const Batch& batch) override {
    writer_.write(wire::Loose{.source = batch.row.source,
                              .sequence = batch.row.sequence + 1,
                              .items = batch.loose});
  }

  void write_exemplars(const Batch& batch) override {
    writer_.write(wire::ExemplarFrame{.items = batch.exemplars});
  }

  void forget(std::uint64_t source) override { writer_.forget(source); }

 private:
  wire::Writer writer_;
};

}  // namespace

std::unique_ptr<Encoder> make_encoder(StreamFormat format, std::string& out) {
  if (format == StreamFormat::kWire) return std::make_unique<WireEncoder>(out);
  return std::make_unique<TextEncoder>(out);
}

}  // namespace prom::scrape
