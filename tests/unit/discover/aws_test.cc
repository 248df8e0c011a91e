// Who we are and where, for AWS, and what becomes of its failures.
#include "tests/unit/discover/aws_test.h"

#include <fstream>

#include "libprom/discover/sd/aws_internal.h"

#include "tests/support/temporary_directory.h"

namespace prom::discover {
namespace {

constexpr const char* kOneInstance =
    "<DescribeInstancesResponse><reservationSet><item><instancesSet><item>"
    "<instanceId>i-1</instanceId><privateIpAddress>10.0.0.1</privateIpAddress>"
    "</item></instancesSet></item></reservationSet>"
    "</DescribeInstancesResponse>";

std::string sts_answer(const std::string& action, const std::string& key) {
  return "<" + action + "Response><" + action +
         "Result><Credentials><AccessKeyId>" + key +
         "</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t"
         "</SessionToken><Expiration>2015-08-30T13:36:00Z</Expiration>"
         "</Credentials></" +
         action + "Result></" + action + "Response>";
}

class AwsCredentials : public AwsTest {
 protected:
  AwsCredentials() {
    on("DescribeInstances", kOneInstance);
    on("DescribeAvailabilityZones", "<R/>");
    config_.region = "eu-west-1";
  }

  void write(const std::string& name, const std::string& text) {
    std::ofstream(directory_.path() + "/" + name) << text;
  }
  void use_files() {
    environment_["AWS_CONFIG_FILE"] = directory_.path() + "/config";
    environment_["AWS_SHARED_CREDENTIALS_FILE"] =
        directory_.path() + "/credentials";
  }
  // The access key that instances were asked for with, or the failure.
  std::string key_used() {
    Source& source = begin(config_);
    settle_slowly(source);
    if (!source.findings().failure().empty())
      return source.findings().failure();
    const std::string header = authorization("DescribeInstances");
    const std::size_t begin = header.find('=') + 1;
    return header.substr(begin, header.find('/') - begin);
  }

