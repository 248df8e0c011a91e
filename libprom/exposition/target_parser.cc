#include "libprom/exposition/target_parser.h"

#include <algorithm>
#include <utility>

#include "libprom/base/bytes.h"
#include "libprom/exposition/parser.h"
#include "libprom/exposition/scan.h"

namespace prom::exposition {
namespace {

// Offsets within a body are 32 bits wide.
constexpr std::size_t kBodyBytesMax = 1ULL << 30U;

bool is_sample(Record::Kind kind) {
  return kind == Record::Kind::kSample || kind == Record::Kind::kStale;
}
bool is_metadata(Record::Kind kind) {
  return kind == Record::Kind::kHelp || kind == Record::Kind::kType ||
         kind == Record::Kind::kUnit;
}

bool is_encoded(Canonical canonical) {
  return canonical == Canonical::kEncoded ||
         canonical == Canonical::kEncodedWithEmpty;
}

TargetParser::Entry entry_of(const Record& record, std::uint32_t ref) {
  return {.ref = ref,
          .has_timestamp = record.has_timestamp,
          .value = record.value,
          .t_ms = record.has_timestamp ? record.t_ms : 0};
}

}  // namespace

Labels TargetParser::labels(std::uint32_t ref) const {
  std::string_view text = table_.text(ref);
  const Canonical canonical = table_.canonical(ref);
  if (!is_encoded(canonical)) return labels_of(text, canonical);
  if (canonical == Canonical::kEncodedWithEmpty) text = ByteReader(text).text();
  Labels labels;
  (void)Labels::decode(text, labels);  // it was encoded here
  return labels;
}

std::vector<std::string> TargetParser::empty_labels(std::uint32_t ref) const {
  const Canonical canonical = table_.canonical(ref);
  if (!is_encoded(canonical)) return empty_labels_of(table_.text(ref));
  std::vector<std::string> names;
  if (canonical == Canonical::kEncoded) return names;
  ByteReader reader(table_.text(ref));
  (void)reader.text();
  while (!reader.done()) names.emplace_back(reader.text());
  return names;
}

void TargetParser::forget() {
  drop_body();
  table_.clear();
  protobuf_.forget();
  classified_.clear();
  start_times_.forget();
  converter_.forget();
}

void TargetParser::drop_body() {
  body_.clear();
  lines_.clear();
  lines_scrape_.entries.clear();
  lines_scrape_.exemplars.clear();
  if (!lines_scrape_.metadata.empty()) ++metadata_version_;
  lines_scrape_.metadata.clear();
}

Status TargetParser::parse(std::string body, Format format,
                           const HistogramOptions& options) {
  made_.clear();
  is_made_ = format == Format::kProtobuf;
  if (is_made_) return parse_protobuf(body, options);
  const bool mentions_starts = format == Format::kOpenMetrics &&
                               body.find("_created") != std::string::npos;
  if (Status parsed = parse_lines(std::move(body), format); !parsed)
    return parsed;
  classify_series(mentions_starts, options.convert_classic);
  lines_scrape_.starts.clear();
  if (mentions_starts)
    start_times_.find(lines_scrape_.entries, lines_scrape_.starts);
  if (options.convert_classic) {
    converter_.convert(lines_scrape_, options.always_classic, made_);
    is_made_ = true;
  }
  return {};
}

Status TargetParser::parse_protobuf(std::string_view body,
                                    const HistogramOptions& options) {
  if (format_ != Format::kProtobuf) drop_body();
  format_ = Format::kProtobuf;
  Status parsed =
      protobuf_.parse(body, options, want_exemplars_, table_, made_);
  if (!parsed) {
    std::vector<Entry> read = std::move(made_.entries);
    made_.clear();
    made_.entries = std::move(read);
    return parsed;
  }
  if (made_.metadata != lines_scrape_.metadata) {
    ++metadata_version_;
    lines_scrape_.metadata = std::move(made_.metadata);
  }
  return parsed;
}

// Works out, once for each series, what it has to do with starts and classic
// histograms.
void TargetParser::classify_series(bool want_starts, bool want_conversion) {
  if (want_starts != classified_starts_ ||
      want_conversion != classified_conversion_) {
    classified_starts_ = want_starts;
    classified_conversion_ = want_conversion;
    classified_.clear();
    start_times_.forget();
    converter_.forget();
    lines_changed_ = true;
  }
  if (!lines_changed_) return;
  lines_changed_ = false;
  if (!want_starts && !want_conversion) return;
  const auto& metadata = lines_scrape_.metadata;
  std::string_view family;
  std::size_t next_metadata = 0;
  for (const Line& line : lines_) {
    if (is_metadata(line.kind) && next_metadata < metadata.size()) {
      const Metadata& one = metadata[next_metadata++];
      if (one.kind == Metadata::Kind::kType)
        family = one.type == MetricType::kHistogram ? one.family
                                                    : std::string_view();
    }
    if (line.ref == kNoSample) continue;
    if (classified_.size() <= line.ref) classified_.resize(table_.size());
    if (classified_[line.ref]) continue;
    classified_[line.ref] = true;
    const Labels its_labels = labels(line.ref);
    if (want_starts) start_times_.see(line.ref, line.type, its_labels);
    if (want_conversion) converter_.see(line.ref, family, its_labels, table_);
  }
}

Status TargetParser::parse_lines(std::string body, Format format) {
  if (body.size() >= kBodyBytesMax) {
    drop_body();
    return fail(Code::kLimit, "body of more than 1 GiB");
  }
  // A last line without a newline is a line; with one all lines are alike.
  if (!body.empty() && body.back() != '\n') body += '\n';
  if (format != format_) drop_body();
  format_ = format;
  previous_ = std::exchange(body_, std::move(body));
  at_ = previous_at_ = line_ = entry_ = 0;
  Status status;
  const bool same_lines = !lines_.empty() && update_values();
  if (!same_lines) status = rebuild();
  previous_ = {};
  if (!status) {
    // What stands before the error is still told.
    made_.entries = std::move(lines_scrape_.entries);
    is_made_ = true;
    drop_body();
    return status;
  }
  if (want_exemplars_) collect_exemplars();
  return status;
}

// The usual case: the same lines, some with other values.  Changes lines_ and
// lines_scrape_.entries in place.  False when there is more to it; line_,
// entry_ and the offsets then say from where on.
bool TargetParser::update_values() {
  Scanner scanner(body_, format_);
  Record record;
  while (line_ < lines_.size()) {
    const std::size_t rest =
        std::min(body_.size() - at_, previous_.size() - previous_at_);
    std::size_t equal = scan::equal_prefix(
        body_.data() + at_, previous_.data() + previous_at_, rest);
    const std::size_t equal_at_first = equal;
    for (; line_ < lines_.size() && lines_[line_].size <= equal; ++line_) {
      equal -= lines_[line_].size;
      entry_ += lines_[line_].ref != kNoSample ? 1 : 0;
    }
    at_ += equal_at_first - equal;
    previous_at_ += equal_at_first - equal;
    if (line_ == lines_.size()) break;
    Line& line = lines_[line_];
    if (line.tail_at == 0 || equal < line.tail_at) return false;
    if (!scanner.read_tail(at_ + line.tail_at, record) ||
        !record.histogram.empty())
      return false;
    const auto size = static_cast<std::uint32_t>(scanner.offset() - at_);
    if (size > kRecordBytesMax) return false;
    lines_scrape_.entries[entry_++] = entry_of(record, line.ref);
    at_ += size;
    previous_at_ += std::exchange(line.size, size);
    ++line_;
  }
  return at_ == body_.size();
}

// Makes new tables: what is before line_ stays, what follows is taken from the
// old line where it is the same, and read where it is not.
class TargetParser::Rebuild {
 public:
  explicit Rebuild(TargetParser& target)
      : t_(target), scanner_(target.body_, target.format_) {
    old_lines_ = std::move(t_.lines_);
    old_entries_ = std::move(t_.lines_scrape_.entries);
    const auto lines_done = static_cast<std::ptrdiff_t>(t_.line_);
    const auto entries_done = static_cast<std::ptrdiff_t>(t_.entry_);
    t_.lines_.assign(old_lines_.begin(), old_lines_.begin() + lines_done);
    t_.lines_scrape_.entries.assign(old_entries_.begin(),
                                    old_entries_.begin() + entries_done);
    t_.lines_.reserve(old_lines_.size() + 16);
    t_.lines_scrape_.entries.reserve(old_entries_.size() + 16);
    if (!t_.lines_.empty()) type_ = t_.lines_.back().type;
    for (const Line& line : t_.lines_)
      (void)check_frame(t_.format_, line.kind, frame_);
    index_old_lines();
  }

