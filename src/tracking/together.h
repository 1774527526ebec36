// SPDX-License-Identifier: Apache-2.0
// What many callers give at the same moment, stored by few statements: on a server of its own each
// statement is a trip there and back, so that the price of one is shared by all that wait.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "metric_keys.h"
#include "store/database.h"
#include "tracking/types.h"

namespace slipway::tracking {

// A report of nothing but metrics, none of them of a logged model.
struct JointReport {
  RunId run;
  std::vector<Metric> metrics;
  MetricKeys::Learned learned;
  Result<void> result;
  std::function<void(JointReport&)> done;
};
bool fits_together(const Batch& batch);

struct JointRun {
  ExperimentId experiment;  // as the caller wrote it
  Run run;                  // gets its artifact root
  Result<void> result;
  std::function<void(JointRun&)> done;
};

// Store all whose `result` is ok afterwards, and nothing of the others. An error is everybody's.
// PostgreSQL only.
Result<void> store_together(store::Connection& db, std::vector<JointReport>& reports,
                            MetricKeys& keys);
Result<void> store_together(store::Connection& db, std::vector<JointRun>& runs);

// Collects items until the store takes them up; `done` is called when they are durable.
template <class Item>
class Together {
 public:
  using Items = std::vector<Item>;
  using Keep = std::function<Result<void>(store::Connection&, Items&)>;

  Together(store::Database& db, Keep keep) : db_(db), keep_(std::move(keep)) {}

  void add(Item item) {
    {
      const std::scoped_lock lock(mutex_);
      waiting_.push_back(std::move(item));
      if (waiting_.size() > 1) return;  // the first has asked for all
    }
    store(std::make_shared<Items>());
  }

 private:
  // An empty list is filled when it is stored.
  void store(std::shared_ptr<Items> items) {
    db_.write_later(
        [this, items](store::Connection& db) {
          if (items->empty()) take(*items);
          for (auto& item : *items) item.result = {};
          return keep_(db, *items);
        },
        [this, items](Result<void> kept) {
          if (items->empty()) take(*items);  // refused before it ran
          if (!kept && items->size() > 1) return one_by_one(*items);
          for (auto& item : *items) {
            if (!kept) item.result = kept.error();
            item.done(item);
          }
        });
  }

  // One of them may be what the database refuses: the others shall not suffer.
  void one_by_one(Items& items) {
    for (auto& item : items) {
      auto alone = std::make_shared<Items>();
      alone->push_back(std::move(item));
      store(std::move(alone));
    }
  }

  void take(Items& items) {
    const std::scoped_lock lock(mutex_);
    items.swap(waiting_);
  }

  store::Database& db_;
  Keep keep_;
  std::mutex mutex_;
  Items waiting_;
};

}  // namespace slipway::tracking
