// SPDX-License-Identifier: Apache-2.0
#include "erase_keys.h"
#include "rows.h"
#include "tracing/erase.h"

namespace slipway::tracing {
namespace {

using store::Cells;
using store::Connection;
using store::Row;

constexpr std::int64_t kRunLink = 0;

auto number = [](const Row& row) { return row.int64(0); };

}  // namespace

Result<void> erase_keys(Connection& db, const std::vector<std::int64_t>& keys) {
  for (std::size_t at = 0; at < keys.size(); at += kAtOnce) {
    Cells some(keys.begin() + static_cast<std::ptrdiff_t>(at),
               keys.begin() + static_cast<std::ptrdiff_t>(std::min(keys.size(), at + kAtOnce)));
    const auto list = placeholders(some);
    for (const auto* table :
         {"spans", "assessments", "trace_links", "trace_metadata", "trace_tags"}) {
      SW_CHECK_OK(
          db.exec("DELETE FROM " + std::string(table) + " WHERE trace IN (" + list + ")", some));
    }
    SW_CHECK_OK(db.exec("DELETE FROM traces WHERE id IN (" + list + ")", some));
  }
  return {};
}

Result<std::int64_t> erase_traces(Connection& db, const ExperimentId& experiment,
                                  std::int64_t most) {
  SW_TRY(const auto key, number_of(experiment));
  SW_TRY(const auto keys,
         db.all("SELECT id FROM traces WHERE experiment = ? LIMIT ?", {key, most}, number));
  SW_CHECK_OK(erase_keys(db, keys));
  return static_cast<std::int64_t>(keys.size());
}

Result<std::int64_t> count_traces(Connection& db, const ExperimentId& experiment) {
  SW_TRY(const auto key, number_of(experiment));
  SW_TRY(const auto count,
         db.first("SELECT COUNT(*) FROM traces WHERE experiment = ?", {key}, number));
  return count.value_or(0);
}

Result<void> forget_run(Connection& db, const RunId& run) {
  SW_CHECK_OK(
      db.exec("DELETE FROM trace_links WHERE kind = ? AND target = ?", {kRunLink, run.str()}));
  SW_CHECK_OK(db.exec("DELETE FROM trace_early_links WHERE kind = ? AND target = ?",
                      {kRunLink, run.str()}));
  return {};
}

Result<bool> is_known_trace(Connection& db, const std::string& id) {
  SW_TRY(const auto found, db.first("SELECT 1 FROM traces WHERE uuid = ?", {id}, number));
  return found.has_value();
}

}  // namespace slipway::tracing
