#include "libprom/query/profile.h"

#include <utility>

namespace prom::query {
namespace {

class ProfiledStream final : public Stream {
 public:
  ProfiledStream(StreamPtr stream, NodeProfile& into)
      : Stream(stream->size(), stream->steps()),
        stream_(std::move(stream)),
        into_(into) {}

  [[nodiscard]] Labels labels(std::size_t series) const override {
    return stream_->labels(series);
  }
  [[nodiscard]] bool drops_name(std::size_t series) const override {
    return stream_->drops_name(series);
  }
  [[nodiscard]] LabelColumn column(std::string_view name) const override {
    return stream_->column(name);
  }
  [[nodiscard]] bool names_vary() const override {
    return stream_->names_vary();
  }
  Status read(std::size_t first, std::size_t count, Worker& worker,
              Cells& into) const override {
    {
      const ProfileTimer timer(into_);
      auto ok = stream_->read(first, count, worker, into);
      if (!ok) return ok;
    }
    std::size_t series = 0;
    std::size_t samples = 0;
    for (std::size_t row = 0; row < into.rows(); ++row) {
      std::size_t own = 0;
      for (std::size_t step = 0; step < steps(); ++step)
        own += into.kind(row * steps() + step) == CellKind::kNone ? 0 : 1;
      series += own == 0 ? 0 : 1;
      samples += own;
    }
    into_.series += series;
    into_.samples += samples;
    return {};
  }

 private:
  const StreamPtr stream_;
  NodeProfile& into_;
};

class ProfiledSelection final : public Selection {
 public:
  ProfiledSelection(std::unique_ptr<Selection> selection, NodeProfile& into)
      : selection_(std::move(selection)), into_(into) {}

  [[nodiscard]] std::size_t size() const override { return selection_->size(); }
  [[nodiscard]] Labels labels(std::size_t series) const override {
    return selection_->labels(series);
  }
  [[nodiscard]] LabelColumn column(std::string_view name) const override {
    return selection_->column(name);
  }
  [[nodiscard]] std::unique_ptr<SampleBatch> new_batch() const override {
    return selection_->new_batch();
  }
  Status read(std::size_t first, std::size_t count,
              SampleBatch& into) const override {
    const ProfileTimer timer(into_);
    auto ok = selection_->read(first, count, into);
    if (!ok) return ok;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t samples = into.series[i].t_ms.size();
      into_.series += samples == 0 ? 0 : 1;
      into_.samples += samples;
    }
    return {};
  }
  [[nodiscard]] Result<bool> read_bins(std::size_t series,
                                       const BinRequest& request,
                                       Bins& into) const override {
    const ProfileTimer timer(into_);
    auto read = selection_->read_bins(series, request, into);
    if (!read || !*read) return read;
    std::size_t samples = 0;
    for (std::size_t i = 0; i < into.size(); ++i) {
      if (into.count[i] == 1 && into.resolution(i) == 0) ++samples;
    }
    into_.series += into.empty() ? 0 : 1;
    into_.samples += samples;
    into_.bins += into.size() - samples;
    return true;
  }
  [[nodiscard]] std::vector<std::string> warnings() const override {
    return selection_->warnings();
  }

 private:
  const std::unique_ptr<Selection> selection_;
  NodeProfile& into_;
};

}  // namespace

StreamPtr profiled(StreamPtr stream, NodeProfile& into) {
  return std::make_unique<ProfiledStream>(std::move(stream), into);
}

std::unique_ptr<Selection> profiled(std::unique_ptr<Selection> selection,
                                    NodeProfile& into) {
  return std::make_unique<ProfiledSelection>(std::move(selection), into);
}

}  // namespace prom::query
