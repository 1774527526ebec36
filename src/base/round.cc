// SPDX-License-Identifier: Apache-2.0
#include "base/round.h"

#include <mutex>
#include <vector>

namespace slipway {
namespace {

thread_local Round* here = nullptr;

class Numbers {
 public:
  std::size_t take() {
    const std::scoped_lock lock(mutex_);
    for (std::size_t i = 0; i < taken_.size(); ++i) {
      if (!taken_[i]) {
        taken_[i] = true;
        return i;
      }
    }
    taken_.push_back(true);
    return taken_.size() - 1;
  }
  void give_back(std::size_t number) {
    const std::scoped_lock lock(mutex_);
    taken_[number] = false;
  }

 private:
  std::mutex mutex_;
  std::vector<bool> taken_;
};

Numbers& numbers() {
  static auto* all = new Numbers;  // lives as long as the last loop, whenever that ends
  return *all;
}

}  // namespace

Round* Round::current() {
  return here;
}

// Not before: what was put off may still be run after the end of the thread.
Round::~Round() {
  if (index_) numbers().give_back(*index_);
}

void Round::begin_here() {
  if (!index_) index_ = numbers().take();
  here = this;
}

void Round::end_here() {
  here = nullptr;
}

}  // namespace slipway
