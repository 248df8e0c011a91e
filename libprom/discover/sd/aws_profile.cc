#include "libprom/discover/sd/aws_profile_internal.h"
#include "libprom/os/file.h"

namespace prom::discover {
namespace {

constexpr std::uint64_t kFileBytesMax = 1ULL << 20U;

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return "";
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

// The name of the profile in "[…]"; "" for sections of other kinds.
std::string_view profile_name(std::string_view line, bool is_config_file) {
  const std::size_t end = line.find(']');
  if (end == std::string_view::npos) return "";
  const std::string_view name = trimmed(line.substr(1, end - 1));
  if (!is_config_file || name == "default") return name;
  constexpr std::string_view kPrefix = "profile";
  if (!name.starts_with(kPrefix) || name.size() == kPrefix.size() ||
      (name[kPrefix.size()] != ' ' && name[kPrefix.size()] != '\t'))
    return "";
  return trimmed(name.substr(kPrefix.size()));
}

}  // namespace

void read_aws_profiles(std::string_view text, bool is_config_file,
                       AwsProfiles& into) {
  AwsProfile* profile = nullptr;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view whole = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const std::string_view line = trimmed(whole);
    if (line.empty() || line[0] == '#' || line[0] == ';') continue;
    if (line[0] == '[') {
      const std::string_view name = profile_name(line, is_config_file);
      profile = name.empty() ? nullptr : &into[std::string(name)];
      continue;
    }
    // An indented line belongs to the nested settings of a service.
    const bool is_nested = whole.front() == ' ' || whole.front() == '\t';
    const std::size_t equals = line.find('=');
    if (profile == nullptr || is_nested || equals == std::string_view::npos)
      continue;
    std::string_view value = trimmed(line.substr(equals + 1));
    value = trimmed(value.substr(0, value.find(" #")));
    (*profile)[std::string(trimmed(line.substr(0, equals)))] = value;
  }
}

AwsProfiles load_aws_profiles(const config::Environment& environment) {
  AwsProfiles profiles;
  const std::string home = environment("HOME");
  const auto read = [&](const char* variable, const char* usual,
                        bool is_config_file) {
    std::string path = environment(variable);
    if (path.empty() && !home.empty()) path = home + usual;
    if (path.empty()) return;
    if (const auto text = os::read_file(path, kFileBytesMax))
      read_aws_profiles(*text, is_config_file, profiles);
  };
  read("AWS_CONFIG_FILE", "/.aws/config", true);
  read("AWS_SHARED_CREDENTIALS_FILE", "/.aws/credentials", false);
  return profiles;
}

std::string profile_value(const AwsProfile& profile, std::string_view key) {
  const auto found = profile.find(key);
  return found == profile.end() ? std::string() : found->second;
}

}  // namespace prom::discover
