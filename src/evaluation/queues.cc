// SPDX-License-Identifier: Apache-2.0
#include "evaluation/queues.h"

#include <algorithm>

#include "evaluation/intake.h"
#include "queue_rows.h"
#include "support.h"

namespace slipway::evaluation {
namespace {

using store::Connection;
using store::Row;

constexpr std::size_t kNameLimit = 250;
constexpr std::size_t kIdLimit = 36;
constexpr std::size_t kUsersLimit = 10;
constexpr std::string_view kSelect =
    "SELECT id, experiment_id, name, kind, owner, created, updated FROM evaluation_queue ";

ReviewQueue from_row(const Row& row) {
  return {.id = std::string(row.text(0)),
          .experiment = std::string(row.text(1)),
          .name = std::string(row.text(2)),
          .personal = row.text(3) == "user",
          .owner = row.maybe_text(4),
          .created = Timestamp{row.int64(5)},
          .updated = Timestamp{row.int64(6)}};
}

Result<void> load_lists(Connection& c, ReviewQueue& queue) {
  SW_TRY(queue.users,
         c.all("SELECT reviewer FROM evaluation_queue_user WHERE queue_id = ? ORDER BY reviewer",
               {queue.id}, text_of));
  SW_TRY(queue.questions, c.all("SELECT question_id FROM evaluation_queue_question WHERE "
                                "queue_id = ? ORDER BY question_id",
                                {queue.id}, text_of));
  return {};
}

void add_once(std::vector<std::string>& out, std::string item) {
  if (std::find(out.begin(), out.end(), item) == out.end()) out.push_back(std::move(item));
}

Result<std::vector<std::string>> checked_users(const std::vector<std::string>& users) {
  std::vector<std::string> out;
  for (const auto& user : users) {
    auto normal = normal_user(user);
    SW_CHECK_OK(check_text("users", normal, kUserLimit));
    add_once(out, std::move(normal));
  }
  if (out.size() > kUsersLimit) return invalid("a review queue can have at most 10 users");
  return out;
}

Result<std::vector<std::string>> checked_questions(const std::vector<std::string>& ids) {
  std::vector<std::string> out;
  for (const auto& id : ids) {
    std::string trimmed(trim(id));
    SW_CHECK_OK(check_text("schema_ids", trimmed, kIdLimit));
    add_once(out, std::move(trimmed));
  }
  return out;
}

Result<std::string> checked_name(const std::string& name) {
  std::string out(trim(name));
  SW_CHECK_OK(check_text("name", out, kNameLimit));
  if (!equal_ignoring_case(out, "default")) return out;
  return invalid("'" + out + "' is a reserved queue name");
}

Result<void> put_users(Connection& c, const ReviewQueue& queue) {
  SW_CHECK_OK(c.exec("DELETE FROM evaluation_queue_user WHERE queue_id = ?", {queue.id}));
  for (const auto& user : queue.users) {
    SW_CHECK_OK(c.exec("INSERT INTO evaluation_queue_user (queue_id, reviewer) VALUES (?, ?)",
                       {queue.id, user}));
  }
  return {};
}

Result<void> put_questions(Connection& c, const ReviewQueue& queue) {
  SW_CHECK_OK(c.exec("DELETE FROM evaluation_queue_question WHERE queue_id = ?", {queue.id}));
  for (const auto& id : queue.questions) {
    SW_TRY(const auto found,
           c.first("SELECT id FROM evaluation_question WHERE id = ? AND experiment_id = ?",
                   {id, queue.experiment}, text_of));
    if (!found) {
      return invalid("label schema '" + id + "' not found for experiment '" + queue.experiment +
                     "'");
    }
    SW_CHECK_OK(
        c.exec("INSERT INTO evaluation_queue_question (queue_id, question_id) VALUES (?, ?)",
               {queue.id, id}));
  }
  return {};
}

Error taken(const std::string& name) {
  return already_exists("review queue with name '" + name +
                        "' already exists (names are case-insensitive)");
}

// Everything about a queue that is to be made; a personal one has its user's name and no questions.
Result<ReviewQueue> checked(ReviewQueue queue) {
  SW_TRY(queue.users, checked_users(queue.users));
  SW_TRY(queue.questions, checked_questions(queue.questions));
  if (!queue.personal) {
    SW_TRY(queue.name, checked_name(queue.name));
    return queue;
  }
  queue.name = normal_user(queue.name);
  SW_CHECK_OK(check_text("name", queue.name, kNameLimit));
  if (queue.users.empty()) queue.users = {queue.name};
  if (queue.users != std::vector<std::string>{queue.name}) {
    return invalid("a user queue must have exactly one assigned user, equal to its name");
  }
  if (!queue.questions.empty()) {
    return invalid("a user queue cannot have label schemas of its own");
  }
  return queue;
}

}  // namespace

std::string normal_user(std::string_view user) {
  return to_lower(trim(user));
}

Result<ReviewQueue> load_queue(Connection& c, const std::string& id) {
  SW_TRY(auto found, c.first(std::string(kSelect) + "WHERE id = ?", {id}, from_row));
  if (!found) return not_found("review queue with id '" + id.substr(0, 100) + "' not found");
  SW_CHECK_OK(load_lists(c, *found));
  return *std::move(found);
}

Result<void> take_queue(Connection& c, const ReviewQueue& queue,
                        const std::vector<QueueItem>& items) {
  if (queue.id.empty() || queue.name.empty()) return invalid("a review queue has no id or no name");
  const auto key = to_lower(queue.name);
  SW_TRY(const auto same,
         c.first("SELECT id FROM evaluation_queue WHERE id = ? OR (experiment_id = ? AND "
                 "name_key = ?)",
                 {queue.id, queue.experiment, key}, text_of));
  const auto id = same.value_or(queue.id);
  SW_CHECK_OK(
      same ? c.exec("UPDATE evaluation_queue SET name = ?, name_key = ?, owner = ?, "
                    "updated = ? WHERE id = ?",
                    {queue.name, key, cell_of(queue.owner), queue.updated.ms, id})
           : c.exec("INSERT INTO evaluation_queue (id, experiment_id, name, name_key, "
                    "kind, owner, created, updated) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    {id, queue.experiment, queue.name, key, queue.personal ? "user" : "custom",
                     cell_of(queue.owner), queue.created.ms, queue.updated.ms}));
  for (const auto& user : queue.users) {
    SW_CHECK_OK(
        c.exec("INSERT INTO evaluation_queue_user (queue_id, reviewer) VALUES (?, ?) "
               "ON CONFLICT DO NOTHING",
               {id, normal_user(user)}));
  }
  for (const auto& question : queue.questions) {
    SW_CHECK_OK(
        c.exec("INSERT INTO evaluation_queue_question (queue_id, question_id) "
               "VALUES (?, ?) ON CONFLICT DO NOTHING",
               {id, question}));
  }
  for (const auto& item : items) SW_CHECK_OK(take_item(c, id, item));
  return {};
}

