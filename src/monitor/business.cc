// SPDX-License-Identifier: Apache-2.0
// Business events meet the predictions that they came of; aggregates and the alert about them.
#include "monitor/business.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "impl.h"
#include "meter/meter.h"

namespace slipway::monitor {
namespace {

using store::Connection;
using store::Row;

constexpr std::int64_t kMostWaiting = 100'000;
constexpr std::int64_t kJudgeEveryNs = 1'000'000'000;
constexpr std::string_view kFirstRow = "/0";

constexpr std::string_view kAdd =
    "INSERT INTO monitor_event (endpoint, event, event_id, request_id, value, at, received, model, "
    "version, predicted_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";
constexpr std::string_view kAttribute =
    "UPDATE monitor_event SET model = ?, version = ?, predicted_at = ? "
    "WHERE endpoint = ? AND request_id = ? AND version = ''";
constexpr std::string_view kUnattributed =
    "SELECT event, value FROM monitor_event WHERE endpoint = ? AND request_id = ? AND version = ''";
constexpr std::string_view kSums =
    "SELECT model, version, event, CAST(SUM(n) AS BIGINT), COUNT(*), SUM(v), SUM(v * v) FROM ("
    "SELECT model, version, event, request_id, COUNT(*) AS n, SUM(value) AS v FROM monitor_event "
    "WHERE endpoint = ? AND predicted_at >= ? AND predicted_at <= ? AND version <> '' "
    "GROUP BY model, version, event, request_id) AS each_request "
    "GROUP BY model, version, event ORDER BY model, version, event";

// The row that a request's name stands for: itself, or the first of a batch.
bool is_named(const std::string& row_id, const std::string& request_id) {
  if (row_id == request_id) return true;
  return row_id.size() == request_id.size() + kFirstRow.size() && row_id.starts_with(request_id) &&
         row_id.ends_with(kFirstRow);
}

struct Answerer {
  std::string model;
  std::string version;
  std::int64_t at = 0;
};

std::optional<Answerer> answerer_in(const Chunk& chunk, const std::string& request_id) {
  for (std::size_t row = chunk.rows(); row-- > 0;) {
    if (!chunk.shadow[row] && is_named(chunk.ids[row], request_id)) {
      return Answerer{chunk.model, chunk.version, chunk.at[row]};
    }
  }
  return std::nullopt;
}

// Rows of a chunk that were predicted within the time; most chunks lie wholly in it.
std::int64_t rows_within(const Chunk& chunk, std::int64_t from, std::int64_t to) {
  return std::count_if(chunk.at.begin(), chunk.at.end(),
                       [&](std::int64_t at) { return at >= from && at <= to; });
}

BusinessOfVersion& entry_of(std::vector<BusinessOfVersion>& all, const std::string& model,
                            const std::string& version) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const auto& one) {
    return one.model == model && one.version == version;
  });
  if (found != all.end()) return *found;
  all.push_back({.model = model, .version = version});
  return all.back();
}

}  // namespace

Result<std::optional<ChunkKey>> Monitor::Impl::answerer_of(const std::string& endpoint,
                                                           const std::string& request_id,
                                                           std::int64_t& at) {
  std::optional<Answerer> found;
  {
    const std::scoped_lock lock(open_mutex);
    const auto look = [&](const Chunk& chunk) {
      if (!found && chunk.endpoint == endpoint) found = answerer_in(chunk, request_id);
    };
    for (const auto& [key, waiting] : open) look(waiting.chunk);
    for (const auto& chunk : full) look(chunk);
  }
  if (!found) {
    SW_TRY(const auto* index, index_of(endpoint));
    for (const auto& name : {request_id, request_id + std::string(kFirstRow)}) {
      for (const auto& [id, row] : index->find(hash_of(name))) {
        SW_TRY(const Chunk* chunk, answers_of(id));
        if (chunk == nullptr || row >= chunk->rows() || chunk->ids[row] != name) continue;
        if (chunk->shadow[row] || found) continue;
        found = Answerer{chunk->model, chunk->version, chunk->at[row]};
      }
    }
  }
  if (!found) return std::optional<ChunkKey>();
  at = found->at;
  return std::optional(ChunkKey{endpoint, found->model, found->version});
}

void Monitor::Impl::show(const ChunkKey& key, const BusinessEvent& event) {
  const meter::Labels labels{{"endpoint", key.endpoint},
                             {"model", key.model},
                             {"version", key.version},
                             {"event", event.event}};
  meters.counter("slipway_business_total", "Business events by the version that answered.", labels)
      .add(1);
  meters
      .gauge("slipway_business_value", "Sum of the values of business events since the start.",
             labels)
      .add(event.value);
}

