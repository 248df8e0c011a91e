#include "libprom/http/smtp.h"

#include <gtest/gtest.h>

#include "tests/support/test_server.h"

namespace prom::http {
namespace {

using test::Peer;
using test::TestServer;

// A mail server that says `replies` by command and keeps what it was told.
class FakeMailServer {
 public:
  explicit FakeMailServer(std::string extensions = "",
                          std::string rcpt_reply = "250 ok")
      : server_([this, extensions, rcpt_reply](Peer& peer) {
          peer.send("220 fake ESMTP\r\n");
          serve(peer, extensions, rcpt_reply);
        }) {}

  [[nodiscard]] std::string url() const {
    return "smtp://127.0.0.1:" + std::to_string(server_.port());
  }
  std::string commands;
  std::string data;

 private:
  void serve(Peer& peer, const std::string& extensions,
             const std::string& rcpt_reply) {
    std::string rest;
    bool in_data = false;
    for (std::string line; read_line(peer, rest, line);) {
      if (in_data) {
        in_data = line != ".\r\n";
        if (in_data) data += line;
        if (!in_data) peer.send("250 taken\r\n");
        continue;
      }
      commands += line;
      if (line.starts_with("EHLO")) {
        peer.send(extensions + "250 fake\r\n");
      } else if (line.starts_with("RCPT")) {
        peer.send(rcpt_reply + "\r\n");
      } else if (line.starts_with("AUTH")) {
        peer.send("235 welcome\r\n");
      } else if (line.starts_with("DATA")) {
        peer.send("354 go on\r\n");
        in_data = true;
      } else {
        peer.send("250 ok\r\n");
      }
    }
  }

  static bool read_line(Peer& peer, std::string& rest, std::string& line) {
    std::size_t end = 0;
    while ((end = rest.find("\r\n")) == std::string::npos) {
      const std::string more = peer.read_some();
      if (more.empty()) return false;
      rest += more;
    }
    line = rest.substr(0, end + 2);
    rest.erase(0, end + 2);
    return true;
  }

