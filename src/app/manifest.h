// SPDX-License-Identifier: Apache-2.0
// The list of what is in a backup: a JSON object a line, the last one with the hash of the others.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace slipway::app {

struct Manifest {
  struct File {
    std::string path;    // below the data folder
    std::string sha256;  // its content is objects/<2 hex>/<62 hex>
    std::uint64_t size = 0;
  };
  std::int64_t made = 0;  // milliseconds
  std::string version;    // of the program
  File database;          // path: its name in the backup
  std::vector<File> files;
  std::vector<File> blobs;  // path: the key in the blob store
};

std::string to_text(const Manifest& manifest);
// data_loss when a line is missing or changed; `path` is named in the message.
Result<Manifest> parse_manifest(const std::string& text, const std::string& path);

}  // namespace slipway::app