  Status run() {
    while (t_.at_ < t_.body_.size()) {
      if (take_unchanged() || take_new_value()) continue;
      if (Status ok = read_record(); !ok) return ok;
    }
    if (t_.format_ != Format::kText && !frame_.ended) {
      const char* const end = t_.body_.data() + t_.body_.size();
      return fail(scanner_.error_at(
          end, t_.format_ == Format::kOpenMetrics
                   ? "data does not end with # EOF"
                   : "data does not end with # prom-samples end"));
    }
    return {};
  }

  // Whether the metadata lines are the ones from before, in the same order.
  [[nodiscard]] bool same_metadata() const {
    return !metadata_read_ && metadata_left_ == 0;
  }

 private:
  // Where old lines begin, and on which one each series stands.
  void index_old_lines() {
    starts_.reserve(old_lines_.size() - t_.line_);
    line_of_.assign(t_.table_.size(), kNoSample);
    std::size_t start = t_.previous_at_;
    for (std::size_t i = t_.line_; i < old_lines_.size(); ++i) {
      starts_.push_back(start);
      start += old_lines_[i].size;
      const Line& line = old_lines_[i];
      if (line.ref != kNoSample)
        line_of_[line.ref] = static_cast<std::uint32_t>(i);
      metadata_left_ += is_metadata(line.kind) ? 1 : 0;
    }
    first_ = old_ = t_.line_;
    old_entry_ = t_.entry_;
  }

