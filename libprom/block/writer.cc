#include "libprom/block/writer.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "libprom/base/checksum.h"
#include "libprom/block/cold.h"
#include "libprom/block/writer_internal.h"

namespace prom::block {
namespace {

// Columns from this on are looked for in the whole file.
constexpr std::size_t kSharedBytesMin = 32;
// Others this far back: the places of a run then still fit two bytes.
constexpr std::uint64_t kReachBytes = 32U << 10U;

// The floats or the histograms of a series that has both.
struct Half {
  std::vector<std::int64_t> t_ms;
  std::vector<double> value;
  std::vector<const FloatHistogram*> histogram;
  std::vector<std::int64_t> start_ms;

  Half(const SeriesSamples& samples, bool histograms) {
    for (std::size_t i = 0; i < samples.t_ms.size(); ++i) {
      if ((samples.histogram[i] != nullptr) != histograms) continue;
      t_ms.push_back(samples.t_ms[i]);
      value.push_back(samples.value[i]);
      histogram.push_back(samples.histogram[i]);
      if (!samples.start_ms.empty()) start_ms.push_back(samples.start_ms[i]);
    }
  }
  [[nodiscard]] SeriesSamples samples() const {
    return {t_ms, value, histogram, start_ms};
  }
};

std::string name_in(const std::string& directory, const Ulid& id) {
  return os::join_path(directory, id.to_string());
}

}  // namespace

Result<std::uint64_t> ColumnStore::place(std::string_view bytes,
                                         Output& output) {
  return place(bytes, bytes.size() < kSharedBytesMin ? kReachBytes : UINT64_MAX,
               output);
}

Result<std::uint64_t> ColumnStore::place_shared(std::string_view bytes,
                                                Output& output) {
  return place(bytes, UINT64_MAX, output);
}

Result<std::uint64_t> ColumnStore::place(std::string_view bytes,
                                         std::uint64_t reach, Output& output) {
  const std::uint64_t next = output.offset();
  const auto [known, fresh] = by_hash_.try_emplace(hash64(bytes), next);
  if (!fresh && next - known->second <= reach) {
    // The hash is a hint; equal columns are equal byte by byte.
    const auto same = output.holds(known->second, bytes);
    if (!same) return fail(same.error());
    if (*same) return known->second;
  }
  known->second = next;
  if (Status status = output.append(bytes); !status)
    return fail(std::move(status).error());
  return next;
}

Status PartWriter::add(const SamplePart& part, const TimeTable& times,
                       Output& output) {
  const TimeSlice& slice = part.times;
  const std::uint32_t back = slice.column == 0 ? 0
                                               : times.size_of(slice.column) -
                                                     slice.first - slice.count;
  const std::array<std::uint64_t, kSampleTables> numbers = {
      slice.column, slice.first, back, part.values, part.starts};
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (Status status = tables_[i].add(numbers[i], output); !status)
      return status;
  }
  return {};
}

Status PartWriter::write(Output& output, Header& header, SectionKind kind) {
  for (std::uint32_t i = 0; i < kSampleTables; ++i) {
    if (Status status = tables_[i].write(output, header,
                                         static_cast<std::uint32_t>(kind) + i);
        !status)
      return status;
  }
  return {};
}

Status Writer::State::settle(Status status) {
  if (!status && !failure) failure = status.error();
  return status;
}

Status Writer::State::check_order(const Labels& next) const {
  if (header.info.series == kSeriesMax)
    return fail(Code::kLimit, "more than " + std::to_string(kSeriesMax) +
                                  " series in a block");
  if (header.info.series > 0 && next <= last_labels)
    return fail(Code::kInternal, "series out of order: " + next.to_string());
  return {};
}

Result<std::uint64_t> Writer::State::place_starts(
    std::span<const std::int64_t> start_ms) {
  if (std::ranges::all_of(start_ms, [](std::int64_t t) { return t == 0; }))
    return 0;
  const bool as_float = std::ranges::all_of(start_ms, [](std::int64_t t) {
    return t >= -kWholeMax && t <= kWholeMax;
  });
  bits.clear();
  for (const std::int64_t t : start_ms)
    bits.push_back(as_float
                       ? std::bit_cast<std::uint64_t>(static_cast<double>(t))
                       : static_cast<std::uint64_t>(t));
  encoded.assign(1, as_float ? '\0' : '\1');
  encoder.encode(bits, encoded);
  return columns.place_shared(encoded, *output);
}

