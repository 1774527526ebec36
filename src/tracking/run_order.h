// SPDX-License-Identifier: Apache-2.0
// The order of a search over runs: as SQL, and as the place where a page ended.
//
// Each key is a rank (0 has a value, then NaN, then nothing) and a value. The last keys are always
// the start, newest first, and the id, so that no two runs are equal.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "run_fields.h"

namespace slipway::tracking {

struct OrderKey {
  std::string entity;
  std::string key;
  bool ascending = true;
  std::string join;   // what must be joined for it; empty for attributes
  std::string rank;   // empty: always has a value
  std::string value;  // an expression
  enum class Type { integer, real, text } type = Type::text;
  std::string index;           // of an attribute: see RunAttribute
  bool start_follows = false;  // likewise
};

// What a run has for one key.
struct KeyValue {
  std::int64_t rank = 0;
  store::Cell value;  // rank 0 only

  bool operator==(const KeyValue&) const = default;
};
using Position = std::vector<KeyValue>;  // one for each key

class RunOrder {
 public:
  static Result<RunOrder> of(const RunFields& fields, const std::vector<SearchOrder>& wanted);

  const std::vector<OrderKey>& keys() const { return keys_; }
  // The same order over runs that all have a value for the first key.
  RunOrder with_first_key_there() const;

  // Pieces of a statement over `runs r`, for the keys from `first` on.
  std::string joins(std::size_t first, store::Cells& parameters) const;
  std::string clauses(std::size_t first) const;
  std::string columns(std::size_t first) const;  // ", rank, value" of each key
  // What comes behind `position`.
  std::string behind(std::size_t first, const Position& position, store::Cells& parameters) const;
  // Reads what `columns` selected, beginning at this column of the row.
  Position read(std::size_t first, const store::Row& row, int column) const;

  // Opaque to clients, and refused when it was made for another order.
  std::string token(const Position& position) const;
  Result<std::optional<Position>> position_of(std::string_view token) const;

 private:
  std::vector<OrderKey> keys_;
};

}  // namespace slipway::tracking
