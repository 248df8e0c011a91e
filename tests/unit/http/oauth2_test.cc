#include <atomic>
#include <memory>
#include <mutex>
#include <optional>

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "libprom/http/oauth2_internal.h"

#include "tests/support/test_server.h"

namespace prom::http {
namespace {

using test::Peer;
using test::TestServer;

// A server that gives tokens at /token and shows at other paths what it was
// asked with.
class OAuth2Test : public testing::Test {
 protected:
  OAuth2Test() : server_([this](Peer& peer) { serve(peer); }) {}

  void serve(Peer& peer) {
    for (std::string request; !(request = peer.read_request()).empty();) {
      if (!request.starts_with("POST /token")) {
        const std::size_t at = request.find("Authorization: ");
        const std::string who =
            at == std::string::npos
                ? "nobody"
                : request.substr(at + 15, request.find('\r', at) - at - 15);
        peer.answer("200 OK", "", who);
        continue;
      }
      const std::lock_guard lock(mutex_);
      asked_.push_back(request);
      const bool by_header =
          request.find("Authorization: Basic ") != std::string::npos;
      if (refuses_header_ && by_header) {
        peer.answer("401 Unauthorized", "", R"({"error":"invalid_client"})");
      } else {
        peer.answer(status_, "Content-Type: application/json\r\n", answer_);
      }
    }
  }
  std::shared_ptr<ClientOptions> options() const {
    auto oauth2 = std::make_shared<OAuth2Options>();
    oauth2->client_id = "me";
    oauth2->client_secret = "s3:cret";
    oauth2->token_url = server_.url("/token");
    oauth2->scopes = {"read", "all of it"};
    oauth2->endpoint_params = {{"audience", "a&b"}};
    auto made = std::make_shared<ClientOptions>();
    made->oauth2 = std::move(oauth2);
    return made;
  }
  void start(Client& client) {
    ++left_;
    client.start({.url = server_.url("/metrics"), .options = options()},
                 [this](Result<Response> got) {
                   --left_;
                   got_.push_back(got ? got->body : got.error().message);
                 });
  }
  void finish(Client& client) {
    while (left_ > 0) client.perform(-1);
  }
  std::vector<std::string> asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

