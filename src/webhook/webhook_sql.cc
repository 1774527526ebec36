// SPDX-License-Identifier: Apache-2.0
#include "impl.h"
#include "webhook/intake.h"

namespace slipway::webhook {
namespace {

using store::Cell;
using store::Connection;
using store::Row;

// A wait has a second of chance on top.
constexpr std::int64_t kFarAway = kLongestWaitMs + 60'000;
constexpr std::string_view kColumns = "id, name, url, description, active, created, updated";

Webhook from_row(const Row& row) {
  Webhook out;
  out.id = row.text(0);
  out.name = row.text(1);
  out.url = row.text(2);
  out.description = row.maybe_text(3);
  out.active = row.int64(4) != 0;
  out.created = Timestamp{row.int64(5)};
  out.updated = Timestamp{row.int64(6)};
  return out;
}

Cell cell_of(const std::optional<std::string>& text) {
  return text ? Cell(*text) : Cell(nullptr);
}

std::string text_of(const Row& row) {
  return std::string(row.text(0));
}

Result<void> load_topics(Connection& c, Webhook& webhook) {
  SW_TRY(webhook.topics,
         c.all("SELECT topic FROM webhook_topic WHERE webhook_id = ? ORDER BY position",
               {webhook.id}, text_of));
  return {};
}

Result<void> put_topics(Connection& c, const Webhook& webhook) {
  SW_CHECK_OK(c.exec("DELETE FROM webhook_topic WHERE webhook_id = ?", {webhook.id}));
  std::int64_t position = 0;
  for (const auto& topic : webhook.topics) {
    SW_CHECK_OK(c.exec("INSERT INTO webhook_topic (webhook_id, topic, position) VALUES (?, ?, ?)",
                       {webhook.id, topic, position++}));
  }
  return {};
}

}  // namespace

Result<void> insert(Connection& c, const Webhook& webhook, const std::string& secret) {
  SW_CHECK_OK(
      c.exec("INSERT INTO webhook (id, name, url, description, secret, active, created, updated) "
             "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
             {webhook.id, webhook.name, webhook.url, cell_of(webhook.description), secret,
              std::int64_t{webhook.active}, webhook.created.ms, webhook.updated.ms}));
  return put_topics(c, webhook);
}

Result<void> update(Connection& c, const Webhook& webhook,
                    const std::optional<std::string>& secret) {
  SW_CHECK_OK(
      c.exec("UPDATE webhook SET name = ?, url = ?, description = ?, active = ?, updated = ? "
             "WHERE id = ?",
             {webhook.name, webhook.url, cell_of(webhook.description), std::int64_t{webhook.active},
              webhook.updated.ms, webhook.id}));
  if (secret) {
    SW_CHECK_OK(c.exec("UPDATE webhook SET secret = ? WHERE id = ?", {*secret, webhook.id}));
  }
  return put_topics(c, webhook);
}

Result<std::optional<Webhook>> find(Connection& c, const std::string& id) {
  SW_TRY(auto found,
         c.first("SELECT " + std::string(kColumns) + " FROM webhook WHERE id = ?", {id}, from_row));
  if (found) SW_CHECK_OK(load_topics(c, *found));
  return found;
}

Result<void> take_webhook(Connection& c, const Webhook& webhook) {
  if (webhook.id.empty() || webhook.url.empty()) return invalid("a webhook has no id or no url");
  SW_TRY(auto known, find(c, webhook.id));
  if (known) {
    auto now = webhook;
    now.active = known->active;
    return update(c, now, std::nullopt);
  }
  SW_TRY(const auto same, c.first("SELECT id FROM webhook WHERE name = ? AND url = ?",
                                  {webhook.name, webhook.url}, text_of));
  return same ? Result<void>() : insert(c, webhook, "");
}

Result<std::vector<Webhook>> page(Connection& c, std::size_t limit, std::size_t offset) {
  SW_TRY(auto found,
         c.all("SELECT " + std::string(kColumns) +
                   " FROM webhook ORDER BY created DESC, id DESC LIMIT ? OFFSET ?",
               {static_cast<std::int64_t>(limit), static_cast<std::int64_t>(offset)}, from_row));
  for (auto& webhook : found) SW_CHECK_OK(load_topics(c, webhook));
  return found;
}

Result<std::vector<std::string>> subscribers(Connection& c, const std::string& topic) {
  return c.all(
      "SELECT w.id FROM webhook_topic t JOIN webhook w ON w.id = t.webhook_id "
      "WHERE t.topic = ? AND w.active = 1",
      {topic}, text_of);
}

Result<std::int64_t> waiting(Connection& c, const std::string& webhook, std::int64_t limit) {
  SW_TRY(const auto count,
         c.first("SELECT COUNT(*) FROM (SELECT 1 FROM webhook_delivery WHERE webhook_id = ? "
                 "LIMIT ?) AS counted",
                 {webhook, limit}, [](const Row& row) { return row.int64(0); }));
  return count.value_or(0);
}

Result<void> enqueue(Connection& c, const std::string& webhook, const Delivery& delivery,
                     Timestamp due) {
  SW_CHECK_OK(
      c.exec("INSERT INTO webhook_delivery (id, webhook_id, topic, body, attempts, next_at, "
             "last_error) VALUES (?, ?, ?, ?, 0, ?, '')",
             {delivery.id, webhook, delivery.topic, delivery.body, due.ms}));
  return {};
}

Result<std::vector<std::string>> webhooks_with_due(Connection& c, Timestamp now) {
  return c.all(
      "SELECT DISTINCT d.webhook_id FROM webhook_delivery d JOIN webhook w ON w.id = d.webhook_id "
      "WHERE (d.next_at <= ? OR d.next_at > ?) AND w.active = 1",
      {now.ms, now.ms + kFarAway}, text_of);
}

Result<std::vector<Delivery>> due_of(Connection& c, const std::string& webhook, Timestamp now,
                                     std::size_t limit) {
  return c.all(
      "SELECT d.id, d.topic, d.body, w.url, w.secret, d.attempts FROM webhook_delivery d "
      "JOIN webhook w ON w.id = d.webhook_id WHERE d.webhook_id = ? AND "
      "(d.next_at <= ? OR d.next_at > ?) AND w.active = 1 ORDER BY d.next_at, d.id LIMIT ?",
      {webhook, now.ms, now.ms + kFarAway, static_cast<std::int64_t>(limit)}, [](const Row& row) {
        return Delivery{.id = std::string(row.text(0)),
                        .topic = std::string(row.text(1)),
                        .body = std::string(row.text(2)),
                        .url = std::string(row.text(3)),
                        .secret = std::string(row.text(4)),
                        .attempts = row.int64(5)};
      });
}

Result<void> forget(Connection& c, const std::string& delivery) {
  SW_CHECK_OK(c.exec("DELETE FROM webhook_delivery WHERE id = ?", {delivery}));
  return {};
}

Result<void> postpone(Connection& c, const std::string& webhook, const Delivery& delivery,
                      Timestamp next, const std::string& why) {
  SW_CHECK_OK(c.exec("UPDATE webhook_delivery SET next_at = ? WHERE webhook_id = ? AND next_at < ?",
                     {next.ms, webhook, next.ms}));
  SW_CHECK_OK(
      c.exec("UPDATE webhook_delivery SET attempts = attempts + 1, last_error = ? WHERE id = ?",
             {why, delivery.id}));
  return {};
}

}  // namespace slipway::webhook
