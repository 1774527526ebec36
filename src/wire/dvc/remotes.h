// SPDX-License-Identifier: Apache-2.0
// A remote of the configuration as a store of objects.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "data/object_store.h"
#include "repository.h"

namespace slipway::wire::dvc {

struct OpenRemote {
  std::string name;
  std::unique_ptr<data::ObjectStore> store;
  std::size_t jobs = 1;
};

// `name` empty: the default one; precondition when there is none. Credentials of S3 come from the
// configuration, else the environment, else the profile in ~/.aws.
Result<OpenRemote> open_remote(const Repository& repository, const Common& common,
                               const std::string& name);

}  // namespace slipway::wire::dvc
