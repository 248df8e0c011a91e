#include "libprom/block/cold.h"

#include <lz4.h>

#include <algorithm>

#include "libprom/block/format.h"

namespace prom::block {
namespace {

// Below this LZ4 has nothing to find.
constexpr std::size_t kPackBytesMin = 256;

void append_text(std::string& out, std::string_view text) {
  append_varint(out, text.size());
  out += text;
}

// Entry `i` of the table of exemplars.
Result<ExemplarEntry> exemplar_entry(const CheckedFile& file, Section section,
                                     std::uint64_t i) {
  const auto bytes = file.bytes(section.offset + i * sizeof(ExemplarEntry),
                                sizeof(ExemplarEntry));
  if (!bytes) return fail(bytes.error());
  return load_struct<ExemplarEntry>(bytes->data());
}

Result<std::vector<Exemplar>> decode_exemplars(const CheckedFile& file,
                                               const ExemplarEntry& entry) {
  const auto bytes = file.bytes(entry.offset, entry.bytes);
  if (!bytes) return fail(bytes.error());
  ByteReader reader(*bytes);
  std::vector<Exemplar> exemplars;
  std::int64_t t_ms = 0;
  for (std::uint64_t left = reader.varint(); left > 0 && reader.ok(); --left) {
    Exemplar one;
    const bool good = Labels::decode(reader.text(), one.labels);
    one.value = reader.fixed<double>();
    // Unsigned, for no difference may overflow.
    t_ms = static_cast<std::int64_t>(
        static_cast<std::uint64_t>(t_ms) +
        static_cast<std::uint64_t>(unzigzag(reader.varint())));
    one.t_ms = t_ms;
    if (!good || !reader.ok())
      return fail(file.damage(entry.offset, "bad exemplar"));
    exemplars.push_back(std::move(one));
  }
  if (!reader.done() || !reader.ok())
    return fail(file.damage(entry.offset, "bad exemplars"));
  return exemplars;
}

Result<std::string> unpack(const CheckedFile& file, Section section) {
  const auto bytes = file.bytes(section.offset, section.size);
  if (!bytes) return fail(bytes.error());
  ByteReader reader(*bytes);
  const auto size = reader.fixed<std::uint32_t>();
  const auto packed = reader.fixed<std::uint32_t>();
  const Bytes rest = reader.take(packed == 0 ? size : packed);
  if (!reader.ok() || size > kMetadataBytesMax)
    return fail(file.damage(section.offset, "bad size of metadata"));
  if (packed == 0) return std::string(as_text(rest));
  // LZ4 makes at most 255 bytes of one.
  if (size / 255 > packed)
    return fail(file.damage(section.offset, "bad size of metadata"));
  std::string texts(size, '\0');
  const int unpacked = LZ4_decompress_safe(
      reinterpret_cast<const char*>(rest.data()), texts.data(),
      static_cast<int>(rest.size()), static_cast<int>(size));
  if (unpacked < 0 || static_cast<std::uint32_t>(unpacked) != size)
    return fail(file.damage(section.offset, "bad packed metadata"));
  return texts;
}

}  // namespace

std::string encode_exemplars(std::span<const Exemplar> exemplars) {
  std::string out;
  append_varint(out, exemplars.size());
  std::uint64_t before = 0;
  for (const Exemplar& one : exemplars) {
    append_text(out, one.labels.encoded());
    append_le(out, one.value);
    const auto now = static_cast<std::uint64_t>(one.t_ms);
    append_varint(out, zigzag(static_cast<std::int64_t>(now - before)));
    before = now;
  }
  return out;
}

Result<std::vector<Exemplar>> read_exemplars(const CheckedFile& file,
                                             Ordinal series) {
  const auto section = file.header().section(SectionKind::kExemplars);
  if (!section) return std::vector<Exemplar>();
  const std::uint64_t count = section->size / sizeof(ExemplarEntry);
  std::uint64_t low = 0;
  std::uint64_t high = count;
  while (low < high) {
    const std::uint64_t middle = (low + high) / 2;
    const auto entry = exemplar_entry(file, *section, middle);
    if (!entry) return fail(entry.error());
    if (entry->series == series) return decode_exemplars(file, *entry);
    if (entry->series < series) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return std::vector<Exemplar>();
}

std::string encode_metadata(std::span<const FamilyMetadata> metadata) {
  std::string texts;
  for (const FamilyMetadata& one : metadata) {
    for (const std::string* text :
         {&one.family, &one.type, &one.help, &one.unit})
      append_text(texts, *text);
  }
  std::string packed;
  if (texts.size() >= kPackBytesMin && texts.size() <= kMetadataBytesMax) {
    const auto size = static_cast<int>(texts.size());
    packed.resize(static_cast<std::size_t>(LZ4_compressBound(size)));
    const int bytes = LZ4_compress_default(texts.data(), packed.data(), size,
                                           static_cast<int>(packed.size()));
    packed.resize(static_cast<std::size_t>(std::max(0, bytes)));
    if (packed.size() >= texts.size()) packed.clear();
  }
  std::string out;
  append_le(out, static_cast<std::uint32_t>(texts.size()));
  append_le(out, static_cast<std::uint32_t>(packed.size()));
  return out + (packed.empty() ? texts : packed);
}

Result<std::vector<FamilyMetadata>> read_metadata(const CheckedFile& file) {
  std::vector<FamilyMetadata> metadata;
  const auto section = file.header().section(SectionKind::kMetadata);
  if (!section) return metadata;
  const auto texts = unpack(file, *section);
  if (!texts) return fail(texts.error());
  ByteReader reader(*texts);
  while (!reader.done()) {
    FamilyMetadata one;
    for (std::string* text : {&one.family, &one.type, &one.help, &one.unit})
      *text = reader.text();
    if (!reader.ok()) return fail(file.damage(section->offset, "bad metadata"));
    metadata.push_back(std::move(one));
  }
  return metadata;
}

}  // namespace prom::block
