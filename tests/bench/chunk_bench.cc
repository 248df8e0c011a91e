// Column codecs: bytes per sample, speed of encoding, decoding and joining.
//
// Columns: the series of the captures when they lie beside the repository
// (about 556 samples each), and a mix of which 35 % are constant, 35 % integer
// counters, 15 % sizes in pages, 10 % decimals and 5 % sums with full
// mantissas, 1000 samples every 30 s that jitter by 20 ms.
//
// "bytes" has each column once: a column with the same values as another is a
// reference of 4 bytes, as blocks have it; "bytes_each" stores all.  Times are
// shared by the series of a target (of a hundred in the mix), whole or as a
// slice, and are included.
// "moving" leaves constant columns out.  Targets: captures 0.28, mix 1.0 bytes
// a sample; encoding 25 ns; joining 200 M samples/s.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <deque>
#include <functional>
#include <random>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "libprom/base/number.h"
#include "libprom/chunk/histogram_column.h"
#include "libprom/chunk/kernels.h"
#include "libprom/chunk/time_column.h"
#include "libprom/chunk/value_column.h"

#include "tests/support/shared_data.h"

namespace {

using prom::Bytes;
using prom::chunk::Machine;
using prom::chunk::ValueColumn;
using prom::chunk::ValueEncoder;
using Words = std::vector<std::uint64_t>;
using Times = std::vector<std::int64_t>;

constexpr int kRounds = 7;

struct Series {
  Times t_ms;
  Words bits;
};

// Of processor time: codecs do not wait.
double best_seconds(const std::function<void()>& work) {
  double best = 1e9;
  for (int i = 0; i < kRounds; ++i) {
    const std::clock_t begin = std::clock();
    work();
    const auto took = static_cast<double>(std::clock() - begin);
    best = std::min(best, took / CLOCKS_PER_SEC);
  }
  return best;
}

void print(const std::string& name, double value, const char* unit) {
  std::printf("chunk_%s %.4g %s\n", name.c_str(), value, unit);
}

std::vector<Series> captured(const char* name) {
  std::unordered_map<std::string, Series> found;
  for (const prom::test::Scrape& scrape : prom::test::read_capture(name)) {
    std::string_view rest = scrape.body;
    while (!rest.empty()) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(rest.size(), line.size() + 1));
      const std::size_t blank = line.rfind(' ');
      if (line.starts_with('#') || blank == std::string_view::npos) continue;
      const auto value = prom::parse_float(line.substr(blank + 1));
      if (!value) continue;
      Series& series = found[std::string(line.substr(0, blank))];
      series.t_ms.push_back(scrape.t_ms);
      series.bits.push_back(std::bit_cast<std::uint64_t>(*value));
    }
  }
  std::vector<Series> all;
  for (auto& [key, series] : found) all.push_back(std::move(series));
  return all;
}

// One value after another of the mix.
class MixedSeries {
 public:
  MixedSeries(std::size_t number, std::mt19937_64& random) : random_(random) {
    const std::size_t share = number % 100;
    kind_ = share < 35   ? 0
            : share < 70 ? 1
            : share < 85 ? 2
            : share < 95 ? 3
                         : 4;
    value_ = kind_ == 0   ? below(3)
             : kind_ == 2 ? below(100000) * 4096
             : kind_ == 3 ? below(10000) / 100
                          : below(1000000);
    rate_ = 1 + below(1000);
  }

  double next() {
    if (kind_ == 1) value_ += std::floor(rate_ * (0.5 + below(1000) / 1000));
    if (kind_ == 2 && below(4) == 0)
      value_ = std::fabs(value_ + 4096 * (below(200) - 100));
    if (kind_ == 3)
      value_ = std::round((value_ + (below(100) - 50) / 100) * 100) / 100;
    if (kind_ == 4) value_ += rate_ * below(1000003) / 1000003;
    return value_;
  }

 private:
  double below(std::uint64_t limit) {
    return static_cast<double>(random_() % limit);
  }

  std::mt19937_64& random_;
  int kind_ = 0;
  double value_ = 0;
  double rate_ = 0;
};

