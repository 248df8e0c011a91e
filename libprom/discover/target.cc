#include "libprom/discover/target.h"

#include <algorithm>
#include <functional>
#include <map>
#include <tuple>

#include "libprom/base/duration.h"
#include "libprom/base/utf8.h"

namespace prom::discover {
namespace {

constexpr std::string_view kAddress = "__address__";
constexpr std::string_view kInterval = "__scrape_interval__";
constexpr std::string_view kTimeout = "__scrape_timeout__";
constexpr std::string_view kPath = "__metrics_path__";
constexpr std::string_view kScheme = "__scheme__";
constexpr std::string_view kParamPrefix = "__param_";
constexpr std::string_view kUnixSocket = "__unix_socket__";
constexpr std::string_view kNative = "__scrape_native_histograms__";
constexpr std::string_view kConvert = "__convert_classic_histograms_to_nhcb__";
constexpr std::string_view kAlways = "__always_scrape_classic_histograms__";

std::unexpected<Error> bad(std::string message) {
  return fail(Code::kBadData, std::move(message));
}

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '~';
}

void append_escaped(std::string& out, std::string_view text,
                    std::string_view also_plain) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  for (const char c : text) {
    if (is_unreserved(c) || also_plain.find(c) != std::string_view::npos) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4U];
    out += kHex[byte & 0xFU];
  }
}

// As a form: a blank is a plus.
void append_form(std::string& out, std::string_view text) {
  while (true) {
    const std::size_t blank = text.find(' ');
    append_escaped(out, text.substr(0, blank), "");
    if (blank == std::string_view::npos) return;
    out += '+';
    text.remove_prefix(blank + 1);
  }
}

// The job's parameters; __param_x replaces the first value of x.
std::string query_of(const config::ScrapeConfig& job, const Labels& labels) {
  std::map<std::string, std::vector<std::string>, std::less<>> params(
      job.params.begin(), job.params.end());
  for (const auto& [name, value] : labels) {
    if (!name.starts_with(kParamPrefix)) continue;
    auto& values = params[std::string(name.substr(kParamPrefix.size()))];
    if (values.empty()) values.emplace_back();
    values.front() = value;
  }
  std::string query;
  for (const auto& [name, values] : params) {
    for (const std::string& value : values) {
      query += query.empty() ? '?' : '&';
      append_form(query, name);
      query += '=';
      append_form(query, value);
    }
  }
  return query;
}

// Slashes would change the path; the others would change the host or end it.
bool is_valid_address(std::string_view address) {
  return std::ranges::none_of(address, [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F ||
           std::string_view("/?#@\\").find(c) != std::string_view::npos;
  });
}

std::string url_of(const config::ScrapeConfig& job, const Labels& labels) {
  std::string url(labels.get(kScheme));
  url += "://";
  url += labels.get(kAddress);
  const std::string_view path = labels.get(kPath);
  if (!path.empty() && path[0] != '/') url += '/';
  append_escaped(url, path, "$&+,/:;=@");
  url += query_of(job, labels);
  return url;
}

Result<std::int64_t> duration_label(const Labels& labels, std::string_view name,
                                    const std::string& what) {
  const auto duration_ms = parse_duration_ms(labels.get(name));
  if (!duration_ms)
    return bad("error parsing " + what + ": " + duration_ms.error().message);
  if (*duration_ms == 0) return bad(what + " cannot be 0");
  return *duration_ms;
}

// What Go's ParseBool takes; a missing label is the job's setting.
Status read_flag(const Labels& labels, std::string_view name,
                 std::string_view what, bool& into) {
  const std::string_view text = labels.get(name);
  if (text.empty()) return {};
  for (const std::string_view yes : {"1", "t", "T", "TRUE", "true", "True"}) {
    if (text != yes) continue;
    into = true;
    return {};
  }
  for (const std::string_view no : {"0", "f", "F", "FALSE", "false", "False"}) {
    if (text != no) continue;
    into = false;
    return {};
  }
  return bad("error parsing " + std::string(what) + ": invalid syntax " +
             quote(text));
}

