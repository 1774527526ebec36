// SPDX-License-Identifier: Apache-2.0
// What is in a review queue, and how far it is.
#include <algorithm>

#include "evaluation/queues.h"
#include "queue_rows.h"
#include "support.h"

namespace slipway::evaluation {
namespace {

using store::Connection;
using store::Row;

constexpr std::size_t kItemLimit = 50;
constexpr std::string_view kSelect =
    "SELECT queue_id, item_id, status, completed_by, completed, created, updated "
    "FROM evaluation_queue_item ";

std::string name_of(ReviewStatus status) {
  switch (status) {
    case ReviewStatus::pending:
      return "pending";
    case ReviewStatus::complete:
      return "complete";
    case ReviewStatus::declined:
      return "declined";
  }
  return "pending";
}

QueueItem from_row(const Row& row) {
  QueueItem out;
  out.queue = row.text(0);
  out.item = row.text(1);
  if (row.text(2) == "complete") out.status = ReviewStatus::complete;
  if (row.text(2) == "declined") out.status = ReviewStatus::declined;
  out.completed_by = row.maybe_text(3);
  if (const auto at = row.maybe_int64(4)) out.completed = Timestamp{*at};
  out.created = Timestamp{row.int64(5)};
  out.updated = Timestamp{row.int64(6)};
  return out;
}

Result<std::optional<QueueItem>> find(Connection& c, const std::string& queue,
                                      const std::string& item) {
  return c.first(std::string(kSelect) + "WHERE queue_id = ? AND item_id = ?", {queue, item},
                 from_row);
}

}  // namespace

Result<std::vector<std::string>> checked_items(const std::vector<std::string>& items) {
  if (items.empty()) return invalid("'item_ids' must be a non-empty list");
  std::vector<std::string> out;
  for (const auto& item : items) {
    std::string trimmed(trim(item));
    SW_CHECK_OK(check_text("item_ids", trimmed, kItemLimit));
    if (std::find(out.begin(), out.end(), trimmed) == out.end()) out.push_back(std::move(trimmed));
  }
  return out;
}

Result<void> take_item(Connection& c, const std::string& queue, const QueueItem& item) {
  const auto completed = item.completed ? store::Cell(item.completed->ms) : store::Cell(nullptr);
  SW_CHECK_OK(
      c.exec("INSERT INTO evaluation_queue_item (queue_id, item_id, status, completed_by, "
             "completed, created, updated) VALUES (?, ?, ?, ?, ?, ?, ?) "
             "ON CONFLICT (queue_id, item_id) DO UPDATE SET status = excluded.status, "
             "completed_by = excluded.completed_by, completed = excluded.completed, "
             "updated = excluded.updated",
             {queue, item.item, name_of(item.status), cell_of(item.completed_by), completed,
              item.created.ms, item.updated.ms}));
  return {};
}

Result<std::vector<QueueItem>> Queues::add_items(const std::string& id,
                                                 const std::vector<std::string>& items) {
  SW_TRY(const auto wanted, checked_items(items));
  const auto now = parts_.clock.now();
  return parts_.db.write([&](Connection& c) -> Result<std::vector<QueueItem>> {
    SW_CHECK_OK(load_queue(c, id));
    std::vector<QueueItem> out;
    for (const auto& item : wanted) {
      SW_CHECK_OK(
          c.exec("INSERT INTO evaluation_queue_item (queue_id, item_id, status, created, "
                 "updated) VALUES (?, ?, 'pending', ?, ?) "
                 "ON CONFLICT (queue_id, item_id) DO NOTHING",
                 {id, item, now.ms, now.ms}));
      SW_TRY(auto found, find(c, id, item));
      if (found) out.push_back(*std::move(found));
    }
    return out;
  });
}

Result<void> Queues::remove_items(const std::string& id, const std::vector<std::string>& items) {
  SW_TRY(const auto wanted, checked_items(items));
  return parts_.db.write([&](Connection& c) -> Result<void> {
    SW_CHECK_OK(load_queue(c, id));
    for (const auto& item : wanted) {
      SW_CHECK_OK(c.exec("DELETE FROM evaluation_queue_item WHERE queue_id = ? AND item_id = ?",
                         {id, item}));
    }
    return {};
  });
}

Result<Page<QueueItem>> Queues::items(const std::string& id, std::optional<ReviewStatus> status,
                                      const PageRequest& page) const {
  SW_TRY(const auto offset, offset_of(page));
  SW_CHECK_OK(get(id));
  store::Cells cells = {id};
  std::string where = "WHERE queue_id = ? ";
  if (status) {
    where += "AND status = ? ";
    cells.emplace_back(name_of(*status));
  }
  cells.emplace_back(limit_of(page));
  cells.emplace_back(offset);
  SW_TRY(auto found, parts_.db.read([&](Connection& c) {
    return c.all(std::string(kSelect) + where + "ORDER BY created DESC, item_id LIMIT ? OFFSET ?",
                 cells, from_row);
  }));
  return page_of(std::move(found), page, offset);
}

Result<QueueItem> Queues::set_status(const std::string& id, const std::string& item,
                                     ReviewStatus status, const std::optional<std::string>& by) {
  const auto who = by ? std::optional(normal_user(*by)) : std::nullopt;
  if (status == ReviewStatus::pending && who) {
    return invalid("'completed_by' must not be set when reopening an item to 'pending'");
  }
  if (status != ReviewStatus::pending) {
    if (!who || who->empty()) return invalid("'completed_by' is required");
    SW_CHECK_OK(check_text("completed_by", *who, kUserLimit));
  }
  const std::string wanted(trim(item));
  return parts_.db.write([&](Connection& c) -> Result<QueueItem> {
    SW_CHECK_OK(load_queue(c, id));
    SW_TRY(auto found, find(c, id, wanted));
    if (!found) {
      return not_found("item '" + wanted.substr(0, 100) + "' is not attached to review queue '" +
                       id + "'");
    }
    if (found->status == status) return *std::move(found);
    const auto now = parts_.clock.now();
    found->status = status;
    found->updated = now;
    found->completed_by = who;
    found->completed = who ? std::optional(now) : std::nullopt;
    SW_CHECK_OK(
        c.exec("UPDATE evaluation_queue_item SET status = ?, completed_by = ?, "
               "completed = ?, updated = ? WHERE queue_id = ? AND item_id = ?",
               {name_of(status), cell_of(who), who ? store::Cell(now.ms) : store::Cell(nullptr),
                now.ms, id, wanted}));
    return *std::move(found);
  });
}

}  // namespace slipway::evaluation
