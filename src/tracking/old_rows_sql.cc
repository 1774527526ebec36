// SPDX-License-Identifier: Apache-2.0
// Moves what older versions stored, a row a point, into blocks: at the first start, a piece a
// transaction, so that an interrupted move goes on where it was.
#include "old_rows_sql.h"

#include <algorithm>

#include "base/log.h"
#include "chunks_sql.h"
#include "rows.h"

namespace slipway::tracking {
namespace {

using store::Cells;
using store::Connection;
using store::Row;

constexpr std::int64_t kPiece = 1 << 17;
constexpr auto kSome =
    "SELECT run, metric, step, at, value, kind FROM metrics"
    " ORDER BY run, metric, step, at, value, kind LIMIT ?";
constexpr auto kRemove =
    "DELETE FROM metrics WHERE (run, metric, step, at, value, kind) <= (?, ?, ?, ?, ?, ?)";

struct Moved {
  std::int64_t run = 0;
  KeyedPoint keyed;
};

Result<std::int64_t> move_some(Connection& db) {
  Cells last;
  SW_TRY(const auto rows, db.all(kSome, {kPiece}, [&](const Row& row) {
    last = {row.int64(0), row.int64(1), row.int64(2), row.int64(3), row.real(4), row.int64(5)};
    const Point point{from_stored(row.real(4), row.int64(5)), {row.int64(3)}, row.int64(2)};
    return Moved{row.int64(0), {row.int64(1), point}};
  }));
  for (std::size_t from = 0, to = 0; from < rows.size(); from = to) {
    std::vector<KeyedPoint> points;
    for (; to < rows.size() && rows[to].run == rows[from].run; ++to) {
      points.push_back(rows[to].keyed);
    }
    SW_CHECK_OK(compact(db, rows[from].run, std::move(points)));
  }
  if (!rows.empty()) SW_CHECK_OK(db.exec(kRemove, last));
  return static_cast<std::int64_t>(rows.size());
}

}  // namespace

Result<void> move_old_rows(store::Database& db) {
  SW_TRY(const auto there, db.read([](Connection& c) {
    return c.first("SELECT 1 FROM metrics LIMIT 1", {}, [](const Row&) { return true; });
  }));
  if (!there) return {};
  log::info("tracking.moving_metrics", {});
  std::int64_t total = 0;
  for (std::int64_t moved = kPiece; moved == kPiece; total += moved) {
    SW_TRY(moved, db.write(move_some));
  }
  log::info("tracking.moved_metrics", {{"points", total}});
  return {};
}

}  // namespace slipway::tracking