  config::Ec2SdConfig config_;
  TemporaryDirectory directory_;
};

TEST_F(AwsCredentials, SettingsComeFirst) {
  environment_["AWS_ACCESS_KEY_ID"] = "other";
  environment_["AWS_SECRET_ACCESS_KEY"] = "s";
  config_.access_key = "own";
  config_.secret_key = config::Secret("hidden");
  EXPECT_EQ(key_used(), "own");
  EXPECT_NE(authorization("DescribeInstances").find("/eu-west-1/ec2/aws4_"),
            std::string::npos);
}

TEST_F(AwsCredentials, ComeFromTheEnvironment) {
  environment_["AWS_ACCESS_KEY_ID"] = "env";
  environment_["AWS_SECRET_ACCESS_KEY"] = "s";
  environment_["AWS_SESSION_TOKEN"] = "t";
  EXPECT_EQ(key_used(), "env");
  EXPECT_NE(authorization("DescribeInstances").find("x-amz-security-token"),
            std::string::npos);
}

TEST_F(AwsCredentials, ComeFromAProfileAndItsRoles) {
  use_files();
  write("credentials",
        "# comment\n[base]\naws_access_key_id = b\naws_secret_access_key=s\n");
  write("config",
        "[default]\nregion=us-east-2\n[profile role]\nrole_arn = arn:r\n"
        "source_profile = base\nexternal_id = x\ns3 =\n  region = no\n"
        "[profile circle]\nrole_arn=a\nsource_profile=circle2\n"
        "[profile circle2]\nrole_arn=a\nsource_profile=circle\n"
        "[profile sso]\nsso_session=x\n");
  on("AssumeRole", sts_answer("AssumeRole", "assumed"));
  config_.profile = "base";
  EXPECT_EQ(key_used(), "b");
  config_.profile = "role";
  EXPECT_EQ(key_used(), "assumed");
  EXPECT_NE(asked("AssumeRole").back().find("RoleArn=arn%3Ar&"),
            std::string::npos);
  EXPECT_NE(asked("AssumeRole").back().find("&ExternalId=x"),
            std::string::npos);
  EXPECT_NE(authorization("AssumeRole").find("=b/"), std::string::npos);
  for (const auto& [profile, why] :
       {std::pair("none", "there is no profile \"none\""),
        std::pair("circle", "in a circle"), std::pair("sso", "SSO")}) {
    config_.profile = profile;
    EXPECT_NE(key_used().find(why), std::string::npos) << profile;
  }
}

TEST_F(AwsCredentials, ARoleOfTheSettingsIsAssumedAndRenewed) {
  config_.access_key = "own";
  config_.secret_key = config::Secret("hidden");
  config_.role_arn = "arn:aws:iam::1:role/x";
  config_.refresh_interval_ms = 1'700'000;
  on("AssumeRole", sts_answer("AssumeRole", "assumed"));
  EXPECT_EQ(key_used(), "assumed");
  EXPECT_EQ(asked("AssumeRole").size(), 1U);
  pass_and_look(1'700'000);
  EXPECT_EQ(asked("DescribeInstances").size(), 2U);
  EXPECT_EQ(asked("AssumeRole").size(), 1U);
  // Less than five minutes are left: a failure does no harm yet.
  on("AssumeRole", "<E><Error><Code>AccessDenied</Code></Error></E>", 403);
  pass_and_look(1'700'000);
  EXPECT_EQ(sources_.back()->findings().failure(), "");
  EXPECT_EQ(asked("AssumeRole").size(), 2U);
}

TEST_F(AwsCredentials, ComeFromAWebIdentity) {
  write("token", "jwt\n");
  environment_["AWS_WEB_IDENTITY_TOKEN_FILE"] = directory_.path() + "/token";
  environment_["AWS_ROLE_ARN"] = "arn:r";
  environment_["AWS_ROLE_SESSION_NAME"] = "me";
  on("AssumeRoleWithWebIdentity",
     sts_answer("AssumeRoleWithWebIdentity", "web"));
  EXPECT_EQ(key_used(), "web");
  EXPECT_NE(asked("AssumeRoleWithWebIdentity")
                .back()
                .find("RoleArn=arn%3Ar&RoleSessionName=me&"
                      "WebIdentityToken=jwt"),
            std::string::npos);
  EXPECT_EQ(authorization("AssumeRoleWithWebIdentity"), "");
}

TEST_F(AwsCredentials, ComeFromTheContainer) {
  environment_["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = api_.url() + "/creds";
  environment_["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "let me in";
  api_.answer("GET /creds",
              R"({"AccessKeyId":"box","SecretAccessKey":"s","Token":"t",)"
              R"("Expiration":"2015-08-30T13:36:00Z"})");
  EXPECT_EQ(key_used(), "box");
  EXPECT_EQ(api_.last("GET /creds").header("authorization"), "let me in");
  environment_["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://evil.example/";
  EXPECT_NE(key_used().find("not allowed"), std::string::npos);
}

TEST_F(AwsCredentials, AndTheRegionComeFromTheMachine) {
  api_.answer("PUT /imds/latest/api/token", "session");
  api_.answer("GET /imds/latest/dynamic/instance-identity/document",
              R"({"region":"ap-south-1"})");
  const std::string roles =
      "GET /imds/latest/meta-data/iam/security-credentials/";
  api_.answer(roles, "machine-role");
  api_.answer(roles + "machine-role",
              R"({"AccessKeyId":"imds","SecretAccessKey":"s","Token":"t",)"
              R"("Expiration":"2015-08-30T13:36:00Z"})");
  config_.region.clear();
  EXPECT_EQ(key_used(), "imds");
  EXPECT_NE(authorization("DescribeInstances").find("/ap-south-1/ec2/"),
            std::string::npos);
  EXPECT_EQ(api_.last(roles).header("x-aws-ec2-metadata-token"), "session");
  environment_["AWS_EC2_METADATA_DISABLED"] = "true";
  config_.region = "eu-west-1";
  EXPECT_NE(key_used().find("AWS_EC2_METADATA_DISABLED"), std::string::npos);
}

TEST_F(AwsCredentials, TheRegionIsThatOfTheProfileOrTheEnvironment) {
  use_files();
  write("config", "[default]\nregion=us-east-2\n");
  config_.region.clear();
  config_.access_key = "own";
  config_.secret_key = config::Secret("hidden");
  key_used();
  EXPECT_NE(authorization("DescribeInstances").find("/us-east-2/"),
            std::string::npos);
  environment_["AWS_REGION"] = "sa-east-1";
  key_used();
  EXPECT_NE(authorization("DescribeInstances").find("/sa-east-1/"),
            std::string::npos);
}

TEST_F(AwsTest, AFailureKeepsTheTargetsAndNamesNoSecret) {
  on("DescribeInstances", kOneInstance);
  on("DescribeAvailabilityZones", "<R/>");
  const auto config = keyed<config::Ec2SdConfig>();
  Source& good = begin(config);
  settle_slowly(good);
  const std::string before = print(good);
  EXPECT_NE(before, "");
  const struct {
    int status;
    std::string body, reason;
    std::size_t attempts;
  } kCases[] = {
      {403,
       "<Response><Errors><Error><Code>UnauthorizedOperation</Code>"
       "<Message>hidden</Message></Error></Errors></Response>",
       "UnauthorizedOperation, HTTP status 403", 1},
      {401, "", "HTTP status 401", 1},
      {503, "<Response><Errors><Error><Code>RequestLimitExceeded</Code>",
       "HTTP status 503", 3},
      {500, "", "HTTP status 500", 3},
      {200, "garbage", "no XML", 1},
      {200, std::string(kOneInstance).substr(0, 100), "no XML", 1},
  };
  for (const auto& c : kCases) {
    on("DescribeInstances", c.body, c.status);
    const std::size_t asked_before = asked("DescribeInstances").size();
    Source source(make_mechanism(config, around_), around_);
    source.adopt(good);
    source.start();
    turn_until([&] {
      clock_.advance_ms(100);
      return !source.findings().failure().empty();
    });
    EXPECT_NE(source.findings().failure().find(c.reason), std::string::npos)
        << source.findings().failure();
    EXPECT_EQ(source.findings().failure().find("hidden"), std::string::npos);
    EXPECT_EQ(print(source), before);
    EXPECT_EQ(asked("DescribeInstances").size(), asked_before + c.attempts)
        << c.reason;
  }
  // A list without end.
  on("DescribeInstances", "<R><nextToken>more</nextToken></R>");
  Source endless(make_mechanism(config, around_), around_);
  endless.start();
  turn_until([&] { return endless.findings().is_settled(); });
  EXPECT_NE(endless.findings().failure().find("more than 1000 pages"),
            std::string::npos);
}

TEST(AwsTime, LosesItsFraction) {
  EXPECT_EQ(aws_time("2024-01-02T03:04:05.678Z"), "2024-01-02T03:04:05Z");
  EXPECT_EQ(aws_time("2024-01-02T03:04:05Z"), "2024-01-02T03:04:05Z");
  EXPECT_EQ(aws_time("2024-01-02T03:04:05.6+01:00"),
            "2024-01-02T03:04:05+01:00");
  EXPECT_EQ(aws_time(""), "");
}

}  // namespace
}  // namespace prom::discover
