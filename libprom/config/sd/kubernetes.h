// kubernetes_sd_config of Prometheus, and the kubeconfig that it may name.
#pragma once

#include <string>
#include <vector>

#include "libprom/config/discovery.h"
#include "libprom/config/load.h"

namespace prom::config {

struct KubernetesSelector {
  std::string role, label, field;  // selectors in the API's own syntax
};

// What targets are told about other objects than those of their role.
struct KubernetesMetadata {
  bool of_node = false, of_namespace = false;
  bool deployment = false, job = false, cronjob = false;  // names, of pods
};

struct KubernetesSdConfig : SdConfig {
  std::string api_server;  // a URL; "": kubeconfig_file, else in-cluster
  std::string role;        // "pod", "service", "endpoints", "endpointslice" …
  std::string kubeconfig_file;
  bool own_namespace = false;
  std::vector<std::string> namespaces;  // none: all
  std::vector<KubernetesSelector> selectors;
  KubernetesMetadata attach;
  HttpClientConfig client;
  // Not read from files: what Kubernetes mounts into pods.
  std::string service_account = "/var/run/secrets/kubernetes.io/serviceaccount";

  [[nodiscard]] std::string_view mechanism() const override {
    return "kubernetes";
  }
  [[nodiscard]] const HttpClientConfig* http() const override {
    return &client;
  }
};

struct Kubeconfig {
  std::string server;
  HttpClientConfig client;
};
// The cluster and the user of the current context.  Credentials from commands
// (exec) and plugins are refused.
Loaded<Kubeconfig> load_kubeconfig(const std::string& path);

}  // namespace prom::config
