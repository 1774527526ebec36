// SPDX-License-Identifier: Apache-2.0
// Captured predictions by the thousand, column by column: what is stored instead of a row each.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "monitor/types.h"

namespace slipway::monitor {

struct ChunkColumn {
  std::vector<double> numbers;  // NaN: missing
  std::vector<std::string> texts;
};

// Rows of one endpoint, version and schema, in the order of capture.
struct Chunk {
  std::int64_t id = 0;
  std::string endpoint;
  std::string model;
  std::string version;
  std::shared_ptr<const Schema> schema;
  std::vector<std::string> ids;
  std::vector<std::int64_t> at;  // ms
  std::vector<std::int64_t> latency_us;
  std::vector<bool> shadow;
  std::vector<std::string> errors;
  std::vector<ChunkColumn> features;
  std::vector<ChunkColumn> outputs;

  std::size_t rows() const { return ids.size(); }
  // `row` is of this endpoint, version and schema. A value of the other kind counts as missing.
  void add(Captured row);
};

// What stands for a request id in the index. The same in every process.
std::uint64_t hash_of(std::string_view request_id);
std::string hashes_of(const Chunk& chunk);  // 8 bytes a row, in order
std::vector<std::uint64_t> read_hashes(std::string_view bytes);

// The ids, times, answers and errors apart from the features: joining labels reads the first only.
std::string pack_answers(const Chunk& chunk);
std::string pack_features(const Chunk& chunk);
// They fill their part of `into`; damaged bytes are data_loss.
Result<void> unpack_answers(std::string_view bytes, Chunk& into);
Result<void> unpack_features(std::string_view bytes, Chunk& into);

}  // namespace slipway::monitor
