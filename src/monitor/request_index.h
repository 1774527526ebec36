// SPDX-License-Identifier: Apache-2.0
// Where the stored predictions of an endpoint are, by request id.
#pragma once

#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

namespace slipway::monitor {

// Request ids of the stored chunks of one endpoint, by hash. Filled from the store when the first
// label comes.
struct RequestIndex {
  using Entry = std::pair<std::uint64_t, std::uint32_t>;
  struct Part {
    std::int64_t chunk = 0;
    std::vector<Entry> entries;  // by hash
  };
  std::deque<Part> parts;

  void add(std::int64_t chunk, const std::vector<std::uint64_t>& hashes);
  void forget_before(std::int64_t chunk);
  // Chunk and row of everything that has the hash, the newest first.
  std::vector<std::pair<std::int64_t, std::uint32_t>> find(std::uint64_t hash) const;
};

}  // namespace slipway::monitor
