// SPDX-License-Identifier: Apache-2.0
// Who must be told about changes of the registry for certain: in their own transaction.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "registry/types.h"

namespace slipway::store {
class Connection;
}

namespace slipway::registry {

struct Fact {
  enum class Kind {
    model_created,
    version_created,
    tag_set,
    tag_removed,
    alias_set,
    alias_removed
  };
  Kind kind = Kind::model_created;
  std::string model;
  std::int64_t version = 0;  // 0: about the model
  std::vector<Tag> tags;     // of what was created; else of the model
  std::optional<std::string> description;
  std::string source;  // of a version that was created
  std::string run_id;  // likewise
  std::string key;     // of the tag; the alias
  std::string value;   // of the tag
};

class Watcher {
 public:
  virtual ~Watcher() = default;
  // An error undoes the change. May be called again for the same change when its commit lost a
  // race.
  virtual Result<void> happened(store::Connection& connection, const Fact& fact) = 0;
};

}  // namespace slipway::registry
