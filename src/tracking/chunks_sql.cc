// SPDX-License-Identifier: Apache-2.0
#include "chunks_sql.h"

#include <algorithm>
#include <map>

#include "arrays.h"

namespace slipway::tracking {
namespace {

using store::Blob;
using store::Cells;
using store::Connection;
using store::Row;

// A chunk is full with so many points; one metric's are worth a chunk from so many on.
constexpr std::size_t kFull = 4096;
constexpr std::size_t kWorthAChunk = 64;
// A tail of so many points takes shorter chunks, lest a run of very many metrics outgrow memory.
constexpr std::size_t kLongTail = 1 << 18;
constexpr std::size_t kWorthAShortChunk = 8;
// A report owes its points and something for its row; a tail is compacted when it owes that much.
constexpr std::int64_t kRowDebt = 32;
constexpr std::int64_t kDebtLimit = 16'384;
constexpr std::size_t kTailRow = 8192;  // points in a row that compaction leaves

// Runs that began together and report alike must not all be compacted by one commit.
std::int64_t debt_limit(std::int64_t run) {
  return kDebtLimit - run % 8 * (kDebtLimit / 16);
}

constexpr auto kAppend =
    "INSERT INTO metric_tail (run, seq, low, high, points, debt, data) VALUES (?,"
    " COALESCE((SELECT MAX(seq) FROM metric_tail WHERE run = ?), 0) + 1, ?, ?, ?,"
    " ? + COALESCE((SELECT debt FROM metric_tail WHERE run = ? ORDER BY seq DESC LIMIT 1), 0), ?)"
    " RETURNING debt";
constexpr auto kAppendMany =
    "INSERT INTO metric_tail (run, seq, low, high, points, debt, data)"
    " SELECT v.run, COALESCE((SELECT MAX(t.seq) FROM metric_tail t WHERE t.run = v.run), 0) + 1,"
    " v.low, v.high, v.points, v.owed + COALESCE((SELECT t.debt FROM metric_tail t"
    " WHERE t.run = v.run ORDER BY t.seq DESC LIMIT 1), 0), v.data"
    " FROM unnest(?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[], ?::bytea[])"
    " AS v (run, low, high, points, owed, data) RETURNING run, debt";
constexpr auto kAddTailRow =
    "INSERT INTO metric_tail (run, seq, low, high, points, debt, data) VALUES (?, ?, ?, ?, ?, ?,"
    " ?)";
constexpr auto kLastChunk =
    "SELECT id, points FROM metric_chunks WHERE run = ? AND metric = ? ORDER BY last_at DESC"
    " LIMIT 1";
constexpr auto kAddChunk =
    "INSERT INTO metric_chunks (run, metric, points, first_at, first_at_step, last_at,"
    " last_at_step, first_step, first_step_at, last_step, last_step_at, data)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

Spot time_spot(const Point& point) {
  return {point.at.ms, point.step.whole()};
}

Spot step_spot(const Point& point) {
  return {point.step.whole(), point.at.ms};
}

// `from` to `to` are in order of time.
template <class Iterator, class ToPoint>
std::pair<Span, Span> spans_of(Iterator from, Iterator to, ToPoint point) {
  Span time{time_spot(point(*from)), time_spot(point(*(to - 1)))};
  Span step{step_spot(point(*from)), step_spot(point(*from))};
  for (; from != to; ++from) {
    const auto spot = step_spot(point(*from));
    step.first = std::min(step.first, spot);
    step.last = std::max(step.last, spot);
  }
  return {time, step};
}

using Points = std::vector<KeyedPoint>;

Cells chunk_row(std::int64_t run, const KeyedPoint* points, std::size_t count) {
  const auto [time, step] =
      spans_of(points, points + count, [](const KeyedPoint& p) -> const Point& { return p.point; });
  return {run,
          points->metric,
          static_cast<std::int64_t>(count),
          time.first.first,
          time.first.second,
          time.last.first,
          time.last.second,
          step.first.first,
          step.first.second,
          step.last.first,
          step.last.second,
          Blob{encode(points, count)}};
}

Result<std::string> bytes_of(Connection& db, std::int64_t chunk) {
  SW_TRY(auto bytes, db.first("SELECT data FROM metric_chunks WHERE id = ?", {chunk},
                              [](const Row& row) { return std::string(row.text(0)); }));
  if (!bytes) return internal("the metric chunk " + std::to_string(chunk) + " is gone");
  return *std::move(bytes);
}

// Takes up the last chunks as long as they are not much longer than what comes: so every point is
// written again a few times at most, and short chunks do not remain.
Result<void> add_chunks(Connection& db, std::int64_t run, Points points, std::vector<Cells>& rows) {
  const auto metric = points.front().metric;
  struct Last {
    std::int64_t id = 0;
    std::size_t points = 0;
  };
  while (points.size() < kFull) {
    SW_TRY(const auto last, db.first(kLastChunk, {run, metric}, [](const Row& row) {
      return Last{row.int64(0), static_cast<std::size_t>(row.int64(1))};
    }));
    if (!last || last->points > 2 * points.size() || last->points + points.size() > kFull) break;
    SW_TRY(const auto bytes, bytes_of(db, last->id));
    SW_CHECK_OK(decode(bytes, points));
    put_in_order(points);
    SW_CHECK_OK(db.exec("DELETE FROM metric_chunks WHERE id = ?", {last->id}));
  }
  const auto pieces = (points.size() + kFull - 1) / kFull;
  for (std::size_t i = 0; i < pieces; ++i) {
    const auto from = points.size() * i / pieces;
    const auto to = points.size() * (i + 1) / pieces;
    rows.push_back(chunk_row(run, points.data() + from, to - from));
  }
  return {};
}

Result<void> put_tail(Connection& db, std::int64_t run, const Points& points) {
  SW_CHECK_OK(db.exec("DELETE FROM metric_tail WHERE run = ?", {run}));
  // A long remainder waits for as much again, so that it is not written over and over.
  const auto size = static_cast<std::int64_t>(points.size());
  const auto debt = -std::max<std::int64_t>(0, size - kDebtLimit);
  std::vector<Cells> rows;
  for (std::size_t at = 0; at < points.size(); at += kTailRow) {
    const auto count = std::min(kTailRow, points.size() - at);
    rows.push_back({run, static_cast<std::int64_t>(rows.size() + 1), points[at].metric,
                    points[at + count - 1].metric, static_cast<std::int64_t>(count), debt,
                    Blob{encode(points.data() + at, count)}});
  }
  return db.exec_many(kAddTailRow, rows);
}

Result<Points> tail_of(Connection& db, std::int64_t run, Points points) {
  Result<void> good;
  SW_CHECK_OK(db.query("SELECT data FROM metric_tail WHERE run = ?", {run}, [&](const Row& row) {
    good = decode(row.text(0), points);
    return good.ok();
  }));
  SW_CHECK_OK(std::move(good));
  put_in_order(points);
  return points;
}

Source chunk_from_row(const Row& row) {
  return {.chunk = row.int64(0),
          .points = static_cast<std::size_t>(row.int64(1)),
          .by_time = {{row.int64(2), row.int64(3)}, {row.int64(4), row.int64(5)}},
          .by_step = {{row.int64(6), row.int64(7)}, {row.int64(8), row.int64(9)}},
          .loaded = {}};
}

}  // namespace

Result<void> compact(Connection& db, std::int64_t run, Points more) {
  SW_TRY(const auto points, tail_of(db, run, std::move(more)));
  const auto enough = points.size() > kLongTail ? kWorthAShortChunk : kWorthAChunk;
  Points rest;
  std::vector<Cells> chunks;
  for (std::size_t from = 0, to = 0; from < points.size(); from = to) {
    while (to < points.size() && points[to].metric == points[from].metric) ++to;
    const auto first = points.begin() + static_cast<std::ptrdiff_t>(from);
    const auto last = points.begin() + static_cast<std::ptrdiff_t>(to);
    if (to - from < enough) {
      rest.insert(rest.end(), first, last);
    } else {
      SW_CHECK_OK(add_chunks(db, run, Points(first, last), chunks));
    }
  }
  SW_CHECK_OK(db.exec_many(kAddChunk, chunks));
  return put_tail(db, run, rest);
}

Result<void> append_points(Connection& db, std::int64_t run, Points points) {
  put_in_order(points);
  const auto count = static_cast<std::int64_t>(points.size());
  SW_TRY(const auto debt,
         db.first(kAppend,
                  {run, run, points.front().metric, points.back().metric, count, count + kRowDebt,
                   run, Blob{encode(points.data(), points.size())}},
                  [](const Row& row) { return row.int64(0); }));
  if (debt.value_or(0) < debt_limit(run)) return {};
  return compact(db, run);
}

Result<void> append_points(Connection& db, PointsByRun points) {
  ArrayText runs;
  ArrayText lows;
  ArrayText highs;
  ArrayText counts;
  ArrayText owed;
  ArrayText blocks;
  for (auto& [run, of_run] : points) {
    put_in_order(of_run);
    const auto count = static_cast<std::int64_t>(of_run.size());
    runs.add(run);
    lows.add(of_run.front().metric);
    highs.add(of_run.back().metric);
    counts.add(count);
    owed.add(count + kRowDebt);
    blocks.add_bytes(encode(of_run.data(), of_run.size()));
  }
  std::vector<std::int64_t> full;
  SW_CHECK_OK(db.query(
      kAppendMany, {runs.str(), lows.str(), highs.str(), counts.str(), owed.str(), blocks.str()},
      [&](const Row& row) {
        if (row.int64(1) >= debt_limit(row.int64(0))) full.push_back(row.int64(0));
        return true;
      }));
  for (const auto run : full) SW_CHECK_OK(compact(db, run));
  return {};
}

Result<std::vector<Source>> sources_of(Connection& db, std::int64_t run, std::int64_t metric,
                                       std::int64_t since) {
  SW_TRY(auto out, db.all("SELECT id, points, first_at, first_at_step, last_at, last_at_step,"
                          " first_step, first_step_at, last_step, last_step_at"
                          " FROM metric_chunks WHERE run = ? AND metric = ? AND last_at >= ?",
                          {run, metric, since}, chunk_from_row));
  Source tail;
  Result<void> good;
  SW_CHECK_OK(db.query("SELECT data FROM metric_tail WHERE run = ? AND low <= ? AND high >= ?",
                       {run, metric, metric}, [&](const Row& row) {
                         good = decode(row.text(0), metric, tail.loaded);
                         return good.ok();
                       }));
  SW_CHECK_OK(std::move(good));
  auto& points = tail.loaded;
  if (points.empty()) return out;
  if (!std::is_sorted(points.begin(), points.end(), earlier)) {
    std::sort(points.begin(), points.end(), earlier);
  }
  points.erase(std::unique(points.begin(), points.end(), same), points.end());
  tail.points = points.size();
  const auto itself = [](const Point& point) -> const Point& { return point; };
  std::tie(tail.by_time, tail.by_step) = spans_of(points.begin(), points.end(), itself);
  out.push_back(std::move(tail));
  return out;
}

Result<void> load(Connection& db, Source& source) {
  if (source.chunk == 0 || !source.loaded.empty()) return {};
  SW_TRY(const auto bytes, bytes_of(db, source.chunk));
  std::vector<KeyedPoint> points;
  SW_CHECK_OK(decode(bytes, points));
  source.loaded.reserve(points.size());
  for (const auto& each : points) source.loaded.push_back(each.point);
  return {};
}

Result<std::int64_t> count_points(Connection& db, std::int64_t run) {
  struct Chunk {
    std::int64_t id = 0;
    std::int64_t points = 0;
    std::int64_t first = 0;
    std::int64_t last = 0;
  };
  std::map<std::int64_t, std::vector<Chunk>> chunks;
  SW_CHECK_OK(db.query(
      "SELECT metric, id, points, first_at, last_at FROM metric_chunks"
      " WHERE run = ? ORDER BY metric, first_at",
      {run}, [&](const Row& row) {
        chunks[row.int64(0)].push_back({row.int64(1), row.int64(2), row.int64(3), row.int64(4)});
        return true;
      }));
  std::map<std::int64_t, Points> tails;
  SW_TRY(auto tail, tail_of(db, run, {}));
  for (auto& point : tail) tails[point.metric].push_back(point);
  std::int64_t total = 0;
  for (auto& [metric, points] : tails) {
    if (!chunks.contains(metric)) total += static_cast<std::int64_t>(points.size());
  }
  for (const auto& [metric, of_metric] : chunks) {
    // Only what may hold a point twice has to be read.
    auto& points = tails[metric];
    bool apart = points.empty() || points.front().point.at.ms > of_metric.back().last;
    std::int64_t sum = static_cast<std::int64_t>(points.size());
    for (std::size_t i = 0; i < of_metric.size(); ++i) {
      sum += of_metric[i].points;
      if (i > 0) apart = apart && of_metric[i].first > of_metric[i - 1].last;
    }
    if (!apart) {
      for (const auto& chunk : of_metric) {
        SW_TRY(const auto bytes, bytes_of(db, chunk.id));
        SW_CHECK_OK(decode(bytes, points));
      }
      put_in_order(points);
      sum = static_cast<std::int64_t>(points.size());
    }
    total += sum;
  }
  return total;
}

}  // namespace slipway::tracking
