#include "libprom/alert/record.h"

#include "libprom/base/bytes.h"

namespace prom::alert {
namespace {

void append_text(std::string& out, std::string_view text) {
  append_varint(out, text.size());
  out += text;
}
void append_time(std::string& out, std::int64_t time_ms) {
  append_varint(out, zigzag(time_ms));
}
void append_texts(std::string& out, const TextMap& texts) {
  append_varint(out, texts.size());
  for (const auto& [name, value] : texts) {
    append_text(out, name);
    append_text(out, value);
  }
}
void append_hashes(std::string& out, const AlertHashes& hashes) {
  append_varint(out, hashes.size());
  for (const std::uint64_t hash : hashes) append_le(out, hash);
}

std::int64_t read_time(ByteReader& in) {
  return unzigzag(in.varint());
}
TextMap read_texts(ByteReader& in) {
  TextMap texts;
  for (std::uint64_t left = in.varint(); left > 0 && in.ok(); --left) {
    std::string name(in.text());
    texts.insert_or_assign(std::move(name), std::string(in.text()));
  }
  return texts;
}
AlertHashes read_hashes(ByteReader& in) {
  AlertHashes hashes;
  for (std::uint64_t left = in.varint(); left > 0 && in.ok(); --left)
    hashes.insert(in.fixed<std::uint64_t>());
  return hashes;
}

}  // namespace

std::string encode(const Alert& alert) {
  std::string out;
  append_text(out, alert.labels.encoded());
  append_texts(out, alert.annotations);
  append_text(out, alert.generator_url);
  append_time(out, alert.starts_at_ms);
  append_time(out, alert.ends_at_ms);
  append_time(out, alert.updated_at_ms);
  out += static_cast<char>(alert.is_timeout ? 1 : 0);
  return out;
}

Result<Alert> decode_alert(std::string_view bytes) {
  ByteReader in(bytes);
  Alert alert;
  const bool labels = Labels::decode(in.text(), alert.labels);
  alert.annotations = read_texts(in);
  alert.generator_url = in.text();
  alert.starts_at_ms = read_time(in);
  alert.ends_at_ms = read_time(in);
  alert.updated_at_ms = read_time(in);
  alert.is_timeout = in.fixed<std::uint8_t>() != 0;
  if (!in.ok() || !labels) return fail(Code::kCorrupt, "not an alert");
  alert.fingerprint = fingerprint(alert.labels);
  return alert;
}

std::string encode(const Silence& silence) {
  std::string out;
  append_text(out, silence.id);
  append_varint(out, silence.matchers.size());
  for (const LabelMatcher& matcher : silence.matchers) {
    out += static_cast<char>(matcher.op());
    append_text(out, matcher.name());
    append_text(out, matcher.value());
  }
  append_time(out, silence.starts_at_ms);
  append_time(out, silence.ends_at_ms);
  append_time(out, silence.updated_at_ms);
  append_text(out, silence.created_by);
  append_text(out, silence.comment);
  append_texts(out, silence.annotations);
  return out;
}

Result<Silence> decode_silence(std::string_view bytes) {
  ByteReader in(bytes);
  Silence silence;
  silence.id = in.text();
  for (std::uint64_t left = in.varint(); left > 0 && in.ok(); --left) {
    const auto op = in.fixed<std::uint8_t>();
    std::string name(in.text());
    std::string value(in.text());
    if (op > static_cast<std::uint8_t>(MatchOp::kNotRegex))
      return fail(Code::kCorrupt, "not a silence");
    auto matcher =
        LabelMatcher::create(MatchOp{op}, std::move(name), std::move(value));
    if (!matcher) return fail(Code::kCorrupt, "not a silence");
    silence.matchers.push_back(std::move(*matcher));
  }
  silence.starts_at_ms = read_time(in);
  silence.ends_at_ms = read_time(in);
  silence.updated_at_ms = read_time(in);
  silence.created_by = in.text();
  silence.comment = in.text();
  silence.annotations = read_texts(in);
  if (!in.ok() || silence.id.empty() || silence.matchers.empty())
    return fail(Code::kCorrupt, "not a silence");
  return silence;
}

std::string encode(const LogEntry& entry) {
  std::string out;
  append_text(out, entry.key);
  append_hashes(out, entry.firing);
  append_hashes(out, entry.resolved);
  append_time(out, entry.sent_at_ms);
  append_time(out, entry.expires_at_ms);
  append_texts(out, entry.data);
  return out;
}

Result<LogEntry> decode_log_entry(std::string_view bytes) {
  ByteReader in(bytes);
  LogEntry entry;
  entry.key = in.text();
  entry.firing = read_hashes(in);
  entry.resolved = read_hashes(in);
  entry.sent_at_ms = read_time(in);
  entry.expires_at_ms = read_time(in);
  entry.data = read_texts(in);
  if (!in.ok() || entry.key.empty())
    return fail(Code::kCorrupt, "not a log entry");
  return entry;
}

}  // namespace prom::alert
