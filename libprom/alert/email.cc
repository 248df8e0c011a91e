#include "libprom/alert/email.h"

#include "libprom/alert/blocking_pool.h"
#include "libprom/alert/digest.h"
#include "libprom/alert/notification_data.h"
#include "libprom/base/duration.h"
#include "libprom/http/smtp.h"

namespace prom::alert {
namespace {

constexpr std::size_t kThreadDigits = 16;

struct Letter {
  http::MailServer server;
  http::Mail mail;
};

// Replies of the server may change with the next attempt (greylisting, a full
// mailbox), so upstream repeats on all of them; what is wrong on our side
// stays wrong.
Outcome outcome_of(const Status& sent) {
  if (sent) return delivered();
  const Code code = sent.error().code;
  Outcome outcome{.ok = false, .error = sent.error().message};
  outcome.retry = code != Code::kBadData && code != Code::kConfig;
  if (code == Code::kTimeout) outcome.reason = "contextDeadlineExceeded";
  if (code == Code::kPermission) outcome.reason = "authError";
  if (code == Code::kNo) outcome.reason = "clientError";
  return outcome;
}

class Email : public Notifier {
 public:
  explicit Email(config::EmailReceiver config) : config_(std::move(config)) {}

  void send(const Notification& notification, Transport& transport,
            Done done) const override {
    auto letter = compose(notification, transport);
    if (!letter) return done(rejected(std::move(letter).error().message));
    const std::string key = letter->server.url;
    transport.blocking.submit(
        key,
        [letter = std::move(*letter)] {
          return outcome_of(http::send_mail(letter.server, letter.mail));
        },
        std::move(done));
  }

 private:
  [[nodiscard]] Result<http::MailServer> server() const {
    http::MailServer server;
    const bool tls_at_once =
        config_.force_implicit_tls.value_or(config_.smarthost.port == "465");
    const std::string host =
        config_.smarthost.host.empty() ? "localhost" : config_.smarthost.host;
    server.url = std::string(tls_at_once ? "smtps://" : "smtp://") +
                 config::HostPort{.host = host, .port = config_.smarthost.port}
                     .to_string();
    server.hello = config_.hello;
    server.require_tls = config_.require_tls;
    const config::TlsConfig& tls = config_.tls;
    server.tls = {.ca_file = tls.ca_file,
                  .cert_file = tls.cert_file,
                  .key_file = tls.key_file,
                  .ca = tls.ca,
                  .cert = tls.cert,
                  .key = tls.key.reveal(),
                  .server_name = tls.server_name,
                  .insecure_skip_verify = tls.insecure_skip_verify,
                  .min_version = tls.min_version,
                  .max_version = tls.max_version};
    if (config_.auth_username.empty()) return server;
    auto password = config::resolve_secret(config_.auth_password,
                                           config_.auth_password_file);
    if (!password) return fail(std::move(password).error());
    auto secret =
        config::resolve_secret(config_.auth_secret, config_.auth_secret_file);
    if (!secret) return fail(std::move(secret).error());
    server.user = config_.auth_username;
    server.identity = config_.auth_identity;
    // A shared secret is for CRAM-MD5 only.
    if (!secret->empty()) server.auth = "CRAM-MD5";
    server.password = (secret->empty() ? *password : *secret).reveal();
    return server;
  }

  [[nodiscard]] Result<Letter> compose(const Notification& notification,
                                       const Transport& transport) const {
    auto to_server = server();
    if (!to_server) return fail(std::move(to_server).error());
    auto data = notification_data(notification, transport.external_url);
    render_route_labels(data, transport.templates, notification.now_ms);
    templates::NotificationExpander expander(transport.templates, data,
                                             notification.now_ms);
    Letter letter{.server = std::move(*to_server), .mail = {}};
    const auto expand = [&](const std::string& text, std::string& into,
                            std::string_view what) -> Status {
      auto expanded = expander.text(text);
      if (!expanded)
        return fail(std::move(expanded).error().in(
            "execute '" + std::string(what) + "' template"));
      into = std::move(*expanded);
      return {};
    };
    http::Mail& mail = letter.mail;
    if (Status s = expand(config_.from, mail.from, "from"); !s)
      return fail(std::move(s).error());
    if (Status s = expand(config_.to, mail.to, "to"); !s)
      return fail(std::move(s).error());
    if (Status s = expand(config_.text, mail.text, "text"); !s)
      return fail(std::move(s).error());
    auto html = expander.html(config_.html);
    if (!html) return fail(std::move(html).error().in("execute html template"));
    mail.html = std::move(*html);
    if (Status s = add_headers(notification, expander, mail); !s)
      return fail(std::move(s).error());
    return letter;
  }

  Status add_headers(const Notification& notification,
                     templates::NotificationExpander& expander,
                     http::Mail& mail) const {
    bool has_subject = false;
    bool has_message_id = false;
    for (const auto& [name, text] : config_.headers) {
      auto value = expander.text(text);
      if (!value)
        return fail(std::move(value).error().in("execute \"" + name +
                                                "\" header template"));
      has_subject = has_subject || name == "Subject";
      has_message_id = has_message_id || name == "Message-Id";
      mail.headers.emplace_back(name, one_line(*value));
    }
    if (!has_subject) {
      auto subject =
          expander.text(R"({{ template "email.default.subject" . }})");
      if (!subject)
        return fail(std::move(subject).error().in("execute subject template"));
      mail.headers.emplace_back("Subject", one_line(*subject));
    }
    // The same for every attempt, so that mailboxes can tell a repetition.
    if (!has_message_id)
      mail.headers.emplace_back(
          "Message-Id", "<" + notification.idempotency_key + "@prom-alert>");
    if (config_.threading) {
      const std::string day =
          config_.thread_by_date == "none"
              ? ""
              : format_rfc3339(notification.now_ms).substr(0, 10);
      const std::string root =
          "<alert-" +
          sha256_hex(notification.group_key).substr(0, kThreadDigits) + "-" +
          day + "@alertmanager>";
      mail.headers.emplace_back("References", root);
      mail.headers.emplace_back("In-Reply-To", root);
    }
    return {};
  }

  // Labels may hold line breaks, which would make a header of their own.
  static std::string one_line(std::string text) {
    for (char& c : text)
      if (c == '\r' || c == '\n' || c == '\0') c = ' ';
    return text;
  }

  const config::EmailReceiver config_;
};

}  // namespace

std::shared_ptr<const Notifier> make_email(config::EmailReceiver config) {
  return std::make_shared<Email>(std::move(config));
}

}  // namespace prom::alert
