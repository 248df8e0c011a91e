#include "libprom/alert/plan.h"

#include <set>

#include "libprom/alert/email.h"
#include "libprom/alert/webhook.h"
#include "libprom/os/file.h"
#include "libprom/template/functions.h"

namespace prom::alert {
namespace {

constexpr std::uint64_t kTemplateFileBytesMax = 4ULL << 20U;
constexpr std::size_t kTemplateFilesMax = 1000;

class Compiler {
 public:
  Compiler(const config::AlertmanagerConfig& config, MatcherMode mode)
      : config_(config), mode_(mode) {}

  std::expected<Compiled, Diagnostics> run() {
    auto routes =
        build_routes(config_.route, mode_, config_.file, &made_.warnings);
    if (!routes) append(routes.error());
    auto rules = build_inhibit_rules(config_.inhibit_rules, mode_, config_.file,
                                     &made_.warnings);
    if (!rules) append(rules.error());
    auto plan = std::make_shared<Plan>();
    intervals(*plan);
    read_templates();
    if (routes) {
      plan->routes = std::move(*routes);
      std::set<std::string> used;
      collect_receivers(plan->routes, used);
      for (const config::Receiver& receiver : config_.receivers)
        integrations(receiver, used.contains(receiver.name), *plan);
    }
    if (!errors_.empty()) return std::unexpected(std::move(errors_));
    made_.plan = std::move(plan);
    made_.inhibit_rules = std::move(*rules);
    return std::move(made_);
  }

 private:
  void append(const Diagnostics& more) {
    errors_.insert(errors_.end(), more.begin(), more.end());
  }
  Diagnostic at(TextPosition position, std::string message) const {
    return {.file = config_.file,
            .line = position.line,
            .column = position.column,
            .message = std::move(message)};
  }

  void intervals(Plan& plan) {
    for (const config::TimeInterval& interval : config_.time_intervals)
      for (const config::TimeIntervalSpec& spec : interval.specs)
        if (Status known = check_location(spec.location); !known)
          errors_.push_back(at(interval.at, known.error().message));
    plan.intervals = TimeIntervals(config_.time_intervals);
  }

  void read_templates() {
    auto set = std::make_shared<templates::TemplateSet>(
        templates::alertmanager_functions());
    Status parsed = set->parse("default.tmpl", default_templates());
    if (!parsed)
      errors_.push_back({.file = "default.tmpl",
                         .message = std::move(parsed).error().message});
    std::size_t count = 0;
    for (const std::string& pattern : config_.templates)
      for (const std::string& path : os::glob(pattern)) {
        if (++count > kTemplateFilesMax) break;
        add_template(*set, path);
      }
    made_.templates = std::move(set);
  }

  void add_template(templates::TemplateSet& set, const std::string& path) {
    auto text = os::read_file(path, kTemplateFileBytesMax);
    if (!text) {
      errors_.push_back(
          {.file = path, .message = std::move(text).error().message});
      return;
    }
    const std::size_t slash = path.rfind('/');
    Diagnostic where{.file = path};
    Status parsed =
        set.parse(slash == std::string::npos ? path : path.substr(slash + 1),
                  *text, &where);
    if (parsed) return;
    where.file = path;
    if (where.message.empty()) where.message = parsed.error().message;
    errors_.push_back(std::move(where));
  }

  static void collect_receivers(const RouteNode& node,
                                std::set<std::string>& used) {
    used.insert(node.options.receiver);
    for (const RouteNode& child : node.children) collect_receivers(child, used);
  }

  // Receivers that no route leads to are not built, as upstream.
  void integrations(const config::Receiver& receiver, bool used, Plan& plan) {
    for (const config::UnavailableReceiver& missing : receiver.unavailable) {
      Diagnostic finding = at(missing.at, config::unavailable_message(missing));
      if (used) {
        errors_.push_back(std::move(finding));
      } else {
        finding.severity = Severity::kWarning;
        made_.warnings.push_back(std::move(finding));
      }
    }
    if (!used) return;
    auto& list = plan.receivers[receiver.name];
    const auto add = [&](const char* kind, std::size_t index,
                         bool send_resolved,
                         std::shared_ptr<const Notifier> notifier) {
      list.push_back(std::make_shared<const Integration>(
          Integration{.receiver = receiver.name,
                      .kind = kind,
                      .index = index,
                      .send_resolved = send_resolved,
                      .notifier = std::move(notifier)}));
      ++made_.integrations;
    };
    for (std::size_t i = 0; i < receiver.webhooks.size(); ++i)
      add("webhook", i, receiver.webhooks[i].send_resolved,
          make_webhook(receiver.webhooks[i]));
    for (std::size_t i = 0; i < receiver.emails.size(); ++i)
      add("email", i, receiver.emails[i].send_resolved,
          make_email(receiver.emails[i]));
  }

  const config::AlertmanagerConfig& config_;
  const MatcherMode mode_;
  Compiled made_;
  Diagnostics errors_;
};

}  // namespace

std::expected<Compiled, Diagnostics> compile(
    const config::AlertmanagerConfig& config, MatcherMode mode) {
  return Compiler(config, mode).run();
}

}  // namespace prom::alert
