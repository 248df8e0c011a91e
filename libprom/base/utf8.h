// UTF-8: validation and safe display of untrusted text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace prom {

// True for well-formed UTF-8: no overlong forms, surrogates or values past
// U+10FFFF.  Runs at several GB/s on ASCII.
bool is_valid_utf8(std::string_view text);

// Decodes the code point at the front of `text` and its length in bytes.
// Malformed input yields U+FFFD with length 1, as Go's range loop does.
struct CodePoint {
  std::uint32_t value = 0;
  std::size_t size = 0;
};
CodePoint decode_utf8(std::string_view text);  // REQUIRES: !text.empty()
void append_utf8(std::string& out, std::uint32_t code_point);

// Text from the outside made safe for a terminal or a log line: control
// characters (C0, DEL, C1), malformed bytes and bidirectional overrides come
// out as \x1b, \u202e; everything else is unchanged.
std::string printable(std::string_view untrusted);

// Quotes as Go's strconv.Quote does; PromQL strings and label values in output
// are written so.
std::string quote(std::string_view text);
void append_quoted(std::string& out, std::string_view text);

}  // namespace prom
