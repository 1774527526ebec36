// SPDX-License-Identifier: Apache-2.0
// Histories read: page by page in order of time, and sampled in order of steps. Sources that do not
// overlap are read one after the other, so memory stays at a chunk or two.
#include <algorithm>
#include <bit>
#include <limits>

#include "base/text.h"
#include "chunks_sql.h"
#include "rows.h"
#include "tracking/runs.h"

namespace slipway::tracking {
namespace {

using store::Connection;
using store::Row;

constexpr auto kEver = std::numeric_limits<std::int64_t>::min();

using Before = bool (*)(const Point&, const Point&);

// The run's and the metric's numbers; nothing when either is unknown.
Result<std::optional<std::pair<std::int64_t, std::int64_t>>> numbers_of(Connection& db,
                                                                        const RunId& id,
                                                                        const std::string& key) {
  return db.first("SELECT r.id, k.id FROM runs r, metric_keys k WHERE r.uuid = ? AND k.name = ?",
                  {id.str(), key},
                  [](const Row& row) { return std::pair(row.int64(0), row.int64(1)); });
}

Result<std::vector<Source>> find_sources(Connection& db, const RunId& id, const std::string& key,
                                         std::int64_t since) {
  SW_TRY(const auto numbers, numbers_of(db, id, key));
  if (!numbers) return std::vector<Source>();
  return sources_of(db, numbers->first, numbers->second, since);
}

// Sources whose places overlap, and no others: their points come before those of the next cluster.
struct Cluster {
  std::vector<Source*> sources;
  Span span;
};

std::vector<Cluster> clusters_of(std::vector<Source>& sources, Span Source::*order) {
  std::sort(sources.begin(), sources.end(), [order](const Source& a, const Source& b) {
    return (a.*order).first < (b.*order).first;
  });
  std::vector<Cluster> out;
  for (auto& source : sources) {
    const auto& span = source.*order;
    if (out.empty() || out.back().span.last < span.first) {
      out.push_back({{&source}, span});
    } else {
      out.back().sources.push_back(&source);
      out.back().span.last = std::max(out.back().span.last, span.last);
    }
  }
  return out;
}

// All points of a cluster in order, each once. The cluster keeps none of them.
Result<std::vector<Point>> points_of(Connection& db, const Cluster& cluster, Before before) {
  std::vector<Point> out;
  for (auto* source : cluster.sources) {
    SW_CHECK_OK(load(db, *source));
    if (out.empty()) {
      out = source->chunk == 0 ? source->loaded : std::exchange(source->loaded, {});
    } else {
      out.insert(out.end(), source->loaded.begin(), source->loaded.end());
      if (source->chunk != 0) source->loaded = {};
    }
  }
  if (!std::is_sorted(out.begin(), out.end(), before)) std::sort(out.begin(), out.end(), before);
  out.erase(std::unique(out.begin(), out.end(), same), out.end());
  return out;
}

// A page token holds the last point of the page, so that later reports before it move nothing.
std::string token_of(const Point& last) {
  return to_base64(std::to_string(last.at.ms) + " " + last.step.text() + " " +
                   std::to_string(std::bit_cast<std::int64_t>(last.value)));
}

Result<Point> point_of_token(const std::string& token) {
  if (const auto decoded = from_base64(token)) {
    const auto parts = split(*decoded, ' ');
    if (parts.size() == 3) {
      const auto at = parse_int(parts[0]);
      const auto step = Step::parse(parts[1]);
      const auto bits = parse_int(parts[2]);
      if (at && step && bits) return Point{std::bit_cast<double>(*bits), {*at}, *step};
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

  // Whether one of the next `count` positions, from `position` on, may be taken.
  bool wants(std::int64_t position, std::int64_t count) const {
    return position + count >= total_ || (taken_ + 1 < points_ && next_ < position + count);
  }
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

// The clusters of a chart between two steps, each with the number of its points.
class Chart {
 public:
  Chart(Connection& db, std::vector<Source> sources, const std::optional<Runs::Steps>& steps)
      : db_(db), steps_(steps), sources_(std::move(sources)) {
    if (steps_) std::erase_if(sources_, [this](const Source& source) { return outside(source); });
    clusters_ = clusters_of(sources_, &Source::by_step);
  }

  Result<std::vector<Point>> sample(std::int64_t points) {
    std::int64_t total = 0;
    for (auto& cluster : clusters_) {
      SW_TRY(const auto count, count_of(cluster));
      counts_.push_back(count);
      total += count;
    }
    std::vector<Point> out;
    Sample sample(total, points);
    std::int64_t position = 0;
    for (std::size_t i = 0; i < clusters_.size(); ++i) {
      if (counts_[i] > 0 && sample.wants(position, counts_[i])) {
        SW_TRY(const auto all, read(clusters_[i]));
        std::int64_t at = position;
        for (const auto& point : all) {
          if (sample.takes(at++)) out.push_back(point);
        }
      }
      position += counts_[i];
    }
    return out;
  }

 private:
  bool outside(const Source& source) const {
    return source.by_step.last.first < steps_->first || source.by_step.first.first > steps_->last;
  }
  // Also past its last whole step there may be a part.
  bool is_inside(const Cluster& cluster) const {
    return !steps_ ||
           (cluster.span.first.first >= steps_->first && cluster.span.last.first < steps_->last);
  }
  Result<std::vector<Point>> read(const Cluster& cluster) {
    SW_TRY(auto points, points_of(db_, cluster, lower));
    if (!is_inside(cluster)) {
      const Step first(steps_->first);
      const Step last(steps_->last);
      std::erase_if(points, [&](const Point& p) { return p.step < first || p.step > last; });
    }
    return points;
  }
  Result<std::int64_t> count_of(const Cluster& cluster) {
    if (cluster.sources.size() == 1 && is_inside(cluster)) {
      return static_cast<std::int64_t>(cluster.sources.front()->points);
    }
    SW_TRY(const auto points, read(cluster));
    return static_cast<std::int64_t>(points.size());
  }

  Connection& db_;
  std::optional<Runs::Steps> steps_;
  std::vector<Source> sources_;
  std::vector<Cluster> clusters_;
  std::vector<std::int64_t> counts_;
};

Result<void> read_page(Connection& db, std::vector<Source> sources,
                       const std::optional<Point>& after, std::size_t most,
                       std::vector<Point>& out) {
  for (const auto& cluster : clusters_of(sources, &Source::by_time)) {
    if (out.size() >= most) break;
    if (after && cluster.span.last < Spot(after->at.ms, after->step.whole())) continue;
    SW_TRY(auto points, points_of(db, cluster, earlier));
    auto from = points.begin();
    if (after) from = std::upper_bound(points.begin(), points.end(), *after, earlier);
    const auto left = static_cast<std::size_t>(points.end() - from);
    const auto take = static_cast<std::ptrdiff_t>(std::min(left, most - out.size()));
    out.insert(out.end(), from, from + take);
  }
  return {};
}

}  // namespace

Result<Page<Point>> Runs::history(const RunId& id, const std::string& key,
                                  const PageRequest& page) const {
  std::optional<Point> after;
  if (!page.token.empty()) {
    SW_TRY(after, point_of_token(page.token));
  }
  // One more tells whether there is a next page.
  const auto most = page.size > 0 ? page.size + 1 : std::numeric_limits<std::size_t>::max();
  Page<Point> out;
  SW_CHECK_OK(db_.read([&](Connection& c) -> Result<void> {
    out.items.clear();
    SW_TRY(auto sources, find_sources(c, id, key, after ? after->at.ms : kEver));
    return read_page(c, std::move(sources), after, most, out.items);
  }));
  if (page.size > 0 && out.items.size() > page.size) {
    out.items.resize(page.size);
    out.next_token = token_of(out.items.back());
  }
  return out;
}

Result<std::vector<Point>> Runs::sampled(const RunId& id, const std::string& key,
                                         std::size_t points,
                                         const std::optional<Steps>& steps) const {
  return db_.read([&](Connection& c) -> Result<std::vector<Point>> {
    SW_TRY(auto sources, find_sources(c, id, key, kEver));
    return Chart(c, std::move(sources), steps).sample(static_cast<std::int64_t>(points));
  });
}

}  // namespace slipway::tracking
