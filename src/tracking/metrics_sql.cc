// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>
#include <map>
#include <tuple>
#include <utility>

#include "base/text.h"
#include "rows.h"
#include "runs_sql.h"
#include "tracking/runs.h"

namespace slipway::tracking {
namespace {

using store::Cells;
using store::Connection;
using store::Row;

constexpr auto kAddKey = "INSERT INTO metric_keys (name) VALUES (?) ON CONFLICT (name) DO NOTHING";
constexpr auto kAddMetric =
    "INSERT INTO metrics (run, metric, step, at, value, kind) VALUES (?, ?, ?, ?, ?, ?)"
    " ON CONFLICT DO NOTHING";
// The latest is the greatest by step, time and value, and NaN is less than any number.
constexpr auto kSetLatest =
    "INSERT INTO latest_metrics (run, metric, step, at, value, kind) VALUES (?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (run, metric) DO UPDATE SET step = excluded.step, at = excluded.at,"
    " value = excluded.value, kind = excluded.kind"
    " WHERE (excluded.step, excluded.at, CASE excluded.kind WHEN 1 THEN 0 ELSE 1 END,"
    "        excluded.value)"
    " > (latest_metrics.step, latest_metrics.at,"
    "    CASE latest_metrics.kind WHEN 1 THEN 0 ELSE 1 END, latest_metrics.value)";
constexpr auto kAddModelMetric =
    "INSERT INTO logged_model_metrics (model, key, step, at, value, kind, run, dataset_name,"
    " dataset_digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";
constexpr auto kOfMetric =
    " FROM metrics WHERE run = (SELECT id FROM runs WHERE uuid = ?)"
    " AND metric = (SELECT id FROM metric_keys WHERE name = ?)";

Result<std::int64_t> key_of(Connection& db, const std::string& name) {
  const auto number = [](const Row& row) { return row.int64(0); };
  for (int attempt = 0; attempt < 2; ++attempt) {
    SW_TRY(const auto found, db.first("SELECT id FROM metric_keys WHERE name = ?", {name}, number));
    if (found) return *found;
    SW_CHECK_OK(db.exec(kAddKey, {name}));
  }
  return internal("the metric '" + name + "' got no number");
}

auto rank(const Metric& metric) {
  const auto stored = to_stored(metric.value);
  return std::tuple(metric.step, metric.at.ms, stored.kind != 1, stored.value);
}

// One row of a history: step, at, value, kind.
struct Point {
  std::int64_t step = 0;
  std::int64_t at = 0;
  double value = 0;
  std::int64_t kind = 0;

  auto by_time() const { return std::tuple(at, step, value, kind); }
};

Point point_of(const Row& row) {
  return {row.int64(0), row.int64(1), row.real(2), row.int64(3)};
}

Metric to_metric(const std::string& key, const Point& point) {
  Metric out;
  out.key = key;
  out.value = from_stored(point.value, point.kind);
  out.at = {point.at};
  out.step = point.step;
  return out;
}

// A page token holds the last point of the page, so that later reports before it move nothing.
std::string token_of(const Point& last) {
  return to_base64(std::to_string(last.at) + " " + std::to_string(last.step) + " " +
                   std::to_string(std::bit_cast<std::int64_t>(last.value)) + " " +
                   std::to_string(last.kind));
}

Result<Point> point_of_token(const std::string& token) {
  if (const auto decoded = from_base64(token)) {
    const auto parts = split(*decoded, ' ');
    if (parts.size() == 4) {
      const auto at = parse_int(parts[0]);
      const auto step = parse_int(parts[1]);
      const auto bits = parse_int(parts[2]);
      const auto kind = parse_int(parts[3]);
      if (at && step && bits && kind) {
        return Point{*step, *at, std::bit_cast<double>(*bits), *kind};
      }
    }
  }
  return invalid("invalid page token '" + token.substr(0, 100) + "'",
                 "pass the token of the page before, unchanged");
}

// The positions that a sample of `points` out of `total` keeps: the first of each of `points`
// buckets as even as can be, the last one replaced by the very last row.
class Sample {
 public:
  Sample(std::int64_t total, std::int64_t points)
      : points_(std::min(points, total)),
        size_(points_ == 0 ? 0 : total / points_),
        larger_(points_ == 0 ? 0 : total % points_),
        total_(total) {}

  bool takes(std::int64_t position) {
    if (position == total_ - 1) return true;
    if (position != next_ || taken_ + 1 >= points_) return false;
    next_ += size_ + (taken_ < larger_ ? 1 : 0);
    ++taken_;
    return true;
  }

