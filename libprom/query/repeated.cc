#include "libprom/query/repeated.h"

#include <algorithm>

#include "libprom/promql/printer.h"
#include "libprom/promql/walk.h"

namespace prom::query {

using promql::Expr;

namespace {

class KeptStream final : public Stream {
 public:
  explicit KeptStream(std::shared_ptr<const KeptCells> cells)
      : Stream(cells->stream().size(), cells->stream().steps()),
        cells_(std::move(cells)) {}

  [[nodiscard]] Labels labels(std::size_t series) const override {
    return cells_->stream().labels(series);
  }
  [[nodiscard]] bool drops_name(std::size_t series) const override {
    return cells_->stream().drops_name(series);
  }
  [[nodiscard]] LabelColumn column(std::string_view name) const override {
    return cells_->stream().column(name);
  }
  [[nodiscard]] bool names_vary() const override {
    return cells_->stream().names_vary();
  }
  Status read(std::size_t first, std::size_t count, Worker& /*worker*/,
              Cells& into) const override {
    into.reset(0, steps());
    for (std::size_t series = first; series < first + count; ++series)
      cells_->append_row(series, into);
    return {};
  }

 private:
  const std::shared_ptr<const KeptCells> cells_;
};

}  // namespace

Result<std::shared_ptr<const KeptCells>> KeptCells::read(
    QueryContext& query, StreamPtr& stream, Annotations& annotations) {
  constexpr std::size_t kPartsMax = 16;
  constexpr std::size_t kBytesPerCell = sizeof(double) + sizeof(CellKind);
  const std::size_t steps = std::max<std::size_t>(stream->steps(), 1);
  if (stream->size() > kCellsMax / steps)
    return std::shared_ptr<const KeptCells>();
  const std::size_t cells = stream->size() * steps;
  std::shared_ptr<KeptCells> kept(new KeptCells());
  kept->reservation_ = Reservation(query.budget);
  if (!kept->reservation_.add(cells, cells * kBytesPerCell))
    return std::shared_ptr<const KeptCells>();
  const std::size_t parts = part_count(*stream, kPartsMax);
  kept->parts_.resize(parts);
  kept->begins_.resize(parts);
  for (std::size_t part = 0; part < parts; ++part) {
    kept->begins_[part] = stream->size() * part / parts;
    kept->parts_[part].reset(0, stream->steps());
  }
  auto read = read_all(query, *stream, parts, annotations,
                       [&](std::size_t part, std::size_t /*first*/,
                           const Cells& batch, Worker& /*worker*/) -> Status {
                         for (std::size_t row = 0; row < batch.rows(); ++row)
                           kept->parts_[part].append_row(batch, row);
                         return {};
                       });
  if (!read) return fail(std::move(read).error());
  kept->stream_ = std::move(stream);
  return kept;
}

void KeptCells::append_row(std::size_t series, Cells& into) const {
  const auto next = std::ranges::upper_bound(begins_, series);
  const auto part = static_cast<std::size_t>(next - begins_.begin()) - 1;
  into.append_row(parts_[part], series - begins_[part]);
}

StreamPtr stream_of(std::shared_ptr<const KeptCells> cells) {
  return std::make_unique<KeptStream>(std::move(cells));
}

Repeated::Repeated(const Expr& root, const Mark& mark) {
  std::size_t nodes = 0;
  promql::for_each_node(root, [&nodes](const Expr&) { ++nodes; });
  if (nodes > kNodesMax) return;
  std::map<std::string, std::vector<const Expr*>> by_text;
  promql::for_each_node(root, [&](const Expr& node) {
    if (node.type != promql::ValueType::kVector ||
        node.as<promql::Paren>() != nullptr ||
        node.as<promql::StepInvariant>() != nullptr)
      return;
    std::string marks;
    promql::for_each_node(node, [&](const Expr& inner) {
      if (const auto* vector = inner.as<promql::VectorSelector>())
        marks += mark(*vector);
      if (const auto* matrix = inner.as<promql::MatrixSelector>())
        marks += mark(matrix->selector);
    });
    if (marks.empty()) return;
    // Places in the text, of annotations, are moved from one to the other.
    const std::size_t length = node.range.end - node.range.begin;
    by_text[promql::to_string(node) + '\n' + std::to_string(length) + marks]
        .push_back(&node);
  });
  std::size_t part = 0;
  for (const auto& [text, same] : by_text) {
    if (same.size() < 2) continue;
    for (const Expr* const node : same) part_of_.emplace(node, part);
    ++part;
  }
}

Repeated::Entry* Repeated::find(const Expr& node, const Steps& steps) {
  const auto part = part_of_.find(&node);
  if (part == part_of_.end()) return nullptr;
  return &entries_[{part->second, steps.start_ms, steps.step_ms, steps.count,
                    steps.rest_ms}];
}

}  // namespace prom::query
