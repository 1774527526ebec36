// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "arrays.h"
#include "latest.h"
#include "rows.h"

namespace slipway::tracking {
namespace {

using store::Blob;
using store::Cells;
using store::Connection;
using store::Row;
using Points = std::vector<KeyedPoint>;
using Numbers = std::vector<std::int64_t>;

// A report of more metrics than this makes its run a wide one, as do so many rows of the run when
// the report is not a small one.
constexpr std::size_t kManyMetrics = 64;
constexpr std::size_t kSomeMetrics = 16;
constexpr std::int64_t kRunsOfPiece = 256;

// The latest is the greatest by step, time and value, and NaN is less than any number.
#define SET_LATEST                                                             \
  " ON CONFLICT (run, metric) DO UPDATE SET step = excluded.step,"             \
  " step_part = excluded.step_part, at = excluded.at, value = excluded.value," \
  " kind = excluded.kind"                                                      \
  " WHERE (excluded.step, excluded.step_part, excluded.at,"                    \
  "        CASE excluded.kind WHEN 1 THEN 0 ELSE 1 END, excluded.value)"       \
  " > (latest_metrics.step, latest_metrics.step_part, latest_metrics.at,"      \
  "    CASE latest_metrics.kind WHEN 1 THEN 0 ELSE 1 END, latest_metrics.value)"
constexpr auto kSetLatest =
    "INSERT INTO latest_metrics (run, metric, step, step_part, at, value, kind)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)" SET_LATEST;
// PostgreSQL: one statement for any number of metrics.
constexpr auto kSetManyLatest =
    "INSERT INTO latest_metrics (run, metric, step, step_part, at, value, kind)"
    " SELECT * FROM unnest(?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[],"
    " ?::double precision[], ?::smallint[])" SET_LATEST;
#undef SET_LATEST

constexpr auto kBlocksOfRun =
    "SELECT run, first, data FROM latest_blocks WHERE run = ? AND first BETWEEN ? AND ?";
constexpr auto kBlocksOfRuns =
    "SELECT b.run, b.first, b.data FROM unnest(?::bigint[], ?::bigint[]) AS v (run, first)"
    " JOIN latest_blocks b ON b.run = v.run AND b.first = v.first";
#define SET_BLOCK " ON CONFLICT (run, first) DO UPDATE SET data = excluded.data"
constexpr auto kSetBlock =
    "INSERT INTO latest_blocks (run, first, data) VALUES (?, ?, ?)" SET_BLOCK;
constexpr auto kSetManyBlocks =
    "INSERT INTO latest_blocks (run, first, data)"
    " SELECT * FROM unnest(?::bigint[], ?::bigint[], ?::bytea[])" SET_BLOCK;
#undef SET_BLOCK

// The next runs that have blocks, each with the one that is asked for, if it has that.
constexpr auto kNextRuns =
    "WITH RECURSIVE next_run (run, n) AS (SELECT MIN(run), 1 FROM latest_blocks WHERE run > ?"
    " UNION ALL SELECT (SELECT MIN(b.run) FROM latest_blocks b WHERE b.run > next_run.run), n + 1"
    " FROM next_run WHERE run IS NOT NULL AND n < ?)"
    " SELECT s.run, b.data FROM next_run s LEFT JOIN latest_blocks b ON b.run = s.run"
    " AND b.first = ? WHERE s.run IS NOT NULL ORDER BY s.run";

struct AddCell {
  ArrayText& out;
  void operator()(std::int64_t n) const { out.add(n); }
  void operator()(double x) const { out.add(x); }
  template <class Other>
  void operator()(const Other&) const {
    SW_ASSERT(false);
  }
};

// Rows to columns, each a text that PostgreSQL reads as an array.
Cells arrays_of(const std::vector<Cells>& rows) {
  Cells out;
  for (std::size_t column = 0; column < rows.front().size(); ++column) {
    ArrayText array;
    for (const auto& row : rows) std::visit(AddCell{array}, row[column]);
    out.emplace_back(array.str());
  }
  return out;
}

Result<void> set_rows(Connection& db, const std::vector<Cells>& rows) {
  constexpr std::size_t kFew = 3;
  if (rows.empty()) return {};
  if (db.dialect() == store::Dialect::sqlite) return db.exec_many(kSetLatest, rows);
  if (rows.size() >= kFew) return db.exec_later(kSetManyLatest, arrays_of(rows));
  for (const auto& row : rows) SW_CHECK_OK(db.exec_later(kSetLatest, row));
  return {};
}

Cells latest_row(std::int64_t run, const KeyedPoint& keyed) {
  const auto& point = keyed.point;
  const auto [value, kind] = to_stored(point.value);
  return {run, keyed.metric, point.step.whole(), point.step.part(), point.at.ms, value, kind};
}

// Whether numbers that are asked for in ascending order are in a list that ascends too.
class Among {
 public:
  explicit Among(const Numbers& list) : list_(list), next_(list.begin()) {}

