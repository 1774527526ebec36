// SPDX-License-Identifier: Apache-2.0
// Which versions are in memory: within a budget, the least recently used are put to sleep and
// woken by the first request that wants them. Private to this room.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/pool.h"
#include "servable.h"

namespace slipway::meter {
class Counter;
class Gauge;
class Histogram;
}  // namespace slipway::meter

namespace slipway::serving {

// Thread-safe. The budget may be passed for as long as a load takes, and by versions that are all
// at work; what is put to sleep first answers what it was given.
class Residency {
 public:
  // 0 is no budget: sizes are known, nobody is put to sleep.
  Residency(std::size_t budget_bytes, Clock& clock, meter::Registry& meters);
  ~Residency();
  // Requests that wait are refused; nobody is woken any more.
  void stop();

  // What loading `package` will take at least: its files.
  static std::size_t least_bytes(const Package& package);

  // Of a load for the first time: `begin`, load, then `adopt` or `give_up`.
  struct Loading {
    std::size_t reserved = 0;
    std::size_t resident_before = 0;  // of this process
    std::uint64_t number = 0;
  };
  Loading begin(const Package& package);
  void give_up(const Loading& loading);
  // Refused when the version alone is larger than the budget; it is put to sleep then.
  Result<void> adopt(const Loading& loading, const std::shared_ptr<Servable>& servable);
  void forget(const Servable& servable);

  std::size_t bytes_of(const Servable& servable) const;  // awake or not
  // Measures what changes by itself (processes come and go) and keeps to the budget.
  void look();

 private:
  struct Resident {
    std::weak_ptr<Servable> servable;
    std::size_t inside = 0;   // of this process
    std::size_t outside = 0;  // of others, when it was looked at
    bool waking = false;
  };

  void wanted(const std::shared_ptr<Servable>& servable);
  void wake(const std::shared_ptr<Servable>& servable);
  // Puts others to sleep until `bytes` more fit.
  void make_room(std::size_t bytes, const Servable* keep);
  std::shared_ptr<Servable> least_used(const Servable* keep);
  std::size_t held() const;  // under the mutex
  void note();               // under the mutex

  const std::size_t budget_;
  Clock& clock_;
  meter::Gauge& held_meter_;
  meter::Counter& slept_meter_;
  meter::Counter& woken_meter_;
  meter::Histogram& wake_seconds_;

  mutable std::mutex mutex_;
  std::map<const Servable*, Resident> residents_;
  std::size_t reserved_ = 0;
  std::uint64_t loads_ = 0;  // begun, ever
  int loading_ = 0;          // now
  bool stopping_ = false;

  std::mutex room_mutex_;  // one at a time makes room; before mutex_
  std::unique_ptr<Worker> timer_;
  std::unique_ptr<Pool> wakers_;
};

}  // namespace slipway::serving