  std::mutex mutex_;  // guards what follows, up to the server
  std::vector<std::string> asked_;
  bool refuses_header_ = false;
  std::string status_ = "200 OK";
  std::string answer_ =
      R"({"access_token":"abc","token_type":"bearer","expires_in":3600})";
  std::vector<std::string> got_;
  int left_ = 0;
  TestServer server_;
  Client client_{AddressPolicy::allow_all()};
};

using Texts = std::vector<std::string>;

TEST_F(OAuth2Test, FetchesOneTokenForAllThatWait) {
  for (int i = 0; i < 3; ++i) start(client_);
  finish(client_);
  start(client_);
  finish(client_);
  EXPECT_EQ(got_, Texts(4, "Bearer abc"));
  ASSERT_EQ(asked().size(), 1U);
  const std::string request = asked()[0];
  // me:s3%3Acret, as RFC 6749 has it.
  EXPECT_NE(request.find("Authorization: Basic bWU6czMlM0FjcmV0\r\n"),
            std::string::npos)
      << request;
  EXPECT_TRUE(
      request.ends_with("grant_type=client_credentials&scope=read%20all%20of%"
                        "20it&audience=a%26b"))
      << request;
}

TEST_F(OAuth2Test, RenewsATokenThatIsAboutToExpire) {
  answer_ = R"({"access_token":"abc","expires_in":"10"})";
  for (int i = 0; i < 3; ++i) {
    start(client_);
    finish(client_);
  }
  EXPECT_EQ(got_, Texts(3, "Bearer abc"));
  EXPECT_EQ(asked().size(), 3U);
}

TEST_F(OAuth2Test, SendsCredentialsInTheBodyWhereTheHeaderIsRefused) {
  refuses_header_ = true;
  start(client_);
  finish(client_);
  EXPECT_EQ(got_, Texts{"Bearer abc"});
  ASSERT_EQ(asked().size(), 2U);
  EXPECT_TRUE(asked()[1].ends_with("&client_id=me&client_secret=s3%3Acret"));
}

TEST_F(OAuth2Test, FailsRequestsWithoutAToken) {
  struct Case {
    std::string status, answer, error;
  };
  for (const auto& [status, answer, error] : std::vector<Case>{
           {"403 Forbidden", R"({"error":"unauthorized_client"})",
            "oauth2: the token server answered 403 Forbidden: "
            "unauthorized_client"},
           {"500 Oops", "", "oauth2: the token server answered 500 Oops"},
           {"200 OK", "nonsense",
            "oauth2: the token server's answer is no JSON object"},
           {"200 OK", R"({"access_token":7})",
            "oauth2: the token server's answer has no token"}}) {
    {
      const std::lock_guard lock(mutex_);
      status_ = status;
      answer_ = answer;
    }
    got_.clear();
    start(client_);
    finish(client_);
    EXPECT_EQ(got_, Texts{error});
  }
  {
    const std::lock_guard lock(mutex_);
    status_ = "200 OK";
    answer_ = R"({"access_token":"abc"})";
  }
  got_.clear();
  start(client_);
  finish(client_);
  EXPECT_EQ(got_, Texts{"Bearer abc"});
}

TEST_F(OAuth2Test, ForgetsARequestThatIsCancelledWhileItWaits) {
  const Client::Id id =
      client_.start({.url = server_.url("/metrics"), .options = options()},
                    [](const Result<Response>&) { FAIL(); });
  client_.cancel(id);
  start(client_);
  finish(client_);
  EXPECT_EQ(got_, Texts{"Bearer abc"});
}

TEST_F(OAuth2Test, RefusesATokenThatWouldEndTheHeader) {
  answer_ = R"({"access_token":"abc\r\nX-Evil: 1"})";
  start(client_);
  finish(client_);
  EXPECT_EQ(got_, Texts{"credentials contain control characters"});
}

TEST_F(OAuth2Test, DoesNotKeepARequestBeyondItsOwnDeadline) {
  TestServer silent([](Peer& peer) { peer.wait_for_close(); });
  const auto slow = [&](std::int64_t timeout_ms) {
    auto with = std::make_shared<ClientOptions>(*options());
    auto oauth2 = std::make_shared<OAuth2Options>(*with->oauth2);
    oauth2->token_url = silent.url("/token");
    with->oauth2 = std::move(oauth2);
    return Request{.url = server_.url("/metrics"),
                   .timeout_ms = timeout_ms,
                   .options = std::move(with)};
  };
  client_.start(slow(3'600'000), [](const Result<Response>&) { FAIL(); });
  std::optional<Result<Response>> got;
  client_.start(slow(20), [&](Result<Response> one) { got = std::move(one); });
  while (!got) client_.perform(-1);
  ASSERT_FALSE(*got);
  EXPECT_EQ(got->error().code, Code::kTimeout);
}

TEST_F(OAuth2Test, TakesNoSecretToAnotherOrigin) {
  std::atomic<bool> reached = false;
  TestServer other([&](Peer& peer) {
    reached = true;
    (void)peer.read_request();
    peer.answer("200 OK", "", answer_);
  });
  for (const int status : {301, 302, 303, 307, 308}) {
    {
      const std::lock_guard lock(mutex_);
      status_ =
          std::to_string(status) + " Moved\r\nLocation: " + other.url("/token");
    }
    got_.clear();
    reached = false;
    Client client(AddressPolicy::allow_all());  // that has no token yet
    start(client);
    finish(client);
    ASSERT_EQ(got_.size(), 1U);
    EXPECT_EQ(reached, status < 307) << status;
    const bool refused =
        got_[0].starts_with("oauth2: redirected with its credentials");
    EXPECT_EQ(refused, status >= 307) << got_[0];
  }
}

// A key that is used nowhere else.
std::string rsa_key() {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      EVP_RSA_gen(2048), EVP_PKEY_free);
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()),
                                                      BIO_free);
  PEM_write_bio_PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr,
                           nullptr);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::string url_decoded(std::string text) {
  for (char& c : text) c = c == '-' ? '+' : c == '_' ? '/' : c;
  std::string out(text.size(), '\0');
  const std::string padded = text + std::string((4 - text.size() % 4) % 4, '=');
  const int size =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                      reinterpret_cast<const unsigned char*>(padded.data()),
                      static_cast<int>(padded.size()));
  out.resize(static_cast<std::size_t>(size) - (padded.size() - text.size()));
  return out;
}

