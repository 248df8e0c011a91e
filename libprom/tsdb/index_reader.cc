#include "libprom/tsdb/index_reader.h"

#include <algorithm>
#include <iterator>
#include <limits>

#include "libprom/base/checksum.h"
#include "libprom/tsdb/big_endian.h"

namespace prom::tsdb {
namespace {

constexpr std::size_t kCrcBytes = 4;
// A series without labels and chunks: length, two counts, checksum.
constexpr std::size_t kSeriesBytesMin = 7;

}  // namespace

std::unexpected<Error> IndexReader::bad(std::string_view what,
                                        std::uint64_t at) const {
  return fail(Code::kCorrupt,
              path_ + ": " + std::string(what) + " at " + std::to_string(at));
}

Result<IndexReader> IndexReader::open(const std::string& path, Bytes file) {
  IndexReader index(path, file);
  if (file.size() < kIndexHeaderBytes + kIndexContentsBytes)
    return index.bad("shorter than header and contents", 0);
  if (load_be<std::uint32_t>(file.data()) != kIndexMagic)
    return index.bad("bad magic number", 0);
  index.version_ = std::to_integer<unsigned>(file[4]);
  if (index.version_ != 1 && index.version_ != 2) {
    return fail(Code::kConfig,
                path + ": unknown version " + std::to_string(index.version_));
  }
  const std::size_t contents_at = file.size() - kIndexContentsBytes;
  const Bytes contents =
      file.subspan(contents_at, kIndexContentsBytes - kCrcBytes);
  if (crc32c(contents) !=
      load_be<std::uint32_t>(contents.data() + contents.size())) {
    return index.bad("bad checksum of the contents", contents_at);
  }
  const auto symbols_at = load_be<std::uint64_t>(contents.data());
  const auto postings_at = load_be<std::uint64_t>(contents.data() + 40);
  if (Status read = index.read_symbols(symbols_at); !read)
    return fail(std::move(read).error());
  if (Status read = index.read_postings_table(postings_at); !read)
    return fail(std::move(read).error());
  return index;
}

Result<Bytes> IndexReader::section(std::uint64_t offset) const {
  if (offset > file_.size() || file_.size() - offset < sizeof(std::uint32_t))
    return bad("section outside of the file", offset);
  ByteReader in(file_.subspan(static_cast<std::size_t>(offset)));
  const std::uint32_t size = read_be32(in);
  if (in.remaining() < size + kCrcBytes)
    return bad("section longer than the file", offset);
  const Bytes content = in.take(size);
  if (read_be32(in) != crc32c(content))
    return bad("bad checksum of the section", offset);
  return content;
}

Status IndexReader::read_symbols(std::uint64_t offset) {
  if (offset == 0) return {};
  const auto content = section(offset);
  if (!content) return fail(content.error());
  ByteReader in(*content);
  const std::uint32_t count = read_be32(in);
  symbols_ = content->last(in.remaining());
  if (count > in.remaining()) return bad("too many symbols", offset);
  if (version_ == 1) return {};
  symbol_at_.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    symbol_at_.push_back(
        static_cast<std::uint32_t>(symbols_.size() - in.remaining()));
    in.text();
  }
  if (!in.ok()) return bad("symbols end early", offset);
  return {};
}

Status IndexReader::read_postings_table(std::uint64_t offset) {
  if (offset == 0) return {};
  const auto content = section(offset);
  if (!content) return fail(content.error());
  postings_table_ = *content;
  ByteReader in(*content);
  const std::uint32_t count = read_be32(in);
  bool is_sorted = true;
  std::string_view last_value;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto at =
        static_cast<std::uint32_t>(content->size() - in.remaining());
    const std::uint64_t strings = in.varint();
    const std::string_view name = in.text();
    const std::string_view value = in.text();
    in.varint();
    if (!in.ok() || strings != 2) return bad("bad postings table", offset);
    if (names_.empty() || names_.back().name != name) {
      is_sorted = is_sorted && (names_.empty() || names_.back().name < name);
      names_.push_back({.name = name, .entries = {}});
    } else {
      is_sorted = is_sorted && last_value < value;
    }
    names_.back().entries.push_back(at);
    last_value = value;
  }
  if (is_sorted) return {};

  // Version 1 has them in any order.
  std::vector<std::uint32_t> entries;
  for (const Name& name : names_)
    entries.insert(entries.end(), name.entries.begin(), name.entries.end());
  std::ranges::sort(entries, [this](std::uint32_t a, std::uint32_t b) {
    const Entry x = entry(a);
    const Entry y = entry(b);
    return x.name != y.name ? x.name < y.name : x.value < y.value;
  });
  names_.clear();
  for (const std::uint32_t at : entries) {
    const Entry next = entry(at);
    if (names_.empty() || names_.back().name != next.name)
      names_.push_back({.name = next.name, .entries = {}});
    names_.back().entries.push_back(at);
  }
  return {};
}

