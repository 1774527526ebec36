// SPDX-License-Identifier: Apache-2.0
// From captured rows to stored chunks and windows.
#include <algorithm>
#include <iterator>
#include <utility>

#include "base/log.h"
#include "impl.h"
#include "meter/meter.h"

namespace slipway::monitor {
namespace {

constexpr std::size_t kChunkRows = 4'096;
constexpr std::size_t kMostWaiting = 200'000;
constexpr std::int64_t kOldestNs = 1'000'000'000;
constexpr std::int64_t kDayMs = 86'400'000;
constexpr std::int64_t kWaitingLabelDays = 7;
constexpr std::int64_t kMaintenanceMs = 60'000;
constexpr std::int64_t kWindowDays = 7;  // then the profiles of a day are merged
constexpr int kMergedAtOnce = 20;
constexpr std::int64_t kChunksAtOnce = 8;

Chunk empty_chunk(const Captured& row) {
  Chunk out;
  out.endpoint = row.endpoint;
  out.model = row.model;
  out.version = row.version;
  out.schema = row.schema ? row.schema : std::make_shared<const Schema>();
  return out;
}

bool same_schema(const Chunk& chunk, const Captured& row) {
  return chunk.schema == row.schema || (row.schema && *chunk.schema == *row.schema);
}

}  // namespace

void Monitor::Impl::capture(std::vector<Captured> rows) {
  count_outliers(rows);
  const std::int64_t now = clock.monotonic_ns();
  const std::scoped_lock lock(open_mutex);
  for (auto& row : rows) {
    auto& [captured, dropped] = counters[row.endpoint];
    if (captured == nullptr) {
      const meter::Labels labels{{"endpoint", row.endpoint}};
      captured =
          &meters.counter("slipway_monitor_predictions_total", "Captured predictions.", labels);
      dropped =
          &meters.counter("slipway_monitor_predictions_dropped_total",
                          "Predictions that could not be kept: storing was too slow.", labels);
    }
    if (waiting_rows >= kMostWaiting) {
      dropped->add();
      continue;
    }
    captured->add();
    ++waiting_rows;
    ChunkKey key{row.endpoint, row.model, row.version};
    auto found = open.find(key);
    if (found != open.end() && !same_schema(found->second.chunk, row)) {
      full.push_back(std::move(found->second.chunk));
      open.erase(found);
      found = open.end();
    }
    if (found == open.end()) {
      found = open.emplace(std::move(key), OpenChunk{empty_chunk(row), now}).first;
    }
    found->second.chunk.add(std::move(row));
    if (found->second.chunk.rows() >= kChunkRows) {
      full.push_back(std::move(found->second.chunk));
      open.erase(found);
    }
  }
}

std::vector<Chunk> Monitor::Impl::take_open(bool all) {
  const std::int64_t now = clock.monotonic_ns();
  const std::scoped_lock lock(open_mutex);
  auto out = std::exchange(full, {});
  for (auto at = open.begin(); at != open.end();) {
    if (all || now - at->second.opened_ns >= kOldestNs) {
      out.push_back(std::move(at->second.chunk));
      at = open.erase(at);
    } else {
      ++at;
    }
  }
  for (const auto& chunk : out) waiting_rows -= std::min(waiting_rows, chunk.rows());
  return out;
}

Result<void> Monitor::Impl::store_open(bool all) {
  const std::scoped_lock lock(store_mutex);
  SW_CHECK_OK(recover());
  auto chunks = take_open(all);
  maintain();
  if (shared()) forget_cached();
  if (shared() && compares) SW_CHECK_OK(take_others());
  if (chunks.empty()) return {};
  if (const auto written = write(chunks); !written) {
    for (const auto& chunk : chunks) {
      const std::scoped_lock open_lock(open_mutex);
      if (auto* dropped = counters[chunk.endpoint].second) {
        dropped->add(static_cast<double>(chunk.rows()));
      }
    }
    return written.error();
  }
  for (const auto& chunk : chunks) {
    fill_window(chunk, 0);
    if (compares) SW_CHECK_OK(feed(chunk));
    const auto index = indexes.find(chunk.endpoint);
    if (index != indexes.end()) index->second.add(chunk.id, read_hashes(hashes_of(chunk)));
  }
  SW_CHECK_OK(join_waiting_events(chunks));
  return join_waiting(chunks);
}

Result<void> Monitor::Impl::write(std::vector<Chunk>& chunks) {
  // The numbers are given under the writer's place: another process may store here as well.
  SW_CHECK_OK(db.write([&](store::Connection& c) -> Result<void> {
    auto next = next_chunk;
    if (shared()) {
      SW_TRY(const auto last, records::last_chunk(c));
      next = std::max(next, last + 1);
    }
    for (auto& chunk : chunks) chunk.id = next++;
    for (const auto& chunk : chunks) SW_CHECK_OK(records::put_chunk(c, chunk));
    return {};
  }));
  next_chunk = chunks.back().id + 1;
  if (shared() && compares) {
    for (const auto& chunk : chunks) own_chunks.insert(chunk.id);
  }
  std::set<std::string> endpoints;
  for (const auto& chunk : chunks) {
    stored_rows[chunk.endpoint] += static_cast<std::int64_t>(chunk.rows());
    endpoints.insert(chunk.endpoint);
  }
  for (const auto& endpoint : endpoints) {
    SW_TRY(const auto watched, settings_of(endpoint));
    if (stored_rows[endpoint] > watched->keep_rows) SW_CHECK_OK(trim(endpoint, *watched));
  }
  return {};
}

// The oldest predictions go: those beyond keep_rows and those older than keep_days.
Result<void> Monitor::Impl::trim(const std::string& endpoint, const Settings& watched) {
  const Timestamp oldest{clock.now().ms - watched.keep_days * kDayMs};
  SW_TRY(const auto gone, db.write([&](store::Connection& c) {
    return records::trim_chunks(c, endpoint, stored_rows[endpoint], watched.keep_rows, oldest);
  }));
  stored_rows[endpoint] -= gone.rows;
  const auto index = indexes.find(endpoint);
  if (index != indexes.end() && gone.rows > 0) index->second.forget_before(gone.first_chunk);
  return {};
}

void Monitor::Impl::fill_window(const Chunk& chunk, std::size_t from) {
  if (!compares) return;
  auto& window = windows[{chunk.endpoint, chunk.model, chunk.version}];
  const Timestamp now = clock.now();
  for (std::size_t i = from; i < chunk.rows(); ++i) window.add(chunk, i, now);
  measure(chunk, from, window);
}

// Settings and references that another process may have changed are read again.
void Monitor::Impl::forget_cached() {
  constexpr std::int64_t kSettingsNs = 2'000'000'000;
  constexpr std::int64_t kProfilesNs = 30'000'000'000;
  const auto now = clock.monotonic_ns();
  const std::scoped_lock lock(cache_mutex);
  if (now - settings_read_ns > kSettingsNs) {
    settings.clear();
    settings_read_ns = now;
  }
  if (now - profiles_read_ns > kProfilesNs) {
    profiles.clear();
    profiles_read_ns = now;
  }
}

// Into the windows, in the order in which it was stored; at most once a second.
Result<void> Monitor::Impl::take_others() {
  const auto now = clock.monotonic_ns();
  if (now - took_others_ns < kOldestNs) return {};
  took_others_ns = now;
  SW_CHECK_OK(take_outcomes());
  SW_TRY(const auto last, db.read([](store::Connection& c) { return records::last_chunk(c); }));
  if (last <= seen_chunk) return {};
  SW_TRY(const auto keys, db.read([](store::Connection& c) { return records::chunk_keys(c); }));
  for (const auto& key : keys) {
    for (std::int64_t from = seen_chunk + 1; from <= last;) {
      SW_TRY(const auto chunks, db.read([&](store::Connection& c) {
        return records::chunks_from(c, key, from, kChunksAtOnce);
      }));
      for (const auto& chunk : chunks) {
        from = chunk.id + 1;
        if (chunk.id > last || own_chunks.count(chunk.id) != 0) continue;
        fill_window(chunk, 0);
        SW_CHECK_OK(feed(chunk));
        stored_rows[chunk.endpoint] += static_cast<std::int64_t>(chunk.rows());
      }
      if (chunks.size() < static_cast<std::size_t>(kChunksAtOnce)) break;
    }
  }
  seen_chunk = last;
  own_chunks.erase(own_chunks.begin(), own_chunks.upper_bound(last));
  return {};
}

// What this process needs to know of the ones before it. Once.
Result<void> Monitor::Impl::recover() {
  if (recovered) return {};
  std::vector<DriftReport> latest;
  std::vector<std::string> endpoints;
  SW_CHECK_OK(db.read([&](store::Connection& c) -> Result<void> {
    SW_TRY(const auto chunk, records::last_chunk(c));
    SW_TRY(const auto seq, records::last_seq(c));
    SW_TRY(stored_rows, records::rows_by_endpoint(c));
    SW_TRY(latest, records::latest_reports(c));
    SW_TRY(endpoints, records::watched_endpoints(c));
    next_chunk = chunk + 1;
    next_seq = seq + 1;
    seen_chunk = chunk;
    windows.clear();
    return {};
  }));
  SW_CHECK_OK(refill_windows());
  for (const auto& report : latest) show(report);
  recovered = true;
  for (const auto& [key, window] : windows) {
    if (auto state = quality_of_key(key); !state) return state.error();
  }
  for (const auto& endpoint : endpoints) {
    SW_TRY(const auto watched, settings_of(endpoint));
    apply(endpoint, *watched);
  }
  return compares ? feed_missed() : Result<void>();
}

// The traffic after each version's last report goes into its window again.
Result<void> Monitor::Impl::refill_windows() {
  SW_TRY(const auto keys, db.read([](store::Connection& c) { return records::chunk_keys(c); }));
  for (const auto& key : keys) SW_CHECK_OK(refill_window(key));
  return {};
}

// Up to `seen_chunk`: what comes later is the others'.
Result<void> Monitor::Impl::refill_window(const ChunkKey& key) {
  SW_TRY(const auto cursor,
         db.read([&](store::Connection& c) { return records::last_cursor(c, key); }));
  std::int64_t from = cursor ? cursor->chunk : 0;
  windows[key];
  while (windows[key].rows < Window::kMostKept) {
    SW_TRY(const auto chunks, db.read([&](store::Connection& c) {
      return records::chunks_from(c, key, from, kChunksAtOnce);
    }));
    for (const auto& chunk : chunks) {
      from = chunk.id + 1;
      if (chunk.id > seen_chunk) continue;
      const bool partly = cursor && chunk.id == cursor->chunk;
      fill_window(chunk, partly ? static_cast<std::size_t>(cursor->row) + 1 : 0);
    }
    if (chunks.size() < static_cast<std::size_t>(kChunksAtOnce)) break;
  }
  return {};
}

void Monitor::Impl::trim_events(const std::string& endpoint, Timestamp oldest) {
  const auto done = db.write([&](store::Connection& c) -> Result<void> {
    SW_CHECK_OK(c.exec("DELETE FROM monitor_event WHERE endpoint = ? AND received < ?",
                       {endpoint, oldest.ms}));
    return {};
  });
  if (!done) log::warn("monitor.maintenance_failed", {{"why", done.error().message}});
}

// Once a minute: what is kept for a time only.
void Monitor::Impl::maintain() {
  const Timestamp now = clock.now();
  if (now.ms - last_maintenance_ms < kMaintenanceMs) return;
  last_maintenance_ms = now.ms;
  const auto done = db.write([&](store::Connection& c) -> Result<void> {
    SW_CHECK_OK(records::trim_waiting(c, {now.ms - kWaitingLabelDays * kDayMs}));
    SW_CHECK_OK(records::trim_reports(c, {now.ms - 365 * kDayMs}));
    for (int i = 0; i < kMergedAtOnce; ++i) {
      SW_TRY(const bool merged, records::merge_old_day(c, {now.ms - kWindowDays * kDayMs}));
      if (!merged) break;
    }
    return {};
  });
  if (!done) log::warn("monitor.maintenance_failed", {{"why", done.error().message}});
  for (const auto& [endpoint, rows] : stored_rows) {
    const auto watched = settings_of(endpoint);
    if (watched) trim_events(endpoint, {now.ms - (*watched)->keep_days * kDayMs});
    const auto trimmed = watched ? trim(endpoint, **watched) : Result<void>(watched.error());
    if (!trimmed) log::warn("monitor.maintenance_failed", {{"why", trimmed.error().message}});
  }
}

}  // namespace slipway::monitor
