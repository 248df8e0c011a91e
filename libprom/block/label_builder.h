// Collects the labels of a block's series and writes them as dictionaries and
// runs.  Values are numbered as they come and get their places in the sorted
// dictionaries at the end; a series costs 4 bytes a label meanwhile, a value
// 32 and its text.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/block/format.h"
#include "libprom/block/output.h"
#include "libprom/model/labels.h"

namespace prom::block {

// One thread.
class LabelBuilder {
 public:
  LabelBuilder();
  ~LabelBuilder();

  // Labels of the next series.  kLimit for too many names; values of one name
  // that are too long together are kLimit in write().
  Status add(const Labels& labels);
  // Appends everything to `output` and names the sections in `header`.
  Status write(Output& output, Header& header);

 private:
  struct Interner;
  struct Value {
    std::string_view text;
    std::uint32_t name = 0;
  };

  // The number of a (name, value) pair.
  Result<std::uint32_t> intern(std::string_view name, std::string_view value);
  std::string_view keep(std::string_view text);
  Status write_dictionaries(Output& output, Header& header);
  Status write_zones(Output& output, Header& header);

  std::unique_ptr<Interner> interner_;
  std::deque<std::string> texts_;
  std::vector<std::string_view> names_;  // in the order of first sight
  std::vector<Value> values_;            // by number
  // Numbers of the pairs of all series, and how many each series has.
  std::deque<std::uint32_t> pairs_;
  std::deque<std::uint32_t> sizes_;
  std::vector<std::uint32_t> last_;  // of the series before
  // Known once the dictionaries are written: place of each name among the
  // sorted ones, number of each value in its dictionary.
  std::vector<std::uint32_t> name_places_;
  std::vector<std::uint32_t> value_numbers_;
};

}  // namespace prom::block
