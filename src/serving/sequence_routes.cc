// SPDX-License-Identifier: Apache-2.0
#include "sequence_routes.h"

#include <algorithm>
#include <utility>

#include "routing.h"

namespace slipway::serving {
namespace {

constexpr std::size_t kMost = 100'000;  // above it sequences follow the routes as they are
constexpr std::int64_t kGraphIdleNs = 60'000'000'000;

}  // namespace

void SequenceRoutes::put(const SequenceAsk& ask, std::shared_ptr<const Routing> routing,
                         const Lane& lane, std::int64_t now) {
  const auto* spec = lane.servable->sequences();
  // As long as any request may take, and then the time that the sequence may be idle.
  const auto running = static_cast<std::int64_t>(routing->endpoint->timeout_ms.load()) * 1'000'000;
  const auto idle = spec == nullptr ? kGraphIdleNs : spec->idle_us * 1000;
  Kept kept{std::move(routing), &lane, idle + running, now};
  std::shared_ptr<const Routing> old;  // dies after the lock
  const std::scoped_lock lock(mutex_);
  const Key key{ask.number.has_value(), ask.id};
  const auto found = kept_.find(key);
  if (found != kept_.end()) {
    old = std::move(found->second.routing);
    found->second = std::move(kept);
  } else if (kept_.size() < kMost) {
    kept_.emplace(key, std::move(kept));
  }
  size_ = kept_.size();
}

std::optional<Target> SequenceRoutes::find(const SequenceAsk& ask, std::int64_t now) {
  if (size_ == 0) return std::nullopt;
  const std::scoped_lock lock(mutex_);
  const auto found = kept_.find({ask.number.has_value(), ask.id});
  if (found == kept_.end()) return std::nullopt;
  found->second.used_ns = now;
  Target out(found->second.routing, *found->second.lane);
  if (ask.end) kept_.erase(found);
  size_ = kept_.size();
  return out;
}

void SequenceRoutes::sweep(std::int64_t now) {
  if (size_ == 0) return;
  std::vector<Kept> gone;  // die after the lock
  const std::scoped_lock lock(mutex_);
  for (auto it = kept_.begin(); it != kept_.end();) {
    if (now - it->second.used_ns <= it->second.idle_ns) {
      ++it;
      continue;
    }
    gone.push_back(std::move(it->second));
    it = kept_.erase(it);
  }
  size_ = kept_.size();
}

void SequenceRoutes::clear() {
  std::map<Key, Kept> gone;  // die after the lock
  const std::scoped_lock lock(mutex_);
  gone.swap(kept_);
  size_ = 0;
}

}  // namespace slipway::serving
