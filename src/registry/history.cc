// SPDX-License-Identifier: Apache-2.0
#include "registry/history.h"

#include <iterator>
#include <utility>

#include "base/hash.h"
#include "base/text.h"
#include "paging.h"
#include "store/database.h"

namespace slipway::registry {
namespace {

using store::Cells;
using store::Connection;
using store::Row;

constexpr auto kInsert =
    "INSERT INTO registry_history (sequence, model_id, model, version, at, actor, action, "
    "from_value, to_value, reason, previous_hash, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
    "?)";
constexpr auto kColumns =
    "SELECT sequence, model, version, at, actor, action, from_value, to_value, reason, "
    "previous_hash, hash, model_id FROM registry_history ";
constexpr auto kHead = "SELECT sequence, hash FROM registry_history ORDER BY sequence DESC LIMIT 1";
constexpr auto kOfModel =
    "WHERE (model_id IN (SELECT id FROM registry_model WHERE name = ?) OR model = ?) "
    "AND (? = 0 OR version = ? OR (version = 0 AND action IN ('model.renamed', 'model.removed'))) "
    "ORDER BY sequence DESC LIMIT ? OFFSET ?";

constexpr auto kStates =
    "WHERE model_id IN (SELECT id FROM registry_model WHERE name = ? UNION "
    "SELECT model_id FROM registry_history WHERE model = ?) AND action IN "
    "('version.created', 'version.removed', 'model.removed', 'stage.set', 'alias.set', "
    "'alias.removed') ORDER BY model_id, sequence";
constexpr auto kCreation =
    "WHERE model_id IN (SELECT id FROM registry_model WHERE name = ?) AND version = ? AND "
    "action = 'version.created' ORDER BY sequence DESC LIMIT 1";

Change from_row(const Row& row) {
  return {.sequence = row.int64(0),
          .at = {row.int64(3)},
          .actor = std::string(row.text(4)),
          .action = std::string(row.text(5)),
          .model = std::string(row.text(1)),
          .version = row.int64(2),
          .from = std::string(row.text(6)),
          .to = std::string(row.text(7)),
          .reason = std::string(row.text(8)),
          .previous_hash = std::string(row.text(9)),
          .hash = std::string(row.text(10))};
}

// The text that an entry's hash stands for: the previous hash, a line feed, and a JSON array of
// the fields in this order. docs/formats/history.md.
std::string hash_of(const Change& entry, const std::string& model_id) {
  std::string text = entry.previous_hash + "\n[" + std::to_string(entry.sequence) + "," +
                     std::to_string(entry.at.ms) + "," + std::to_string(entry.version);
  for (const auto* field : {&model_id, &entry.model, &entry.actor, &entry.action, &entry.from,
                            &entry.to, &entry.reason}) {
    text += ',';
    append_json_string(text, *field);
  }
  return sha256_hex(text + "]");
}

}  // namespace

Result<void> History::append(Connection& connection, const std::string& model_id,
                             Change entry) const {
  SW_TRY(const auto head, connection.first(kHead, {}, [](const Row& row) {
    return std::pair(row.int64(0), std::string(row.text(1)));
  }));
  entry.sequence = head ? head->first + 1 : 1;
  entry.previous_hash = head ? head->second : std::string(64, '0');
  if (entry.at.ms == 0) entry.at = clock_.now();
  entry.hash = hash_of(entry, model_id);
  SW_CHECK_OK(connection.exec(kInsert, {entry.sequence, model_id, entry.model, entry.version,
                                        entry.at.ms, entry.actor, entry.action, entry.from,
                                        entry.to, entry.reason, entry.previous_hash, entry.hash}));
  return {};
}

Result<void> History::note(Connection& connection, Change entry) const {
  SW_TRY(const auto id,
         connection.first("SELECT id FROM registry_model WHERE name = ?", {entry.model},
                          [](const Row& row) { return std::string(row.text(0)); }));
  return append(connection, id.value_or(""), std::move(entry));
}

Result<void> History::note(Change entry) {
  return db_.write([&](Connection& connection) { return note(connection, entry); });
}

Result<Page<Change>> History::of(const std::string& model, std::int64_t version,
                                 const PageRequest& page) const {
  SW_TRY(const auto window, window_of(page));
  return db_.read([&](Connection& connection) -> Result<Page<Change>> {
    SW_TRY(auto items,
           connection.all(std::string(kColumns) + kOfModel,
                          {model, model, version, version, window.limit, window.offset}, from_row));
    return page_of(std::move(items), window);
  });
}

Result<std::vector<Period>> History::periods(const std::string& model) const {
  std::vector<std::pair<std::string, std::vector<Change>>> by_id;
  SW_CHECK_OK(db_.read([&](Connection& connection) {
    return connection.query(std::string(kColumns) + kStates, {model, model}, [&](const Row& row) {
      const std::string id(row.text(11));
      if (by_id.empty() || by_id.back().first != id) by_id.push_back({id, {}});
      by_id.back().second.push_back(from_row(row));
      return true;
    });
  }));
  std::vector<Period> out;
  for (const auto& [id, changes] : by_id) {
    auto some = periods_of(changes);
    out.insert(out.end(), std::make_move_iterator(some.begin()),
               std::make_move_iterator(some.end()));
  }
  return out;
}

Result<Change> History::creation(const VersionRef& ref) const {
  return db_.read([&](Connection& connection) -> Result<Change> {
    SW_TRY(auto found,
           connection.first(std::string(kColumns) + kCreation, {ref.model, ref.version}, from_row));
    return std::move(found).value_or(Change{});
  });
}

Result<ChainReport> History::verify() const {
  return db_.read([&](Connection& connection) -> Result<ChainReport> {
    ChainReport report{.head = std::string(64, '0')};
    const auto broken = [&](std::int64_t sequence, std::string why) {
      report.broken_at = sequence;
      report.detail = std::move(why);
      return false;
    };
    SW_CHECK_OK(
        connection.query(std::string(kColumns) + "ORDER BY sequence", {}, [&](const Row& row) {
          const auto entry = from_row(row);
          if (entry.sequence != report.entries + 1) {
            return broken(report.entries + 1,
                          "entry " + std::to_string(report.entries + 1) + " is missing");
          }
          if (entry.previous_hash != report.head) {
            return broken(entry.sequence, "it does not name the hash of the entry before it");
          }
          if (entry.hash != hash_of(entry, std::string(row.text(11)))) {
            return broken(entry.sequence, "its content is not what its hash was made of");
          }
          report.entries = entry.sequence;
          report.head = entry.hash;
          return true;
        }));
    return report;
  });
}

}  // namespace slipway::registry
