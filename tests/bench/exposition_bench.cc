// Parsing of exposition text, as a share of memcpy on the same bytes.
//
// Bodies: the captures of node_exporter, Prometheus and VictoriaMetrics when
// they lie beside the repository, else text that is made here: 600 series of
// which one in five moves.  "first" walks whole bodies with Parser; "repeat"
// gives each body to the TargetParser that had the one before.  "cold" does so
// for 400 targets in turn, so that neither body nor tables are in a cache.
// Targets: first >= 0.05, repeat >= 0.13 of memcpy.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "libprom/exposition/parser.h"

#include "tests/support/shared_data.h"

namespace {

using prom::exposition::Format;
using prom::exposition::Parser;
using prom::exposition::TargetParser;

constexpr int kRounds = 7;
constexpr std::size_t kScrapesMax = 600;

double best_seconds(const std::function<void()>& work) {
  double best = 1e9;
  for (int i = 0; i < kRounds; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    const std::chrono::duration<double> took =
        std::chrono::steady_clock::now() - begin;
    best = std::min(best, took.count());
  }
  return best;
}

std::vector<std::string> generated() {
  std::vector<std::string> bodies;
  for (std::size_t scrape = 0; scrape < kScrapesMax; ++scrape) {
    std::string body;
    for (std::size_t i = 0; i < 600; ++i) {
      const std::string family =
          "node_example_" + std::to_string(i / 4) + "_seconds_total";
      if (i % 4 == 0) {
        body += "# HELP " + family + " Seconds that something took.\n";
        body += "# TYPE " + family + " counter\n";
      }
      const std::size_t moved = i % 5 == 0 ? scrape : 0;
      body += family + "{device=\"sda" + std::to_string(i) +
              "\",mountpoint=\"/var/lib\",mode=\"user\"} " +
              std::to_string(static_cast<double>(i * 1000 + moved) / 8) + '\n';
    }
    bodies.push_back(std::move(body));
  }
  return bodies;
}

void print(const std::string& name, double value, const char* unit) {
  std::printf("%s %.4g %s\n", name.c_str(), value, unit);
}
void print(const std::string& name, double gb_per_s, double memcpy_gb_per_s) {
  std::printf("%s %.4g GB/s memcpy %.4g %.3f\n", name.c_str(), gb_per_s,
              memcpy_gb_per_s, gb_per_s / memcpy_gb_per_s);
}

std::size_t parse_first(const std::string& body) {
  Parser parser(body, Format::kText);
  std::size_t samples = 0;
  for (;;) {
    const auto item = parser.next();
    if (!item || *item == Parser::Item::kEnd) return samples;
    samples += *item == Parser::Item::kSample ? 1 : 0;
  }
}

// A body is given away, so the bench hands out copies made beforehand.
std::vector<std::string> copies(const std::vector<std::string>& bodies) {
  std::vector<std::string> made = bodies;
  for (std::string& body : made) body.reserve(body.size() + 1);
  return made;
}

double best_repeat(const std::vector<std::string>& bodies) {
  double best = 1e9;
  for (int round = 0; round < kRounds; ++round) {
    TargetParser target;
    (void)target.parse(bodies[0], Format::kText);
    std::vector<std::string> next = copies(bodies);
    const auto begin = std::chrono::steady_clock::now();
    for (std::size_t i = 1; i < next.size(); ++i)
      (void)target.parse(std::move(next[i]), Format::kText);
    const std::chrono::duration<double> took =
        std::chrono::steady_clock::now() - begin;
    best = std::min(best, took.count());
  }
  return best;
}

double best_cold(const std::vector<std::string>& bodies, std::size_t targets) {
  double best = 1e9;
  for (int round = 0; round < 3; ++round) {
    std::vector<TargetParser> parsers(targets);
    std::vector<std::string> next;
    for (std::size_t i = 0; i < targets; ++i) {
      const std::size_t at = i % (bodies.size() - 1);
      (void)parsers[i].parse(bodies[at], Format::kText);
      next.push_back(bodies[at + 1]);
    }
    const auto begin = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < targets; ++i)
      (void)parsers[i].parse(std::move(next[i]), Format::kText);
    const std::chrono::duration<double> took =
        std::chrono::steady_clock::now() - begin;
    best = std::min(best, took.count());
  }
  return best;
}

void measure(const std::string& name, const std::vector<std::string>& bodies) {
  std::size_t bytes = 0;
  std::size_t longest = 0;
  for (const std::string& body : bodies) {
    bytes += body.size();
    longest = std::max(longest, body.size());
  }
  const auto gb = static_cast<double>(bytes) / 1e9;
  std::vector<char> sink(longest);
  const double copy_s = best_seconds([&] {
    for (const std::string& body : bodies) {
      std::memcpy(sink.data(), body.data(), body.size());
      asm volatile("" : : "r"(sink.data()) : "memory");
    }
  });
  std::size_t samples = 0;
  const double first_s = best_seconds([&] {
    samples = 0;
    for (const std::string& body : bodies) samples += parse_first(body);
  });
  const double repeat_s = best_repeat(bodies);
  constexpr std::size_t kColdTargets = 400;
  const double cold_s = best_cold(bodies, kColdTargets);
  const double cold_gb = gb * static_cast<double>(kColdTargets) /
                         static_cast<double>(bodies.size());
  const std::string prefix = "exposition_" + name + "_";
  print(prefix + "parse_first", gb / first_s, gb / copy_s);
  print(prefix + "parse_repeat", gb / repeat_s, gb / copy_s);
  print(prefix + "parse_repeat_cold", cold_gb / cold_s, gb / copy_s);
  print(prefix + "first_per_sample",
        first_s / static_cast<double>(samples) * 1e9, "ns");
  print(prefix + "repeat_per_sample",
        repeat_s / static_cast<double>(samples) * 1e9, "ns");
}

}  // namespace

int main() {
  bool captured = false;
  for (const char* name : {"node", "prom", "vm"}) {
    std::vector<std::string> bodies;
    for (prom::test::Scrape& scrape :
         prom::test::read_capture(name, kScrapesMax))
      bodies.push_back(std::move(scrape.body));
    if (bodies.size() < 2) continue;
    captured = true;
    measure(name, bodies);
  }
  if (!captured) measure("generated", generated());
  return 0;
}
