// SPDX-License-Identifier: Apache-2.0
#include "marks_sql.h"

namespace slipway::transfer {
namespace {

constexpr auto kFind = "SELECT mark FROM transfer_marks WHERE source = ? AND kind = ? AND id = ?";
constexpr auto kSet =
    "INSERT INTO transfer_marks (source, kind, id, mark) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (source, kind, id) DO UPDATE SET mark = excluded.mark";

}  // namespace

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
