// SPDX-License-Identifier: Apache-2.0
// Subscriptions to topics: whatever happens under a topic is delivered to the addresses that
// subscribed to it, signed, at least once.
//
// What is put is written in the transaction of the change itself, so that neither is ever there
// without the other; it is tried again until the receiver takes it, also after kill -9. Topics,
// bodies and the form of a signature are the caller's. Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/seal.h"
#include "domain/types.h"
#include "fetch/fetch.h"

namespace slipway::store {
class Connection;
class Database;
}  // namespace slipway::store

namespace slipway::webhook {

// The secret is never handed out again.
struct Webhook {
  std::string id;
  std::string name;
  std::string url;
  std::optional<std::string> description;
  bool active = true;
  std::vector<std::string> topics;
  Timestamp created;
  Timestamp updated;
};

struct NewWebhook {
  std::string name;  // 1 to 63 letters, digits, '.', '_', '-', no mark at either end
  std::string url;
  std::optional<std::string> description;
  std::string secret;  // empty: unsigned
  bool active = true;
  std::vector<std::string> topics;  // at least one
};

// What is absent stays as it is.
struct WebhookChange {
  std::optional<std::string> name;
  std::optional<std::string> url;
  std::optional<std::string> description;
  std::optional<std::string> secret;
  std::optional<bool> active;
  std::optional<std::vector<std::string>> topics;
};

// What is sent: the id stays the same when a delivery is repeated.
struct Delivery {
  std::string id;
  std::string topic;
  std::string body;
  std::string url;
  std::string secret;
  std::int64_t attempts = 0;  // before this one
  Timestamp sent;
};

// The header fields of a delivery; the content type is set already.
using Sign = std::function<fetch::Headers(const Delivery&)>;
using Send = std::function<Result<fetch::Response>(const fetch::Request&)>;

struct Options {
  std::vector<std::string> schemes = {"https"};
  bool private_addresses = false;  // may an address lead into our own network?
  int timeout_ms = 30'000;
  std::int64_t waiting_limit = 10'000;  // deliveries that may wait for one webhook
  std::optional<Seal> seal;             // of secrets at rest; nothing: they are kept as they are
};

class Webhooks {
 public:
  // `send` is for tests; nothing is fetch::send.
  Webhooks(store::Database& db, Clock& clock, Ids& ids, Sign sign, Options options = {},
           Send send = {});
  ~Webhooks();

  Result<Webhook> create(const NewWebhook& webhook);
  Result<Webhook> get(const std::string& id) const;
  Result<Page<Webhook>> list(const PageRequest& page) const;  // newest first
  Result<Webhook> change(const std::string& id, const WebhookChange& change);
  Result<void> remove(const std::string& id);  // with what waits for it

  // In the transaction of the change that it tells about. Beyond the limit of what may wait the
  // delivery is dropped, which is logged as an error.
  Result<void> put(store::Connection& connection, const std::string& topic,
                   const std::string& body) const;

  // Sends a body at once and once; an answer of any status is a value.
  Result<fetch::Response> try_out(const std::string& id, const std::string& topic,
                                  const std::string& body) const;

  // Seals the secrets that an older version kept as they were.
  Result<void> seal_stored();

  // Delivers on threads of its own until `stop` (idempotent). A slow receiver holds up only what
  // is for itself.
  void start();
  void stop();
  // Tries what is due once, on this thread; answers how many were taken.
  Result<int> deliver_due();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slipway::webhook
