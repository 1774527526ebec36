// SPDX-License-Identifier: Apache-2.0
#include "marks_sql.h"

#include "transfer/forget.h"

namespace slipway::transfer {
namespace {

constexpr auto kFind = "SELECT mark FROM transfer_marks WHERE source = ? AND kind = ? AND id = ?";
constexpr auto kSet =
    "INSERT INTO transfer_marks (source, kind, id, mark) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (source, kind, id) DO UPDATE SET mark = excluded.mark";

// Sources by skipping from one to the next in the index.
Result<std::vector<std::string>> sources_in(store::Connection& db) {
  std::vector<std::string> out;
  for (std::string last;;) {
    SW_TRY(const auto next,
           db.first("SELECT source FROM transfer_marks WHERE source > ? ORDER BY source LIMIT 1",
                    {last}, [](const store::Row& row) { return std::string(row.text(0)); }));
    if (!next) return out;
    out.push_back(last = *next);
  }
}

}  // namespace

Result<void> forget(store::Connection& db, Owner owner, const std::string& id) {
  const std::string kind = owner == Owner::run ? "run" : "logged_model";
  const auto files = (owner == Owner::run ? "run/" : "model/") + id;
  SW_TRY(const auto sources, sources_in(db));
  for (const auto& source : sources) {
    SW_CHECK_OK(db.exec("DELETE FROM transfer_marks WHERE source = ? AND kind = ? AND id = ?",
                        {source, kind, id}));
    // '0' follows '/'.
    SW_CHECK_OK(
        db.exec("DELETE FROM transfer_marks WHERE source = ? AND kind = 'file' AND id >= ?"
                " AND id < ?",
                {source, files + "/", files + "0"}));
  }
  return {};
}

Result<void> forget_experiment(store::Connection& db, const std::string& id) {
  SW_TRY(const auto sources, sources_in(db));
  for (const auto& source : sources) {
    SW_CHECK_OK(
        db.exec("DELETE FROM transfer_marks WHERE source = ? AND kind = 'experiment_state'"
                " AND id IN (SELECT id FROM transfer_marks WHERE source = ? AND"
                " kind = 'experiment' AND mark = ?)",
                {source, source, id}));
    SW_CHECK_OK(
        db.exec("DELETE FROM transfer_marks WHERE source = ? AND kind = 'experiment' AND mark = ?",
                {source, id}));
  }
  return {};
}

Result<std::optional<std::string>> mark_of(store::Connection& db, const std::string& source,
                                           const std::string& kind, const std::string& id) {
  return db.first(kFind, {source, kind, id},
                  [](const store::Row& row) { return std::string(row.text(0)); });
}

Result<std::map<std::string, std::string>> marks_of(store::Connection& db,
                                                    const std::string& source,
                                                    const std::string& kind,
                                                    const std::vector<std::string>& ids) {
  std::map<std::string, std::string> out;
  for (const auto& id : ids) {
    SW_TRY(auto mark, mark_of(db, source, kind, id));
    if (mark) out.emplace(id, *std::move(mark));
  }
  return out;
}

Result<void> set_mark(store::Connection& db, const std::string& source, const MarkRecord& mark) {
  SW_CHECK_OK(db.exec(kSet, {source, mark.kind, mark.id, mark.mark}));
  return {};
}

}  // namespace slipway::transfer
