// What a process has not finished has a name of its own, PATH.part-PID or
// PATH.tmp-PID, until it is renamed.  A process that was killed leaves it; the
// next one that makes the same thing takes it away.
#pragma once

#include <string>
#include <string_view>

#include "libprom/os/file.h"

namespace prom::store {

// "PATH.part-PID" of this process, with the mark ".part-".
std::string unfinished_name(const std::string& path, std::string_view mark);

// Removes PATH<mark>PID, files and directories, of processes that are no more,
// and what an earlier attempt of this process could not remove.  What cannot be
// removed stays for the next one.
void remove_unfinished(os::FileSystem& files, const std::string& path,
                       std::string_view mark);

// Removes a directory and what is in it, `levels` of directories deep.
void remove_tree(os::FileSystem& files, const std::string& path, int levels);

}  // namespace prom::store
