// Blocks of any bytes.  Checksums keep a fuzzer out, so each input is tried as
// it is and with its checksums made right: then everything that a block can be
// asked for is asked, and it is merged into another one.
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "libprom/base/checksum.h"
#include "libprom/block/block.h"
#include "libprom/block/format.h"
#include "libprom/block/writer.h"

#include "tests/support/temporary_directory.h"

namespace {

using namespace prom;
using namespace prom::block;

void read_bins(const Block& block, Ordinal series) {
  const std::vector<std::int64_t> ends_ms = {std::int64_t{1} << 40U,
                                             1'700'003'600'000};
  for (const unsigned columns : {kBinAll, unsigned{kBinEnds}}) {
    for (const std::int64_t resolution_ms : {kResolutionsMs[0], kHourMs}) {
      for (const Resolution use :
           {Resolution::kAuto, Resolution::kSamples, Resolution::kHours}) {
        Bins bins;
        (void)block.read_bins(series,
                              {.ends_ms = ends_ms,
                               .range_ms = 1'000'000'000'000,
                               .columns = columns,
                               .resolution_ms = resolution_ms,
                               .use = use},
                              bins);
      }
    }
  }
  for (std::size_t i = 0; i < kResolutions; ++i) (void)block.bins(series, i);
  Samples samples;
  std::int64_t coarsest_ms = 0;
  (void)block.read_points(series, 0, 1LL << 41U, Resolution::kFiveMinutes,
                          samples, coarsest_ms);
}

// Longer answers are the business of limits that callers have.
constexpr std::uint64_t kSamplesMax = 1U << 16U;
constexpr std::uint32_t kSeriesRead = 64;

// Of the header, as prom-block(5) has them.
constexpr std::size_t kFileBytesAt = 32;
constexpr std::size_t kPagesAt = 64;
constexpr std::size_t kSumsCrcAt = 84;
constexpr std::size_t kHeaderCrcAt = kPageBytes - 4;

std::string sums_of(const std::string& pages, std::size_t from) {
  std::string sums;
  for (std::size_t at = from; at < pages.size(); at += kPageBytes)
    append_le(sums, crc32c(std::string_view(pages).substr(at, kPageBytes)));
  return sums;
}

// The pages of `input` as a block whose checksums are right.
std::string with_right_checksums(std::string input) {
  input.resize(std::max<std::size_t>(2, input.size() / kPageBytes) *
               kPageBytes);
  const std::uint64_t pages = input.size() / kPageBytes;
  std::string sums = sums_of(input, kPageBytes);
  sums.resize(sum_pages(pages) * kPageBytes);
  const std::string tops = sums_of(sums, 0);
  kMagic.copy(input.data(), kMagic.size());
  store_le(input.data() + 8, kFormatVersion);
  store_le(input.data() + 12, std::uint32_t{0});
  store_le(input.data() + kFileBytesAt,
           std::uint64_t{input.size() + sums.size() + tops.size()});
  store_le(input.data() + kPagesAt, pages);
  store_le(input.data() + kSumsCrcAt, crc32c(tops));
  store_le(input.data() + kHeaderCrcAt,
           crc32c(std::string_view(input).substr(0, kHeaderCrcAt)));
  return input + sums + tops;
}

void ask(const Block& block) {
  const auto all = block.select({});
  std::vector<Ordinal> series = all.value_or(std::vector<Ordinal>());
  for (const char* value : {"a", "metric_1", ".*_1", "m.*", "metric_[0-9]"}) {
    for (const MatchOp op : {MatchOp::kEqual, MatchOp::kNotRegex}) {
      const auto matcher = Matcher::create(op, "__name__", value);
      const auto found = block.select({*matcher});
      if (found && found->size() > series.size()) std::abort();
    }
  }
  series.resize(std::min<std::size_t>(series.size(), kSeriesRead));
  (void)block.column("__name__", series);
  (void)block.label_values("instance", series, 10);
  (void)block.label_names(series, 10);
  (void)block.metadata();
  if (block.info().samples > kSamplesMax) return;
  for (const Ordinal one : series) {
    (void)block.labels(one);
    (void)block.labels_hash(one);
    read_bins(block, one);
    (void)block.exemplars(one);
    for (const std::int64_t min_ms :
         {std::numeric_limits<std::int64_t>::min(), std::int64_t{1} << 40U}) {
      Samples samples;
      if (!block.read(one, min_ms, min_ms < 0 ? INT64_MAX : min_ms + 100'000,
                      samples) &&
          !samples.t_ms.empty())
        std::abort();
    }
  }
}

void merge(const Block& block, const std::string& directory) {
  if (block.info().samples > kSamplesMax) return;
  auto writer = Writer::create(os::real_file_system(), directory,
                               {.id = {},
                                .level = 0,
                                .parents = {},
                                .statistics = true,
                                .durable = false});
  if (!writer) std::abort();
  for (Ordinal one = 0; one < std::min(block.series_count(), kSeriesRead);
       ++one) {
    const auto labels = block.labels(one);
    const BlockPart part{&block, one};
    if (!labels || !(*writer)->merge(*labels, {&part, 1}, {})) return;
  }
  const auto info = (*writer)->finish();
  if (!info) return;
  const std::string path = directory + "/" + info->id.to_string();
  const auto merged = Block::open(path);
  if (!merged) std::abort();
  ask(**merged);
}

void try_block(const std::string& directory, const std::string& content) {
  const std::string path = directory + "/block";
  std::ofstream(path, std::ios::binary) << content;
  const auto block = Block::open(path);
  if (!block) return;
  ask(**block);
  merge(**block, directory);
  if ((*block)->info().samples <= kSamplesMax &&
      (*block)->series_count() <= kSeriesRead)
    (*block)->verify([](const Error&) {});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  static const TemporaryDirectory directory;
  const std::string input(reinterpret_cast<const char*>(data), size);
  try_block(directory.path(), input);
  try_block(directory.path(), with_right_checksums(input));
  return 0;
}
