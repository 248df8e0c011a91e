// The only place that sees Boost.Interprocess.
#include "libprom/os/map.h"

#include <cerrno>

#include <boost/interprocess/file_mapping.hpp>
#include <boost/interprocess/mapped_region.hpp>

#include "libprom/os/file.h"

namespace prom::os {

namespace ipc = boost::interprocess;

Result<MappedFile> MappedFile::open(const std::string& path, Access access,
                                    std::uint64_t size) {
  const auto info = file_info(path);
  if (!info) return fail(info.error());
  if (info->size < size)
    return fail(Code::kCorrupt, path + ": shorter than its header says");
  const std::uint64_t mapped_size = size == 0 ? info->size : size;
  MappedFile mapped;
  if (mapped_size == 0) return mapped;
  const ipc::mode_t mode =
      access == Access::kRead ? ipc::read_only : ipc::read_write;
  while (true) {
    try {
      const ipc::file_mapping file(path.c_str(), mode);
      mapped.region_ =
          std::make_unique<ipc::mapped_region>(file, mode, 0, mapped_size);
      return mapped;
    } catch (const ipc::interprocess_exception& error) {
      if (error.get_native_error() == EINTR) continue;
      return fail(system_error("map " + path, error.get_native_error()));
    }
  }
}

MappedFile::MappedFile() = default;
MappedFile::MappedFile(MappedFile&&) noexcept = default;
MappedFile& MappedFile::operator=(MappedFile&&) noexcept = default;
MappedFile::~MappedFile() = default;

Bytes MappedFile::bytes() const {
  if (!region_) return {};
  return {static_cast<const std::byte*>(region_->get_address()),
          region_->get_size()};
}

std::span<std::byte> MappedFile::writable() const {
  if (!region_) return {};
  return {static_cast<std::byte*>(region_->get_address()), region_->get_size()};
}

void MappedFile::advise(Advice advice) const {
  if (!region_) return;
  switch (advice) {
    case Advice::kRandom:
      region_->advise(ipc::mapped_region::advice_random);
      break;
    case Advice::kSequential:
      region_->advise(ipc::mapped_region::advice_sequential);
      break;
    case Advice::kWillNeed:
      region_->advise(ipc::mapped_region::advice_willneed);
      break;
  }
}

}  // namespace prom::os
