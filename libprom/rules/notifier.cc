#include "libprom/rules/notifier.h"

#include <sys/eventfd.h>

#include <algorithm>

#include "libprom/http/settings.h"
#include "libprom/os/clock.h"
#include "libprom/os/log.h"

namespace prom::rules {
namespace {

constexpr int kTurnMs = 1000;

std::string body_of(const std::vector<OutgoingAlert>& alerts) {
  std::string body = "[";
  for (const OutgoingAlert& alert : alerts) {
    if (body.size() > 1) body += ',';
    append_json(body, alert);
  }
  return body + "]";
}

}  // namespace

Notifier::Notifier(const Options& options, exposition::Registry& registry)
    : options_(options),
      registry_(registry),
      discovered_(
          registry.gauge("prometheus_notifications_alertmanagers_discovered",
                         "The number of alertmanagers discovered and active.")),
      wake_event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      thread_([this] { run(); }) {
  registry
      .gauge("prometheus_notifications_queue_capacity",
             "The capacity of the alert notifications queue.")
      .set(static_cast<double>(options.queue_alerts_max));
}

Notifier::~Notifier() {
  stopping_ = true;
  wake();
}

void Notifier::wake() {
  (void)::eventfd_write(wake_event_.get(), 1);
}

Notifier::PeerPointer Notifier::make_peer(const AlertmanagerTarget& target) {
  auto peer = std::make_shared<Peer>();
  peer->target = target;
  const Labels labels = {{"alertmanager", http::safe_url(target.url)}};
  peer->sent = &registry_.counter("prometheus_notifications_sent_total",
                                  "Total number of alerts sent.", labels);
  peer->errors = &registry_.counter(
      "prometheus_notifications_errors_total",
      "Total number of sent alerts affected by errors.", labels);
  peer->dropped = &registry_.counter(
      "prometheus_notifications_dropped_total",
      "Total number of alerts dropped due to errors when sending to "
      "Alertmanager.",
      labels);
  peer->latency =
      &registry_.summary("prometheus_notifications_latency_seconds",
                         "Latency quantiles for sending alert notifications.",
                         {0.5, 0.9, 0.99}, labels);
  peer->length = &registry_.gauge(
      "prometheus_notifications_queue_length",
      "The number of alert notifications in the queue.", labels);
  return peer;
}

void Notifier::set_targets(const std::vector<AlertmanagerTarget>& targets) {
  const std::lock_guard lock(mutex_);
  std::vector<PeerPointer> peers;
  for (const AlertmanagerTarget& target : targets) {
    const auto same = std::ranges::find_if(peers_, [&](const PeerPointer& one) {
      return one != nullptr && one->target.url == target.url;
    });
    if (same == peers_.end()) {
      peers.push_back(make_peer(target));
    } else {
      (*same)->target = target;
      peers.push_back(std::move(*same));
    }
  }
  peers_ = std::move(peers);
  discovered_.set(static_cast<double>(peers_.size()));
}

void Notifier::push(const std::vector<OutgoingAlert>& alerts) {
  {
    const std::lock_guard lock(mutex_);
    for (const PeerPointer& peer : peers_) enqueue(*peer, alerts);
  }
  wake();
}

void Notifier::enqueue(Peer& peer,
                       const std::vector<OutgoingAlert>& alerts) const {
  std::size_t dropped = 0;
  for (const OutgoingAlert& alert : alerts) {
    OutgoingAlert one = alert;
    LabelsBuilder labels(one.labels);
    if (!relabel(labels, peer.target.alert_relabel_configs)) continue;
    one.labels = labels.build();
    if (one.labels.empty()) continue;
    if (peer.queue.size() >= options_.queue_alerts_max) {
      peer.queue.pop_front();
      ++dropped;
    }
    peer.queue.push_back(std::move(one));
  }
  peer.length->set(static_cast<double>(peer.queue.size()));
  if (dropped == 0) return;
  peer.dropped->add(static_cast<double>(dropped));
  os::log_warn("alert queue is full, dropped the oldest",
               {{"alertmanager", http::safe_url(peer.target.url)},
                {"dropped", std::to_string(dropped)}});
}

bool Notifier::has_work() {
  const std::lock_guard lock(mutex_);
  return std::ranges::any_of(peers_, [](const PeerPointer& peer) {
    return peer->in_flight || !peer->queue.empty();
  });
}

void Notifier::run() {
  std::int64_t give_up_ns = -1;
  while (true) {
    start_requests();
    if (stopping_) {
      const std::int64_t now_ns = os::real_clock().monotonic_ns();
      if (give_up_ns < 0) give_up_ns = now_ns + options_.drain_ms * 1'000'000;
      if (!has_work() || now_ns > give_up_ns) return;
    }
    client_.perform(stopping_ ? kTurnMs / 10 : kTurnMs, {wake_event_.get()});
    eventfd_t ignored = 0;
    (void)::eventfd_read(wake_event_.get(), &ignored);
  }
}

void Notifier::start_requests() {
  std::vector<PeerPointer> ready;
  {
    const std::lock_guard lock(mutex_);
    for (const PeerPointer& peer : peers_)
      if (!peer->in_flight && !peer->queue.empty()) ready.push_back(peer);
  }
  for (const PeerPointer& peer : ready) start_request(peer);
}

void Notifier::start_request(const PeerPointer& peer) {
  http::Request request;
  std::size_t count = 0;
  config::HttpClientConfig config;
  {
    const std::lock_guard lock(mutex_);
    std::vector<OutgoingAlert> batch;
    while (!peer->queue.empty() && batch.size() < options_.batch_alerts_max) {
      batch.push_back(std::move(peer->queue.front()));
      peer->queue.pop_front();
    }
    count = batch.size();
    peer->in_flight = true;
    peer->length->set(static_cast<double>(peer->queue.size()));
    request.url = peer->target.url;
    request.timeout_ms = peer->target.timeout_ms;
    request.body = body_of(batch);
    config = peer->target.http;
  }
  // Secrets are read anew each time, so that they can be rotated.
  auto settings = http::settings(config);
  if (!settings)
    return finish_request(peer, count, fail(std::move(settings).error()));
  request.method = "POST";
  request.options = settings->options;
  request.headers = settings->headers;
  request.headers.emplace_back("Content-Type", "application/json");
  request.headers.emplace_back("User-Agent",
                               "prom-rules/" + std::string(PROM_VERSION));
  request.body_bytes_max = 1ULL << 20U;
  client_.start(std::move(request),
                [this, peer, count](Result<http::Response> result) {
                  finish_request(peer, count, std::move(result));
                });
}

void Notifier::finish_request(const PeerPointer& peer, std::size_t count,
                              Result<http::Response> result) {
  const std::lock_guard lock(mutex_);
  peer->in_flight = false;
  peer->sent->add(static_cast<double>(count));
  if (result)
    peer->latency->observe(static_cast<double>(result->duration_ns) / 1e9);
  const bool good = result && result->status / 100 == 2;
  if (good) return;
  peer->errors->add(static_cast<double>(count));
  peer->dropped->add(static_cast<double>(count));
  os::log_error("sending alerts failed",
                {{"alertmanager", http::safe_url(peer->target.url)},
                 {"count", std::to_string(count)},
                 {"err", result ? "status " + result->status_text
                                : result.error().message}});
}

}  // namespace prom::rules
