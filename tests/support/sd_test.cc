#include "tests/support/sd_test.h"

#include <algorithm>

#include "libprom/os/file.h"

#include "tests/support/labels_seen.h"

namespace prom::discover {
namespace {

constexpr std::string_view kMeta = "__meta_";

std::string key_of(const http::ServerRequest& request) {
  std::string key = request.method + " " + request.path;
  char joint = '?';
  for (const auto& [name, value] : request.query) {
    key += std::exchange(joint, '&') + name + "=" + value;
  }
  return key;
}

}  // namespace

FakeApi::FakeApi(const std::string& listen) {
  auto server = http::Server::start(
      {.listen = listen},
      [this](const http::ServerRequest& request) { return handle(request); });
  if (server) server_ = *std::move(server);
}

http::ServerResponse FakeApi::handle(const http::ServerRequest& request) {
  Handler handler;
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
    const auto found = answers_.find(key_of(request));
    if (found != answers_.end()) handler = found->second;
    if (broken_) handler = broken_;
  }
  if (handler) return handler(request);
  return {.status = 404, .body = "no answer for " + key_of(request)};
}

void FakeApi::answer(const std::string& request, const std::string& body,
                     int status, const std::string& content_type) {
  answer(request, [=](const http::ServerRequest&) {
    return http::ServerResponse{
        .status = status, .content_type = content_type, .body = body};
  });
}

void FakeApi::answer(const std::string& request, Handler handler) {
  const std::lock_guard lock(mutex_);
  answers_.insert_or_assign(request, std::move(handler));
}

void FakeApi::forget(const std::string& request) {
  const std::lock_guard lock(mutex_);
  answers_.erase(request);
}

void FakeApi::break_with(const std::string& body, int status) {
  const std::lock_guard lock(mutex_);
  broken_ = [=](const http::ServerRequest&) {
    return http::ServerResponse{
        .status = status, .content_type = "application/json", .body = body};
  };
}

void FakeApi::mend() {
  const std::lock_guard lock(mutex_);
  broken_ = nullptr;
}

std::string FakeApi::url() const {
  return "http://" + address();
}

std::vector<http::ServerRequest> FakeApi::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

http::ServerRequest FakeApi::last(const std::string& request) const {
  const std::lock_guard lock(mutex_);
  for (auto at = requests_.rbegin(); at != requests_.rend(); ++at) {
    if (key_of(*at) == request) return *at;
  }
  return {};
}

Source& SdTest::begin(const config::SdConfig& config) {
  Source& source = *sources_.emplace_back(
      std::make_unique<Source>(make_mechanism(config, around_), around_));
  source.start();
  return source;
}

void SdTest::turn_until(const std::function<bool()>& holds) {
  const std::int64_t end_ns =
      os::real_clock().monotonic_ns() + 10'000 * kMillisecondNs;
  while (!holds()) {
    ASSERT_LT(os::real_clock().monotonic_ns(), end_ns) << "nothing came";
    client_.perform(20, {async_.fd()});
    async_.run_ready();
  }
}

void SdTest::pass_and_look(std::int64_t ms) {
  clock_.advance_ms(ms);
  async_.run_ready();
  turn_until([&] { return client_.active() == 0; });
}

std::vector<SdTest::Printed> SdTest::labels_of(const Source& source) {
  std::vector<Printed> all;
  for (const auto& [place, groups] : source.findings().places()) {
    for (const config::TargetGroup& group : groups) {
      for (const Labels& target : group.targets) {
        Printed& labels = all.emplace_back();
        for (const LabelView label : group.labels)
          labels.emplace(label.name, label.value);
        for (const LabelView label : target)
          labels.insert_or_assign(std::string(label.name),
                                  std::string(label.value));
        for (const auto& [name, value] : labels) {
          if (name.starts_with(kMeta))
            labels_seen().insert(name.substr(kMeta.size()));
        }
      }
    }
  }
  return all;
}

std::string SdTest::print(const Source& source) {
  std::vector<std::string> lines;
  for (Printed& labels : labels_of(source)) {
    std::string line = labels["__address__"] + " {";
    labels.erase("__address__");
    for (const auto& [name, value] : labels)
      line += (line.ends_with('{') ? "" : ", ") + name + "=\"" + value + "\"";
    lines.push_back(line + "}\n");
  }
  std::ranges::sort(lines);
  std::string text;
  for (const std::string& line : lines) text += line;
  return text;
}

std::set<std::string>& labels_seen() {
  static std::set<std::string> seen;
  return seen;
}

std::string SdTest::golden(const std::string& name) {
  return os::read_file("tests/unit/discover/golden/" + name)
      .value_or("there is no " + name);
}

std::string SdTest::listed(const Source& source) {
  std::vector<std::string> targets;
  for (Printed& labels : labels_of(source)) {
    std::string target = labels["__address__"] + "\n";
    labels.erase("__address__");
    for (const auto& [name, value] : labels) {
      target += "  " + name.substr(name.starts_with(kMeta) ? kMeta.size() : 0) +
                "=" + value + "\n";
    }
    targets.push_back(std::move(target));
  }
  std::ranges::sort(targets);
  std::string text;
  for (const std::string& target : targets) text += target;
  return text;
}

}  // namespace prom::discover
