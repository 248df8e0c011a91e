#include "libprom/config/sd/oci.h"

#include <fstream>

#include "libprom/discover/sd/oci_signer_internal.h"
#include "libprom/http/rsa.h"

#include "tests/support/sd_test.h"
#include "tests/support/temporary_directory.h"

namespace prom::discover {
namespace {

TEST_F(SdTest, OciInstancesBecomeTargets) {
  const TemporaryDirectory directory;
  const auto key = http::generate_rsa_key();
  ASSERT_TRUE(key);
  config::OciSdConfig config;
  config.key_file = directory.path() + "/key.pem";
  std::ofstream(config.key_file) << key->private_pem;
  config.tenancy = "ten";
  config.user = "usr";
  config.fingerprint = "aa:bb";
  config.region = "eu-frankfurt-1";
  config.compartments = {"c1"};
  config.compute_url = api_.url();
  const std::string list = "GET /20160918/instances?compartmentId=c1&limit=100";
  api_.answer(list, R"([{"id":"i1","compartmentId":"c1",
    "definedTags":{"Name-Space":{"number":7}}}])");
  api_.answer(
      "GET /20160918/vnicAttachments?compartmentId=c1&instanceId=i1&limit=100",
      R"([{"vnicId":"v","lifecycleState":"ATTACHED"}])");
  api_.answer("GET /20160918/vnics/v",
              R"({"isPrimary":true,"privateIp":"10.0.0.1"})");
  clock_.advance_ms(1'000'000);
  Source& source = begin(config);
  settle(source);
  EXPECT_EQ(source.findings().failure(), "");
  EXPECT_EQ(
      print(source),
      "10.0.0.1:80 {__meta_oci_compartment_id=\"c1\", "
      "__meta_oci_defined_tag_Name_Space_number=\"7\", "
      "__meta_oci_instance_id=\"i1\", __meta_oci_private_ip=\"10.0.0.1\", "
      "__meta_oci_tenancy_id=\"ten\"}\n");
  EXPECT_TRUE(
      api_.last(list)
          .header("authorization")
          .starts_with(
              "Signature version=\"1\",headers=\"date (request-target) host\","
              "keyId=\"ten/usr/aa:bb\",algorithm=\"rsa-sha256\",signature=\""));
}

}  // namespace
}  // namespace prom::discover
