// Protocol buffers by hand, for tests of what reads them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "libprom/base/bytes.h"

namespace prom {

class ProtobufBytes {
 public:
  ProtobufBytes& number(std::uint32_t field, std::uint64_t value) {
    append_varint(bytes_, field << 3U);
    append_varint(bytes_, value);
    return *this;
  }
  ProtobufBytes& signed_number(std::uint32_t field, std::int64_t value) {
    return number(field, zigzag(value));
  }
  ProtobufBytes& real(std::uint32_t field, double value) {
    append_varint(bytes_, field << 3U | 1U);
    append_le(bytes_, value);
    return *this;
  }
  ProtobufBytes& text(std::uint32_t field, std::string_view value) {
    append_varint(bytes_, field << 3U | 2U);
    append_varint(bytes_, value.size());
    bytes_ += value;
    return *this;
  }
  ProtobufBytes& message(std::uint32_t field, const ProtobufBytes& value) {
    return text(field, value.bytes_);
  }
  ProtobufBytes& label(std::string_view name, std::string_view value) {
    return message(1, ProtobufBytes().text(1, name).text(2, value));
  }
  ProtobufBytes& span(std::uint32_t field, std::int64_t offset,
                      std::uint64_t length) {
    return message(field,
                   ProtobufBytes().signed_number(1, offset).number(2, length));
  }
  ProtobufBytes& timestamp(std::uint32_t field, std::uint64_t seconds) {
    return message(field, ProtobufBytes().number(1, seconds));
  }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }
  // Behind its length, as families are in an exposition.
  [[nodiscard]] std::string delimited() const {
    std::string out;
    append_varint(out, bytes_.size());
    return out + bytes_;
  }

 private:
  std::string bytes_;
};

}  // namespace prom
