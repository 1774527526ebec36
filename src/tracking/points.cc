// SPDX-License-Identifier: Apache-2.0
#include "points.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include "point_columns.h"
#include "rows.h"

namespace slipway::tracking {
namespace {

auto value_rank(const Point& point) {
  const auto [value, kind] = to_stored(point.value);
  return std::pair(value, kind);
}

}  // namespace

bool earlier(const Point& a, const Point& b) {
  if (a.at.ms != b.at.ms) return a.at.ms < b.at.ms;
  if (a.step != b.step) return a.step < b.step;
  return value_rank(a) < value_rank(b);
}

bool lower(const Point& a, const Point& b) {
  if (a.step != b.step) return a.step < b.step;
  if (a.at.ms != b.at.ms) return a.at.ms < b.at.ms;
  return value_rank(a) < value_rank(b);
}

bool same(const Point& a, const Point& b) {
  return a.at.ms == b.at.ms && a.step == b.step &&
         (a.value == b.value || (std::isnan(a.value) && std::isnan(b.value)));
}

bool outranks(const Point& a, const Point& b) {
  if (a.step != b.step) return a.step > b.step;
  if (a.at.ms != b.at.ms) return a.at.ms > b.at.ms;
  if (std::isnan(a.value) || std::isnan(b.value)) return std::isnan(b.value) > std::isnan(a.value);
  return a.value > b.value;
}

namespace {

// By metric only, and what is equal stays in its order: reports name few metrics in turn, each in
// order of time, so that little is left to be sorted.
void gather_by_metric(std::vector<KeyedPoint>& points) {
  const auto by_metric = [](const KeyedPoint& a, const KeyedPoint& b) {
    return a.metric < b.metric;
  };
  const auto [least, most] = std::minmax_element(points.begin(), points.end(), by_metric);
  const auto first = least->metric;
  const auto range = static_cast<std::uint64_t>(most->metric) - static_cast<std::uint64_t>(first);
  if (range > 4 * points.size() + 64) {
    std::stable_sort(points.begin(), points.end(), by_metric);
    return;
  }
  const auto bucket = [first](const KeyedPoint& p) {
    return static_cast<std::size_t>(p.metric - first);
  };
  std::vector<std::size_t> place(range + 2);
  for (const auto& point : points) ++place[bucket(point) + 1];
  for (std::size_t i = 1; i < place.size(); ++i) place[i] += place[i - 1];
  std::vector<KeyedPoint> sorted(points.size());
  for (const auto& point : points) sorted[place[bucket(point)]++] = point;
  points = std::move(sorted);
}

}  // namespace

void put_in_order(std::vector<KeyedPoint>& points) {
  const auto before = [](const KeyedPoint& a, const KeyedPoint& b) {
    return a.metric != b.metric ? a.metric < b.metric : earlier(a.point, b.point);
  };
  if (!std::is_sorted(points.begin(), points.end(), before)) {
    gather_by_metric(points);
    for (auto from = points.begin(); from != points.end();) {
      const auto to = std::find_if(from, points.end(),
                                   [&](const KeyedPoint& p) { return p.metric != from->metric; });
      if (!std::is_sorted(from, to, before)) std::sort(from, to, before);
      from = to;
    }
  }
  const auto equal = [](const KeyedPoint& a, const KeyedPoint& b) {
    return a.metric == b.metric && same(a.point, b.point);
  };
  points.erase(std::unique(points.begin(), points.end(), equal), points.end());
}

std::string encode(const KeyedPoint* points, std::size_t count) {
  SW_ASSERT(count > 0 && count <= kBlockLimit);
  Columns columns;
  columns.at.reserve(count);
  columns.step.reserve(count);
  columns.value.reserve(count);
  bool parts = false;
  for (std::size_t i = 0; i < count; ++i) {
    const auto& [metric, point] = points[i];
    if (columns.groups.empty() || columns.groups.back().metric != metric) {
      columns.groups.push_back({metric, 0});
    }
    ++columns.groups.back().points;
    columns.at.push_back(point.at.ms);
    columns.step.push_back(point.step.whole());
    columns.value.push_back(point.value);
    parts = parts || point.step.part() != 0;
  }
  if (parts) {
    for (std::size_t i = 0; i < count; ++i) columns.part.push_back(points[i].point.step.part());
  }
  return pack(columns);
}

namespace {

Point point_at(const Columns& columns, std::size_t i) {
  const std::int32_t part = columns.part.empty() ? 0 : columns.part[i];
  return {columns.value[i], {columns.at[i]}, Step(columns.step[i], part)};
}

}  // namespace

Result<void> decode(std::string_view block, std::int64_t metric, std::vector<Point>& out) {
  SW_TRY(const auto columns, unpack(block));
  std::size_t first = 0;
  for (const auto& group : columns.groups) {
    if (group.metric == metric) {
      out.reserve(out.size() + group.points);
      for (std::size_t i = 0; i < group.points; ++i) out.push_back(point_at(columns, first + i));
    }
    first += group.points;
  }
  return {};
}

Result<void> decode(std::string_view block, std::vector<KeyedPoint>& out) {
  SW_TRY(const auto columns, unpack(block));
  out.reserve(out.size() + columns.at.size());
  std::size_t next = 0;
  for (const auto& group : columns.groups) {
    for (std::size_t i = 0; i < group.points; ++i) {
      out.push_back({group.metric, point_at(columns, next++)});
    }
  }
  return {};
}

}  // namespace slipway::tracking
