// SPDX-License-Identifier: Apache-2.0
// Pages that stand on the last row shown: an order as SQL, and what comes behind a row in it. Rows
// that come or go meanwhile move no page, and a late page costs what the first one costs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace slipway {

struct KeysetKey {
  std::string column;  // never NULL
  bool ascending = true;
  bool number = false;
};

using KeysetValue = std::variant<std::int64_t, std::string>;

class Keyset {
 public:
  // At least one key, and no two rows agree in all of them.
  explicit Keyset(std::vector<KeysetKey> keys) : keys_(std::move(keys)) {}

  const std::vector<KeysetKey>& keys() const { return keys_; }
  // "a, b DESC", for ORDER BY.
  std::string order() const;

  struct Behind {
    std::string condition;  // never empty
    std::vector<KeysetValue> parameters;
  };
  // What comes behind the row of a token; everything for an empty one. A token of another order, or
  // none of ours, is invalid_argument.
  Result<Behind> behind(std::string_view token) const;
  // Opaque to clients. `row`: the row's value of each key.
  std::string token(const std::vector<KeysetValue>& row) const;

 private:
  std::vector<KeysetKey> keys_;
};

}  // namespace slipway
