// SPDX-License-Identifier: Apache-2.0
// Objects from the cache to where they are shared, and back: many at a time, manifests last.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "base/result.h"
#include "data/data.h"
#include "data/object_cache.h"
#include "data/object_store.h"

namespace slipway::data {

struct Transferred {
  std::size_t objects = 0;
  // What could not be moved, and why; the rest was.
  std::vector<std::pair<ObjectId, Error>> failed;
};

// `ids` are what the store lacks and the cache holds. A manifest (`.dir`) is put only after all
// others are there, and not at all when one of them failed.
Result<Transferred> push(ObjectCache& cache, ObjectStore& store, const std::vector<ObjectId>& ids,
                         std::size_t jobs, const OnProgress& on_progress);

// `ids` are what the cache lacks and the store holds. Every object is verified.
Result<Transferred> fetch(ObjectCache& cache, ObjectStore& store, const std::vector<ObjectId>& ids,
                          std::size_t jobs, const OnProgress& on_progress);

}  // namespace slipway::data