std::vector<Series> mixed(std::size_t series_count, std::size_t samples) {
  std::mt19937_64 random(1);
  std::vector<Series> all(series_count);
  Times t_ms;
  for (std::size_t i = 0; i < series_count; ++i) {
    if (i % 100 == 0) {
      t_ms.clear();
      for (std::size_t k = 0; k < samples; ++k)
        t_ms.push_back(1'795'000'000'000 +
                       static_cast<std::int64_t>(k) * 30000 +
                       static_cast<std::int64_t>(random() % 41) - 20);
    }
    all[i].t_ms = t_ms;
    MixedSeries series(i, random);
    for (std::size_t k = 0; k < samples; ++k)
      all[i].bits.push_back(std::bit_cast<std::uint64_t>(series.next()));
  }
  return all;
}

// Columns one behind the other, with room to overread.
struct Columns {
  std::string bytes;
  std::vector<ValueColumn> columns;
  std::size_t samples = 0;

  explicit Columns(const std::vector<const Series*>& series) {
    ValueEncoder encoder;
    std::vector<std::size_t> begins;
    for (const Series* each : series) {
      begins.push_back(bytes.size());
      encoder.encode(each->bits, bytes);
      samples += each->bits.size();
    }
    bytes.append(prom::chunk::kOverread, '\0');
    for (std::size_t i = 0; i < series.size(); ++i) {
      const Bytes rest = prom::as_bytes(bytes).subspan(begins[i]);
      columns.push_back(
          ValueColumn::open(rest, series[i]->bits.size()).value());
    }
  }
};

// Times that are a slice of others cost nothing more, as in blocks.
std::size_t bytes_of_times(std::vector<Times> times) {
  std::ranges::sort(times, std::greater(), &Times::size);
  std::vector<Times> kept;
  std::string columns;
  for (Times& t_ms : times) {
    const bool slice = std::ranges::any_of(kept, [&](const Times& whole) {
      return !std::ranges::search(whole, t_ms).empty();
    });
    if (slice) continue;
    prom::chunk::encode_times(t_ms, columns);
    kept.push_back(std::move(t_ms));
  }
  return columns.size();
}

void measure_size(const std::string& name, const std::vector<Series>& all,
                  const Columns& encoded) {
  constexpr std::size_t kReference = 4;
  std::unordered_set<std::string> contents;
  std::set<Times> times;
  std::size_t shared = 0;
  std::size_t each = 0;
  std::size_t constants = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::size_t size = encoded.columns[i].bytes().size();
    each += size;
    constants += encoded.columns[i].is_constant() ? size : 0;
    const std::string content(
        prom::as_text(std::as_bytes(std::span(all[i].bits))));
    shared +=
        contents.insert(content).second ? size : std::min(size, kReference);
    times.insert(all[i].t_ms);
  }
  const std::size_t time_bytes = bytes_of_times({times.begin(), times.end()});
  const auto samples = static_cast<double>(encoded.samples);
  print(name + "_bytes", static_cast<double>(shared + time_bytes) / samples,
        "B/sample");
  print(name + "_bytes_each", static_cast<double>(each + time_bytes) / samples,
        "B/sample");
  print(name + "_bytes_times", static_cast<double>(time_bytes) / samples,
        "B/sample");
  print(name + "_bytes_constants", static_cast<double>(constants) / samples,
        "B/sample");
}

void measure_speed(const std::string& name,
                   const std::vector<const Series*>& series) {
  const Columns encoded(series);
  Words decoded(1);
  for (const Series* each : series)
    decoded.resize(std::max(decoded.size(), each->bits.size()));
  const double per_sample = 1e9 / static_cast<double>(encoded.samples);
  const struct {
    const char* name;
    Machine machine;
  } kMachines[] = {{"scalar", Machine::kScalar},
                   {"avx2", Machine::kAvx2},
                   {"avx512", Machine::kAvx512}};
  for (const auto& [machine_name, machine] : kMachines) {
    if (prom::chunk::kernels_of(machine) == nullptr) continue;
    prom::chunk::use_machine(machine);
    const double decode_s = best_seconds([&] {
      for (const ValueColumn& column : encoded.columns) {
        if (!column.decode(0, column.size(), decoded.data())) std::abort();
        asm volatile("" : : "r"(decoded.data()) : "memory");
      }
    });
    print(name + "_decode_" + machine_name, decode_s * per_sample, "ns/sample");
    ValueEncoder encoder;
    std::string out;
    const double encode_s = best_seconds([&] {
      out.clear();
      for (const Series* each : series) encoder.encode(each->bits, out);
    });
    print(name + "_encode_" + machine_name, encode_s * per_sample, "ns/sample");
  }
  prom::chunk::use_machine(std::nullopt);
}