bool verifies(const std::string& pem, const std::string& text,
              const std::string& signature, const EVP_MD* digest) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr),
      EVP_PKEY_free);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(
      EVP_MD_CTX_new(), EVP_MD_CTX_free);
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  const auto* sign = reinterpret_cast<const unsigned char*>(signature.data());
  return EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr,
                              key.get()) == 1 &&
         EVP_DigestVerify(context.get(), sign, signature.size(), bytes,
                          text.size()) == 1;
}

TEST(SignedAssertion, NamesWhoAsksAndIsSigned) {
  OAuth2Options options;
  options.client_id = "me";
  options.token_url = "https://tokens/";
  options.scopes = {"a", "b"};
  options.assertion = {.key = rsa_key(),
                       .key_id = "k1",
                       .algorithm = "RS512",
                       .issuer = "",
                       .audience = "",
                       .claims = R"({"team":"x","aud":["y"]})"};
  const auto token = signed_assertion(options, 1'700'000'000'999);
  ASSERT_TRUE(token) << token.error().message;
  const std::size_t claims_at = token->find('.') + 1;
  const std::size_t signature_at = token->find('.', claims_at) + 1;
  EXPECT_EQ(url_decoded(token->substr(0, claims_at - 1)),
            R"({"alg":"RS512","kid":"k1","typ":"JWT"})");
  std::string claims =
      url_decoded(token->substr(claims_at, signature_at - claims_at - 1));
  const std::size_t id = claims.find(R"("jti":")") + 7;
  EXPECT_EQ(claims.at(id + 14), '4') << claims;
  claims.replace(id, 36, "ID");
  EXPECT_EQ(claims,
            R"({"aud":["y"],"exp":1700000600,"iat":1700000000,"iss":"me",)"
            R"("jti":"ID","scope":"a b","sub":"me","team":"x"})");
  EXPECT_TRUE(verifies(options.assertion.key,
                       token->substr(0, signature_at - 1),
                       url_decoded(token->substr(signature_at)), EVP_sha512()));
}

TEST(SignedAssertion, RefusesKeysAndClaimsThatAreNone) {
  OAuth2Options options;
  for (const char* key : {"", "nonsense",
                          "-----BEGIN PRIVATE KEY-----\nAAAA\n"
                          "-----END PRIVATE KEY-----\n"}) {
    options.assertion.key = key;
    const auto token = signed_assertion(options, 0);
    ASSERT_FALSE(token);
    EXPECT_EQ(token.error().code, Code::kConfig);
  }
  options.assertion.key = rsa_key();
  options.assertion.claims = "[1]";
  EXPECT_FALSE(signed_assertion(options, 0));
}

TEST_F(OAuth2Test, AsksByAssertionWhereThereIsAKey) {
  auto with = std::make_shared<ClientOptions>(*options());
  auto oauth2 = std::make_shared<OAuth2Options>(*with->oauth2);
  oauth2->assertion.key = rsa_key();
  with->oauth2 = std::move(oauth2);
  left_ = 1;
  client_.start({.url = server_.url("/metrics"), .options = std::move(with)},
                [this](Result<Response> got) {
                  --left_;
                  got_.push_back(got ? got->body : got.error().message);
                });
  finish(client_);
  EXPECT_EQ(got_, Texts{"Bearer abc"});
  ASSERT_EQ(asked().size(), 1U);
  const std::string request = asked()[0];
  EXPECT_EQ(request.find("Authorization:"), std::string::npos) << request;
  EXPECT_EQ(request.find("cret"), std::string::npos) << request;
  EXPECT_NE(request.find("\r\n\r\ngrant_type=urn%3Aietf%3Aparams%3Aoauth%3A"
                         "grant-type%3Ajwt-bearer&assertion=ey"),
            std::string::npos)
      << request;
}

TEST(TokenKey, TellsConfigurationsApart) {
  OAuth2Options a;
  a.client_id = "a";
  a.token_url = "u";
  a.scopes = {"x"};
  OAuth2Options b = a;
  EXPECT_EQ(token_key(a), token_key(b));
  b.scopes = {"x", "y"};
  EXPECT_NE(token_key(a), token_key(b));
  b = a;
  b.client_secret = "s";
  EXPECT_NE(token_key(a), token_key(b));
}

}  // namespace
}  // namespace prom::http
