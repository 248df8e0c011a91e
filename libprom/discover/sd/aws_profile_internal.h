// The files in which AWS's tools keep credentials and settings by the name of
// a profile: ~/.aws/credentials and ~/.aws/config.
// https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "libprom/config/load.h"

namespace prom::discover {

using AwsProfile = std::map<std::string, std::string, std::less<>>;
using AwsProfiles = std::map<std::string, AwsProfile, std::less<>>;

// Adds the sections of a file.  In the config file those of profiles are
// called "[profile NAME]", but for "[default]".  What is there already is
// replaced.
void read_aws_profiles(std::string_view text, bool is_config_file,
                       AwsProfiles& into);

// Both files, where the environment says they are; the credentials file wins.
// What cannot be read is not there.
AwsProfiles load_aws_profiles(const config::Environment& environment);

// The value of a key of a profile, or "".
std::string profile_value(const AwsProfile& profile, std::string_view key);

}  // namespace prom::discover