// The table was walked once, so that its entries can be read.
IndexReader::Entry IndexReader::entry(std::uint32_t at) const {
  ByteReader in(postings_table_.subspan(at));
  in.varint();
  Entry entry;
  entry.name = in.text();
  entry.value = in.text();
  entry.offset = in.varint();
  return entry;
}

Result<std::string_view> IndexReader::symbol(std::uint64_t ref) const {
  Bytes from;
  if (version_ == 1) {
    if (ref >= file_.size()) return bad("symbol outside of the file", ref);
    from = file_.subspan(static_cast<std::size_t>(ref));
  } else {
    if (ref >= symbol_at_.size()) return bad("no such symbol", ref);
    from = symbols_.subspan(symbol_at_[static_cast<std::size_t>(ref)]);
  }
  ByteReader in(from);
  const std::string_view text = in.text();
  if (!in.ok()) return bad("symbol is cut", ref);
  return text;
}

const IndexReader::Name* IndexReader::find_name(std::string_view name) const {
  const auto at = std::ranges::lower_bound(names_, name, {}, &Name::name);
  return at != names_.end() && at->name == name ? &*at : nullptr;
}

Result<ByteReader> IndexReader::series(SeriesId series) const {
  const std::uint64_t at =
      version_ == 1 ? series : std::uint64_t{series} * kSeriesAlignment;
  if (at >= file_.size()) return bad("series outside of the file", at);
  ByteReader in(file_.subspan(static_cast<std::size_t>(at)));
  const std::uint64_t size = in.varint();
  if (!in.ok() || size > in.remaining() || in.remaining() - size < kCrcBytes)
    return bad("series longer than the file", at);
  const Bytes content = in.take(static_cast<std::size_t>(size));
  if (read_be32(in) != crc32c(content))
    return bad("bad checksum of a series", at);
  return ByteReader(content);
}

Result<Labels> IndexReader::labels(SeriesId id) const {
  auto in = series(id);
  if (!in) return fail(std::move(in).error());
  const std::uint64_t count = in->varint();
  if (count > kLabelsMax) return bad("too many labels of a series", id);
  std::vector<LabelView> labels;
  labels.reserve(static_cast<std::size_t>(count));
  bool is_sorted = true;
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto name = symbol(in->varint());
    if (!name) return fail(name.error());
    const auto value = symbol(in->varint());
    if (!value) return fail(value.error());
    is_sorted = is_sorted && !value->empty() &&
                (labels.empty() || labels.back().name < *name);
    labels.push_back({.name = *name, .value = *value});
  }
  if (!in->ok()) return bad("series is cut", id);
  return is_sorted ? Labels::from_sorted(labels)
                   : Labels::from(std::move(labels));
}

Status IndexReader::chunks(SeriesId id, TimeRange range,
                           std::vector<ChunkMeta>& into) const {
  auto in = series(id);
  if (!in) return fail(std::move(in).error());
  const std::uint64_t labels = in->varint();
  for (std::uint64_t i = 0; i < 2 * std::min(labels, kLabelsMax); ++i)
    in->varint();
  const std::uint64_t count = in->varint();
  // Unsigned, so that hostile distances wrap instead of being undefined.
  std::uint64_t t = 0;
  std::uint64_t ref = 0;
  for (std::uint64_t i = 0; i < count && in->ok(); ++i) {
    const auto min = i == 0 ? static_cast<std::uint64_t>(read_varint(*in))
                            : t + in->varint();
    t = min + in->varint();
    ref = i == 0 ? in->varint()
                 : ref + static_cast<std::uint64_t>(read_varint(*in));
    const TimeRange of_chunk = {static_cast<std::int64_t>(min),
                                static_cast<std::int64_t>(t)};
    if (in->ok() && of_chunk.overlaps(range))
      into.push_back({.range = of_chunk, .ref = ref});
  }
  if (!in->ok()) return bad("series is cut", id);
  return {};
}

std::vector<std::string> IndexReader::label_names() const {
  std::vector<std::string> all;
  for (const Name& name : names_)
    if (!name.name.empty()) all.emplace_back(name.name);
  return all;
}