 private:
  std::int64_t points_;
  std::int64_t size_;
  std::int64_t larger_;  // so many of the first buckets hold one more
  std::int64_t total_;
  std::int64_t next_ = 0;
  std::int64_t taken_ = 0;
};

}  // namespace

Result<void> insert_metrics(Connection& db, const RunKey& run, const RunId& id,
                            const std::vector<Metric>& metrics) {
  if (metrics.empty()) return {};
  struct Latest {
    std::int64_t key = 0;
    const Metric* metric = nullptr;
  };
  std::map<std::string_view, Latest> latest;
  std::vector<Cells> history;
  std::vector<Cells> of_models;
  history.reserve(metrics.size());
  for (const auto& metric : metrics) {
    auto& newest = latest[metric.key];
    if (newest.metric == nullptr) {
      SW_TRY(newest.key, key_of(db, metric.key));
      newest.metric = &metric;
    } else if (rank(metric) > rank(*newest.metric)) {
      newest.metric = &metric;
    }
    const auto [value, kind] = to_stored(metric.value);
    history.push_back({run.id, newest.key, metric.step, metric.at.ms, value, kind});
    if (!metric.model.empty()) {
      of_models.push_back({metric.model, metric.key, metric.step, metric.at.ms, value, kind,
                           id.str(), metric.dataset_name, metric.dataset_digest});
    }
  }
  SW_CHECK_OK(db.exec_many(kAddMetric, history));
  std::vector<Cells> rows;
  rows.reserve(latest.size());
  for (const auto& [name, newest] : latest) {
    const auto [value, kind] = to_stored(newest.metric->value);
    rows.push_back({run.id, newest.key, newest.metric->step, newest.metric->at.ms, value, kind});
  }
  SW_CHECK_OK(db.exec_many(kSetLatest, rows));
  if (!of_models.empty()) SW_CHECK_OK(db.exec_many(kAddModelMetric, of_models));
  return {};
}

Result<Page<Metric>> Runs::history(const RunId& id, const std::string& key,
                                   const PageRequest& page) const {
  std::string sql = "SELECT step, at, value, kind" + std::string(kOfMetric);
  Cells parameters{id.str(), key};
  if (!page.token.empty()) {
    SW_TRY(const auto last, point_of_token(page.token));
    sql += " AND (at, step, value, kind) > (?, ?, ?, ?)";
    parameters.insert(parameters.end(), {last.at, last.step, last.value, last.kind});
  }
  if (page.size > 0) {
    sql += " ORDER BY at, step, value, kind LIMIT ?";
    parameters.emplace_back(static_cast<std::int64_t>(page.size + 1));
  }
  SW_TRY(auto points, db_.read([&](Connection& c) { return c.all(sql, parameters, point_of); }));
  // Rows come by step; mostly that is the order of time already.
  const auto earlier = [](const Point& a, const Point& b) { return a.by_time() < b.by_time(); };
  if (page.size == 0 && !std::is_sorted(points.begin(), points.end(), earlier)) {
    std::sort(points.begin(), points.end(), earlier);
  }
  Page<Metric> out;
  if (page.size > 0 && points.size() > page.size) {
    points.resize(page.size);
    out.next_token = token_of(points.back());
  }
  out.items.reserve(points.size());
  for (const auto& point : points) out.items.push_back(to_metric(key, point));
  return out;
}

Result<std::vector<Metric>> Runs::sampled(const RunId& id, const std::string& key,
                                          std::size_t points,
                                          const std::optional<Steps>& steps) const {
  std::string from(kOfMetric);
  Cells parameters{id.str(), key};
  if (steps) {
    from += " AND step >= ? AND step <= ?";
    parameters.insert(parameters.end(), {steps->first, steps->last});
  }
  std::vector<Metric> out;
  SW_CHECK_OK(db_.read([&](Connection& c) -> Result<void> {
    out.clear();
    SW_TRY(const auto total, c.first("SELECT COUNT(*)" + from, parameters,
                                     [](const Row& row) { return row.int64(0); }));
    Sample sample(total.value_or(0), static_cast<std::int64_t>(points));
    std::int64_t position = 0;
    return c.query("SELECT step, at, value, kind" + from + " ORDER BY step, at, value, kind",
                   parameters, [&](const Row& row) {
                     if (sample.takes(position++)) out.push_back(to_metric(key, point_of(row)));
                     return true;
                   });
  }));
  return out;
}

}  // namespace slipway::tracking
