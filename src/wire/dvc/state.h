// SPDX-License-Identifier: Apache-2.0
// How an output's data stands against what its pointer records.
#pragma once

#include <string>

#include "repository.h"

namespace slipway::wire::dvc {

struct State {
  enum class Kind { up_to_date, modified, deleted, fresh, not_in_cache } kind = Kind::up_to_date;
  bool exists = false;
  data::Manifest now;  // when it exists
};

// Looks at the work tree; `check_cache` also at whether the cache holds all that is recorded.
Result<State> state_of(Repository& repository, const Tracked& tracked, bool check_cache,
                       const data::OnProgress& on_progress);

// The id that a pointer would record for it.
std::string id_of(const data::Manifest& manifest);
bool are_cached(Repository& repository, const data::Manifest& manifest);
// Pointers of DVC 2 hash text files differently; an error that says how to upgrade them.
Result<void> refuse_legacy(const Tracked& tracked);

}  // namespace slipway::wire::dvc