std::vector<std::string> IndexReader::label_values(
    std::string_view name) const {
  std::vector<std::string> all;
  const Name* const found = find_name(name);
  if (found == nullptr || name.empty()) return all;
  all.reserve(found->entries.size());
  for (const std::uint32_t at : found->entries)
    all.emplace_back(entry(at).value);
  return all;
}

Status IndexReader::add_postings(const Entry& entry,
                                 std::vector<SeriesId>& into) const {
  const auto content = section(entry.offset);
  if (!content) return fail(content.error());
  ByteReader in(*content);
  const std::uint32_t count = read_be32(in);
  if (in.remaining() / sizeof(SeriesId) < count)
    return bad("bad count of postings", entry.offset);
  // Lists that are shared by many values would otherwise unfold without end.
  if (into.size() + count > file_.size() / kSeriesBytesMin)
    return bad("more postings than the file can have series", entry.offset);
  into.reserve(into.size() + count);
  for (std::uint32_t i = 0; i < count; ++i) into.push_back(read_be32(in));
  return {};
}

Result<std::vector<SeriesId>> IndexReader::with_value(const Matcher& matcher,
                                                      bool wanted) const {
  std::vector<SeriesId> ids;
  const Name* const name = find_name(matcher.name());
  if (name == nullptr || matcher.name().empty()) return ids;
  const auto value_at = [this](std::uint32_t at) { return entry(at).value; };
  std::size_t lists = 0;
  const auto add = [&](std::uint32_t at) {
    ++lists;
    return add_postings(entry(at), ids);
  };
  const auto add_value = [&](std::string_view value) -> Status {
    const auto at =
        std::ranges::lower_bound(name->entries, value, {}, value_at);
    if (at == name->entries.end() || value_at(*at) != value) return {};
    return add(*at);
  };

  const bool is_regex =
      matcher.op() == MatchOp::kRegex || matcher.op() == MatchOp::kNotRegex;
  // Which values the matcher names, whatever it then says of them.
  const bool names_them = (matcher.op() == MatchOp::kEqual ||
                           matcher.op() == MatchOp::kRegex) == wanted;
  if (names_them && (!is_regex || !matcher.regex()->literals().empty())) {
    const std::vector<std::string> one = {matcher.value()};
    for (const std::string& value :
         is_regex ? matcher.regex()->literals() : one) {
      if (Status added = add_value(value); !added)
        return fail(std::move(added).error());
    }
  } else {
    const std::string_view prefix =
        names_them && is_regex ? matcher.regex()->prefix() : "";
    auto at = std::ranges::lower_bound(name->entries, prefix, {}, value_at);
    for (; at != name->entries.end(); ++at) {
      const std::string_view value = value_at(*at);
      if (!value.starts_with(prefix)) break;
      if (matcher.matches(value) != wanted) continue;
      if (Status added = add(*at); !added)
        return fail(std::move(added).error());
    }
  }
  // A series has one value, so that several lists only mix.
  if (lists > 1 || !std::ranges::is_sorted(ids)) std::ranges::sort(ids);
  const auto repeated = std::ranges::unique(ids);
  ids.erase(repeated.begin(), repeated.end());
  return ids;
}

Result<std::vector<SeriesId>> IndexReader::select(
    const Matchers& matchers) const {
  std::vector<SeriesId> ids;
  bool has_ids = false;
  // First what must be there; then what must not is taken away.
  for (const Matcher& matcher : matchers) {
    if (matcher.matches_empty()) continue;
    auto some = with_value(matcher, true);
    if (!some) return fail(std::move(some).error());
    if (!has_ids) {
      ids = std::move(*some);
    } else {
      std::vector<SeriesId> both;
      std::ranges::set_intersection(ids, *some, std::back_inserter(both));
      ids = std::move(both);
    }
    has_ids = true;
    if (ids.empty()) return ids;
  }
  if (!has_ids && !names_.empty() && names_.front().name.empty()) {
    if (Status added = add_postings(entry(names_.front().entries.front()), ids);
        !added) {
      return fail(std::move(added).error());
    }
    if (!std::ranges::is_sorted(ids)) std::ranges::sort(ids);
  }
  for (const Matcher& matcher : matchers) {
    if (ids.empty()) break;
    if (!matcher.matches_empty()) continue;
    auto some = with_value(matcher, false);
    if (!some) return fail(std::move(some).error());
    std::vector<SeriesId> rest;
    std::ranges::set_difference(ids, *some, std::back_inserter(rest));
    ids = std::move(rest);
  }
  return ids;
}

}  // namespace prom::tsdb
