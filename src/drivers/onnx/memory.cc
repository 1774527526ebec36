// SPDX-License-Identifier: Apache-2.0
#include "memory.h"

#include <cstdlib>
#include <new>

#include <malloc.h>

namespace slipway::drivers::onnx {
namespace {

constexpr std::size_t kAlignment = 64;
// Kernels may read a little past the end of what they were given.
constexpr std::size_t kMore = 64;

thread_local RunMemory* the_run = nullptr;

struct Bounded : OrtAllocator {
  const OrtMemoryInfo* memory = nullptr;
};

// The runtime wants std::bad_alloc, as its own allocator throws it: it looks at no pointer that it
// is given, and makes the exception an error of the run.
void* take(OrtAllocator*, std::size_t size) {
  if (size == 0) return nullptr;
  auto* run = RunMemory::current();
  if (run != nullptr && !run->may_take(size)) throw std::bad_alloc();
  void* out = nullptr;
  if (size > SIZE_MAX - kMore || ::posix_memalign(&out, kAlignment, size + kMore) != 0) {
    throw std::bad_alloc();
  }
  if (run != nullptr) run->took(::malloc_usable_size(out));
  return out;
}

void give_back(OrtAllocator*, void* bytes) {
  if (bytes == nullptr) return;
  if (auto* run = RunMemory::current(); run != nullptr) {
    run->gave_back(::malloc_usable_size(bytes));
  }
  std::free(bytes);
}

const OrtMemoryInfo* info_of(const OrtAllocator* self) {
  return static_cast<const Bounded*>(self)->memory;
}

}  // namespace

std::unique_ptr<OrtAllocator> bounded_allocator(const OrtMemoryInfo* info) {
  auto out = std::make_unique<Bounded>();
  out->version = 1;  // these three functions and no others
  out->Alloc = take;
  out->Free = give_back;
  out->Info = info_of;
  out->memory = info;
  return out;
}

RunMemory::RunMemory(std::size_t bound) : bound_(bound), outer_(the_run) {
  the_run = bound == 0 ? nullptr : this;
}

RunMemory::~RunMemory() {
  the_run = outer_;
}

RunMemory* RunMemory::current() {
  return the_run;
}

bool RunMemory::may_take(std::size_t bytes) {
  if (held_ <= bound_ && bytes <= bound_ - held_) return true;
  if (!refused_) refused_ = bytes;
  return false;
}

}  // namespace slipway::drivers::onnx