  bool has(std::int64_t number) {
    while (next_ != list_.end() && *next_ < number) ++next_;
    return next_ != list_.end() && *next_ == number;
  }

 private:
  const Numbers& list_;
  Numbers::const_iterator next_;
};

void sort_once(Numbers& numbers) {
  if (!std::is_sorted(numbers.begin(), numbers.end())) std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
}

// The last of each metric.
Points latest_among(const Points& points) {
  Points out;
  for (const auto& keyed : points) {
    if (out.empty() || out.back().metric != keyed.metric) {
      out.push_back(keyed);
    } else if (outranks(keyed.point, out.back().point)) {
      out.back() = keyed;
    }
  }
  return out;
}

Result<bool> has_many_rows(Connection& db, std::int64_t run) {
  SW_TRY(const auto rows,
         db.first("SELECT COUNT(*) FROM (SELECT 1 FROM latest_metrics WHERE run = ? LIMIT ?) t",
                  {run, static_cast<std::int64_t>(kManyMetrics + 1)},
                  [](const Row& row) { return row.int64(0); }));
  return rows.value_or(0) > static_cast<std::int64_t>(kManyMetrics);
}

// Moves the metrics of wide runs to blocks, unless a search has named them.
Result<void> choose_places(Connection& db, const PointsByRun& latest, Placed& placed,
                           MetricKeys::Learned& learned) {
  for (const auto& [run, points] : latest) {
    Numbers metrics;
    Among in_blocks(placed.in_blocks);
    Among searched(placed.searched);
    for (const auto& keyed : points) {
      if (!in_blocks.has(keyed.metric) && !searched.has(keyed.metric)) {
        metrics.push_back(keyed.metric);
      }
    }
    if (metrics.size() < kSomeMetrics) continue;
    bool wide = metrics.size() > kManyMetrics;
    if (!wide) {
      SW_TRY(wide, has_many_rows(db, run));
    }
    if (!wide) continue;
    SW_TRY(const auto numbers, prefer_blocks(db, metrics));
    for (const auto& [name, number] : numbers) {
      placed.add(number);
      learned.numbers.insert_or_assign(name, number);
    }
    sort_once(placed.in_blocks);
    sort_once(placed.searched);
  }
  return {};
}

using BlockKey = std::pair<std::int64_t, std::int64_t>;  // run, first metric
using Blocks = std::map<BlockKey, Points>;

// The bytes of those that are there.
Result<std::map<BlockKey, std::string>> present_blocks(Connection& db, const Blocks& blocks) {
  std::map<BlockKey, std::string> out;
  const auto take = [&](const Row& row) {
    out.emplace(BlockKey{row.int64(0), row.int64(1)}, row.text(2));
    return true;
  };
  if (db.dialect() == store::Dialect::postgres) {
    ArrayText runs;
    ArrayText firsts;
    for (const auto& [key, points] : blocks) {
      runs.add(key.first);
      firsts.add(key.second);
    }
    SW_CHECK_OK(db.query(kBlocksOfRuns, {runs.str(), firsts.str()}, take));
    return out;
  }
  for (auto from = blocks.begin(); from != blocks.end();) {
    auto last = from;
    auto to = from;
    for (; to != blocks.end() && to->first.first == from->first.first; ++to) last = to;
    SW_CHECK_OK(
        db.query(kBlocksOfRun, {from->first.first, from->first.second, last->first.second}, take));
    from = to;
  }
  return out;
}

Result<void> set_blocks(Connection& db, const Blocks& blocks) {
  SW_TRY(const auto present, present_blocks(db, blocks));
  std::vector<Cells> rows;
  ArrayText runs;
  ArrayText firsts;
  ArrayText datas;
  for (const auto& [key, points] : blocks) {
    std::string data;
    if (const auto found = present.find(key); found != present.end()) {
      Points before;
      SW_CHECK_OK(decode(found->second, before));
      const auto all = last_of(before, points);
      data = encode(all.data(), all.size());
      if (data == found->second) continue;
    } else {
      data = encode(points.data(), points.size());
    }
    if (db.dialect() == store::Dialect::sqlite) {
      rows.push_back({key.first, key.second, Blob{std::move(data)}});
    } else {
      runs.add(key.first);
      firsts.add(key.second);
      datas.add_bytes(data);
    }
  }
  if (db.dialect() == store::Dialect::sqlite) return db.exec_many(kSetBlock, rows);
  return db.exec_later(kSetManyBlocks, {runs.str(), firsts.str(), datas.str()});
}

}  // namespace

void Placed::add(const MetricKeys::Number& number) {
  if (number.place == Place::blocks) {
    in_blocks.push_back(number.id);
  } else if (number.place != Place::rows) {
    searched.push_back(number.id);
  }
}

Result<void> set_latest(Connection& db, const PointsByRun& points, Placed placed,
                        const MetricKeys& keys, MetricKeys::Learned& learned) {
  sort_once(placed.in_blocks);
  sort_once(placed.searched);
  PointsByRun latest;
  for (const auto& [run, of_run] : points) latest.emplace(run, latest_among(of_run));
  SW_CHECK_OK(choose_places(db, latest, placed, learned));
  if (!placed.in_blocks.empty()) {
    SW_CHECK_OK(keys.remove_moved(db, placed.in_blocks, learned));
  }
  std::vector<Cells> rows;
  Blocks blocks;
  for (const auto& [run, of_run] : latest) {
    Points* block = nullptr;
    std::int64_t first = -1;
    Among in_blocks(placed.in_blocks);
    for (const auto& keyed : of_run) {
      if (!in_blocks.has(keyed.metric)) {
        rows.push_back(latest_row(run, keyed));
        continue;
      }
      if (block == nullptr || block_of(keyed.metric) != first) {
        first = block_of(keyed.metric);
        block = &blocks[{run, first}];
      }
      block->push_back(keyed);
    }
  }
  SW_CHECK_OK(set_rows(db, rows));
  return blocks.empty() ? Result<void>{} : set_blocks(db, blocks);
}

Points last_of(const Points& a, const Points& b) {
  Points out;
  out.reserve(a.size() + b.size());
  auto other = b.begin();
  for (const auto& keyed : a) {
    for (; other != b.end() && other->metric < keyed.metric; ++other) out.push_back(*other);
    const bool both = other != b.end() && other->metric == keyed.metric;
    out.push_back(both && outranks(other->point, keyed.point) ? *other : keyed);
    if (both) ++other;
  }
  out.insert(out.end(), other, b.end());
  return out;
}

namespace {

// Writers leave the blocks alone from here on.
Result<void> begin_move(Connection& db, std::int64_t metric) {
  SW_TRY(const auto begun,
         db.exec("UPDATE metric_keys SET place = 2 WHERE id = ? AND place = 1", {metric}));
  if (begun == 0) return {};
  SW_CHECK_OK(db.exec("INSERT INTO metric_moves (metric, reached) VALUES (?, 0)", {metric}));
  return {};
}

struct Move {
  std::int64_t seq = 0;
  std::int64_t reached = 0;
};

// True when nothing is left.
Result<bool> move_piece(Connection& db, std::int64_t metric) {
  SW_TRY(
      const auto move,
      db.first("SELECT m.seq, m.reached FROM metric_moves m JOIN metric_keys k ON k.id = m.metric"
               " WHERE m.metric = ? AND k.place = 2",
               {metric}, [](const Row& row) {
                 return Move{row.int64(0), row.int64(1)};
               }));
  if (!move) return true;
  std::vector<Cells> rows;
  auto reached = move->reached;
  std::int64_t runs = 0;
  Result<void> good;
  SW_CHECK_OK(db.query(kNextRuns, {reached, kRunsOfPiece, block_of(metric)}, [&](const Row& row) {
    ++runs;
    reached = std::max(reached, row.int64(0));
    if (row.is_null(1)) return true;
    std::vector<Point> found;
    good = decode(row.text(1), metric, found);
    for (const auto& point : found) rows.push_back(latest_row(row.int64(0), {metric, point}));
    return good.ok();
  }));
  SW_CHECK_OK(std::move(good));
  SW_CHECK_OK(set_rows(db, rows));
  SW_CHECK_OK(db.exec("UPDATE metric_moves SET reached = ? WHERE seq = ?", {reached, move->seq}));
  if (runs == kRunsOfPiece) return false;
  SW_CHECK_OK(db.exec("UPDATE metric_keys SET place = 3 WHERE id = ?", {metric}));
  return true;
}

}  // namespace

Result<void> make_rows(store::Database& db, std::int64_t metric) {
  SW_CHECK_OK(db.write([&](Connection& c) { return begin_move(c, metric); }));
  for (bool done = false; !done;) {
    SW_TRY(done, db.write([&](Connection& c) { return move_piece(c, metric); }));
  }
  return {};
}

}  // namespace slipway::tracking
