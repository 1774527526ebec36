// SPDX-License-Identifier: Apache-2.0
// A backup of a whole data folder, taken while a server may be using it, and the way back.
//
// The folder of a backup holds manifest.ndjson, which names every file with its SHA-256 and ends
// with its own; slipway.db, a consistent copy; objects/, the content of all files by hash, which a
// later backup to the same place does not copy again. docs/formats/backup.md.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"

namespace slipway::app {

class Platform;

struct BackupReport {
  std::string path;
  std::int64_t files = 0;
  std::int64_t bytes = 0;         // of all that the manifest names
  std::int64_t copied_bytes = 0;  // of what was not there from an earlier backup
};

std::string to_json(const BackupReport& report);

// How far it is, in files. May be empty.
using BackupWatch = std::function<void(std::int64_t done, std::int64_t of)>;

// Everything that was acknowledged before the call is in it. `path` is made when missing; a folder
// that holds something else than a backup is refused.
Result<BackupReport> back_up(Platform& platform, const std::string& path,
                             const BackupWatch& watch = {});

// Checks every byte of the backup before it touches anything, then puts a data folder at `data`.
// One that is there and not empty is refused without `force`, and replaced with it; one that a
// server uses is always refused. Damage is data_loss with the file's name.
// `store`: the PostgreSQL database that is filled when the backup is of one; else empty.
Result<BackupReport> restore(const std::string& path, const std::string& data,
                             const std::string& store, bool force, const BackupWatch& watch = {});

}  // namespace slipway::app
