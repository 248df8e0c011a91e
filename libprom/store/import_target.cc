#include "libprom/store/import_target.h"

#include <algorithm>
#include <bit>
#include <optional>
#include <random>

#include "libprom/chunk/value_column.h"
#include "libprom/store/sample_order.h"
#include "libprom/store/writer.h"

namespace prom::store {
namespace {

// How many series go by between two looks at `go_on`.
constexpr std::uint64_t kSeriesPerLook = 256;

std::uint64_t random_word() {
  static std::random_device device;
  return static_cast<std::uint64_t>(device()) << 32U | device();
}

// What the store has in a slot, walked beside the new series.
class Stored {
 public:
  explicit Stored(std::unique_ptr<const ViewSelection> selection)
      : selection_(std::move(selection)) {}

  // Takes out of `samples` what the store has of the series.  REQUIRES: labels
  // ascend from call to call.
  void subtract_from(const Labels& labels, Samples& samples,
                     Duplicates& duplicates) {
    if (!selection_) return;
    while (at_ < selection_->size() && current() < labels) {
      ++at_;
      current_.reset();
    }
    if (at_ == selection_->size() || current() != labels) return;
    selection_->read(at_, 1, stored_);
    if (stored_.t_ms.empty()) return;
    subtract(samples, duplicates);
  }

 private:
  const Labels& current() {
    if (!current_) current_ = selection_->labels(at_);
    return *current_;
  }

  static const FloatHistogram* histogram_of(const Samples& samples,
                                            std::size_t i) {
    return samples.histogram.empty() ? nullptr : samples.histogram[i];
  }

  [[nodiscard]] bool is_same(const Samples& samples, std::size_t i,
                             std::size_t stored) const {
    const FloatHistogram* const a = histogram_of(samples, i);
    const FloatHistogram* const b = histogram_of(stored_, stored);
    if ((a == nullptr) != (b == nullptr)) return false;
    if (a != nullptr) return a->equals(*b);
    return std::bit_cast<std::uint64_t>(samples.value[i]) ==
           std::bit_cast<std::uint64_t>(stored_.value[stored]);
  }

  void subtract(Samples& samples, Duplicates& duplicates) const {
    std::size_t kept = 0;
    std::size_t stored = 0;
    for (std::size_t i = 0; i < samples.t_ms.size(); ++i) {
      while (stored < stored_.t_ms.size() &&
             stored_.t_ms[stored] < samples.t_ms[i])
        ++stored;
      if (stored < stored_.t_ms.size() &&
          stored_.t_ms[stored] == samples.t_ms[i]) {
        ++(is_same(samples, i, stored) ? duplicates.repeated
                                       : duplicates.refused);
        continue;
      }
      samples.t_ms[kept] = samples.t_ms[i];
      samples.value[kept] = samples.value[i];
      if (!samples.histogram.empty())
        samples.histogram[kept] = samples.histogram[i];
      if (!samples.start_ms.empty())
        samples.start_ms[kept] = samples.start_ms[i];
      ++kept;
    }
    samples.t_ms.resize(kept);
    samples.value.resize(kept);
    if (!samples.histogram.empty()) samples.histogram.resize(kept);
    if (!samples.start_ms.empty()) samples.start_ms.resize(kept);
    samples.end.back() = kept;
  }

  std::unique_ptr<const ViewSelection> selection_;
  std::size_t at_ = 0;
  std::optional<Labels> current_;
  Samples stored_;
};

std::vector<block::Exemplar> exemplars_in(const ImportExemplars& exemplars,
                                          const Labels& labels,
                                          const ImportSlot& slot) {
  std::vector<block::Exemplar> some;
  const auto found = exemplars.find(labels);
  if (found == exemplars.end()) return some;
  std::ranges::copy_if(
      found->second, std::back_inserter(some), [&](const block::Exemplar& one) {
        return one.t_ms >= begin_of(slot) && one.t_ms <= end_of(slot);
      });
  put_in_order(some);
  return some;
}

Status create_store(const std::string& store, os::FileSystem& files,
                    os::Clock& clock) {
  const auto writer = Writer::open(store, {}, files, clock);
  // A live writer has a store.
  if (!writer && writer.error().code != Code::kBusy)
    return fail(writer.error());
  return {};
}

}  // namespace

Result<std::unique_ptr<ImportTarget>> ImportTarget::open(
    const std::string& store, os::FileSystem& files, os::Clock& clock) {
  const auto there = View::open(store);
  if (!there && there.error().code == Code::kMissing) {
    if (Status made = create_store(store, files, clock); !made)
      return fail(made.error());
  }
  auto lock = lock_blocks(files, store);
  if (!lock) return fail(lock.error());
  Status cleaned = block::remove_leftovers(files, blocks_path(store));
  if (!cleaned) return fail(cleaned.error());
  auto view = View::open(store);
  if (!view) return fail(view.error());
  return std::unique_ptr<ImportTarget>(new ImportTarget(
      store, files, clock, std::move(*lock), std::move(*view)));
}

ImportTarget::~ImportTarget() {
  remove_unnamed(files_, store_, made_);
}

Result<std::unique_ptr<block::Writer>> ImportTarget::begin_block(
    const ImportSlot& slot) {
  block::WriterOptions options;
  options.id =
      block::Ulid::make(clock_.wall_ms(), random_word(), random_word());
  for (std::int64_t width = slot.width_ms; width > kSlotMs; width /= 3)
    ++options.level;
  options.statistics = slot.width_ms >= kStatisticsFromMs;
  return block::Writer::create(files_, blocks_path(store_), options);
}

Status ImportTarget::add_block(
    const ImportSlot& slot, SortedSeries& series, const Families& metadata,
    const ImportExemplars& exemplars,
    const std::function<bool(std::uint64_t)>& go_on) {
  auto stored = view_->select({}, begin_of(slot), end_of(slot));
  if (!stored) return fail(stored.error());
  Stored known(std::move(*stored));
  std::unique_ptr<block::Writer> writer;
  Labels labels;
  Samples samples;
  std::uint64_t read = 0;
  for (std::uint64_t n = 0;; ++n) {
    if (n % kSeriesPerLook == 0 && !go_on(read))
      return fail(Code::kCancelled, "interrupted; nothing was imported");
    const auto more = series.next(labels, samples);
    if (!more) return fail(more.error());
    if (!*more) break;
    read += samples.t_ms.size();
    known.subtract_from(labels, samples, counts_.duplicates);
    if (samples.t_ms.empty()) continue;
    if (samples.t_ms.size() > chunk::kColumnValuesMax)
      return fail(Code::kLimit, labels.to_string() + " has more than " +
                                    std::to_string(chunk::kColumnValuesMax) +
                                    " samples in one block");
    if (!writer) {
      auto begun = begin_block(slot);
      if (!begun) return fail(begun.error());
      writer = std::move(*begun);
    }
    if (Status done = writer->add(labels, samples.of(0)); !done) return done;
    const auto some = exemplars_in(exemplars, labels, slot);
    if (!some.empty()) writer->add_exemplars(some);
    counts_.samples += samples.t_ms.size();
  }
  if (!writer) return {};
  for (const auto& [family, words] : metadata)
    writer->add_metadata({family, words.type, words.help, words.unit});
  auto info = writer->finish();
  if (!info) return fail(info.error());
  made_.push_back(std::move(*info));
  ++counts_.blocks;
  return {};
}

Status ImportTarget::publish() {
  if (made_.empty()) return {};
  Status done = publish_blocks(files_, store_, made_);
  if (done) made_.clear();
  return done;
}

}  // namespace prom::store
