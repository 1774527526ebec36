// SPDX-License-Identifier: Apache-2.0
#include "metric_keys.h"

#include <algorithm>
#include <mutex>

#include "rows.h"

namespace slipway::tracking {
namespace {

using store::Cells;
using store::Connection;
using store::Row;

constexpr std::size_t kMost = 100'000;
constexpr auto kAdd = "INSERT INTO metric_keys (name) VALUES (?) ON CONFLICT (name) DO NOTHING";

}  // namespace

Result<MetricKeys::Number> MetricKeys::number_of(Connection& db, const std::string& name,
                                                 Learned& learned) {
  {
    const std::shared_lock lock(mutex_);
    if (const auto found = numbers_.find(name); found != numbers_.end()) return found->second;
  }
  if (const auto found = learned.numbers.find(name); found != learned.numbers.end()) {
    return found->second;
  }
  for (int attempt = 0; attempt < 2; ++attempt) {
    SW_TRY(const auto found,
           db.first("SELECT id, place FROM metric_keys WHERE name = ?", {name}, [](const Row& row) {
             return Number{row.int64(0), static_cast<Place>(row.int64(1))};
           }));
    if (found) {
      learned.numbers.emplace(name, *found);
      return *found;
    }
    SW_CHECK_OK(db.exec(kAdd, {name}));
  }
  return internal("the metric '" + name + "' got no number");
}

Result<void> MetricKeys::remove_moved(Connection& db, std::vector<std::int64_t>& metrics,
                                      Learned& learned) const {
  {
    const std::shared_lock lock(mutex_);
    learned.moves = moves_;
  }
  learned.moved.clear();
  SW_CHECK_OK(db.query("SELECT seq, metric FROM metric_moves WHERE seq > ? ORDER BY seq",
                       {learned.moves}, [&](const Row& row) {
                         learned.moves = row.int64(0);
                         learned.moved.push_back(row.int64(1));
                         return true;
                       }));
  if (learned.moved.empty()) return {};
  std::sort(learned.moved.begin(), learned.moved.end());
  std::erase_if(metrics, [&](std::int64_t metric) {
    return std::binary_search(learned.moved.begin(), learned.moved.end(), metric);
  });
  return {};
}

void MetricKeys::remember(Learned learned) {
  if (learned.numbers.empty() && learned.moved.empty()) return;
  const std::unique_lock lock(mutex_);
  if (numbers_.size() > kMost) numbers_.clear();
  const auto old = learned.moves < moves_;
  for (const auto& [name, number] : learned.numbers) {
    if (number.place == Place::blocks && old) continue;  // it may have been moved since
    auto& known = numbers_[name];
    known = {number.id, std::max(known.place, number.place)};
  }
  if (old) return;
  moves_ = learned.moves;
  if (learned.moved.empty()) return;
  for (auto& [name, number] : numbers_) {
    if (std::binary_search(learned.moved.begin(), learned.moved.end(), number.id)) {
      number.place = std::max(number.place, Place::moving);
    }
  }
}

Result<MetricKeys::Numbers> prefer_blocks(Connection& db,
                                          const std::vector<std::int64_t>& metrics) {
  MetricKeys::Numbers out;
  for (std::size_t first = 0; first < metrics.size(); first += kIdsAtOnce) {
    Cells ids;
    for (std::size_t i = first; i < metrics.size() && i < first + kIdsAtOnce; ++i) {
      ids.emplace_back(metrics[i]);
    }
    const auto marks = placeholders(ids);
    SW_CHECK_OK(
        db.exec("UPDATE metric_keys SET place = 1 WHERE place = 0 AND id IN (" + marks + ")", ids));
    SW_CHECK_OK(
        db.query("SELECT name, id, place FROM metric_keys WHERE id IN (" + marks + ")", ids,
                 [&](const Row& row) {
                   out[std::string(row.text(0))] = {row.int64(1), static_cast<Place>(row.int64(2))};
                   return true;
                 }));
  }
  return out;
}

}  // namespace slipway::tracking
