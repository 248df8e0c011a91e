#include "libprom/template/format.h"

#include <array>
#include <cmath>
#include <cstdio>

#include "libprom/base/utf8.h"
#include "libprom/template/format_spec.h"

namespace prom::templates {
namespace {

// Walks a format and consumes operands.
class Formatter {
 public:
  Formatter(std::string_view format, std::span<const Value> operands)
      : rest_(format), operands_(operands) {}

  std::string run() {
    while (!rest_.empty() && out_.size() < kFormattedBytesMax) {
      const std::size_t percent = std::min(rest_.find('%'), rest_.size());
      out_ += rest_.substr(0, percent);
      rest_.remove_prefix(percent);
      if (!rest_.empty()) directive();
    }
    append_extra();
    return std::move(out_);
  }

 private:
  [[nodiscard]] char peek() const { return rest_.empty() ? '\0' : rest_[0]; }

  void flags(FormatSpec& spec) {
    for (; !rest_.empty(); rest_.remove_prefix(1)) {
      switch (peek()) {
        case '+':
          spec.plus = true;
          break;
        case '-':
          spec.minus = true;
          break;
        case '#':
          spec.sharp = true;
          break;
        case ' ':
          spec.space = true;
          break;
        case '0':
          spec.zero = true;
          break;
        default:
          return;
      }
    }
  }

  // "[n]": the operand that is used next.
  void index() {
    if (peek() != '[') return;
    const std::size_t close = rest_.find(']');
    std::size_t number = 0;
    bool good = close != std::string_view::npos && close > 1;
    for (std::size_t i = 1; good && i < close; ++i) {
      good = rest_[i] >= '0' && rest_[i] <= '9' && number < 1000;
      if (good) number = number * 10 + static_cast<std::size_t>(rest_[i] - '0');
    }
    good = good && number >= 1 && number <= operands_.size();
    reordered_ = true;
    if (good) {
      next_ = number - 1;
    } else {
      bad_index_ = true;
    }
    rest_.remove_prefix(close == std::string_view::npos ? 1 : close + 1);
  }

  std::optional<std::int64_t> number() {
    if (peek() < '0' || peek() > '9') return std::nullopt;
    std::int64_t value = 0;
    for (; peek() >= '0' && peek() <= '9'; rest_.remove_prefix(1))
      if (value <= kFormatWidthMax) value = value * 10 + (peek() - '0');
    return value;
  }

  // A number, or "*" for that of the next operand.
  std::optional<std::int64_t> number_or_star(std::string_view mistake) {
    if (peek() != '*') return number();
    rest_.remove_prefix(1);
    if (next_ < operands_.size() &&
        operands_[next_].kind() == Value::Kind::kInt)
      return operands_[next_++].as_int();
    ++next_;
    out_ += mistake;
    return std::nullopt;
  }

  void width(FormatSpec& spec) {
    auto value = number_or_star("%!(BADWIDTH)");
    if (!value) return;
    if (*value < 0) {
      spec.minus = true;
      value = -std::max(*value, -kFormatWidthMax - 1);
    }
    if (*value > kFormatWidthMax) {
      out_ += "%!(BADWIDTH)";
    } else {
      spec.width = static_cast<std::size_t>(*value);
    }
  }

  void precision(FormatSpec& spec) {
    if (peek() != '.') return;
    rest_.remove_prefix(1);
    index();
    const bool star = peek() == '*';
    const auto value = number_or_star("%!(BADPREC)");
    if (value && (*value < 0 || *value > kFormatWidthMax)) {
      out_ += "%!(BADPREC)";
    } else if (value || !star) {
      spec.precision = static_cast<std::size_t>(value.value_or(0));
    }
  }

  void directive() {
    rest_.remove_prefix(1);
    FormatSpec spec;
    bad_index_ = false;
    flags(spec);
    index();
    width(spec);
    precision(spec);
    index();
    if (rest_.empty()) {
      out_ += "%!(NOVERB)";
      return;
    }
    const CodePoint verb = decode_utf8(rest_);
    const std::string_view written = rest_.substr(0, verb.size);
    rest_.remove_prefix(verb.size);
    if (verb.value == '%') {
      out_ += '%';
    } else if (bad_index_) {
      out_ += "%!" + std::string(written) + "(BADINDEX)";
    } else if (next_ >= operands_.size()) {
      out_ += "%!" + std::string(written) + "(MISSING)";
    } else {
      spec.verb = verb.value < 0x80 ? static_cast<char>(verb.value) : '?';
      append_formatted(out_, operands_[next_++], spec);
    }
  }

  void append_extra() {
    if (reordered_ || next_ >= operands_.size()) return;
    out_ += "%!(EXTRA ";
    for (std::size_t i = next_; i < operands_.size(); ++i) {
      if (i > next_) out_ += ", ";
      const Value& operand = operands_[i];
      if (!operand.is_nil()) out_ += operand.type_name() + "=";
      append_value(out_, operand);
    }
    out_ += ')';
  }

  std::string_view rest_;
  std::span<const Value> operands_;
  std::size_t next_ = 0;
  bool reordered_ = false;
  bool bad_index_ = false;
  std::string out_;
};

}  // namespace

void append_value(std::string& out, const Value& value) {
  append_formatted(out, value, FormatSpec{});
}

std::string to_text(const Value& value) {
  std::string out;
  append_value(out, value);
  return out;
}

std::string sprint(std::span<const Value> operands) {
  std::string out;
  bool before_is_string = true;
  for (const Value& operand : operands) {
    const bool is_string = operand.kind() == Value::Kind::kString;
    if (!is_string && !before_is_string) out += ' ';
    append_value(out, operand);
    before_is_string = is_string;
  }
  return out;
}

std::string sprintln(std::span<const Value> operands) {
  std::string out;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    if (i > 0) out += ' ';
    append_value(out, operands[i]);
  }
  return out + "\n";
}

std::string sprintf(std::string_view format, std::span<const Value> operands) {
  return Formatter(format, operands).run();
}

std::string format_4g(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Inf" : "+Inf";
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.4g", value);
  return text.data();
}

}  // namespace prom::templates