Result<std::set<std::string>*> Monitor::Impl::waiting_events_of(const std::string& endpoint) {
  const auto known = waiting_events.find(endpoint);
  if (known != waiting_events.end()) return &known->second;
  std::set<std::string> stored;
  SW_CHECK_OK(db.read([&](Connection& c) {
    return c.query(
        "SELECT request_id FROM monitor_event WHERE endpoint = ? AND predicted_at = 0 "
        "ORDER BY received DESC LIMIT " +
            std::to_string(kMostWaiting),
        {endpoint}, [&](const Row& row) {
          stored.emplace(row.text(0));
          return true;
        });
  }));
  return &(waiting_events[endpoint] = std::move(stored));
}

Result<BusinessAnswer> Monitor::Impl::take_events(const std::string& endpoint,
                                                  const std::vector<BusinessEvent>& events) {
  const std::scoped_lock lock(store_mutex);
  SW_CHECK_OK(recover());
  std::vector<std::pair<std::optional<ChunkKey>, std::int64_t>> answered;
  for (const auto& event : events) {
    std::int64_t at = 0;
    SW_TRY(auto key, answerer_of(endpoint, event.request_id, at));
    answered.emplace_back(std::move(key), at);
  }
  SW_TRY(auto* waiting, waiting_events_of(endpoint));
  const auto now = clock.now();
  std::vector<bool> fresh;
  SW_CHECK_OK(db.write([&](Connection& c) -> Result<void> {
    fresh.clear();
    for (std::size_t i = 0; i < events.size(); ++i) {
      const auto& e = events[i];
      const auto& [key, at] = answered[i];
      SW_TRY(const auto added, c.exec(kAdd, {endpoint, e.event, e.id.empty() ? e.request_id : e.id,
                                             e.request_id, e.value, e.at.value_or(now).ms, now.ms,
                                             key ? key->model : "", key ? key->version : "", at}));
      fresh.push_back(added > 0);
    }
    return {};
  }));
  BusinessAnswer out;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const auto& key = answered[i].first;
    ++(!fresh[i] ? out.repeated : key ? out.accepted : out.waiting);
    if (!fresh[i]) continue;
    if (key) {
      show(*key, events[i]);
    } else if (static_cast<std::int64_t>(waiting->size()) < kMostWaiting) {
      waiting->insert(events[i].request_id);
    }
  }
  return out;
}

// Predictions that came after their events. With the store lock.
Result<void> Monitor::Impl::join_waiting_events(const std::vector<Chunk>& chunks) {
  for (const auto& chunk : chunks) {
    SW_TRY(auto* waiting, waiting_events_of(chunk.endpoint));
    if (waiting->empty()) continue;
    std::vector<std::pair<std::string, std::int64_t>> found;
    for (std::size_t row = 0; row < chunk.rows(); ++row) {
      if (chunk.shadow[row]) continue;
      const auto& id = chunk.ids[row];
      if (waiting->contains(id)) found.emplace_back(id, chunk.at[row]);
      if (!id.ends_with(kFirstRow)) continue;
      auto request = id.substr(0, id.size() - kFirstRow.size());
      if (waiting->contains(request)) found.emplace_back(std::move(request), chunk.at[row]);
    }
    if (found.empty()) continue;
    std::vector<BusinessEvent> joined;
    SW_CHECK_OK(db.write([&](Connection& c) -> Result<void> {
      joined.clear();
      for (const auto& [request, at] : found) {
        SW_CHECK_OK(c.query(kUnattributed, {chunk.endpoint, request}, [&](const Row& row) {
          joined.push_back({.event = std::string(row.text(0)), .value = row.real(1)});
          return true;
        }));
        SW_CHECK_OK(c.exec(kAttribute, {chunk.model, chunk.version, at, chunk.endpoint, request}));
      }
      return {};
    }));
    for (const auto& [request, at] : found) waiting->erase(request);
    for (const auto& event : joined) show({chunk.endpoint, chunk.model, chunk.version}, event);
  }
  return {};
}

