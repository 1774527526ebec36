// SPDX-License-Identifier: Apache-2.0
// Typed series: what a run shows step by step besides numbers, such as images, tables, histograms.
//
// An entry is a file among the run's artifacts, or JSON kept beside it: a text is a string, a
// histogram {"edges": [..], "counts": [..]} with one edge more than counts, a table
// {"columns": [..], "data": [[..], ..]}. Images, audio and files are always files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "domain/types.h"
#include "tracking/step.h"
#include "tracking/types.h"

namespace slipway::store {
class Connection;
class Database;
}  // namespace slipway::store

namespace slipway::tracking {

enum class SeriesKind { image, table, histogram, audio, text, file };
std::string_view name_of(SeriesKind kind);  // "image"
Result<SeriesKind> parse_series_kind(std::string_view name);

struct SeriesEntry {
  std::string key;
  SeriesKind kind = SeriesKind::text;
  Step step;
  Timestamp at;
  std::string path;     // below the run's artifact root
  std::string content;  // JSON text; exactly one of the two is there
};

struct SeriesSummary {
  std::string key;
  SeriesKind kind = SeriesKind::text;
  std::int64_t entries = 0;
  Step first;
  Step last;
  Timestamp last_at;
};

// Bounds of what is taken in.
inline constexpr std::size_t kSeriesKeyLimit = 1024;            // bytes of a key
inline constexpr std::size_t kSeriesContentLimit = 1u << 20;    // bytes of an entry's JSON
inline constexpr std::size_t kSeriesBatchLimit = 1'000;         // entries in one call
inline constexpr std::int64_t kSeriesKeysLimit = 10'000;        // series of a run
inline constexpr std::int64_t kSeriesEntriesLimit = 1'000'000;  // entries of a series

// Thread-safe.
class Series {
 public:
  explicit Series(store::Database& db) : db_(db) {}

  // All of them are kept, or none. A key has one kind for good; the very same entry given again is
  // kept once. Finished runs still take entries, deleted ones are failed_precondition.
  Result<void> add(const RunId& id, const std::vector<SeriesEntry>& entries);
  // By key.
  Result<Page<SeriesSummary>> list(const RunId& id, const PageRequest& page) const;
  // By step and time; `since` leaves out what is before. An unknown key has none.
  Result<Page<SeriesEntry>> entries(const RunId& id, const std::string& key,
                                    const std::optional<Step>& since,
                                    const PageRequest& page) const;

 private:
  store::Database& db_;
};

Result<void> check_entry(const SeriesEntry& entry);
// The same as `add`, in the caller's transaction, also for a deleted run: for histories that were
// made elsewhere.
Result<void> take_series(store::Connection& db, const RunId& id,
                         const std::vector<SeriesEntry>& entries);

}  // namespace slipway::tracking
