// SPDX-License-Identifier: Apache-2.0
#include "metric_keys.h"

#include <mutex>

namespace slipway::tracking {
namespace {

constexpr std::size_t kMost = 100'000;
constexpr auto kAdd = "INSERT INTO metric_keys (name) VALUES (?) ON CONFLICT (name) DO NOTHING";

}  // namespace

Result<std::int64_t> MetricKeys::number_of(store::Connection& db, const std::string& name,
                                           Learned& learned) {
  {
    const std::shared_lock lock(mutex_);
    if (const auto found = numbers_.find(name); found != numbers_.end()) return found->second;
  }
  const auto number = [](const store::Row& row) { return row.int64(0); };
  for (int attempt = 0; attempt < 2; ++attempt) {
    SW_TRY(const auto found, db.first("SELECT id FROM metric_keys WHERE name = ?", {name}, number));
    if (found) {
      learned.emplace_back(name, *found);
      return *found;
    }
    SW_CHECK_OK(db.exec(kAdd, {name}));
  }
  return internal("the metric '" + name + "' got no number");
}

void MetricKeys::remember(Learned learned) {
  if (learned.empty()) return;
  const std::unique_lock lock(mutex_);
  if (numbers_.size() > kMost) numbers_.clear();
  for (auto& [name, number] : learned) numbers_.emplace(std::move(name), number);
}

}  // namespace slipway::tracking
