// The text of a mail; sending it is smtp.cc's part.
#include <algorithm>
#include <array>
#include <cctype>

#include "libprom/base/duration.h"
#include "libprom/base/utf8.h"
#include "libprom/http/smtp.h"

namespace prom::http {
namespace {

constexpr std::size_t kHeaderLineMax = 900;       // RFC 5322: 998
constexpr std::size_t kEncodedWordBytesMax = 75;  // RFC 2047
constexpr std::size_t kQuotedLineMax = 76;        // RFC 2045
constexpr std::string_view kHex = "0123456789ABCDEF";
// "=_" cannot occur in quoted-printable text, so no body can hold this.
constexpr std::string_view kBoundary = "=_prom_alternative";

bool is_plain(std::string_view text) {
  return text.size() <= kHeaderLineMax &&
         std::ranges::all_of(
             text, [](unsigned char c) { return c >= 0x20 && c < 0x7f; });
}

bool has_line_break(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) !=
         std::string_view::npos;
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
  return lower;
}

void append_hex(std::string& out, char c) {
  const auto byte = static_cast<unsigned char>(c);
  out += '=';
  out += kHex[byte >> 4U];
  out += kHex[byte & 0xFU];
}

// RFC 2047, Q encoding, in as many words as it takes; folded between them.
std::string encoded_words(std::string_view text) {
  constexpr std::string_view kOpen = "=?utf-8?q?";
  constexpr std::string_view kClose = "?=";
  std::string out(kOpen);
  std::size_t word_bytes = kOpen.size();
  while (!text.empty()) {
    const std::string_view character = text.substr(0, decode_utf8(text).size);
    std::string encoded;
    for (const char c : character) {
      if (c == ' ') {
        encoded += '_';
      } else if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
        encoded += c;
      } else {
        append_hex(encoded, c);
      }
    }
    // A character is never split between words.
    if (word_bytes + encoded.size() + kClose.size() > kEncodedWordBytesMax) {
      out += kClose;
      out += "\r\n ";
      out += kOpen;
      word_bytes = kOpen.size();
    }
    out += encoded;
    word_bytes += encoded.size();
    text.remove_prefix(character.size());
  }
  out += kClose;
  return out;
}

std::string header_text(std::string_view value) {
  return is_plain(value) ? std::string(value) : encoded_words(value);
}

std::string quoted_name(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string address_text(const std::vector<MailAddress>& addresses) {
  std::string out;
  for (const MailAddress& one : addresses) {
    if (!out.empty()) out += ",\r\n ";
    if (one.name.empty()) {
      out += one.address;
      continue;
    }
    out += is_plain(one.name) ? quoted_name(one.name) : encoded_words(one.name);
    out += " <" + one.address + ">";
  }
  return out;
}

bool is_address_header(std::string_view name) {
  constexpr std::array<std::string_view, 6> kNames = {
      "from", "to", "cc", "bcc", "reply-to", "sender"};
  return std::ranges::find(kNames, lower_case(name)) != kNames.end();
}

// RFC 2045, 6.7.  All line ends become CRLF.
std::string quoted_printable(std::string_view text) {
  std::string out;
  std::size_t column = 0;
  const auto put = [&](std::string_view piece) {
    if (column + piece.size() >= kQuotedLineMax) {
      out += "=\r\n";
      column = 0;
    }
    out += piece;
    column += piece.size();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\r' || c == '\n') {
      if (c == '\r' && text.substr(i + 1).starts_with('\n')) ++i;
      out += "\r\n";
      column = 0;
      continue;
    }
    const bool line_ends =
        i + 1 == text.size() || text[i + 1] == '\r' || text[i + 1] == '\n';
    const bool is_blank = c == ' ' || c == '\t';
    if ((c > ' ' && c <= '~' && c != '=') || (is_blank && !line_ends)) {
      put(std::string_view(&c, 1));
    } else {
      std::string hex;
      append_hex(hex, c);
      put(hex);
    }
  }
  return out;
}

std::string mail_date(std::int64_t now_ms) {
  constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed",
                                                     "Thu", "Fri", "Sat"};
  constexpr std::array<std::string_view, 12> kMonths = {
      "Jan", "Feb", "Mar", "Apr", "May", "Jun",
      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const CivilTime t = civil_from_seconds(now_ms / kSecondMs);
  const auto two = [](int n) {
    return std::string(n < 10 ? "0" : "") + std::to_string(n);
  };
  std::string out(kDays.at(static_cast<std::size_t>(t.weekday)));
  out += ", " + two(t.day) + ' ';
  out += kMonths.at(static_cast<std::size_t>(t.month - 1));
  return out + ' ' + std::to_string(t.year) + ' ' + two(t.hour) + ':' +
         two(t.minute) + ':' + two(t.second) + " +0000";
}