Result<ReviewQueue> Queues::create(ReviewQueue wanted) {
  SW_TRY(auto queue, checked(std::move(wanted)));
  SW_CHECK_OK(parts_.check_experiment(queue.experiment));
  queue.id = "rq-" + parts_.ids.hex32();
  queue.created = queue.updated = parts_.clock.now();
  const auto made = parts_.db.write([&](Connection& c) -> Result<ReviewQueue> {
    const auto inserted = c.exec(
        "INSERT INTO evaluation_queue (id, experiment_id, name, name_key, kind, owner, "
        "created, updated) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        {queue.id, queue.experiment, queue.name, to_lower(queue.name),
         queue.personal ? "user" : "custom", cell_of(queue.owner), queue.created.ms,
         queue.updated.ms});
    if (!inserted) return inserted.error();
    SW_CHECK_OK(put_users(c, queue));
    SW_CHECK_OK(put_questions(c, queue));
    return load_queue(c, queue.id);
  });
  if (!made && made.error().code == Code::already_exists) return taken(queue.name);
  return made;
}

Result<ReviewQueue> Queues::of_user(const std::string& experiment, const std::string& user) {
  const auto name = normal_user(user);
  auto made = create({.experiment = experiment, .name = name, .personal = true, .owner = name});
  if (made || made.error().code != Code::already_exists) return made;
  SW_TRY(auto found, by_name(experiment, name));
  if (found.personal) return found;
  return already_exists("a queue named '" + name + "' exists that is not a user's own");
}

