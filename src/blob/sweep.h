// SPDX-License-Identifier: Apache-2.0
// Contents of a local store that no key has any more.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "blob/blob.h"

namespace slipway::blob {

// Drops them and answers how many; `only_count` drops none. Younger than an hour they are left.
// Safe beside writers, also of other processes: a writer that finds such an object just then keeps
// its bytes by its own link, and only the sharing is lost.
Result<std::int64_t> sweep_objects(BlobStore& local, bool only_count);

// The folder that holds names/ and objects/.
Result<std::string> root_of(BlobStore& local);

}  // namespace slipway::blob
