// SPDX-License-Identifier: Apache-2.0
// Memory for the small things that each request makes and drops: a freed block waits on a list of
// its thread for the next of its size, so that a steady stream of requests asks the heap for
// nothing.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

namespace slipway {

// Blocks up to this size wait; larger ones go back to the heap.
constexpr std::size_t kMostRecycled = 1024;

// Thread-safe; a block may be given back by any thread, and stays there.
void* take_block(std::size_t size);
void give_block(void* block, std::size_t size) noexcept;

// An allocator of such blocks.
template <class T>
struct Recycled {
  using value_type = T;

  Recycled() = default;
  template <class U>
  Recycled(const Recycled<U>&) {}  // NOLINT: as allocators are

  T* allocate(std::size_t n) {
    static_assert(alignof(T) <= alignof(std::max_align_t));
    return static_cast<T*>(take_block(n * sizeof(T)));
  }
  void deallocate(T* at, std::size_t n) noexcept { give_block(at, n * sizeof(T)); }
  bool operator==(const Recycled&) const { return true; }
};

template <class T, class... Arguments>
std::shared_ptr<T> make_recycled(Arguments&&... arguments) {
  return std::allocate_shared<T>(Recycled<T>(), std::forward<Arguments>(arguments)...);
}

// An empty text with room, and its way back; for bodies of answers.
std::string take_text();
void give_text(std::string text);

}  // namespace slipway