Result<ReviewQueue> Queues::get(const std::string& id) const {
  return parts_.db.read([&](Connection& c) { return load_queue(c, id); });
}

Result<ReviewQueue> Queues::by_name(const std::string& experiment, const std::string& name) const {
  SW_CHECK_OK(parts_.check_experiment(experiment));
  SW_TRY(const auto id, parts_.db.read([&](Connection& c) {
    return c.first("SELECT id FROM evaluation_queue WHERE experiment_id = ? AND name_key = ?",
                   {experiment, to_lower(name)}, text_of);
  }));
  if (id) return get(*id);
  return not_found("review queue with name '" + name.substr(0, 100) +
                   "' not found for experiment '" + experiment + "'");
}

Result<Page<ReviewQueue>> Queues::list(const std::string& experiment, const QueueFilter& filter,
                                       const PageRequest& page) const {
  SW_TRY(const auto offset, offset_of(page));
  SW_CHECK_OK(parts_.check_experiment(experiment));
  std::string where = "WHERE experiment_id = ? ";
  store::Cells cells = {experiment};
  if (filter.user) {
    where += "AND id IN (SELECT queue_id FROM evaluation_queue_user WHERE reviewer = ?) ";
    cells.emplace_back(normal_user(*filter.user));
  }
  if (filter.item) {
    where += "AND id IN (SELECT queue_id FROM evaluation_queue_item WHERE item_id = ?) ";
    cells.emplace_back(*filter.item);
  }
  cells.emplace_back(limit_of(page));
  cells.emplace_back(offset);
  SW_TRY(auto found, parts_.db.read([&](Connection& c) -> Result<std::vector<ReviewQueue>> {
    SW_TRY(auto queues,
           c.all(std::string(kSelect) + where + "ORDER BY created DESC, id LIMIT ? OFFSET ?", cells,
                 from_row));
    for (auto& queue : queues) SW_CHECK_OK(load_lists(c, queue));
    return queues;
  }));
  return page_of(std::move(found), page, offset);
}

Result<ReviewQueue> Queues::change(const std::string& id, const QueueChange& change) {
  SW_TRY(auto queue, get(id));
  if (queue.personal) return invalid("a user queue cannot be changed");
  if (change.owner) {
    queue.owner = std::string(trim(*change.owner));
    SW_CHECK_OK(check_text("new_owner", *queue.owner, kUserLimit));
  }
  if (change.name) {
    SW_TRY(queue.name, checked_name(*change.name));
  }
  if (change.users) {
    SW_TRY(queue.users, checked_users(*change.users));
  }
  if (change.questions) {
    SW_TRY(queue.questions, checked_questions(*change.questions));
  }
  if (!change.owner && !change.name && !change.users && !change.questions) return queue;
  queue.updated = parts_.clock.now();
  const auto changed = parts_.db.write([&](Connection& c) -> Result<ReviewQueue> {
    SW_CHECK_OK(
        c.exec("UPDATE evaluation_queue SET name = ?, name_key = ?, owner = ?, "
               "updated = ? WHERE id = ?",
               {queue.name, to_lower(queue.name), cell_of(queue.owner), queue.updated.ms, id}));
    if (change.users) SW_CHECK_OK(put_users(c, queue));
    if (change.questions) {
      SW_TRY(const auto item,
             c.first("SELECT item_id FROM evaluation_queue_item WHERE queue_id = ? LIMIT 1", {id},
                     text_of));
      if (item) {
        return invalid("a review queue's questions are locked once items are assigned to it",
                       "remove the items before changing its questions");
      }
      SW_CHECK_OK(put_questions(c, queue));
    }
    return load_queue(c, id);
  });
  if (!changed && changed.error().code == Code::already_exists) return taken(queue.name);
  return changed;
}

Result<void> Queues::remove(const std::string& id) {
  return parts_.db.write([&](Connection& c) -> Result<void> {
    SW_CHECK_OK(c.exec("DELETE FROM evaluation_queue WHERE id = ?", {id}));
    return {};
  });
}

}  // namespace slipway::evaluation
