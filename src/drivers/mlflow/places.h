// SPDX-License-Identifier: Apache-2.0
// Where artifact URIs lead, and the files that are there.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "blob/blob.h"
#include "transfer/transfer.h"

namespace slipway::drivers::mlflow {

struct Place {
  enum class Kind {
    folder,   // a path on this machine
    proxied,  // below the artifact folder of the server
    foreign,  // s3://.. and others, which stay where they are
  };
  Kind kind = Kind::foreign;
  std::string path;  // foreign: the whole URI
};

// A relative path is taken from `base`.
Place place_of(std::string_view uri, const std::string& base);
// What a record says about its artifacts: empty when they come along.
std::string staying_uri(std::string_view uri, const std::string& base);

// Passwords have no place in what is kept.
std::string without_password(std::string url);

// Fills files_run, files_model and location by the source that the version was registered from.
void locate_files(transfer::VersionRecord& version, const std::string& storage);

// All regular files below, by path; nothing when the folder is not there. Links are not followed.
Result<std::vector<transfer::SourceFile>> files_below(const std::string& folder);
Result<std::unique_ptr<blob::Reader>> open_file(const std::string& path);

}  // namespace slipway::drivers::mlflow