Result<SamplePart> Writer::State::place_floats(const SeriesSamples& floats) {
  SamplePart part;
  if (floats.t_ms.empty()) return part;
  const auto slice = times.place(floats.t_ms, *output);
  if (!slice) return fail(slice.error());
  part.times = *slice;
  bits.resize(floats.value.size());
  std::memcpy(bits.data(), floats.value.data(), floats.value.size_bytes());
  encoded.clear();
  encoder.encode(bits, encoded);
  const auto values = columns.place(encoded, *output);
  if (!values) return fail(values.error());
  part.values = *values;
  const auto starts = place_starts(floats.start_ms);
  if (!starts) return fail(starts.error());
  part.starts = *starts;
  return part;
}

Result<SamplePart> Writer::State::place_histograms(
    const SeriesSamples& histograms) {
  SamplePart part;
  if (histograms.t_ms.empty()) return part;
  const auto slice = times.place(histograms.t_ms, *output);
  if (!slice) return fail(slice.error());
  part.times = *slice;
  encoded.clear();
  chunk::encode_histograms(histograms.histogram, encoder, encoded);
  const auto values = columns.place(encoded, *output);
  if (!values) return fail(values.error());
  part.values = *values;
  const auto starts = place_starts(histograms.start_ms);
  if (!starts) return fail(starts.error());
  part.starts = *starts;
  return part;
}

Status Writer::State::add(const Labels& next, const SeriesSamples& samples,
                          const BinsAlone* alone) {
  last_was_written = false;
  if (Status status = check_order(next); !status) return status;
  const bool mixed = !samples.histogram.empty();
  const std::optional<Half> floats =
      mixed ? std::optional<Half>(Half(samples, false)) : std::nullopt;
  const std::optional<Half> histograms =
      mixed ? std::optional<Half>(Half(samples, true)) : std::nullopt;
  const SeriesSamples& float_samples = mixed ? floats->samples() : samples;
  SeriesParts parts;
  const auto placed = place_floats(float_samples);
  if (!placed) return fail(placed.error());
  parts.floats = *placed;
  if (mixed) {
    const auto both = place_histograms(histograms->samples());
    if (!both) return fail(both.error());
    parts.histograms = *both;
  }
  parts.min_ms = samples.t_ms.empty() ? INT64_MAX : samples.t_ms.front();
  parts.max_ms = samples.t_ms.empty() ? INT64_MIN : samples.t_ms.back();
  // Where some bins are alone, those behind them have bins to the end.
  const bool any_alone = alone != nullptr && !alone->back().empty();
  const bool beside =
      any_alone || (options.statistics && parts.histograms.times.column == 0);
  if (beside) {
    Status status = place_bins(float_samples, parts.floats.times,
                               any_alone ? alone : nullptr, parts);
    if (!status) return status;
  }
  return add_series(next, parts);
}

Status Writer::State::add_series(const Labels& next, const SeriesParts& parts) {
  if (Status status = labels.add(next); !status) return status;
  hashes.push_back(next.hash());
  last_labels = next;
  if (Status status = float_parts.add(parts.floats, times, *output); !status)
    return status;
  if (Status status = histogram_parts.add(parts.histograms, times, *output);
      !status)
    return status;
  for (std::size_t i = 0; i < kResolutions; ++i) {
    if (Status status = bin_parts[i].add(parts.bins[i], times, *output);
        !status)
      return status;
  }
  BlockInfo& info = header.info;
  info.min_ms =
      info.series == 0 ? parts.min_ms : std::min(info.min_ms, parts.min_ms);
  info.max_ms =
      info.series == 0 ? parts.max_ms : std::max(info.max_ms, parts.max_ms);
  info.samples +=
      std::uint64_t{parts.floats.times.count} + parts.histograms.times.count;
  ++info.series;
  last_was_written = true;
  return {};
}

Status Writer::State::add_exemplars(std::span<const Exemplar> added) {
  const std::string bytes = encode_exemplars(added);
  if (bytes.size() > UINT32_MAX)
    return fail(Code::kLimit, "exemplars of a series exceed 4 GiB");
  const ExemplarEntry entry{
      .series = static_cast<std::uint32_t>(header.info.series - 1),
      .bytes = static_cast<std::uint32_t>(bytes.size()),
      .offset = output->offset()};
  append_struct(exemplars, entry);
  return output->append(bytes);
}

Status Writer::State::write_section(SectionKind kind, std::string_view bytes) {
  if (bytes.empty()) return {};
  header.sections[static_cast<std::size_t>(kind)] =
      Section{output->offset(), bytes.size()};
  return output->append(bytes);
}

Status Writer::State::write_metadata() {
  if (metadata.empty()) return {};
  std::vector<FamilyMetadata> all;
  std::size_t bytes = 0;
  for (auto& [family, known] : metadata) {
    bytes += known.family.size() + known.type.size() + known.help.size() +
             known.unit.size();
    all.push_back(std::move(known));
  }
  metadata.clear();
  if (bytes > kMetadataBytesMax / 2)
    return fail(Code::kLimit, "metadata of a block exceeds 128 MiB");
  return write_section(SectionKind::kMetadata, encode_metadata(all));
}