Status read_settings(const config::ScrapeConfig& job, const Labels& labels,
                     config::Target& into) {
  const auto interval_ms = duration_label(labels, kInterval, "scrape interval");
  if (!interval_ms) return fail(interval_ms.error());
  const auto timeout_ms = duration_label(labels, kTimeout, "scrape timeout");
  if (!timeout_ms) return fail(timeout_ms.error());
  if (*timeout_ms > *interval_ms)
    return bad("scrape timeout cannot be greater than scrape interval (" +
               quote(labels.get(kTimeout)) + " > " +
               quote(labels.get(kInterval)) + ")");
  into.interval_ms = *interval_ms;
  into.timeout_ms = *timeout_ms;
  into.unix_socket = labels.get(kUnixSocket);
  into.scrape_native_histograms = job.scrape_native_histograms;
  into.convert_classic_histograms_to_nhcb =
      job.convert_classic_histograms_to_nhcb;
  into.always_scrape_classic_histograms = job.always_scrape_classic_histograms;
  if (auto ok =
          read_flag(labels, kConvert, "convert classic histograms to nhcb",
                    into.convert_classic_histograms_to_nhcb);
      !ok)
    return ok;
  if (auto ok = read_flag(labels, kAlways, "always scrape classic histograms",
                          into.always_scrape_classic_histograms);
      !ok)
    return ok;
  return read_flag(labels, kNative, "scrape native histograms",
                   into.scrape_native_histograms);
}

std::string_view text_of(bool flag) {
  return flag ? "true" : "false";
}

}  // namespace

Labels discovered_labels(const config::ScrapeConfig& job, const Labels& target,
                         const Labels& group) {
  LabelsBuilder labels(target);
  const auto set_default = [&](std::string_view name, std::string_view value) {
    if (labels.get(name).empty()) labels.set(name, value);
  };
  for (const auto& [name, value] : group) set_default(name, value);
  set_default("job", job.job_name);
  set_default(kInterval, format_duration(job.scrape_interval_ms));
  set_default(kTimeout, format_duration(job.scrape_timeout_ms));
  set_default(kPath, job.metrics_path);
  set_default(kScheme, job.scheme);
  set_default(kConvert, text_of(job.convert_classic_histograms_to_nhcb));
  set_default(kAlways, text_of(job.always_scrape_classic_histograms));
  set_default(kNative, text_of(job.scrape_native_histograms));
  for (const auto& [name, values] : job.params) {
    if (!values.empty())
      set_default(std::string(kParamPrefix) + name, values.front());
  }
  return labels.build();
}

Result<config::Target> make_target(const config::ScrapeConfig& job,
                                   const Labels& relabelled,
                                   const Labels& discovered) {
  const std::string_view address = relabelled.get(kAddress);
  if (address.empty()) return bad("no address");
  if (!is_valid_address(address))
    return bad(quote(address) + " is not a valid hostname");
  config::Target target;
  if (auto ok = read_settings(job, relabelled, target); !ok)
    return fail(std::move(ok).error());
  std::vector<LabelView> labels;
  bool has_instance = false;
  for (const LabelView& label : relabelled) {
    if (!is_valid_utf8(label.value) || !is_valid_utf8(label.name))
      return bad("invalid label value for " + quote(label.name) + ": " +
                 quote(label.value));
    has_instance = has_instance || label.name == "instance";
    if (!label.name.starts_with("__")) labels.push_back(label);
  }
  if (!has_instance) labels.push_back({"instance", address});
  target.url = url_of(job, relabelled);
  target.labels = Labels::from(std::move(labels));
  target.discovered = discovered;
  return target;
}

BuiltSet build_targets(const config::ScrapeConfig& job,
                       const std::vector<const config::TargetGroup*>& groups) {
  BuiltSet built;
  built.set.job = job.job_name;
  std::vector<config::Target>& targets = built.set.targets;
  const std::uint64_t configured = job.limits.keep_dropped_targets;
  const std::uint64_t keep_dropped =
      configured == 0
          ? config::kDroppedTargetsMax
          : std::min<std::uint64_t>(configured, config::kDroppedTargetsMax);
  for (const config::TargetGroup* group : groups) {
    for (std::size_t i = 0; i < group->targets.size(); ++i) {
      const Labels discovered =
          discovered_labels(job, group->targets[i], group->labels);
      const auto relabelled = relabel(discovered, job.relabel_configs);
      if (!relabelled) {
        ++built.set.dropped;
        if (built.set.dropped_targets.size() < keep_dropped)
          built.set.dropped_targets.push_back(discovered);
        continue;
      }
      auto target = make_target(job, *relabelled, discovered);
      if (target) {
        targets.push_back(std::move(*target));
      } else if (built.invalid++ == 0) {
        built.first_error = "instance " + std::to_string(i) + " in group " +
                            group->source + ": " + target.error().message;
      }
    }
  }
  const auto identity = [](const config::Target& target) {
    return std::tie(target.labels, target.url);
  };
  std::ranges::stable_sort(targets, {}, identity);
  targets.erase(std::ranges::unique(targets, {}, identity).begin(),
                targets.end());
  return built;
}

}  // namespace prom::discover
