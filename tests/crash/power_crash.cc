// Power loss: records everything that the life of a small store does to the
// disk, and then opens the store in the states in which a power loss at any of
// those calls may leave it.  Each state must open by itself, have everything
// that was synced, nothing that was deleted, and no wrong sample; of some, the
// life goes on, and of some of those the power fails again.
//
//   power_crash [STATES [SEED]]     CRASH_STATES or 2,500 by default;
//                                   `make crash` replays 100,000
//
// CRASH_KEEP=DIR copies the states that were found wrong to DIR.
//
// It proves itself first: for each sync that the store needs, a store that
// forgets it must be found out.  Prints TAP lines.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>

#include "libprom/store/ctl.h"
#include "libprom/store/report.h"

#include "tests/support/power_loss.h"
#include "tests/support/store_life.h"
#include "tests/support/temporary_directory.h"

namespace prom::store {
namespace {

constexpr int kStatesDefault = 2500;
constexpr std::size_t kGoOnEvery = 8;       // states whose life goes on
constexpr std::size_t kFailAgainEvery = 5;  // of those
constexpr int kStatesAgain = 4;
constexpr std::size_t kCallsShown = 60;
constexpr int kStatesOfPlanted = 6000;
const RecordingFileSystem::Mapped kCounters = {"ctl", 512, 24};

// What is expected from a number of calls on.
struct Moment {
  std::size_t calls = 0;
  LifeExpectation expected = {};
};

constexpr std::size_t kLookForEscapesEvery = 16;  // moments

struct Recording {
  std::vector<std::string> escaped = {};  // changes that were not recorded
  std::unique_ptr<RecordingFileSystem> files;
  std::vector<Moment> moments = {};
};

using Forgets = std::function<bool(const std::string&)>;

Recording record(const std::string& root, const LifeOptions& options,
                 const Forgets& forgets) {
  std::filesystem::create_directories(root);
  Recording made{.files =
                     std::make_unique<RecordingFileSystem>(root, kCounters)};
  if (forgets) made.files->forget_syncs(forgets);
  FakeClock clock;
  StoreLife life(root + "/s", *made.files, clock,
                 [&](const LifeExpectation& expected) {
                   made.moments.push_back({made.files->size(), expected});
                   if (made.moments.size() % kLookForEscapesEvery == 0)
                     std::ranges::move(made.files->escaped(),
                                       std::back_inserter(made.escaped));
                 });
  if (const Status done = life.live(options); !done) {
    std::fprintf(stderr, "%s\n", done.error().message.c_str());
    std::abort();
  }
  return made;
}

// What has to be there after so many calls, and what may be there: something
// that has begun is not done.
const LifeExpectation& expected_at(const std::vector<Moment>& moments,
                                   std::size_t calls) {
  static const LifeExpectation nothing;
  const auto after =
      std::ranges::upper_bound(moments, calls, {}, &Moment::calls);
  return after == moments.begin() ? nothing : std::prev(after)->expected;
}

// Another boot: what the counters say about memory is void.
void forget_boot(PowerLoss::State& state) {
  for (PowerLoss::File& file : state.files) {
    if (file.path.ends_with("/ctl") && file.content.size() >= 536)
      file.content.replace(528, 8, "\1\2\3\4\5\6\7\0", 8);
  }
}

class Replay {
 public:
  Replay(std::string directory, std::uint64_t seed)
      : directory_(std::move(directory)), random_(seed) {}

  // What is wrong with one of so many states; "" when nothing is.
  std::string run(Recording& recording, int states) {
    std::vector<std::size_t> points;
    const std::size_t calls = recording.files->size();
    points.reserve(static_cast<std::size_t>(states));
    for (int i = 0; i < states; ++i) points.push_back(random_() % (calls + 1));
    std::ranges::sort(points);
    PowerLoss power(*recording.files);
    for (const std::size_t point : points) {
      power.advance_to(point);
      std::string problem =
          check(power.state(random_), expected_at(recording.moments, point));
      if (!problem.empty())
        return "call " + std::to_string(point) + " of " +
               std::to_string(calls) + ": " + problem + "\n" +
               recording.files->describe(point, kCallsShown);
    }
    return "";
  }

  [[nodiscard]] std::size_t states() const { return states_; }
  [[nodiscard]] std::size_t went_on() const { return went_on_; }

 private:
  std::string check(PowerLoss::State state, const LifeExpectation& expected) {
    ++states_;
    forget_boot(state);
    const std::string root = directory_ + "/state";
    write_state(state, root);
    std::string problem = look(root + "/s", expected);
    if (!problem.empty() || states_ % kGoOnEvery != 0) return problem;
    ++went_on_;
    return go_on(root, expected);
  }

  static std::string look(const std::string& store,
                          const LifeExpectation& expected) {
    const auto view = View::open(store);
    if (view) return check_life(**view, expected);
    if (view.error().code == Code::kMissing && expected.must_to == 0) return "";
    return view.error().message;
  }

