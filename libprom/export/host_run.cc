#include "libprom/export/host_run.h"

#include <algorithm>

#include "libprom/base/suggest.h"
#include "libprom/export/collector.h"
#include "libprom/export/output.h"
#include "libprom/http/server.h"
#include "libprom/os/log.h"
#include "libprom/service/service.h"

namespace prom::exports {
namespace {

using cli::Exit;

std::vector<std::string> all_names() {
  std::vector<std::string> names;
  for (const Collector& collector : collectors())
    names.emplace_back(collector.name);
  return names;
}

Status check_names(const std::vector<std::string>& names) {
  const std::vector<std::string> known = all_names();
  for (const std::string& name : names) {
    if (std::ranges::find(known, name) != known.end()) continue;
    return fail(Code::kUsage,
                "there is no collector " + name + did_you_mean(name, known));
  }
  return {};
}

Result<std::vector<std::string>> chosen_names(const HostOptions& options) {
  for (const auto* names : {&options.collect, &options.no_collect}) {
    if (Status ok = check_names(*names); !ok)
      return fail(std::move(ok).error());
  }
  std::vector<std::string> names =
      options.collect.empty() ? all_names() : options.collect;
  std::erase_if(names, [&](const std::string& name) {
    return std::ranges::find(options.no_collect, name) !=
           options.no_collect.end();
  });
  return names;
}

// An empty pattern leaves out nothing.
Status compile(const std::string& pattern, std::optional<Regex>& into) {
  if (pattern.empty()) return {};
  Result<Regex> regex = Regex::compile(pattern);
  if (!regex) return fail(Code::kUsage, pattern + ": " + regex.error().message);
  into = std::move(*regex);
  return {};
}

Result<Host> host_of(const HostOptions& options, os::Clock& clock) {
  Host host;
  host.proc = options.proc;
  host.sys = options.sys;
  host.root = options.root;
  host.clock = &clock;
  host.text_directory = options.text_directory;
  for (Status status :
       {compile(options.disks_excluded, host.disks_excluded),
        compile(options.interfaces_excluded, host.interfaces_excluded),
        compile(options.mounts_excluded, host.mounts_excluded),
        compile(options.file_systems_excluded, host.file_systems_excluded)}) {
    if (!status) return fail(std::move(status).error());
  }
  return host;
}

std::string collect_text(const Host& host,
                         const std::vector<std::string>& names,
                         const std::function<void(const std::string&)>& say) {
  Families families;
  collect(host, names, families, say);
  return families.text();
}

constexpr std::string_view kPage =
    "<!DOCTYPE html><title>prom-export</title><h1>prom-export</h1>"
    "<p><a href=\"/metrics\">Metrics</a>\n";

// GET /metrics, and /metrics?collect[]=cpu for some collectors only.
http::ServerResponse answer(const Host& host,
                            const std::vector<std::string>& names,
                            const http::ServerRequest& request) {
  http::ServerResponse response;
  if (request.method != "GET" && request.method != "HEAD") {
    response.status = 405;
    response.body = "method not allowed\n";
    return response;
  }
  if (request.path == "/") {
    response.content_type = "text/html; charset=utf-8";
    response.body = kPage;
    return response;
  }
  if (request.path != "/metrics") {
    response.status = 404;
    response.body = "not found\n";
    return response;
  }
  const std::vector<std::string> wanted = request.parameters("collect[]");
  for (const std::string& name : wanted) {
    if (std::ranges::find(names, name) != names.end()) continue;
    response.status = 400;
    response.body = "no such collector: " + name + "\n";
    return response;
  }
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body =
      collect_text(host, wanted.empty() ? names : wanted,
                   [](const std::string& message) { os::log_warn(message); });
  return response;
}

Status serve(const Host& host, const std::vector<std::string>& names,
             const HostOptions& options, os::Clock& clock) {
  exposition::Registry registry;
  service::Service service("prom-export", options.service, registry, clock);
  if (Status ok = service.take_signals(); !ok) return ok;
  const auto server = http::Server::start(
      {.listen = options.listen}, [&](const http::ServerRequest& request) {
        return answer(host, names, request);
      });
  if (!server) return fail(server.error());
  os::log_info("listening", {{"address", (*server)->address()}});
  service.ready();
  // There is nothing to reload.
  while (service.wait() != service::Request::kStop) service.turn();
  service.stop();
  (*server)->stop();
  service.write_metrics();
  return {};
}

}  // namespace

HostOptions::HostOptions()
    : text_directory(Host().text_directory),
      disks_excluded(kDisksExcluded),
      mounts_excluded(kMountsExcluded),
      file_systems_excluded(kFileSystemsExcluded) {}

Exit run_host(const HostOptions& given, cli::Io& io) {
  HostOptions options = given;
  if (Status ok = service::resolve(options.service); !ok) {
    io.complain(ok.error().message);
    return Exit::kUsage;
  }
  const auto names = chosen_names(options);
  const auto host = host_of(options, io.clock);
  if (!names || !host) {
    io.complain(!names ? names.error().message : host.error().message);
    return Exit::kUsage;
  }
  if (!options.listen.empty()) {
    const Status served = serve(*host, *names, options, io.clock);
    if (served) return Exit::kOk;
    io.complain(served.error().message);
    return cli::exit_for(served.error().code);
  }
  const std::string text = collect_text(
      *host, *names, [&](const std::string& message) { io.complain(message); });
  return write_output(text, options.output, io);
}

}  // namespace prom::exports
