// Streaming JSON output with Go's rules for numbers and strings, so that what
// we answer is byte for byte what upstream answers.  Not for reading JSON.
//
//   JsonWriter json(out);
//   json.object([&] { json.key("status").string("success"); });
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace prom {

class JsonWriter {
 public:
  // Appends to `out`, which must outlive the writer.  The owner may drain and
  // clear `out` between calls.
  explicit JsonWriter(std::string& out) : out_(out) {}

  JsonWriter& begin_object();
  JsonWriter& end_object();
  JsonWriter& begin_array();
  JsonWriter& end_array();
  JsonWriter& key(std::string_view name);

  JsonWriter& string(std::string_view value);
  JsonWriter& number(double value);  // REQUIRES: finite
  JsonWriter& integer(std::int64_t value);
  JsonWriter& boolean(bool value);
  JsonWriter& null();
  // A value that is JSON already.
  JsonWriter& raw(std::string_view json);

  // A sample value as the API writes it: a float in quotes.
  JsonWriter& sample_value(double value);
  // A time as the API writes it: seconds, with three decimals or none.
  JsonWriter& time_ms(std::int64_t time_ms);

 private:
  void separate();
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);

  std::string& out_;
  std::vector<bool> has_items_;  // one per open object or array
  bool after_key_ = false;
};

// Appends `text` as a JSON string, as the encoder of upstream's API does:
// \n, \r and \t by letter, other control characters as \u00xx, no HTML
// escaping.  Malformed UTF-8 becomes \ufffd, so that the JSON is valid.
void append_json_string(std::string& out, std::string_view text);

}  // namespace prom
