// SPDX-License-Identifier: Apache-2.0
// What windows looked like, by time.
#include <utility>

#include "records.h"

namespace slipway::monitor::records {
namespace {

using store::Blob;
using store::Cells;
using store::Row;

constexpr std::string_view kPut =
    "INSERT INTO monitor_profile (id, endpoint, model, version, window_start, window_end, rows, "
    "windows, profile) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
constexpr std::string_view kColumns =
    "SELECT id, endpoint, model, version, window_start, window_end, rows, windows, profile "
    "FROM monitor_profile ";
constexpr std::int64_t kDayMs = 86'400'000;

struct Packed {
  WindowProfile profile;
  std::string bytes;
};

Packed packed_from(const Row& row) {
  const auto text = [&](int column) { return std::string(row.text(column)); };
  return {.profile = {.id = text(0),
                      .endpoint = text(1),
                      .model = text(2),
                      .version = text(3),
                      .from = {row.int64(4)},
                      .to = {row.int64(5)},
                      .rows = row.int64(6),
                      .windows = row.int64(7)},
          .bytes = text(8)};
}

Result<std::vector<WindowProfile>> unpacked(std::vector<Packed> from) {
  std::vector<WindowProfile> out;
  for (auto& each : from) {
    SW_CHECK_OK(unpack_window(each.bytes, each.profile));
    out.push_back(std::move(each.profile));
  }
  return out;
}

}  // namespace

Result<void> put_window_profile(Connection& c, const WindowProfile& p) {
  SW_CHECK_OK(c.exec(kPut, {p.id, p.endpoint, p.model, p.version, p.from.ms, p.to.ms, p.rows,
                            p.windows, Blob{pack_window(p)}}));
  return {};
}

Result<std::vector<WindowProfile>> window_profiles(Connection& c, const ProfileQuery& query,
                                                   const std::string& after, std::size_t limit) {
  Cells cells{query.endpoint, query.from.ms, query.to.ms, after};
  std::string where = "WHERE endpoint = ? AND window_end >= ? AND window_start < ? AND id > ?";
  if (!query.version.empty()) {
    where += " AND version = ?";
    cells.emplace_back(query.version);
  }
  where += " ORDER BY id LIMIT " + std::to_string(limit);
  SW_TRY(auto found, c.all(std::string(kColumns) + where, cells, packed_from));
  return unpacked(std::move(found));
}

Result<bool> merge_old_day(Connection& c, Timestamp before) {
  struct Day {
    ChunkKey key;
    std::int64_t day = 0;
  };
  SW_TRY(const auto found,
         c.first("SELECT endpoint, model, version, window_start / 86400000 FROM monitor_profile "
                 "WHERE window_end < ? GROUP BY endpoint, model, version, "
                 "window_start / 86400000 HAVING COUNT(*) > 1 LIMIT 1",
                 {before.ms}, [](const Row& row) {
                   const auto text = [&](int column) { return std::string(row.text(column)); };
                   return Day{{text(0), text(1), text(2)}, row.int64(3)};
                 }));
  if (!found) return false;
  const std::string where =
      "WHERE endpoint = ? AND model = ? AND version = ? AND window_start >= ? AND "
      "window_start < ? AND window_end < ?";
  const auto begin = found->day * kDayMs;
  const Cells cells{found->key.endpoint, found->key.model, found->key.version, begin,
                    begin + kDayMs,      before.ms};
  SW_TRY(auto packed, c.all(std::string(kColumns) + where + " ORDER BY id", cells, packed_from));
  SW_TRY(auto windows, unpacked(std::move(packed)));
  auto day = std::move(windows[0]);
  for (std::size_t i = 1; i < windows.size(); ++i) merge(day, windows[i]);
  SW_CHECK_OK(c.exec("DELETE FROM monitor_profile " + where, cells));
  SW_CHECK_OK(put_window_profile(c, day));
  return true;
}

Result<void> load(Connection& c, const ChunkKey& key, Stream& stream) {
  struct Stored {
    std::int64_t seen_to = 0;
    std::int64_t seen = 0;
    std::int64_t changes = 0;
    std::int64_t changed = 0;
    std::string state;
  };
  SW_TRY(
      const auto found,
      c.first("SELECT seen_to, seen, changes, changed, state FROM monitor_detector WHERE "
              "endpoint = ? AND model = ? AND version = ? AND rule = ?",
              {key.endpoint, key.model, key.version, to_json(stream.rule())}, [](const Row& row) {
                return Stored{row.int64(0), row.int64(1), row.int64(2), row.int64(3),
                              std::string(row.text(4))};
              }));
  if (!found || !stream.unpack(found->state, found->seen, found->changes)) return {};
  stream.seen_to = stream.loaded_to = found->seen_to;
  stream.changed = found->changed;
  return {};
}

Result<void> save(Connection& c, const ChunkKey& key, const Stream& stream) {
  SW_CHECK_OK(
      c.exec("INSERT INTO monitor_detector (endpoint, model, version, rule, seen_to, seen, "
             "changes, changed, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
             "ON CONFLICT (endpoint, model, version, rule) DO UPDATE SET "
             "seen_to = excluded.seen_to, seen = excluded.seen, changes = excluded.changes, "
             "changed = excluded.changed, state = excluded.state",
             {key.endpoint, key.model, key.version, to_json(stream.rule()), stream.seen_to,
              stream.seen(), stream.changes(), stream.changed, Blob{stream.pack()}}));
  return {};
}

}  // namespace slipway::monitor::records
