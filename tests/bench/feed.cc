// Sends one workload to prom-store or to a peer, so that both store the same
// samples: 15 s apart and up to now, since peers refuse old ones.
//
//   feed WORKLOAD SCALE wire >FRAMES        for prom-store append
//   feed WORKLOAD SCALE remote URL          remote write 1.0
//
//   captures  three real exporters, one after the other (see shared/data)
//   mix       SCALE x 1000 targets of 100 series, two hours: 35 % constant,
//             35 % counters, 15 % page multiples, 10 % of two decimals, 5 % of
//             full precision, each scrape up to 50 ms off its time
//   million   SCALE x 1000 targets of 1000 series, five minutes
//   churn     20,000 x SCALE series, all new each minute, an hour
//
// Says "samples N series N" on standard error at the end.
#include <snappy.h>
#include <unistd.h>

#include <bit>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <random>
#include <string>

#include <protozero/pbf_writer.hpp>

#include "libprom/exposition/parser.h"
#include "libprom/exposition/target_parser.h"
#include "libprom/http/client.h"
#include "libprom/os/clock.h"
#include "libprom/wire/frame.h"

#include "tests/support/shared_data.h"

namespace prom {
namespace {

constexpr std::int64_t kStepMs = 15'000;
constexpr std::size_t kBatchSamples = 20'000;

[[noreturn]] void stop(const std::string& why) {
  std::fprintf(stderr, "feed: %s\n", why.c_str());
  std::exit(69);
}

class Receiver {
 public:
  virtual ~Receiver() = default;
  // A layout stands until the next one of its source.
  virtual void layout(const wire::Layout& layout) = 0;
  virtual void row(const wire::Row& row) = 0;
  virtual void finish() = 0;
};

class Frames : public Receiver {
 public:
  void layout(const wire::Layout& layout) override { writer_.write(layout); }
  void row(const wire::Row& row) override {
    writer_.write(row);
    if (out_.size() > 1U << 18U) flush();
  }
  void finish() override {
    writer_.finish();
    flush();
  }

 private:
  void flush() {
    for (std::string_view left = out_; !left.empty();) {
      const ssize_t written = ::write(STDOUT_FILENO, left.data(), left.size());
      if (written < 0) stop("the reader has left");
      left.remove_prefix(static_cast<std::size_t>(written));
    }
    out_.clear();
  }

  std::string out_;
  wire::Writer writer_{out_};
};

class RemoteWrite : public Receiver {
 public:
  explicit RemoteWrite(std::string url) : url_(std::move(url)) {}

  // Labels are encoded once.
  void layout(const wire::Layout& layout) override {
    auto& series = series_[layout.source];
    series.clear();
    for (const Labels& labels : layout.series) {
      std::string encoded;
      protozero::pbf_writer message(encoded);
      for (const LabelView label : labels) {
        protozero::pbf_writer pair(message, 1);
        pair.add_string(1, label.name.data(), label.name.size());
        pair.add_string(2, label.value.data(), label.value.size());
      }
      series.push_back(std::move(encoded));
    }
  }
  void row(const wire::Row& row) override {
    const auto& series = series_.at(row.source);
    for (std::size_t i = 0; i < row.values.size(); ++i) {
      if (wire::is_absent(row.values[i])) continue;
      one_.assign(series[i]);
      protozero::pbf_writer message(one_);
      {
        protozero::pbf_writer sample(message, 2);
        sample.add_double(1, row.values[i]);
        sample.add_int64(2, row.t_ms);
      }
      protozero::pbf_writer request(batch_);
      request.add_message(1, one_);
      if (++count_ == kBatchSamples) send();
    }
  }
  void finish() override { send(); }

 private:
  void send() {
    if (count_ == 0) return;
    http::Request request;
    request.method = "POST";
    request.url = url_;
    snappy::Compress(batch_.data(), batch_.size(), &request.body);
    request.headers = {{"Content-Encoding", "snappy"},
                       {"Content-Type", "application/x-protobuf"},
                       {"X-Prometheus-Remote-Write-Version", "0.1.0"}};
    request.timeout_ms = 600'000;
    bool done = false;
    client_.start(std::move(request), [&](Result<http::Response> response) {
      if (!response) stop(response.error().message);
      if (response->status / 100 != 2) stop(response->body);
      done = true;
    });
    while (!done) client_.perform(-1);
    batch_.clear();
    count_ = 0;
  }

  const std::string url_;
  std::unordered_map<std::uint64_t, std::vector<std::string>> series_;
  std::string batch_;
  std::string one_;
  std::size_t count_ = 0;
  http::Client client_;
};

struct Sum {
  std::uint64_t samples = 0;
  std::uint64_t series = 0;
};

class Feeder {
 public:
  Feeder(Receiver& receiver, double scale)
      : receiver_(receiver), targets_(static_cast<int>(1000 * scale)) {}

  void run(const std::string& workload) {
    if (workload == "captures") return captures();
    if (workload == "mix") return regular(100, 480);
    if (workload == "million") return regular(1000, 20);
    if (workload == "churn") return churn();
    stop("no workload " + workload);
  }
  [[nodiscard]] const Sum& sum() const { return sum_; }

 private:
  static Labels labels_of(int target, int column) {
    return {{"__name__", "metric_" + std::to_string(column) + "_total"},
            {"instance", "10.0." + std::to_string(target / 256) + "." +
                             std::to_string(target % 256) + ":9100"},
            {"job", "node"},
            {"namespace", "namespace-" + std::to_string(target % 50)},
            {"pod", "pod-" + std::to_string(target * 7919 % 1'000'003)},
            {"zone", "a"}};
  }

