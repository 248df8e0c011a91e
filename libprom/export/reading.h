// Reading the small files of /proc and /sys.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/base/result.h"

namespace prom::exports {

// Larger files of /proc are not what we take them for.
constexpr std::uint64_t kFileBytesMax = 16ULL << 20U;

Result<std::string> read_text(const std::string& path);
// The content without the newline at its end; nullopt when it cannot be read,
// as with properties that a device does not have.
std::optional<std::string> read_word(const std::string& path);
// The content as a number, decimal or 0x….
std::optional<double> read_value(const std::string& path);

std::vector<std::string_view> lines_of(std::string_view text);
// Splits at blanks.
std::vector<std::string_view> words_of(std::string_view line);
// 0 for what is no number.
double number(std::string_view text);
// Hexadecimal without 0x.
double hex_number(std::string_view text);

// Names of entries, sorted; none when there is no such directory.
std::vector<std::string> names_in(const std::string& directory);

}  // namespace prom::exports
