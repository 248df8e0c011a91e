#include "libprom/config/sd/kubernetes.h"

#include <algorithm>
#include <array>
#include <set>

#include "libprom/base/utf8.h"
#include "libprom/config/scalar_internal.h"
#include "libprom/config/sd/readers_internal.h"
#include "libprom/os/file.h"

namespace prom::config {
namespace {

struct Role {
  std::string_view name;
  std::vector<std::string> selectors;  // roles that may be selected from
};

const std::vector<Role>& roles() {
  static const std::vector<Role> kRoles = {
      {"pod", {"pod", "node"}},
      {"service", {"service"}},
      {"endpoints", {"pod", "service", "endpoints"}},
      {"endpointslice", {"pod", "service", "endpointslice"}},
      {"node", {"node"}},
      {"ingress", {"ingress"}},
  };
  return kRoles;
}

const Role* find_role(const std::string& name) {
  const auto role = std::ranges::find(roles(), name, &Role::name);
  return role == roles().end() ? nullptr : &*role;
}

// "a=b,c!=d"; why not, or "".  Commas may be escaped.
std::string field_selector_problem(const std::string& selector) {
  std::size_t begin = 0;
  while (begin < selector.size()) {
    std::size_t end = begin;
    while (end < selector.size() && selector[end] != ',')
      end += selector[end] == '\\' ? 2 : 1;
    const std::string term = selector.substr(begin, end - begin);
    if (!term.empty() && term.find('=') == std::string::npos)
      return "invalid selector: '" + selector + "'; can't understand '" + term +
             "'";
    begin = end + 1;
  }
  return "";
}

// The words and signs of a label selector.
std::vector<std::string> label_selector_tokens(const std::string& selector) {
  constexpr std::string_view kSigns = "!=<>(),";
  constexpr std::string_view kSpace = " \t\r\n";
  std::vector<std::string> tokens;
  std::size_t at = 0;
  while (at < selector.size()) {
    const char c = selector[at];
    if (kSpace.find(c) != std::string_view::npos) {
      ++at;
    } else if ((c == '=' || c == '!') && selector.substr(at + 1, 1) == "=") {
      tokens.push_back(selector.substr(at, 2));
      at += 2;
    } else if (kSigns.find(c) != std::string_view::npos) {
      tokens.emplace_back(1, c);
      ++at;
    } else {
      const std::size_t end = std::min(
          selector.find_first_of(std::string(kSigns) + std::string(kSpace), at),
          selector.size());
      tokens.push_back(selector.substr(at, end - at));
      at = end;
    }
  }
  return tokens;
}

// Reads "key", "!key", "key = value", "key in (a, b)", "key > 1" …, joined by
// commas.  Which names and values are good is for the server to say.
class LabelSelectorReader {
 public:
  explicit LabelSelectorReader(const std::string& selector)
      : tokens_(label_selector_tokens(selector)) {}

  bool is_good() {
    if (tokens_.empty()) return true;
    while (read_requirement()) {
      if (at_ == tokens_.size()) return true;
      if (next() != ",") return false;
    }
    return false;
  }

 private:
  static bool is_word(const std::string& token) {
    return !token.empty() &&
           std::string_view("!=<>(),").find(token[0]) == std::string_view::npos;
  }
  std::string next() { return at_ < tokens_.size() ? tokens_[at_++] : ""; }
  [[nodiscard]] std::string peek() const {
    return at_ < tokens_.size() ? tokens_[at_] : "";
  }

  bool read_requirement() {
    if (peek() == "!") {
      next();
      return is_word(next());
    }
    if (!is_word(next())) return false;
    const std::string sign = peek();
    if (sign.empty() || sign == ",") return true;
    next();
    if (sign == "in" || sign == "notin") return read_values();
    if (sign != "=" && sign != "==" && sign != "!=" && sign != "<" &&
        sign != ">")
      return false;
    // The value may be empty.
    if (is_word(peek())) next();
    return true;
  }
  bool read_values() {
    if (next() != "(") return false;
    for (;;) {
      if (is_word(peek())) next();
      const std::string sign = next();
      if (sign == ")") return true;
      if (sign != ",") return false;
    }
  }