  [[nodiscard]] const char* old_text() const {
    return t_.previous_.data() + starts_[old_ - first_];
  }
  // Whether an old line means the same under the type that is in force now.
  [[nodiscard]] bool means_the_same(const Line& line) const {
    if (line.ref == kNoSample) return true;
    Record record;
    record.has_le = line.has_le;
    record.has_quantile = line.has_quantile;
    return canonical_of(record, type_) == t_.table_.canonical(line.ref);
  }

  bool take_unchanged() {
    if (old_ == old_lines_.size()) return false;
    Line line = old_lines_[old_];
    if (line.size > t_.body_.size() - t_.at_ ||
        scan::equal_prefix(t_.body_.data() + t_.at_, old_text(), line.size) !=
            line.size ||
        !means_the_same(line))
      return false;
    // A frame line in a new place is read_record's to judge.
    if (t_.format_ != Format::kText &&
        check_frame(t_.format_, line.kind, frame_) != nullptr)
      return false;
    if (line.kind == Record::Kind::kType) type_ = line.type;
    line.type = type_;
    if (line.ref != kNoSample)
      t_.lines_scrape_.entries.push_back(old_entries_[old_entry_++]);
    metadata_left_ -= is_metadata(line.kind) ? 1 : 0;
    t_.at_ += line.size;
    t_.lines_.push_back(line);
    ++old_;
    return true;
  }

  bool take_new_value() {
    if (old_ == old_lines_.size()) return false;
    Line line = old_lines_[old_];
    const std::size_t rest = t_.body_.size() - t_.at_;
    if (line.tail_at == 0 || line.tail_at > rest || !means_the_same(line) ||
        scan::equal_prefix(t_.body_.data() + t_.at_, old_text(),
                           line.tail_at) != line.tail_at)
      return false;
    if (check_frame(t_.format_, line.kind, frame_) != nullptr) return false;
    Record record;
    if (!scanner_.read_tail(t_.at_ + line.tail_at, record) ||
        !record.histogram.empty())
      return false;
    line.size = static_cast<std::uint32_t>(scanner_.offset() - t_.at_);
    if (line.size > kRecordBytesMax) return false;
    line.type = type_;
    t_.lines_scrape_.entries.push_back(entry_of(record, line.ref));
    t_.at_ += line.size;
    t_.lines_.push_back(line);
    ++old_;
    ++old_entry_;
    return true;
  }

