// A program's own metrics: counters, gauges, histograms and summaries with
// labels, written as exposition text.  Every long-running tool has one
// Registry, whose text goes to RUNDIR/<tool>.prom and to GET /metrics.
//
//   Registry registry;
//   Counter& dropped = registry.counter(
//       "prom_scrape_dropped_total", "Scrapes that were dropped.",
//       {{"reason", "store_slow"}});
//   dropped.add();
//
// Everything here may be called from any thread.  What counter() and its
// sisters return stays valid until remove() or the end of the registry, and
// asking again for the same name and labels gives the same object.  Keep the
// reference where the event happens often: looking up takes a lock, counting
// does not.
//
// A name belongs to one type for the life of the registry; asking for it as
// another is a bug of the program and asserted.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "libprom/model/labels.h"

namespace prom::exposition {

// Only goes up.
class Counter {
 public:
  void add(double amount = 1) {  // REQUIRES: amount >= 0
    value_.fetch_add(amount, std::memory_order_relaxed);
  }
  // For a total that is counted elsewhere.
  void set_total(double total) {
    value_.store(total, std::memory_order_relaxed);
  }
  [[nodiscard]] double value() const {
    return value_.load(std::memory_order_relaxed);
  }

 private:
  std::atomic<double> value_ = 0;
};

class Gauge {
 public:
  void set(double value) { value_.store(value, std::memory_order_relaxed); }
  void add(double amount) {
    value_.fetch_add(amount, std::memory_order_relaxed);
  }
  [[nodiscard]] double value() const {
    return value_.load(std::memory_order_relaxed);
  }

 private:
  std::atomic<double> value_ = 0;
};

// Buckets by upper bound; +Inf is added by itself.
class Histogram {
 public:
  // REQUIRES: bounds ascending.
  explicit Histogram(std::vector<double> bounds);
  void observe(double value);

  struct Snapshot {
    std::vector<std::uint64_t> cumulative;  // per bound, then +Inf
    double sum = 0;
  };
  [[nodiscard]] Snapshot snapshot() const;
  [[nodiscard]] const std::vector<double>& bounds() const { return bounds_; }

 private:
  const std::vector<double> bounds_;
  std::vector<std::atomic<std::uint64_t>> counts_;  // bounds_ and one more
  std::atomic<double> sum_ = 0;
};

// Count, sum, and quantiles of the latest observations.  Upstream has some
// summaries that dashboards know by name; new metrics should be histograms.
class Summary {
 public:
  // The quantiles are those of so many latest observations: exact, bounded,
  // and for events once per scrape or evaluation about the ten minutes that
  // upstream's decaying window covers.
  static constexpr std::size_t kObservationsMax = 512;

  explicit Summary(std::vector<double> quantiles);
  void observe(double value);

  struct Snapshot {
    std::vector<double> values;  // per quantile; NaN without observations
    std::uint64_t count = 0;
    double sum = 0;
  };
  [[nodiscard]] Snapshot snapshot() const;
  [[nodiscard]] const std::vector<double>& quantiles() const {
    return quantiles_;
  }

 private:
  const std::vector<double> quantiles_;
  mutable std::mutex mutex_;    // guards what follows
  std::vector<double> latest_;  // a ring once it is full
  std::uint64_t count_ = 0;
  double sum_ = 0;
};

// Upstream's default bucket bounds: 5 ms to 10 s, in seconds.
const std::vector<double>& default_bounds();

class Registry {
 public:
  // REQUIRES: metric and label names are valid legacy names; counters end in
  // _total.  The help is taken from the first call for a name.
  Counter& counter(std::string_view name, std::string_view help,
                   const Labels& labels = {});
  Gauge& gauge(std::string_view name, std::string_view help,
               const Labels& labels = {});
  Histogram& histogram(std::string_view name, std::string_view help,
                       const std::vector<double>& bounds = default_bounds(),
                       const Labels& labels = {});
  Summary& summary(std::string_view name, std::string_view help,
                   const std::vector<double>& quantiles,
                   const Labels& labels = {});

  // A value that is asked for when the text is written.  `read` runs on the
  // thread that calls text(), with the registry locked: it must not use the
  // registry.  Given twice, the later replaces the earlier.
  using Read = std::function<double()>;
  void counter_from(std::string_view name, std::string_view help,
                    const Labels& labels, Read read);
  void gauge_from(std::string_view name, std::string_view help,
                  const Labels& labels, Read read);

  // Forgets one series; references to it end.  No such series: no effect.
  void remove(std::string_view name, const Labels& labels);
  // Forgets every series that has this label, of every name: a scrape pool or
  // a rule group that is gone.
  void remove_all(LabelView label);

  // Text format 0.0.4: families by name, series by labels.
  [[nodiscard]] std::string text() const;

 private:
  enum class Kind { kCounter, kGauge, kHistogram, kSummary };
  // Nothing in a variant moves once made: references are handed out.
  using Series =
      std::variant<std::unique_ptr<Counter>, std::unique_ptr<Gauge>,
                   std::unique_ptr<Histogram>, std::unique_ptr<Summary>, Read>;
  struct Family {
    Kind kind = Kind::kCounter;
    std::string help;
    std::map<Labels, Series> series;
  };
  Family& family(std::string_view name, std::string_view help, Kind kind);
  static void append(std::string& out, std::string_view name,
                     const Labels& labels, const Series& series);

  mutable std::mutex mutex_;  // guards families_
  std::map<std::string, Family, std::less<>> families_;
};

}  // namespace prom::exposition
