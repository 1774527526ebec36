// SPDX-License-Identifier: Apache-2.0
#include <limits>
#include <map>

#include "base/hash.h"
#include "base/text.h"
#include "rows.h"
#include "tracking/series.h"

namespace slipway::tracking {
namespace {

using store::Cells;
using store::Connection;
using store::Row;

constexpr auto kFindSeries = "SELECT kind, entries FROM run_series WHERE run = ? AND key = ?";
constexpr auto kCountSeries = "SELECT COUNT(*) FROM run_series WHERE run = ?";
constexpr auto kAddSeries =
    "INSERT INTO run_series (run, key, kind, entries) VALUES (?, ?, ?, 0) ON CONFLICT DO NOTHING";
constexpr auto kCountUp = "UPDATE run_series SET entries = entries + ? WHERE run = ? AND key = ?";
constexpr auto kAddEntry =
    "INSERT INTO run_series_entries (run, key, step, step_part, at, digest, path, content)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";
constexpr auto kList =
    "SELECT key, kind, entries FROM run_series WHERE run = ? AND key > ? ORDER BY key LIMIT ?";
constexpr auto kFirst =
    "SELECT step, step_part, at FROM run_series_entries WHERE run = ? AND key = ?"
    " ORDER BY step, step_part, at LIMIT 1";
constexpr auto kLast =
    "SELECT step, step_part, at FROM run_series_entries WHERE run = ? AND key = ?"
    " ORDER BY step DESC, step_part DESC, at DESC LIMIT 1";
constexpr auto kEntries =
    "SELECT step, step_part, at, digest, path, content FROM run_series_entries"
    " WHERE run = ? AND key = ? AND (step, step_part, at, digest) > (?, ?, ?, ?)"
    " ORDER BY step, step_part, at, digest LIMIT ?";

// The digest is part of the key, so one entry is one row whatever its size.
std::string digest_of(const SeriesEntry& entry) {
  return sha256_hex(entry.path + "\n" + entry.content).substr(0, 16);
}

Step step_of(const Row& row) {
  return {row.int64(0), static_cast<std::int32_t>(row.int64(1))};
}

// Makes the series when it is new; its kind stays what it was.
Result<std::int64_t> series_for(Connection& db, std::int64_t run, const SeriesEntry& entry) {
  struct Found {
    SeriesKind kind;
    std::int64_t entries;
  };
  SW_TRY(const auto found, db.first(kFindSeries, {run, entry.key}, [](const Row& row) {
    return Found{static_cast<SeriesKind>(row.int64(0)), row.int64(1)};
  }));
  if (found && found->kind != entry.kind) {
    return invalid("series '" + entry.key + "' holds entries of the kind " +
                       std::string(name_of(found->kind)) + ", not " +
                       std::string(name_of(entry.kind)),
                   "use another key");
  }
  if (found) return found->entries;
  SW_TRY(const auto count,
         db.first(kCountSeries, {run}, [](const Row& row) { return row.int64(0); }));
  if (count.value_or(0) >= kSeriesKeysLimit) {
    return precondition("the run has " + std::to_string(kSeriesKeysLimit) + " series already",
                        "report into one that is there");
  }
  SW_CHECK_OK(db.exec(kAddSeries, {run, entry.key, static_cast<std::int64_t>(entry.kind)}));
  return 0;
}

Result<void> insert(Connection& db, std::int64_t run, const std::vector<SeriesEntry>& entries) {
  struct Count {
    std::int64_t before = 0;
    std::int64_t added = 0;
    SeriesKind kind = SeriesKind::text;
  };
  std::map<std::string, Count> counts;
  for (const auto& entry : entries) {
    SW_CHECK_OK(check_entry(entry));
    auto at = counts.find(entry.key);
    if (at == counts.end() || at->second.kind != entry.kind) {
      SW_TRY(const auto before, series_for(db, run, entry));
      at = counts.insert_or_assign(entry.key, Count{before, 0, entry.kind}).first;
    }
    SW_TRY(const auto added,
           db.exec(kAddEntry, {run, entry.key, entry.step.whole(), std::int64_t{entry.step.part()},
                               entry.at.ms, digest_of(entry), entry.path, entry.content}));
    at->second.added += added;
  }
  for (const auto& [key, count] : counts) {
    if (count.added == 0) continue;
    if (count.before + count.added > kSeriesEntriesLimit) {
      return precondition("series '" + key + "' has " + std::to_string(count.before) +
                              " entries, and may have " + std::to_string(kSeriesEntriesLimit),
                          "report less often, or into another key");
    }
    SW_CHECK_OK(db.exec(kCountUp, {count.added, run, key}));
  }
  return {};
}

Result<SeriesSummary> summary_of(Connection& db, std::int64_t run, SeriesSummary out) {
  struct Place {
    Step step;
    Timestamp at;
  };
  const auto place = [](const Row& row) { return Place{step_of(row), {row.int64(2)}}; };
  SW_TRY(const auto first, db.first(kFirst, {run, out.key}, place));
  SW_TRY(const auto last, db.first(kLast, {run, out.key}, place));
  if (first) out.first = first->step;
  if (last) {
    out.last = last->step;
    out.last_at = last->at;
  }
  return out;
}

// "step.part.at.digest" of the last entry of a page.
std::string token_of(const SeriesEntry& entry) {
  return to_hex(std::to_string(entry.step.whole()) + "." + std::to_string(entry.step.part()) + "." +
                std::to_string(entry.at.ms) + "." + digest_of(entry));
}

Result<Cells> place_of(const std::string& token) {
  const auto bad = invalid("page_token: '" + token.substr(0, 100) + "' is none of ours",
                           "take it from the page before");
  const auto text = from_hex(token);
  if (!text) return bad;
  const auto parts = split(*text, '.');
  if (parts.size() != 4) return bad;
  Cells out;
  for (int i = 0; i < 3; ++i) {
    const auto number = parse_int(parts[static_cast<std::size_t>(i)]);
    if (!number) return bad;
    out.emplace_back(*number);
  }
  out.emplace_back(std::string(parts[3]));
  return out;
}

}  // namespace

Result<void> Series::add(const RunId& id, const std::vector<SeriesEntry>& entries) {
  if (entries.size() > kSeriesBatchLimit) {
    return invalid(std::to_string(entries.size()) + " entries are too many for one call",
                   "give at most " + std::to_string(kSeriesBatchLimit));
  }
  return db_.write([&](Connection& db) -> Result<void> {
    SW_TRY(const auto run, find_active_run(db, id));
    return insert(db, run.id, entries);
  });
}

Result<void> take_series(Connection& db, const RunId& id, const std::vector<SeriesEntry>& entries) {
  SW_TRY(const auto run, find_run(db, id));
  return insert(db, run.id, entries);
}

Result<Page<SeriesSummary>> Series::list(const RunId& id, const PageRequest& page) const {
  const auto after = from_hex(page.token);
  if (!after) return invalid("page_token: it is none of ours", "take it from the page before");
  const auto size = static_cast<std::int64_t>(page.size);
  return db_.read([&](Connection& db) -> Result<Page<SeriesSummary>> {
    SW_TRY(const auto run, find_run(db, id));
    SW_TRY(const auto found, db.all(kList, {run.id, *after, size + 1}, [](const Row& row) {
      return SeriesSummary{.key = std::string(row.text(0)),
                           .kind = static_cast<SeriesKind>(row.int64(1)),
                           .entries = row.int64(2)};
    }));
    Page<SeriesSummary> out;
    for (const auto& each : found) {
      if (out.items.size() == page.size) {
        out.next_token = to_hex(out.items.back().key);
        break;
      }
      SW_TRY(auto summary, summary_of(db, run.id, each));
      out.items.push_back(std::move(summary));
    }
    return out;
  });
}

Result<Page<SeriesEntry>> Series::entries(const RunId& id, const std::string& key,
                                          const std::optional<Step>& since,
                                          const PageRequest& page) const {
  // Before everything: a digest is never empty.
  Cells place = {since ? since->whole() : std::numeric_limits<std::int64_t>::min(),
                 std::int64_t{since ? since->part() : 0}, std::int64_t{-1}, std::string()};
  if (!page.token.empty()) {
    SW_TRY(place, place_of(page.token));
  }
  return db_.read([&](Connection& db) -> Result<Page<SeriesEntry>> {
    SW_TRY(const auto run, find_run(db, id));
    Page<SeriesEntry> out;
    SW_TRY(const auto kind, db.first(kFindSeries, {run.id, key}, [](const Row& row) {
      return static_cast<SeriesKind>(row.int64(0));
    }));
    if (!kind) return out;
    SW_TRY(out.items, db.all(kEntries,
                             {run.id, key, place[0], place[1], place[2], place[3],
                              static_cast<std::int64_t>(page.size) + 1},
                             [&](const Row& row) {
                               return SeriesEntry{.key = key,
                                                  .kind = *kind,
                                                  .step = step_of(row),
                                                  .at = {row.int64(2)},
                                                  .path = std::string(row.text(4)),
                                                  .content = std::string(row.text(5))};
                             }));
    if (out.items.size() > page.size) {
      out.items.pop_back();
      out.next_token = token_of(out.items.back());
    }
    return out;
  });
}

}  // namespace slipway::tracking