void append_part(std::string& out, std::string_view type,
                 std::string_view body) {
  out += "\r\n--" + std::string(kBoundary) + "\r\nContent-Type: ";
  out += type;
  out +=
      "; charset=UTF-8\r\nContent-Transfer-Encoding: quoted-printable"
      "\r\n\r\n";
  out += quoted_printable(body);
}

Status append_header(std::string& out, const Header& header) {
  const auto& [name, value] = header;
  const bool good_name =
      !name.empty() && name.size() < kEncodedWordBytesMax &&
      std::ranges::all_of(
          name,
          [](unsigned char c) { return c > ' ' && c < 0x7f && c != ':'; });
  if (!good_name || has_line_break(value)) {
    return fail(Code::kBadData,
                "mail header \"" + printable(name) + "\" cannot be sent");
  }
  out += name + ": ";
  if (is_address_header(name)) {
    auto addresses = parse_mail_addresses(value);
    if (!addresses)
      return fail(std::move(addresses).error().in("header " + name));
    out += address_text(*addresses);
  } else {
    out += header_text(value);
  }
  out += "\r\n";
  return {};
}

}  // namespace

Result<std::string> mail_message(const Mail& mail, std::int64_t now_ms,
                                 std::string_view message_id) {
  std::vector<Header> headers = mail.headers;
  const auto add = [&](std::string_view name, std::string value) {
    const bool there = std::ranges::any_of(headers, [&](const Header& header) {
      return lower_case(header.first) == lower_case(name);
    });
    if (!there) headers.emplace_back(name, std::move(value));
  };
  add("From", mail.from);
  add("To", mail.to);
  add("Date", mail_date(now_ms));
  add("Message-ID", "<" + std::string(message_id) + ">");
  std::string out;
  for (const Header& header : headers)
    if (auto ok = append_header(out, header); !ok)
      return fail(std::move(ok).error());
  out +=
      "MIME-Version: 1.0\r\nContent-Type: multipart/alternative; "
      "boundary=\"" +
      std::string(kBoundary) + "\"\r\n";
  // The best comes last.  A mail without any part would be malformed.
  if (!mail.text.empty() || mail.html.empty())
    append_part(out, "text/plain", mail.text);
  if (!mail.html.empty()) append_part(out, "text/html", mail.html);
  out += "\r\n--" + std::string(kBoundary) + "--\r\n";
  return out;
}

namespace {

Result<MailAddress> parse_one_address(std::string_view text) {
  const auto trim = [](std::string_view t) {
    while (t.starts_with(' ')) t.remove_prefix(1);
    while (t.ends_with(' ')) t.remove_suffix(1);
    return t;
  };
  const auto bad = [&] {
    return fail(Code::kBadData,
                "\"" + printable(text) + "\" is no mail address");
  };
  std::string_view address = trim(text);
  MailAddress parsed;
  if (address.ends_with('>')) {
    const std::size_t open = address.rfind('<');
    if (open == std::string_view::npos) return bad();
    std::string_view name = trim(address.substr(0, open));
    address = address.substr(open + 1, address.size() - open - 2);
    if (name.size() >= 2 && name.starts_with('"') && name.ends_with('"')) {
      name = name.substr(1, name.size() - 2);
      for (std::size_t i = 0; i < name.size(); ++i) {
        if (name[i] == '\\' && i + 1 < name.size()) ++i;
        parsed.name += name[i];
      }
    } else if (name.find_first_of("<>@\"") == std::string_view::npos) {
      parsed.name = name;
    } else {
      return bad();
    }
  }
  const std::size_t at = address.rfind('@');
  const bool good =
      at != 0 && at != std::string_view::npos && at + 1 < address.size() &&
      std::ranges::none_of(address,
                           [](unsigned char c) {
                             return c <= ' ' || c == 0x7f || c == '<' ||
                                    c == '>' || c == ',' || c == ';' ||
                                    c == '"';
                           }) &&
      is_valid_utf8(address) && !has_line_break(parsed.name);
  if (!good) return bad();
  parsed.address = address;
  return parsed;
}

}  // namespace

Result<std::vector<MailAddress>> parse_mail_addresses(std::string_view list) {
  if (has_line_break(list))
    return fail(Code::kBadData, "line break in a mail address");
  std::vector<MailAddress> addresses;
  std::size_t begin = 0;
  bool in_quotes = false;
  for (std::size_t i = 0; i <= list.size(); ++i) {
    const bool at_end = i == list.size();
    if (!at_end && in_quotes && list[i] == '\\') {
      ++i;
    } else if (!at_end && list[i] == '"') {
      in_quotes = !in_quotes;
    } else if (at_end || (list[i] == ',' && !in_quotes)) {
      auto one = parse_one_address(list.substr(begin, i - begin));
      if (!one) return fail(std::move(one).error());
      addresses.push_back(*std::move(one));
      if (addresses.size() > kMailAddressesMax)
        return fail(Code::kBadData, "too many mail addresses");
      begin = i + 1;
    }
  }
  return addresses;
}

}  // namespace prom::http
