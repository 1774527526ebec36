// SPDX-License-Identifier: Apache-2.0
// A function object that is moved, never copied, and asks the heap for nothing in the usual case:
// for what is called once, when an answer is there.
#pragma once

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

#include "base/recycle.h"

namespace slipway {

template <class Signature>
class Callback;

template <class R, class... Arguments>
class Callback<R(Arguments...)> {
 public:
  Callback() = default;
  Callback(std::nullptr_t) {}  // NOLINT: as std::function

  template <class F, class = std::enable_if_t<
                         !std::is_same_v<std::remove_cvref_t<F>, Callback> &&
                         std::is_invocable_r_v<R, std::remove_cvref_t<F>&, Arguments...>>>
  Callback(F&& call) {  // NOLINT: as std::function
    using Held = std::remove_cvref_t<F>;
    static_assert(alignof(Held) <= alignof(std::max_align_t));
    held_ = new (take_block(sizeof(Held))) Held(std::forward<F>(call));
    actions_ = &kActions<Held>;
  }

  Callback(Callback&& other) noexcept
      : held_(std::exchange(other.held_, nullptr)),
        actions_(std::exchange(other.actions_, nullptr)) {}
  Callback& operator=(Callback&& other) noexcept {
    std::swap(held_, other.held_);
    std::swap(actions_, other.actions_);
    return *this;
  }
  Callback(const Callback&) = delete;
  Callback& operator=(const Callback&) = delete;
  ~Callback() {
    if (held_ != nullptr) actions_->drop(held_);
  }

  explicit operator bool() const { return held_ != nullptr; }
  R operator()(Arguments... arguments) const {
    return actions_->call(held_, std::forward<Arguments>(arguments)...);
  }

 private:
  struct Actions {
    R (*call)(void*, Arguments&&...);
    void (*drop)(void*);
  };

  template <class Held>
  static constexpr Actions kActions{
      [](void* held, Arguments&&... arguments) -> R {
        return (*static_cast<Held*>(held))(std::forward<Arguments>(arguments)...);
      },
      [](void* held) {
        static_cast<Held*>(held)->~Held();
        give_block(held, sizeof(Held));
      },
  };

  void* held_ = nullptr;
  const Actions* actions_ = nullptr;
};

}  // namespace slipway