  double next(int column, double before) {
    const int kind = column % 20;
    if (kind < 7) return before;
    if (kind < 14) return before + static_cast<double>(random_() % 1000);
    if (kind < 17) return static_cast<double>(random_() % 65'536) * 4096;
    if (kind < 19) return static_cast<double>(random_() % 10'000) / 100;
    return before + static_cast<double>(random_()) / 1e19;
  }

  void send(wire::Row& row) {
    row.sequence = ++sequence_;
    receiver_.row(row);
    sum_.samples += row.values.size();
  }

  void regular(int columns, int rows) {
    std::vector<wire::Row> targets;
    for (int t = 0; t < targets_; ++t) {
      wire::Layout layout{.source = static_cast<std::uint64_t>(t) + 1,
                          .version = 1,
                          .series = {}};
      wire::Row& row = targets.emplace_back();
      row.source = layout.source;
      row.version = 1;
      for (int c = 0; c < columns; ++c) {
        layout.series.push_back(labels_of(t, c));
        row.values.push_back(1000 + c);
      }
      receiver_.layout(layout);
    }
    sum_.series = static_cast<std::uint64_t>(targets_) *
                  static_cast<std::uint64_t>(columns);
    const std::int64_t start_ms = now_ms_ - rows * kStepMs;
    for (int r = 0; r < rows; ++r) {
      for (int t = 0; t < targets_; ++t) {
        wire::Row& row = targets[static_cast<std::size_t>(t)];
        row.t_ms = start_ms + r * kStepMs + t * 13 % kStepMs +
                   static_cast<std::int64_t>(random_() % 50);
        int column = 0;
        for (double& value : row.values) value = next(column++, value);
        send(row);
      }
    }
  }

  void churn() {
    constexpr int kMinutes = 60;
    const int series = targets_ * 20;
    for (int minute = 0; minute < kMinutes; ++minute) {
      wire::Layout layout{.source = 1,
                          .version = static_cast<std::uint32_t>(minute) + 1,
                          .series = {}};
      for (int c = 0; c < series; ++c)
        layout.series.push_back(labels_of(minute * series + c, c % 100));
      receiver_.layout(layout);
      wire::Row row{.source = 1, .version = layout.version, .values = {}};
      for (int scrape = 0; scrape < 4; ++scrape) {
        row.t_ms = now_ms_ - (kMinutes - minute) * 60'000 + scrape * kStepMs;
        row.values.assign(static_cast<std::size_t>(series), minute);
        send(row);
      }
      sum_.series += static_cast<std::uint64_t>(series);
    }
  }

  // Each capture is moved so that it ends now.
  void captures() {
    std::uint64_t source = 0;
    for (const char* name : {"node", "prom", "vm"}) {
      const auto scrapes = test::read_capture(name);
      if (scrapes.empty()) stop("there are no captures");
      const std::int64_t move_ms = now_ms_ - scrapes.back().t_ms;
      exposition::TargetParser parser;
      wire::Layout layout{.source = ++source, .version = 0, .series = {}};
      for (const auto& scrape : scrapes) {
        if (!parser.parse(scrape.body, exposition::Format::kText)) continue;
        wire::Row row{.source = source, .version = 0, .values = {}};
        row.t_ms = scrape.t_ms + move_ms;
        row.values.assign(layout.series.size(), wire::absent());
        bool grows = false;
        std::uint64_t count = 0;
        for (const auto& entry : parser.entries()) {
          while (layout.series.size() <= entry.ref) {
            LabelsBuilder labels(parser.labels(
                static_cast<std::uint32_t>(layout.series.size())));
            labels.set("instance", std::string(name) + ":9100");
            labels.set("job", name);
            layout.series.push_back(labels.build());
            row.values.push_back(wire::absent());
            grows = true;
          }
          row.values[entry.ref] = entry.value;
          ++count;
        }
        if (grows) {
          ++layout.version;
          receiver_.layout(layout);
        }
        row.version = layout.version;
        row.sequence = ++sequence_;
        receiver_.row(row);
        sum_.samples += count;
      }
      sum_.series += layout.series.size();
    }
  }

  Receiver& receiver_;
  const int targets_;
  const std::int64_t now_ms_ = os::real_clock().wall_ms();
  std::mt19937_64 random_{7};
  std::uint64_t sequence_ = 0;
  Sum sum_;
};

}  // namespace
}  // namespace prom

int main(int argc, char** argv) {
  using namespace prom;
  const std::vector<std::string> words(argv + 1, argv + argc);
  std::unique_ptr<Receiver> receiver;
  if (words.size() == 3 && words[2] == "wire")
    receiver = std::make_unique<Frames>();
  if (words.size() == 4 && words[2] == "remote")
    receiver = std::make_unique<RemoteWrite>(words[3]);
  if (!receiver) stop("usage: feed WORKLOAD SCALE wire | remote URL");
  Feeder feeder(*receiver, std::atof(words[1].c_str()));
  feeder.run(words[0]);
  receiver->finish();
  std::fprintf(stderr, "samples %llu series %llu\n",
               static_cast<unsigned long long>(feeder.sum().samples),
               static_cast<unsigned long long>(feeder.sum().series));
  return 0;
}