  // The writer opens it and the life goes on; the power may fail once more.
  std::string go_on(const std::string& root, const LifeExpectation& expected) {
    const std::string store = root + "/s";
    RecordingFileSystem files(root, kCounters);
    FakeClock clock;
    std::vector<Moment> moments;
    StoreLife life(store, files, clock, [&](const LifeExpectation& now) {
      moments.push_back({files.size(), now});
    });
    const bool compact = went_on_ % 2 == 0;
    const Status done = life.go_on(expected, expected.may_to + 3, compact);
    if (!done) return "going on: " + done.error().message;
    std::string problem = look(store, life.expected());
    if (!problem.empty()) return "gone on: " + problem;
    const auto report = verify_store(store);
    if (!report) return report.error().message;
    if (!report->damage.empty()) return "gone on: " + report->damage.front();
    if (went_on_ % kFailAgainEvery != 0) return "";
    for (int i = 0; i < kStatesAgain; ++i) {
      const std::size_t point = random_() % (files.size() + 1);
      PowerLoss again(files);
      again.advance_to(point);
      PowerLoss::State state = again.state(random_);
      forget_boot(state);
      write_state(state, directory_ + "/again");
      ++states_;
      const LifeExpectation& then = point < moments.front().calls
                                        ? expected
                                        : expected_at(moments, point);
      problem = look(directory_ + "/again/s", then);
      if (!problem.empty())
        return "again, at call " + std::to_string(point) + " of " +
               std::to_string(files.size()) + ": " + problem + "\n" +
               files.describe(point, kCallsShown);
    }
    return "";
  }

  const std::string directory_;
  std::mt19937_64 random_;
  std::size_t states_ = 0;
  std::size_t went_on_ = 0;
};

struct Planted {
  const char* name;
  Forgets forgets;
};

// Each is a sync without which a power loss costs something.
std::vector<Planted> planted_bugs() {
  const auto has = [](std::string_view what) {
    return [what](const std::string& path) { return path.contains(what); };
  };
  const auto ends = [](std::string_view what) {
    return [what](const std::string& path) { return path.ends_with(what); };
  };
  return {
      {"the log", has("/log.")},
      {"the counters of a generation", has("/ctl.tmp")},
      {"a block",
       [](const std::string& path) {
         return path.contains("/blocks/") && !path.ends_with("/");
       }},
      {"the manifest", has("/manifest.tmp")},
      {"the directory of the store", ends("/s/")},
      {"the directory of the head", ends("/head/")},
      {"the directory of the blocks", ends("/blocks/")},
      {"the directory of a generation",
       [](const std::string& path) {
         return path.contains("/head/0") && path.ends_with("/");
       }},
      {"the directory that the store is in", ends("/disk/")},
  };
}

bool find_planted(const std::string& directory, std::uint64_t seed) {
  bool right = true;
  const LifeOptions brief{
      .scrapes = 66, .import_at = -1, .retain_at = -1, .compact_all_at = -1};
  int i = 0;
  for (const Planted& planted : planted_bugs()) {
    const std::string place = directory + "/planted" + std::to_string(i++);
    Recording recording = record(place + "/disk", brief, planted.forgets);
    Replay replay(place, seed);
    const std::string problem = replay.run(recording, kStatesOfPlanted);
    const bool found = !problem.empty();
    std::printf(
        "%s - without a sync of %s a power loss is found to cost "
        "something, in state %zu\n",
        found ? "ok" : "not ok", planted.name, replay.states());
    if (std::getenv("CRASH_VERBOSE") != nullptr)
      std::fprintf(stderr, "  %s\n",
                   problem.substr(0, problem.find('\n')).c_str());
    right = right && found;
    std::filesystem::remove_all(place);
  }
  return right;
}

bool replay_life(const std::string& directory, int states, std::uint64_t seed) {
  Recording recording = record(directory + "/disk", {}, {});
  const auto& escaped = recording.escaped;
  std::printf("%s - every change of the disk is recorded\n",
              escaped.empty() ? "ok" : "not ok");
  for (const std::string& path : escaped)
    std::fprintf(stderr, "  not recorded: %s\n", path.c_str());
  Replay replay(directory, seed);
  const std::string problem = replay.run(recording, states);
  std::printf(
      "%s - %zu states after a power loss at any of %zu calls open, with what "
      "was synced; %zu of them went on\n",
      problem.empty() ? "ok" : "not ok", replay.states(),
      recording.files->size(), replay.went_on());
  if (const char* const keep = std::getenv("CRASH_KEEP");
      !problem.empty() && keep != nullptr)
    std::filesystem::copy(directory, keep,
                          std::filesystem::copy_options::recursive);
  if (!problem.empty())
    std::fprintf(stderr, "seed %llu, state %zu: %s\n",
                 static_cast<unsigned long long>(seed), replay.states(),
                 problem.c_str());
  return problem.empty() && escaped.empty();
}

int run(int states, std::uint64_t seed) {
  const TemporaryDirectory directory;
  const bool planted = find_planted(directory.path(), seed);
  const bool lived = replay_life(directory.path(), states, seed);
  return planted && lived ? 0 : 1;
}

}  // namespace
}  // namespace prom::store

int main(int argc, char** argv) {
  const char* const asked = argc > 1 ? argv[1] : std::getenv("CRASH_STATES");
  const int states =
      asked != nullptr ? std::atoi(asked) : prom::store::kStatesDefault;
  const std::uint64_t seed =
      argc > 2 ? std::strtoull(argv[2], nullptr, 10) : std::random_device()();
  return prom::store::run(states, seed);
}