  Status read_record() {
    scanner_.seek(t_.at_);
    Record record;
    if (!scanner_.next(record)) return fail(scanner_.error());
    const char* const wrong = check_frame(t_.format_, record.kind, frame_);
    if (wrong != nullptr) return fail(scanner_.error_at(record.begin, wrong));
    if (!record.histogram.empty())
      return fail(scanner_.error_at(
          record.begin, "no target exposes histograms in this way"));
    if (record.kind == Record::Kind::kType) type_ = record.type;
    metadata_read_ = metadata_read_ || is_metadata(record.kind);
    Line line;
    line.size = static_cast<std::uint32_t>(record.end - record.begin);
    line.kind = record.kind;
    line.type = type_;
    if (is_sample(record.kind)) {
      line.has_le = record.has_le;
      line.has_quantile = record.has_quantile;
      line.ref =
          t_.table_.find_or_add(record.series, canonical_of(record, type_));
      // `# STALE` and a value without a blank before it are read whole.
      const char* const tail = record.series.data() + record.series.size();
      if (record.kind == Record::Kind::kSample &&
          (*tail == ' ' || *tail == '\t'))
        line.tail_at = static_cast<std::uint32_t>(tail - record.begin);
      t_.lines_scrape_.entries.push_back(entry_of(record, line.ref));
      find_place(line.ref);
    }
    t_.lines_.push_back(line);
    t_.at_ += line.size;
    return {};
  }

  // Goes on behind the old line of this series, if that is ahead: what stood
  // between has vanished.
  void find_place(std::uint32_t ref) {
    if (ref >= line_of_.size() || line_of_[ref] == kNoSample ||
        line_of_[ref] < old_)
      return;
    for (; old_ <= line_of_[ref]; ++old_)
      old_entry_ += old_lines_[old_].ref != kNoSample ? 1 : 0;
  }

  TargetParser& t_;
  Scanner scanner_;
  std::vector<Line> old_lines_;
  std::vector<Entry> old_entries_;
  std::size_t first_ = 0;      // old line of starts_[0]
  std::size_t old_ = 0;        // old line that comes next
  std::size_t old_entry_ = 0;  // and its entry
  std::vector<std::size_t> starts_;
  std::vector<std::uint32_t> line_of_;  // by ref, in old_lines_
  MetricType type_ = MetricType::kUnknown;
  Parser::Continuation frame_;
  bool metadata_read_ = false;
  std::size_t metadata_left_ = 0;  // old ones not met again
};

Status TargetParser::rebuild() {
  lines_changed_ = true;
  Rebuild rebuild(*this);
  if (Status ok = rebuild.run(); !ok) return ok;
  if (!rebuild.same_metadata()) collect_metadata();
  return {};
}

void TargetParser::collect_metadata() {
  Scanner scanner(body_, format_);
  Record record;
  lines_scrape_.metadata.clear();
  ++metadata_version_;
  std::size_t at = 0;
  for (const Line& line : lines_) {
    if (is_metadata(line.kind)) {
      scanner.seek(at);
      if (scanner.next(record))
        metadata_of(record, format_, lines_scrape_.metadata.emplace_back());
    }
    at += line.size;
  }
}

void TargetParser::collect_exemplars() {
  lines_scrape_.exemplars.clear();
  if (format_ != Format::kOpenMetrics ||
      body_.find(" # {") == std::string::npos)
    return;
  Scanner scanner(body_, format_);
  Record record;
  std::size_t at = 0;
  std::uint32_t entry = 0;
  for (const Line& line : lines_) {
    const std::size_t begin = std::exchange(at, at + line.size);
    if (line.ref == kNoSample) continue;
    const std::string_view text =
        std::string_view(body_).substr(begin, line.size);
    if (text.find(" # {") != std::string_view::npos) {
      scanner.seek(begin);
      if (scanner.next(record) && !record.exemplar.empty())
        lines_scrape_.exemplars.push_back({entry, exemplar_of(record)});
    }
    ++entry;
  }
}

}  // namespace prom::exposition