Status Writer::State::write_sections() {
  Status status = float_parts.write(*output, header, SectionKind::kFloats);
  if (status)
    status = histogram_parts.write(*output, header, SectionKind::kHistograms);
  for (std::size_t i = 0; i < kResolutions; ++i) {
    if (status) status = bin_parts[i].write(*output, header, bins_section(i));
  }
  if (status) status = times.write(*output, header);
  if (status) status = labels.write(*output, header);
  std::string raw_hashes;
  raw_hashes.reserve(hashes.size() * sizeof(std::uint64_t));
  for (const std::uint64_t hash : hashes) append_le(raw_hashes, hash);
  if (status) status = write_section(SectionKind::kHashes, raw_hashes);
  if (status) status = write_section(SectionKind::kExemplars, exemplars);
  if (status) status = write_metadata();
  std::string parents;
  for (const Ulid& parent : options.parents) append_struct(parents, parent);
  if (status) status = write_section(SectionKind::kParents, parents);
  return status;
}

Result<BlockInfo> Writer::State::finish() {
  if (failure) return fail(*failure);
  if (header.info.series == 0)
    return fail(Code::kBadData, "a block without series");
  header.info.id = options.id;
  header.info.level = options.level;
  if (Status status = write_sections(); !status)
    return fail(std::move(status).error());
  if (Status status = output->finish(header, options.durable); !status)
    return fail(std::move(status).error());
  output.reset();
  const std::string name = name_in(directory, options.id);
  if (Status status = files.rename(temporary, name); !status)
    return fail(std::move(status).error());
  temporary = name;
  if (options.durable) {
    if (Status status = files.sync_directory(directory); !status)
      return fail(std::move(status).error());
  }
  temporary.clear();
  BlockInfo info = header.info;
  info.parents = options.parents;
  return info;
}

Writer::Writer() = default;

Writer::~Writer() {
  if (!state_) return;
  state_->output.reset();
  if (!state_->temporary.empty()) (void)state_->files.unlink(state_->temporary);
}

Result<std::unique_ptr<Writer>> Writer::create(os::FileSystem& files,
                                               const std::string& directory,
                                               const WriterOptions& options) {
  std::unique_ptr<Writer> writer(new Writer());
  writer->state_ = std::make_unique<State>(files, options);
  State& state = *writer->state_;
  state.directory = directory;
  const std::string temporary = os::join_path(
      directory, std::string(kLeftoverPrefix) + options.id.to_string());
  auto output = Output::create(files, temporary);
  if (!output) return fail(std::move(output).error().in("write block"));
  state.output = std::move(*output);
  state.temporary = temporary;
  return writer;
}

Status Writer::add(const Labels& labels, const SeriesSamples& samples,
                   const BinsAlone* alone) {
  if (state_->failure) return fail(*state_->failure);
  return state_->settle(state_->add(labels, samples, alone));
}

Status Writer::merge(const Labels& labels, std::span<const BlockPart> parts,
                     std::span<const TimeRange> drop) {
  if (state_->failure) return fail(*state_->failure);
  return state_->settle(state_->merge(labels, parts, drop));
}

void Writer::add_exemplars(std::span<const Exemplar> exemplars) {
  if (state_->failure || exemplars.empty() || !state_->last_was_written) return;
  state_->last_was_written = false;
  (void)state_->settle(state_->add_exemplars(exemplars));
}

void Writer::add_metadata(const FamilyMetadata& metadata) {
  state_->metadata[metadata.family] = metadata;
}

Result<BlockInfo> Writer::finish() {
  Result<BlockInfo> info = state_->finish();
  if (!info) {
    state_->failure = info.error();
    state_->output.reset();
    if (!state_->temporary.empty())
      (void)state_->files.unlink(state_->temporary);
    state_->temporary.clear();
    return fail(std::move(info).error().in("write block"));
  }
  state_->failure = Error{Code::kInternal, "the block is finished"};
  return info;
}

Status remove_leftovers(os::FileSystem& files, const std::string& directory) {
  const auto entries = files.list(directory);
  if (!entries) return fail(entries.error());
  for (const os::DirectoryEntry& entry : *entries) {
    if (entry.is_directory || !entry.name.starts_with(kLeftoverPrefix) ||
        !Ulid::parse(
            std::string_view(entry.name).substr(kLeftoverPrefix.size())))
      continue;
    if (Status status = files.unlink(os::join_path(directory, entry.name));
        !status)
      return status;
  }
  return {};
}

}  // namespace prom::block