Result<std::vector<BusinessOfVersion>> Monitor::Impl::business(const std::string& endpoint,
                                                               Timestamp from, Timestamp to) const {
  std::vector<BusinessOfVersion> out;
  SW_CHECK_OK(db.read([&](Connection& c) -> Result<void> {
    std::vector<std::int64_t> partly;
    SW_CHECK_OK(
        c.query("SELECT id, model, version, first_at, last_at, rows FROM monitor_chunk "
                "WHERE endpoint = ? AND last_at >= ? AND first_at <= ?",
                {endpoint, from.ms, to.ms}, [&](const Row& row) {
                  auto& entry = entry_of(out, std::string(row.text(1)), std::string(row.text(2)));
                  const bool whole = row.int64(3) >= from.ms && row.int64(4) <= to.ms;
                  if (whole) entry.predictions += row.int64(5);
                  if (!whole) partly.push_back(row.int64(0));
                  return true;
                }));
    for (const auto id : partly) {
      SW_TRY(const auto chunk, records::answers(c, id));
      if (!chunk) continue;
      entry_of(out, chunk->model, chunk->version).predictions +=
          rows_within(*chunk, from.ms, to.ms);
    }
    return c.query(kSums, {endpoint, from.ms, to.ms}, [&](const Row& row) {
      entry_of(out, std::string(row.text(0)), std::string(row.text(1)))
          .events.push_back({.event = std::string(row.text(2)),
                             .events = row.int64(3),
                             .requests = row.int64(4),
                             .value = row.real(5),
                             .squares = row.real(6)});
      return true;
    });
  }));
  return out;
}

// Of one version in its window: opens or closes the alert of the endpoint's business rule.
Result<void> Monitor::Impl::judge_business(const ChunkKey& key, const BusinessOfVersion& seen,
                                           const Settings& watched) {
  const auto& rule = *watched.business;
  BusinessSums sums{.event = rule.event};
  for (const auto& one : seen.events) {
    if (one.event == rule.event) sums = one;
  }
  const auto n = static_cast<double>(seen.predictions);
  const bool rate = rule.measure == "rate";
  const double value = (rate ? static_cast<double>(sums.requests) : sums.value) / n;
  const bool low = rule.min && value < *rule.min;
  const bool high = rule.max && value > *rule.max;
  const double limit = low || !rule.max ? rule.min.value_or(0) : *rule.max;
  Cause cause{.endpoint = key.endpoint,
              .model = key.model,
              .version = key.version,
              .kind = AlertKind::business,
              .value = value,
              .threshold = limit,
              .rows = seen.predictions};
  cause.message = "the " + rule.measure + " of '" + rule.event + "' of version " + key.version +
                  " is " + number_text(value) + " a prediction over " +
                  std::to_string(seen.predictions) + " predictions, " +
                  (high ? "at most " : "at least ") + number_text(limit) + " is wanted";
  return note(cause, low || high, watched, watched.windows);
}

// When the window began that is filling, in this process or one before; now when there is none.
Result<Timestamp> Monitor::Impl::business_begun(const std::string& endpoint, Timestamp now) {
  const auto known = business_from.find(endpoint);
  if (known != business_from.end()) return known->second;
  SW_TRY(const auto stored, db.read([&](Connection& c) {
    return c.first("SELECT begun FROM monitor_business_window WHERE endpoint = ?", {endpoint},
                   [](const Row& row) { return row.int64(0); });
  }));
  if (!stored || *stored > now.ms) {
    SW_CHECK_OK(begin_business(endpoint, now));
    return now;
  }
  return business_from[endpoint] = {*stored};
}

Result<void> Monitor::Impl::begin_business(const std::string& endpoint, Timestamp at) {
  SW_CHECK_OK(db.write([&](Connection& c) {
    return c.exec(
        "INSERT INTO monitor_business_window (endpoint, begun) VALUES (?, ?) "
        "ON CONFLICT (endpoint) DO UPDATE SET begun = excluded.begun",
        {endpoint, at.ms});
  }));
  business_from[endpoint] = at;
  return {};
}

Result<void> Monitor::Impl::judge_all_business() {
  const auto turn = clock.monotonic_ns();
  if (turn - judged_at.business_ns < kJudgeEveryNs) return {};
  judged_at.business_ns = turn;
  SW_TRY(const auto endpoints,
         db.read([](Connection& c) { return records::watched_endpoints(c); }));
  for (const auto& endpoint : endpoints) {
    SW_TRY(const auto watched, settings_of(endpoint));
    if (!watched->business) continue;
    const auto& rule = *watched->business;
    const Timestamp to{clock.now().ms - rule.delay_s * 1'000};
    SW_TRY(auto begun, business_begun(endpoint, to));
    SW_TRY(const auto all, business(endpoint, {begun.ms + 1}, to));
    std::int64_t most = 0;
    for (const auto& one : all) most = std::max(most, one.predictions);
    if (most < rule.window_rows) continue;
    for (const auto& one : all) {
      if (one.predictions * 2 < rule.window_rows) continue;  // too little to say
      SW_CHECK_OK(judge_business({endpoint, one.model, one.version}, one, *watched));
    }
    SW_CHECK_OK(begin_business(endpoint, to));
  }
  return {};
}

}  // namespace slipway::monitor
