// SPDX-License-Identifier: Apache-2.0
// What a graph takes while it runs, with a bound: ONNX Runtime itself takes whatever a graph asks
// for, and a few bytes of input can ask for all there is. Private to this room.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include <onnxruntime_c_api.h>

namespace slipway::drivers::onnx {

// What sessions take memory from; `info` and what is returned must live as long as they do.
std::unique_ptr<OrtAllocator> bounded_allocator(const OrtMemoryInfo* info);

// While it lives, this thread holds at most so many bytes of such an allocator; one more ends the
// run with an error. Graphs run on the thread that asks; what a thread pool takes is not counted.
class RunMemory {
 public:
  explicit RunMemory(std::size_t bound);  // 0: none
  ~RunMemory();
  RunMemory(const RunMemory&) = delete;
  RunMemory& operator=(const RunMemory&) = delete;

  // How much was asked for when that was too much.
  std::optional<std::size_t> refused() const { return refused_; }

  // Of the allocator only.
  static RunMemory* current();
  bool may_take(std::size_t bytes);
  void took(std::size_t bytes) { held_ += bytes; }
  void gave_back(std::size_t bytes) { held_ -= bytes < held_ ? bytes : held_; }

 private:
  const std::size_t bound_;
  std::size_t held_ = 0;
  std::optional<std::size_t> refused_;
  RunMemory* const outer_;
};

}  // namespace slipway::drivers::onnx
