// SPDX-License-Identifier: Apache-2.0
// Many files read once: hashed side by side in the lanes of blob::Md5Lanes by every core, and
// copied on the way. Unlike one file after the other, small files cost what the file system takes.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include <sys/stat.h>

#include "base/result.h"
#include "data/data.h"

namespace slipway::data {

struct FileToRead {
  std::string from;
  std::string copy_to;  // where a large file goes, which must not exist; empty: nowhere
  int mode = 0444;      // of the copy, whatever the umask
  bool share = true;    // the copy shares its blocks with the file, where the file system can
};

struct FileRead {
  Md5 md5{};
  struct stat source {};  // as it was when reading began and, checked, when it ended
  // A small file is not copied: here are all its bytes, as long as the call lasts.
  bool in_memory = false;
  std::string_view content;
  // A large one was, when it had to be. It is complete and not synced; whoever asked for it renames
  // or removes it.
  bool copied = false;
  struct stat copy {};
};

struct ReadFiles {
  std::size_t count = 0;
  std::function<FileToRead(std::size_t)> file;
  // The outcome of one; false ends the work as soon as possible. A file that changed meanwhile is
  // `conflict`; one that is no file is invalid_argument and named. What was begun of a copy is
  // gone.
  std::function<bool(std::size_t, Result<FileRead>&&)> done;
  std::function<void(std::size_t)> on_bytes;  // read so far, in addition; may be empty
};

// Calls `work`'s functions from several threads at once, each index once, in no order. Buffers take
// at most 1 MiB a core and 2 MiB for each large file.
void read_files(const ReadFiles& work);

}  // namespace slipway::data
