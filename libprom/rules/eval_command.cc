#include "libprom/rules/eval_command.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "libprom/base/checksum.h"
#include "libprom/base/duration.h"
#include "libprom/cli/diagnostics.h"
#include "libprom/config/load.h"
#include "libprom/os/child.h"
#include "libprom/os/file.h"
#include "libprom/os/lock.h"
#include "libprom/os/signals.h"
#include "libprom/query/store_source.h"
#include "libprom/rules/alert_json.h"
#include "libprom/rules/check_command.h"
#include "libprom/rules/engine_glue.h"
#include "libprom/rules/group_runner.h"
#include "libprom/rules/load.h"
#include "libprom/rules/recent_source.h"
#include "libprom/rules/sample_output.h"
#include "libprom/rules/state_file.h"

namespace prom::rules {
namespace {

using cli::Exit;

// One run.
class Evaluation {
 public:
  Evaluation(const EvalOptions& options, cli::Io& io)
      : options_(options), io_(io) {}
  Result<Exit> run();

 private:
  Status load();
  Status open_store();
  Status load_state();
  void evaluate(GroupRunner& group);
  Status deliver();
  Status append_to_store();
  Status write_text(const std::string& to, const std::string& text);

  const EvalOptions& options_;
  cli::Io& io_;
  std::int64_t t_ms_ = 0;
  config::PrometheusConfig config_;
  std::string store_;
  std::string state_path_;
  std::vector<GroupRunner> groups_;
  std::shared_ptr<RecentSamples> recent_ = std::make_shared<RecentSamples>();
  std::shared_ptr<const query::Source> source_;
  std::int64_t since_last_run_ms_ = 0;
  std::string alerts_;   // JSON lines
  std::string samples_;  // pipe dialect
  std::optional<SampleEncoder> encoder_;
  std::size_t sample_count_ = 0;
  std::size_t left_out_ = 0;
};

Status Evaluation::load() {
  if (!options_.config_file.empty()) {
    auto config = config::load_prometheus(options_.config_file);
    if (!config) {
      cli::show(config.error(), io_.err, io_.color);
      return fail(config::to_error(config.error()));
    }
    config_ = std::move(*config);
  }
  const auto paths = rule_paths(options_.files, options_.config_file);
  if (!paths) return fail(paths.error());
  LoadedRules loaded =
      load_rule_files(*paths,
                      {.interval_ms = config_.global.evaluation_interval_ms,
                       .query_offset_ms = config_.global.rule_query_offset_ms,
                       .parse = parse_options(options_.features)},
                      false, config_.global.validation);
  if (loaded.has_errors()) {
    cli::show(loaded.all_errors(), io_.err, io_.color);
    return fail(to_error(loaded.all_errors()));
  }
  for (auto& group : loaded.groups) groups_.emplace_back(std::move(group));
  return {};
}

Status Evaluation::open_store() {
  store_ = store_path(options_.store);
  auto source = query::StoreSource::open(store_);
  // Not being able to look is not the same as seeing nothing: without the
  // store nothing is evaluated and the states stay.
  if (!source) return fail(std::move(source).error());
  source_ = std::make_shared<RecentSource>(std::move(*source), recent_);
  return {};
}

Status Evaluation::load_state() {
  state_path_ = state_path(options_.state, store_);
  auto state = SavedState::load(state_path_);
  if (!state && state.error().code != Code::kMissing)
    return fail(std::move(state).error());
  if (state) {
    since_last_run_ms_ = std::max<std::int64_t>(0, t_ms_ - state->saved_ms());
    for (GroupRunner& group : groups_) state->apply(group, t_ms_, 0);
  }
  for (GroupRunner& group : groups_) group.set_restored();
  return {};
}

void Evaluation::evaluate(GroupRunner& group) {
  query::EngineOptions engine;
  engine.subquery_step_ms = config_.global.evaluation_interval_ms;
  engine.parse = parse_options(options_.features);
  for (const std::string& feature : options_.features) engine.enable(feature);
  const std::uint64_t rule_base = hash64(group.group().key());
  GroupContext context;
  context.evaluate = make_evaluate(source_, engine);
  context.record = [&](std::span<const Sample> samples) {
    recent_->add(samples);
    sample_count_ += samples.size();
    left_out_ += encoder_->add(rule_base, samples);
  };
  context.notify = [&](const Rule& rule, const std::vector<Alert>& alerts) {
    for (const Alert& alert : alerts) {
      const auto out =
          outgoing(alert, rule.expression.printed, options_.external_url,
                   config_.global.external_labels,
                   config_.alerting.alert_relabel_configs);
      if (!out) continue;
      append_json(alerts_, *out);
      alerts_ += '\n';
    }
  };
  context.clock_ns = [this] { return io_.clock.monotonic_ns(); };
  context.external_labels = config_.global.external_labels;
  context.external_url = options_.external_url;
  // Every run tells everything, and an alert is valid until some runs later.
  context.resend_delay_ms = 0;
  context.validity_ms = std::max(since_last_run_ms_, kMinuteMs);
  group.evaluate(t_ms_, context);
}

Status Evaluation::write_text(const std::string& to, const std::string& text) {
  if (to == "-") {
    io_.out.write(text);
    return io_.out.flush();
  }
  return os::write_file_atomically(os::real_file_system(), to, text);
}

Status Evaluation::append_to_store() {
  if (sample_count_ == 0) return {};
  auto child = os::Child::start_sink({"prom-store", "append", "-S", store_});
  if (!child) return fail(std::move(child).error());
  os::Output pipe(child->input_fd());
  pipe.write(samples_);
  const Status written = pipe.flush();
  child->close_input();
  const int status = child->wait();
  if (status != 0)
    return fail(Code::kIo, "prom-store append ended with status " +
                               std::to_string(status));
  return written;
}

// Samples first: a state that knows of samples that are not there would mark
// nothing stale for them.
Status Evaluation::deliver() {
  encoder_->finish();
  Status done = options_.samples.empty()
                    ? append_to_store()
                    : write_text(options_.samples, samples_);
  if (!done) return done;
  if (done = write_text(options_.alerts, alerts_); !done) return done;
  std::vector<std::string> groups;
  for (const GroupRunner& group : groups_) groups.push_back(group_state(group));
  return save_state(os::real_file_system(), state_path_,
                    state_text(groups, t_ms_));
}

Result<Exit> Evaluation::run() {
  const std::int64_t now_ms = io_.clock.wall_ms();
  const auto time =
      parse_time_ms(options_.time.empty() ? "now" : options_.time, now_ms);
  if (!time) return fail(Code::kUsage, time.error().message);
  t_ms_ = *time;
  if (auto done = load(); !done) return fail(std::move(done).error());
  if (auto done = open_store(); !done) return fail(std::move(done).error());
  // Two runs at once would lose one's state.
  auto lock =
      os::FileLock::acquire(state_path(options_.state, store_) + ".lock");
  if (!lock) return fail(std::move(lock).error());
  if (auto done = load_state(); !done) return fail(std::move(done).error());
  encoder_.emplace(samples_, false, now_ms * 1'000'000);
  std::uint64_t failures = 0;
  for (GroupRunner& group : groups_) {
    evaluate(group);
    failures += group.report().failures;
  }
  if (left_out_ > 0)
    io_.complain(std::to_string(left_out_) +
                 " histograms were not recorded: they are invalid");
  if (auto done = deliver(); !done) return fail(std::move(done).error());
  return failures > 0 ? Exit::kNo : Exit::kOk;
}

}  // namespace

std::string store_path(const std::string& given) {
  if (!given.empty()) return given;
  const char* from_environment = std::getenv("PROM_STORE");
  return from_environment != nullptr && *from_environment != '\0'
             ? from_environment
             : "prom-data";
}

std::string state_path(const std::string& given, const std::string& store) {
  if (!given.empty()) return given;
  std::string path = store;
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path + ".rules";
}

cli::Exit eval(const EvalOptions& options, cli::Io& io) {
  if (options.files.empty() && options.config_file.empty()) {
    io.complain("which FILE? see prom-rules eval --help");
    return Exit::kUsage;
  }
  if (options.samples == "-" && options.alerts == "-") {
    io.complain("only one of --samples and --alerts can be -");
    return Exit::kUsage;
  }
  os::ignore_sigpipe();
  const auto done = Evaluation(options, io).run();
  if (done) return *done;
  io.complain(done.error().message);
  return cli::exit_for(done.error().code);
}

}  // namespace prom::rules
