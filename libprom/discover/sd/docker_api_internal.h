// What Docker and Docker Swarm discovery share: the Engine API, over a Unix
// socket or TCP, and the labels of networks.
// Source: https://docs.docker.com/reference/api/engine/
#pragma once

#include <map>
#include <string>

#include "libprom/config/sd/docker.h"
#include "libprom/discover/api.h"
#include "libprom/model/labels.h"

namespace prom::discover {

// Shown in messages: without credentials.
std::string docker_place(const config::DockerHost& host);

// Speaks the newest version of the API that both sides know.
class DockerApi {
 public:
  DockerApi(const config::DockerHost& host, Async& async);

  // Asks the engine which versions it knows.  Before a look.
  Task<Status> agree();
  // The list at "/containers/json"; only what the filters let through when
  // `is_filtered`.
  Task<Result<std::vector<Json>>> list(std::string path, bool is_filtered);

 private:
  [[nodiscard]] Result<http::Request> request(const std::string& path) const;

  const config::DockerHost& host_;
  Async& async_;
  std::string base_, unix_socket_;
  bool is_http_ = false;  // the HTTP options of the configuration count
  std::string version_;   // "/v1.47", or "" for an engine that names none
};

// By the id of the network, with names that begin with `prefix`.
using LabelsById = std::map<std::string, Labels>;
LabelsById network_labels(const std::vector<Json>& networks,
                          const std::string& prefix);
// Sets what `from` has for `id`.
void add_labels(const LabelsById& from, const std::string& id,
                LabelsBuilder& into);
// The members of `labels` behind `prefix`.
void add_labels(const Json& labels, const std::string& prefix,
                LabelsBuilder& into);
// "10.0.0.1" of "10.0.0.1/24"; kBadData for anything else.
Result<std::string> address_of_prefix(const std::string& prefix);

}  // namespace prom::discover
