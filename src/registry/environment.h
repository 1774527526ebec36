// SPDX-License-Identifier: Apache-2.0
// What a version needs to run, read from the files that its model folder has for that.
#pragma once

#include <string>

#include "blob/blob.h"
#include "registry/types.h"

namespace slipway::registry {

// `key` is the folder in the store. What is absent or damaged stays empty.
Environment read_environment(blob::BlobStore& blobs, const std::string& key);

}  // namespace slipway::registry
