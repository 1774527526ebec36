// SPDX-License-Identifier: Apache-2.0
// What the files of the webhook room share.
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/pool.h"
#include "store/database.h"
#include "webhook/webhook.h"

namespace slipway::webhook {

struct Webhooks::Impl {
  store::Database& db;
  Clock& clock;
  Ids& ids;
  Sign sign;
  Options options;
  Send send;

  std::mutex mutex;
  std::set<std::string> busy;  // webhooks that a thread delivers to
  std::unique_ptr<Pool> pool;
  std::unique_ptr<Worker> worker;

  std::string kept(const std::string& secret, const std::string& webhook) const;
  Result<std::string> opened(const std::string& secret, const std::string& webhook) const;
  Result<void> check_url(const std::string& url) const;
  Result<fetch::Response> attempt(const Delivery& delivery) const;
  // What is due for one webhook; stops at the first that was not taken.
  Result<int> deliver_to(const std::string& webhook) const;
  Result<bool> deliver(const std::string& webhook, const Delivery& delivery) const;
};

// Statements; each runs inside the caller's transaction.
Result<void> insert(store::Connection& c, const Webhook& webhook, const std::string& secret);
Result<void> update(store::Connection& c, const Webhook& webhook,
                    const std::optional<std::string>& secret);
Result<std::optional<Webhook>> find(store::Connection& c, const std::string& id);
Result<std::vector<Webhook>> page(store::Connection& c, std::size_t limit, std::size_t offset);
Result<std::vector<std::string>> subscribers(store::Connection& c, const std::string& topic);
Result<std::int64_t> waiting(store::Connection& c, const std::string& webhook, std::int64_t limit);
Result<void> enqueue(store::Connection& c, const std::string& webhook, const Delivery& delivery,
                     Timestamp due);
// Longer than this nothing is put off: what seems to be was written before the clock went back.
inline constexpr std::int64_t kLongestWaitMs = 600'000;
Result<std::vector<std::string>> webhooks_with_due(store::Connection& c, Timestamp now);
Result<std::vector<Delivery>> due_of(store::Connection& c, const std::string& webhook,
                                     Timestamp now, std::size_t limit);
Result<void> forget(store::Connection& c, const std::string& delivery);
// This one is tried again at `next`, and nothing for the same webhook before it.
Result<void> postpone(store::Connection& c, const std::string& webhook, const Delivery& delivery,
                      Timestamp next, const std::string& why);

}  // namespace slipway::webhook