  std::vector<std::string> tokens_;
  std::size_t at_ = 0;
};

void read_selectors(Fields& fields, KubernetesSdConfig& into) {
  fields.each("selectors", [&](const YamlNode& node) {
    KubernetesSelector& selector = into.selectors.emplace_back();
    Fields parts(fields.file(), node, "selectors");
    parts.text("role", selector.role);
    parts.text("label", selector.label);
    parts.text("field", selector.field);
    parts.done();
  });
  const Role* const role = find_role(into.role);
  std::set<std::string> seen;
  for (const KubernetesSelector& selector : into.selectors) {
    if (!seen.insert(selector.role).second)
      fields.error("selectors",
                   "duplicated selector role: " + printable(selector.role));
    if (role != nullptr && std::ranges::find(role->selectors, selector.role) ==
                               role->selectors.end()) {
      std::string all;
      for (const std::string& name : role->selectors)
        all += (all.empty() ? "" : ", ") + name;
      fields.error("selectors",
                   into.role + " role supports only " + all + " selectors");
    }
    if (const std::string problem = field_selector_problem(selector.field);
        !problem.empty())
      fields.error("selectors", printable(problem));
    if (!LabelSelectorReader(selector.label).is_good())
      fields.error("selectors",
                   "unable to parse label selector " + quote(selector.label));
  }
}

bool has_own_http(Fields& fields, const HttpClientConfig& client) {
  constexpr std::array kKeys = {"basic_auth",
                                "authorization",
                                "oauth2",
                                "tls_config",
                                "bearer_token",
                                "bearer_token_file",
                                "proxy_url",
                                "no_proxy",
                                "proxy_from_environment",
                                "proxy_connect_header",
                                "http_headers"};
  return !client.follow_redirects || !client.enable_http2 ||
         std::ranges::any_of(kKeys,
                             [&](const char* key) { return fields.has(key); });
}

void check_access(Fields& fields, const KubernetesSdConfig& config) {
  const bool has_server = !config.api_server.empty();
  const bool has_file = !config.kubeconfig_file.empty();
  const bool has_http = has_own_http(fields, config.client);
  if (has_server && has_file)
    fields.error("kubeconfig_file",
                 "cannot use 'kubeconfig_file' and 'api_server' "
                 "simultaneously");
  if (has_file && has_http)
    fields.error("kubeconfig_file",
                 "cannot use a custom HTTP client configuration together with "
                 "'kubeconfig_file'");
  else if (!has_server && has_http)
    fields.error("role",
                 "to use custom HTTP client configuration please provide the "
                 "'api_server' URL explicitly");
  if (has_server && config.own_namespace)
    fields.error("namespaces",
                 "cannot use 'api_server' and 'namespaces.own_namespace' "
                 "simultaneously");
  if (has_file && config.own_namespace)
    fields.error("namespaces",
                 "cannot use 'kubeconfig_file' and 'namespaces.own_namespace' "
                 "simultaneously");
}

// A file, or its content in base64.
void read_file_or_data(Fields& fields, const std::string& key,
                       std::string& path, std::string& content) {
  std::string encoded;
  fields.path(key, path);
  fields.text(key + "-data", encoded);
  if (encoded.empty()) return;
  auto decoded = decode_base64(encoded);
  if (!decoded) return fields.error(key + "-data", "this is no base64");
  content = *std::move(decoded);
  path.clear();
}

void read_cluster(Fields& cluster, Kubeconfig& into) {
  TlsConfig& tls = into.client.tls;
  cluster.url("server", into.server);
  read_file_or_data(cluster, "certificate-authority", tls.ca_file, tls.ca);
  cluster.flag("insecure-skip-tls-verify", tls.insecure_skip_verify);
  cluster.text("tls-server-name", tls.server_name);
  cluster.text("proxy-url", into.client.proxy.proxy_url);
  if (into.server.empty()) cluster.error("server", "the cluster has no server");
}

void read_user(Fields& user, Kubeconfig& into) {
  TlsConfig& tls = into.client.tls;
  std::string key;
  std::string username;
  Secret token;
  Secret password;
  std::string token_file;
  for (const char* name : {"exec", "auth-provider"}) {
    if (user.has(name))
      user.error(name, std::string(name) +
                           ": credentials from programs are not available; "
                           "use a token or a certificate");
  }
  read_file_or_data(user, "client-certificate", tls.cert_file, tls.cert);
  read_file_or_data(user, "client-key", tls.key_file, key);
  tls.key = Secret(key);
  user.secret("token", token);
  user.path("tokenFile", token_file);
  user.text("username", username);
  user.secret("password", password);
  // The file wins, since tokens in files are renewed.
  if (!token_file.empty() || !token.empty()) {
    Authorization& bearer = into.client.authorization.emplace();
    bearer.credentials_file = token_file;
    if (token_file.empty()) bearer.credentials = token;
  } else if (!username.empty() || !password.empty()) {
    BasicAuth& basic = into.client.basic_auth.emplace();
    basic.username = username;
    basic.password = password;
  }
}

// The mapping `kind` of the element of `list` that is called `name`.
const YamlNode* find_named(Fields& fields, const std::string& list,
                           const std::string& name, const std::string& kind) {
  const YamlNode* found = nullptr;
  fields.each(list, [&](const YamlNode& node) {
    Fields element(fields.file(), node, list);
    std::string called;
    element.text("name", called);
    if (called == name && found == nullptr) found = element.find(kind);
  });
  if (found == nullptr)
    fields.error(list, "there is no " + kind + " called " + quote(name));
  return found;
}

void read_kubeconfig(FileReader& file, const YamlNode& root, Kubeconfig& into) {
  Fields fields(file, root, "kubeconfig");
  std::string current;
  fields.text("current-context", current);
  const YamlNode* const context =
      find_named(fields, "contexts", current, "context");
  if (context == nullptr) return;
  Fields parts(file, *context, "context");
  std::string cluster;
  std::string user;
  parts.text("cluster", cluster);
  parts.text("user", user);
  if (const YamlNode* node =
          find_named(fields, "clusters", cluster, "cluster")) {
    Fields settings(file, *node, "cluster");
    read_cluster(settings, into);
  }
  if (user.empty()) return;
  if (const YamlNode* node = find_named(fields, "users", user, "user")) {
    Fields settings(file, *node, "user");
    read_user(settings, into);
  }
}

}  // namespace

void read_sd(Fields& fields, KubernetesSdConfig& into) {
  fields.url("api_server", into.api_server);
  fields.text("role", into.role);
  fields.path("kubeconfig_file", into.kubeconfig_file);
  fields.map("namespaces", [&](const YamlNode& node) {
    Fields parts(fields.file(), node, "namespaces");
    parts.flag("own_namespace", into.own_namespace);
    parts.texts("names", into.namespaces);
    parts.done();
  });
  fields.map("attach_metadata", [&](const YamlNode& node) {
    Fields parts(fields.file(), node, "attach_metadata");
    parts.flag("node", into.attach.of_node);
    parts.flag("namespace", into.attach.of_namespace);
    parts.flag("deployment", into.attach.deployment);
    parts.flag("job", into.attach.job);
    parts.flag("cronjob", into.attach.cronjob);
    parts.done();
  });
  read_http_client(fields, into.client);
  if (into.role.empty())
    fields.error("role",
                 "role missing (one of: pod, service, endpoints, "
                 "endpointslice, node, ingress)");
  else if (find_role(into.role) == nullptr)
    fields.error("role", "unknown Kubernetes SD role " + quote(into.role));
  read_selectors(fields, into);
  check_access(fields, into);
}

Loaded<Kubeconfig> load_kubeconfig(const std::string& path) {
  const auto refused = [&](std::string message) {
    Diagnostic finding;
    finding.message = std::move(message);
    return std::unexpected(Diagnostics{std::move(finding)});
  };
  const auto text = os::read_file(path, kYamlBytesMax);
  if (!text) return refused(text.error().message);
  auto document = parse_yaml(*text);
  if (!document) {
    document.error().file = path;
    return std::unexpected(Diagnostics{document.error()});
  }
  FileReader file(path, *text);
  file.add(document->errors);
  Kubeconfig config;
  read_kubeconfig(file, *document->root, config);
  if (file.failed()) return std::unexpected(file.take_findings());
  return config;
}

}  // namespace prom::config
