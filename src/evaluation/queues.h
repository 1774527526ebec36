// SPDX-License-Identifier: Apache-2.0
// Queues of traces that people are to review, and how far they are.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "domain/types.h"

namespace slipway::evaluation {

struct Parts;

struct ReviewQueue {
  std::string id;  // "rq-" and 32 hex characters
  std::string experiment;
  std::string name;       // the only one in its experiment, whatever the case
  bool personal = false;  // of the one user that it is named after
  std::optional<std::string> owner;
  Timestamp created;
  Timestamp updated;
  std::vector<std::string> users;
  std::vector<std::string> questions;
};

struct QueueChange {
  std::optional<std::vector<std::string>> users;
  std::optional<std::vector<std::string>> questions;  // only while nothing is in the queue
  std::optional<std::string> name;
  std::optional<std::string> owner;
};

struct QueueFilter {
  std::optional<std::string> user;
  std::optional<std::string> item;
};

enum class ReviewStatus { pending, complete, declined };

struct QueueItem {
  std::string queue;
  std::string item;
  ReviewStatus status = ReviewStatus::pending;
  std::optional<std::string> completed_by;
  std::optional<Timestamp> completed;
  Timestamp created;
  Timestamp updated;
};

class Queues {
 public:
  explicit Queues(const Parts& parts) : parts_(parts) {}

  Result<ReviewQueue> create(ReviewQueue queue);
  // The user's own queue.
  Result<ReviewQueue> of_user(const std::string& experiment, const std::string& user);
  Result<ReviewQueue> get(const std::string& id) const;
  Result<ReviewQueue> by_name(const std::string& experiment, const std::string& name) const;
  Result<Page<ReviewQueue>> list(const std::string& experiment, const QueueFilter& filter,
                                 const PageRequest& page) const;
  Result<ReviewQueue> change(const std::string& id, const QueueChange& change);
  Result<void> remove(const std::string& id);  // absent is fine

  // Whether the items exist is the caller's to know.
  Result<std::vector<QueueItem>> add_items(const std::string& id,
                                           const std::vector<std::string>& items);
  Result<void> remove_items(const std::string& id, const std::vector<std::string>& items);
  Result<Page<QueueItem>> items(const std::string& id, std::optional<ReviewStatus> status,
                                const PageRequest& page) const;
  // All but `pending` say by whom. The same status again changes nothing.
  Result<QueueItem> set_status(const std::string& id, const std::string& item, ReviewStatus status,
                               const std::optional<std::string>& by);

 private:
  const Parts& parts_;
};

// Trimmed, each once, in order; an empty list is refused.
Result<std::vector<std::string>> checked_items(const std::vector<std::string>& items);

}  // namespace slipway::evaluation