// Every series, cut into twelve columns of the length that it has.
void measure_joining(const std::string& name,
                     const std::vector<const Series*>& series) {
  constexpr std::size_t kParts = 12;
  const Columns encoded(series);
  ValueEncoder encoder;
  std::string out;
  const double seconds = best_seconds([&] {
    out.clear();
    for (const ValueColumn& column : encoded.columns) {
      const std::vector<ValueColumn> parts(kParts, column);
      if (!encoder.concatenate(parts, out)) std::abort();
    }
  });
  print(name + "_concatenate",
        static_cast<double>(encoded.samples * kParts) / seconds / 1e6,
        "Msamples/s");
}

void measure(const std::string& name, const std::vector<Series>& all) {
  std::vector<const Series*> every;
  std::vector<const Series*> moving;
  for (const Series& each : all) {
    every.push_back(&each);
    if (std::ranges::adjacent_find(each.bits, std::not_equal_to()) !=
        each.bits.end())
      moving.push_back(&each);
  }
  measure_size(name, all, Columns(every));
  measure_speed(name, every);
  measure_speed(name + "_moving", moving);
  measure_joining(name, every);
  measure_joining(name + "_moving", moving);
}

// One histogram of `buckets` populated buckets, observed about 20 times between
// two samples.
void measure_histograms() {
  constexpr std::size_t kHistograms = 480;
  constexpr std::size_t kBuckets = 20;
  std::mt19937_64 random(2);
  std::deque<prom::FloatHistogram> histograms;
  prom::FloatHistogram now;
  now.integer = true;
  now.schema = 3;
  now.zero_threshold = 0x1p-128;
  now.positive_spans = {{-5, kBuckets}};
  now.positive_buckets.assign(kBuckets, 0);
  for (std::size_t i = 0; i < kHistograms; ++i) {
    for (std::size_t seen = 10 + random() % 20; seen > 0; --seen) {
      // Most fall into the middle.
      now.positive_buckets[random() % 8 + random() % 8 + random() % 6] += 1;
      now.count += 1;
      now.sum += static_cast<double>(random() % 100000) * 1e-6;
    }
    histograms.push_back(now);
  }
  std::vector<const prom::FloatHistogram*> pointers;
  pointers.reserve(histograms.size());
  for (const auto& each : histograms) pointers.push_back(&each);
  ValueEncoder encoder;
  std::string bytes;
  prom::chunk::encode_histograms(pointers, encoder, bytes);
  const std::size_t size = bytes.size();
  bytes.append(prom::chunk::kOverread, '\0');
  const auto column =
      prom::chunk::HistogramColumn::open(prom::as_bytes(bytes), kHistograms)
          .value();
  const double bucket_samples = kHistograms * kBuckets;
  print("histograms_bytes", static_cast<double>(size) / bucket_samples,
        "B/bucket");
  const double seconds = best_seconds([&] {
    std::deque<prom::FloatHistogram> decoded;
    if (!column.decode(0, kHistograms, decoded)) std::abort();
  });
  print("histograms_decode", seconds * 1e9 / bucket_samples, "ns/bucket");
}

}  // namespace

int main() {
  std::vector<Series> captures;
  for (const char* name : {"node", "prom", "vm"}) {
    std::vector<Series> found = captured(name);
    std::ranges::move(found, std::back_inserter(captures));
  }
  if (captures.empty()) {
    std::printf("# chunk: no captures beside the repository\n");
  } else {
    measure("captures", captures);
  }
  measure("mix", mixed(1000, 1000));
  measure_histograms();
  return 0;
}
