// What is seldom read, as it lies in a block: exemplars of a series, and what
// is known of families.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/block/block.h"
#include "libprom/block/checked_file.h"

namespace prom::block {

// varint count; for each the encoded labels with their length, f64 value,
// zigzag difference to the time before.
std::string encode_exemplars(std::span<const Exemplar> exemplars);
Result<std::vector<Exemplar>> read_exemplars(const CheckedFile& file,
                                             Ordinal series);

// The section: u32 size of the texts, u32 size packed with LZ4 or 0, then the
// texts: family, type, help and unit of each, with their lengths.
std::string encode_metadata(std::span<const FamilyMetadata> metadata);
Result<std::vector<FamilyMetadata>> read_metadata(const CheckedFile& file);

}  // namespace prom::block
