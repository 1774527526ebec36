// SPDX-License-Identifier: Apache-2.0
#include "domain/event.h"

#include <atomic>
#include <list>
#include <mutex>
#include <utility>
#include <vector>

#include "base/pool.h"

namespace slipway {
namespace {
constexpr std::size_t kQueueLimit = 10'000;
}

struct EventBus::Impl {
  // Held while its subscriber runs, so that ending a subscription waits for a call under way;
  // recursive, so that a subscriber may end its own.
  struct Entry {
    std::recursive_mutex mutex;
    Subscriber call;
  };

  std::mutex mutex;
  std::list<std::shared_ptr<Entry>> entries;
  std::atomic<std::size_t> dropped = 0;
  Pool pool{"events", 1, kQueueLimit};

  void deliver(const Event& event) {
    std::vector<std::shared_ptr<Entry>> now;
    {
      const std::scoped_lock lock(mutex);
      now.assign(entries.begin(), entries.end());
    }
    for (const auto& entry : now) {
      const std::scoped_lock lock(entry->mutex);
      if (entry->call) entry->call(event);
    }
  }
};

EventBus::EventBus() : impl_(std::make_shared<Impl>()) {}

EventBus::~EventBus() {
  impl_->pool.drain();
}

void EventBus::publish(Event event) {
  auto* impl = impl_.get();
  const bool taken = impl->pool.post([impl, e = std::move(event)] { impl->deliver(e); });
  if (!taken) ++impl->dropped;
}

std::shared_ptr<void> EventBus::subscribe(Subscriber subscriber) {
  auto entry = std::make_shared<Impl::Entry>();
  entry->call = std::move(subscriber);
  {
    const std::scoped_lock lock(impl_->mutex);
    impl_->entries.push_back(entry);
  }
  return {entry.get(), [entry, weak = std::weak_ptr<Impl>(impl_)](void*) {
            if (const auto impl = weak.lock()) {
              const std::scoped_lock lock(impl->mutex);
              impl->entries.remove(entry);
            }
            const std::scoped_lock lock(entry->mutex);
            entry->call = nullptr;
          }};
}

std::size_t EventBus::dropped() const {
  return impl_->dropped;
}

void EventBus::drain() {
  impl_->pool.drain();
}

}  // namespace slipway
