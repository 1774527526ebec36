// SPDX-License-Identifier: Apache-2.0
#include "base/recycle.h"

#include <array>
#include <new>
#include <utility>
#include <vector>

namespace slipway {
namespace {

// Sanitizers get every block back, or they would not see who uses one too late.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kRecycle = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
constexpr bool kRecycle = false;
#else
constexpr bool kRecycle = true;
#endif
#else
constexpr bool kRecycle = true;
#endif

constexpr std::size_t kStep = 64;
constexpr std::size_t kLists = kMostRecycled / kStep;
constexpr std::size_t kMostWaiting = 512;  // of a size, on one thread

struct Block {
  Block* next;
};

struct List {
  Block* first = nullptr;
  std::size_t count = 0;
};

thread_local bool ended = false;

struct Lists {
  std::array<List, kLists> all{};
  ~Lists() {
    ended = true;
    for (auto& list : all) {
      while (list.first != nullptr) ::operator delete(std::exchange(list.first, list.first->next));
    }
  }
};

thread_local Lists lists;

// Texts that wait, and how small and large one may be.
constexpr std::size_t kTexts = 64;
constexpr std::size_t kLeastText = 16;  // a shorter one is no block
constexpr std::size_t kMostText = 64 << 10;

thread_local bool texts_ended = false;

struct Texts {
  std::vector<std::string> all;
  ~Texts() { texts_ended = true; }
};

thread_local Texts texts;

std::size_t list_of(std::size_t size) {
  return size == 0 ? 0 : (size - 1) / kStep;
}

}  // namespace

void* take_block(std::size_t size) {
  const auto at = list_of(size);
  if (!kRecycle || at >= kLists) return ::operator new(size);
  if (!ended) {
    auto& list = lists.all[at];
    if (list.first != nullptr) {
      --list.count;
      return std::exchange(list.first, list.first->next);
    }
  }
  return ::operator new((at + 1) * kStep);
}

void give_block(void* block, std::size_t size) noexcept {
  const auto at = list_of(size);
  if (kRecycle && at < kLists && !ended) {
    auto& list = lists.all[at];
    if (list.count < kMostWaiting) {
      ++list.count;
      list.first = new (block) Block{list.first};
      return;
    }
  }
  ::operator delete(block);
}

std::string take_text() {
  if (texts_ended || texts.all.empty()) return {};
  auto text = std::move(texts.all.back());
  texts.all.pop_back();
  return text;
}

void give_text(std::string text) {
  const auto room = text.capacity();
  if (texts_ended || room < kLeastText || room > kMostText || texts.all.size() >= kTexts) return;
  text.clear();
  texts.all.push_back(std::move(text));
}

}  // namespace slipway
