// SPDX-License-Identifier: Apache-2.0
// Answers to requests that were asked before: exact, bounded, the least recently used go first.
// Private to this room.
#pragma once

#include <atomic>
#include <cstddef>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "serving/tensor.h"

namespace slipway::serving {

// Thread-safe.
class ResponseCache {
 public:
  // Version, types, shapes and values: two keys are equal when the requests are, byte by byte.
  struct Key {
    std::string bytes;
    bool operator==(const Key& other) const { return bytes == other.bytes; }
  };
  static Key key_of(const std::string& model, const std::string& version, const Tensors& inputs);

  // 0 turns it off and forgets everything.
  void resize(std::size_t bytes);
  bool is_on() const { return limit_.load(std::memory_order_relaxed) > 0; }

  std::optional<Tensors> find(const Key& key);
  void put(const Key& key, const Tensors& outputs);
  std::size_t bytes() const;

 private:
  struct Entry {
    Key key;
    Tensors outputs;
    std::size_t size = 0;
  };
  struct Hash {
    std::size_t operator()(const std::string_view& text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  void shrink(std::size_t limit);

  std::atomic<std::size_t> limit_{0};
  mutable std::mutex mutex_;
  std::list<Entry> entries_;  // the newest first
  std::unordered_map<std::string_view, std::list<Entry>::iterator, Hash> by_key_;
  std::size_t held_ = 0;
};

}  // namespace slipway::serving
