// One kind of objects, kept up to date: listed in pages, then watched from
// where the list ended, with bookmarks; listed anew when the server has
// forgotten where that was (410).
// Source: https://kubernetes.io/docs/reference/using-api/api-concepts/
#pragma once

#include <random>
#include <string>
#include <unordered_set>

#include "libprom/config/discovery.h"
#include "libprom/config/load.h"
#include "libprom/config/sd/kubernetes.h"
#include "libprom/discover/async.h"
#include "libprom/discover/json.h"
#include "libprom/discover/metrics.h"
#include "libprom/discover/task.h"

namespace prom::discover::kubernetes {

constexpr std::size_t kObjectsMax = 500'000;  // of one list
constexpr std::size_t kEventBytesMax = 16U << 20U;

// Where the API is and how it is spoken to; read anew for each request.
class Access {
 public:
  // `config` outlives this.
  Access(const config::KubernetesSdConfig& config,
         config::Environment environment)
      : config_(config), environment_(std::move(environment)) {}

  // A GET of "/api/v1/pods?…".
  [[nodiscard]] Result<http::Request> request(const std::string& target) const;
  // The namespace that this process runs in.
  [[nodiscard]] Result<std::string> own_namespace() const;

 private:
  const config::KubernetesSdConfig& config_;
  config::Environment environment_;
};

// Who wants the objects.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void put(const Json& object) = 0;
  virtual void remove(const Json& object) = 0;
  // A list is complete: what it did not put is no more.
  virtual void listed() = 0;
  // For now there is nothing more.
  virtual void pause() = 0;
  virtual void failed(const std::string& why) = 0;
  virtual void recovered() = 0;
};

class Watch {
 public:
  // `path` is "/api/v1/pods"; `selectors` are the parameters that choose.
  // Everything outlives this.
  Watch(std::string path,
        std::vector<std::pair<std::string, std::string>> selectors,
        const Access& access, Async& async, Metrics& metrics, Sink& sink);
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  // For ever.
  Task<Status> run();

 private:
  [[nodiscard]] Result<http::Request> request(
      std::vector<std::pair<std::string, std::string>> parameters) const;
  Task<Status> list();
  Task<Status> watch();
  Status take_piece(std::string_view piece);
  Status take_event(std::string_view line);
  void count(const http::Response& response);

  const std::string path_;
  const std::vector<std::pair<std::string, std::string>> selectors_;
  const Access& access_;
  Async& async_;
  Metrics& metrics_;
  Sink& sink_;
  std::minstd_rand random_{std::random_device{}()};
  std::string version_;  // to watch from; "": a list is needed
  std::string line_;     // the event that has not ended yet
  bool had_event_ = false;
};

}  // namespace prom::discover::kubernetes