  TestServer server_;
};

Mail greeting() {
  return {.from = "Prom <prom@example.org>",
          .to = "a@example.org, \"B, C\" <b@example.org>",
          .headers = {{"Subject", "hello"}},
          .text = "line one\n.leading dot\n",
          .html = "<b>bold</b>"};
}

TEST(SendMail, DeliversBothAlternatives) {
  FakeMailServer fake;
  const MailServer server{
      .url = fake.url(), .hello = "me.example", .require_tls = false};
  const Status sent = send_mail(server, greeting());
  ASSERT_TRUE(sent) << sent.error().message;
  EXPECT_TRUE(fake.commands.starts_with("EHLO me.example\r\n"));
  for (const std::string_view part :
       {"MAIL FROM:<prom@example.org>", "RCPT TO:<a@example.org>",
        "RCPT TO:<b@example.org>"})
    EXPECT_NE(fake.commands.find(part), std::string::npos) << fake.commands;
  for (const std::string_view part :
       {"Subject: hello\r\n", "From: \"Prom\" <prom@example.org>\r\n",
        "multipart/alternative", "line one\r\n..leading dot\r\n", "<b>bold</b>",
        "Message-ID: <", "Date: "})
    EXPECT_NE(fake.data.find(part), std::string::npos) << part << fake.data;
}

TEST(SendMail, Authenticates) {
  FakeMailServer fake("250-AUTH PLAIN LOGIN\r\n");
  const MailServer server{.url = fake.url(),
                          .require_tls = false,
                          .user = "me",
                          .password = "pw",
                          .auth = "PLAIN"};
  const Status sent = send_mail(server, greeting());
  ASSERT_TRUE(sent) << sent.error().message;
  EXPECT_NE(fake.commands.find("AUTH PLAIN"), std::string::npos)
      << fake.commands;
}

TEST(SendMail, WantsTlsUnlessToldOtherwise) {
  FakeMailServer fake;
  const Status sent = send_mail({.url = fake.url()}, greeting());
  ASSERT_FALSE(sent);
  EXPECT_EQ(fake.commands.find("MAIL"), std::string::npos);
}

TEST(SendMail, TellsRefusalsFromTroubles) {
  FakeMailServer never("", "550 no such user");
  const Status no =
      send_mail({.url = never.url(), .require_tls = false}, greeting());
  ASSERT_FALSE(no);
  EXPECT_EQ(no.error().code, Code::kNo) << no.error().message;
  FakeMailServer later("", "451 try later");
  const Status busy =
      send_mail({.url = later.url(), .require_tls = false}, greeting());
  ASSERT_FALSE(busy);
  EXPECT_EQ(busy.error().code, Code::kUnavailable) << busy.error().message;
}

TEST(SendMail, RefusesServersThatAreNone) {
  for (const std::string_view url : {"", "http://x", "smtp://x\r\nRSET"}) {
    const Status sent = send_mail({.url = std::string(url)}, greeting());
    ASSERT_FALSE(sent) << url;
    EXPECT_EQ(sent.error().code, Code::kConfig);
  }
}

TEST(MailMessage, RefusesWhatWouldAddHeadersOrRecipients) {
  const auto message = [](Mail mail) {
    return mail_message(mail, 0, "id").has_value();
  };
  EXPECT_TRUE(message(greeting()));
  for (const Header& header :
       std::vector<Header>{{"Subject", "a\r\nBcc: evil@example.org"},
                           {"Subject", "a\nBcc: evil@example.org"},
                           {"Subject", "a\rb"},
                           {"Subject", std::string("a\0b", 3)},
                           {"X: y\r\nBcc", "e@example.org"},
                           {"", "x"},
                           {"Re ply", "x"},
                           {"Cc", "a@example.org\r\nBcc: e@example.org"}}) {
    Mail mail = greeting();
    mail.headers.push_back(header);
    EXPECT_FALSE(message(mail)) << header.first << ": " << header.second;
  }
}

TEST(MailMessage, EncodesWhatIsNotAscii) {
  Mail mail = greeting();
  mail.headers = {{"Subject", "Störung: größer ✓ " + std::string(60, 'x')},
                  {"From", "Jürgen <j@example.org>"}};
  mail.text = "50 % = ½ \ttail \n";
  const auto message = mail_message(mail, 1'700'000'000'000, "id@host");
  ASSERT_TRUE(message);
  for (const std::string_view part :
       {"Subject: =?utf-8?q?St=C3=B6rung=3A_gr=C3=B6=C3=9Fer_=E2=9C=93_",
        "From: =?utf-8?q?J=C3=BCrgen?= <j@example.org>\r\n",
        "50 % =3D =C2=BD \ttail=20\r\n",
        "Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n",
        "Message-ID: <id@host>\r\n"})
    EXPECT_NE(message->find(part), std::string::npos) << part << *message;
  for (std::size_t at = 0, end = 0; end != std::string::npos; at = end + 2) {
    end = message->find("\r\n", at);
    EXPECT_LE(message->substr(at, end - at).size(), 100U);
  }
}

TEST(MailMessage, KeepsLinesShortAndWithoutBareLineFeeds) {
  Mail mail = greeting();
  mail.text = std::string(1000, 'y') + "\r\n.\r\nMAIL FROM:<x>\rz\n\n--=_prom";
  const auto message = mail_message(mail, 0, "id");
  ASSERT_TRUE(message);
  for (std::size_t i = 0; i < message->size(); ++i) {
    if ((*message)[i] == '\n') {
      ASSERT_EQ((*message)[i - 1], '\r');
    }
    if ((*message)[i] == '\r') {
      ASSERT_EQ((*message)[i + 1], '\n');
    }
  }
  EXPECT_NE(message->find("\r\n--=3D_prom"), std::string::npos);
}

TEST(ParseMailAddresses, ReadsLists) {
  const auto got =
      parse_mail_addresses("a@b, \"Last, \\\"First\\\"\" <x@y.z>,Name <n@m>");
  ASSERT_TRUE(got) << got.error().message;
  ASSERT_EQ(got->size(), 3U);
  EXPECT_EQ((*got)[0].address, "a@b");
  EXPECT_EQ((*got)[1].name, "Last, \"First\"");
  EXPECT_EQ((*got)[1].address, "x@y.z");
  EXPECT_EQ((*got)[2].name, "Name");
}

TEST(ParseMailAddresses, RefusesWhatIsNone) {
  for (const std::string_view bad :
       {"", "a", "@b", "a@", "a@b,", "<a@b", "a b@c", "a@b>", "x <a@b\r\n>",
        "a@b\nRCPT TO:<c@d>", "<a@b> <c@d>"})
    EXPECT_FALSE(parse_mail_addresses(bad)) << bad;
}

}  // namespace
}  // namespace prom::http
