// SPDX-License-Identifier: Apache-2.0
// From windows that are good or bad to alerts: how many in a row, for how long, on how many rows.
#include <algorithm>
#include <utility>

#include "base/text.h"
#include "impl.h"

namespace slipway::monitor {
namespace {

constexpr std::int64_t kMostCounted = 1'000'000;  // more need not be told apart
constexpr std::int64_t kPendingNs = 1'000'000'000;

constexpr std::string_view kPut =
    "INSERT INTO monitor_streak (endpoint, model, version, kind, red, green, red_since) "
    "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (endpoint, model, version, kind) DO UPDATE SET "
    "red = excluded.red, green = excluded.green, red_since = excluded.red_since";

Streak from_row(const store::Row& row) {
  return {.red = row.int64(0), .green = row.int64(1), .red_since = {row.int64(2)}};
}

}  // namespace

// As it was left by this process or one before.
Result<Streak> Monitor::Impl::streak_of(const StreakKey& key) {
  {
    const std::scoped_lock lock(streak_mutex);
    const auto found = streaks.find(key);
    if (found != streaks.end()) return found->second;
  }
  const auto& [of, kind] = key;
  SW_TRY(const auto stored, db.read([&](store::Connection& c) {
    return c.first(
        "SELECT red, green, red_since FROM monitor_streak WHERE endpoint = ? AND model = ? AND "
        "version = ? AND kind = ?",
        {of.endpoint, of.model, of.version, std::string(name_of(kind))}, from_row);
  }));
  const std::scoped_lock lock(streak_mutex);
  return streaks.try_emplace(key, stored.value_or(Streak{})).first->second;
}

// One more window; on disk before it counts. Green ones beyond `wanted` change nothing.
Result<Streak> Monitor::Impl::count_window(const StreakKey& key, bool red, const Cause& cause,
                                           std::int64_t wanted) {
  SW_TRY(auto streak, streak_of(key));
  if (!red && streak.red == 0 && streak.green >= wanted) return streak;
  const auto now = clock.now();
  streak.red = red ? std::min(streak.red + 1, kMostCounted) : 0;
  streak.green = red ? 0 : std::min(streak.green + 1, kMostCounted);
  if (!red) {
    streak.red_since = {};
    streak.raised = false;
    streak.cause.reset();
  } else {
    if (streak.red_since.ms == 0 || streak.red_since > now) streak.red_since = now;
    streak.cause = cause;
  }
  const auto& [of, kind] = key;
  SW_CHECK_OK(db.write([&](store::Connection& c) {
    return c.exec(kPut, {of.endpoint, of.model, of.version, std::string(name_of(kind)), streak.red,
                         streak.green, streak.red_since.ms});
  }));
  const std::scoped_lock lock(streak_mutex);
  streaks[key] = streak;
  return streak;
}

Result<void> Monitor::Impl::note(const Cause& cause, bool red, const Settings& watched,
                                 std::int64_t enough) {
  const auto& rule = watched.rule_of(cause.kind);
  if (!rule.enabled) {
    const auto closed = alerts.close(cause.endpoint, cause.kind, cause.version,
                                     "alerts of this kind are off", watched);
    return closed ? Result<void>() : closed.error();
  }
  if (cause.rows > 0 && cause.rows < rule.min_rows) return {};
  // Of a shadow nobody gets an answer.
  if (red && hooks.answers && !hooks.answers(cause.endpoint, cause.version)) return {};
  const StreakKey key{{cause.endpoint, cause.model, cause.version}, cause.kind};
  const auto wanted = rule.windows.value_or(enough);
  SW_TRY(const auto streak, count_window(key, red, cause, wanted));
  if (red) return streak.red >= wanted ? raise(key, watched) : Result<void>();
  if (streak.green < wanted) return {};
  const std::string why =
      wanted == 1 ? std::string("a green window") : std::to_string(wanted) + " green windows";
  const auto closed = alerts.close(cause.endpoint, cause.kind, cause.version, why, watched);
  return closed ? Result<void>() : closed.error();
}

// Opens it once it has been bad for long enough.
Result<void> Monitor::Impl::raise(const StreakKey& key, const Settings& watched) {
  SW_TRY(auto streak, streak_of(key));
  const auto& rule = watched.rule_of(key.second);
  if (!streak.cause || clock.now().ms - streak.red_since.ms < rule.for_s * 1'000) return {};
  auto cause = *streak.cause;
  if (rule.for_s > 0) {
    const auto minutes = (clock.now().ms - streak.red_since.ms) / 60'000;
    cause.message += minutes > 0 ? " (for " + std::to_string(minutes) + " min)" : "";
  }
  if (const auto opened = alerts.open(cause, watched); !opened) return opened.error();
  const std::scoped_lock lock(streak_mutex);
  streaks[key].raised = true;
  return {};
}

// What is bad since long enough, also when no window has closed since.
Result<void> Monitor::Impl::raise_pending() {
  const auto turn = clock.monotonic_ns();
  if (turn - judged_at.pending_ns < kPendingNs) return {};
  judged_at.pending_ns = turn;
  std::vector<StreakKey> pending;
  {
    const std::scoped_lock lock(streak_mutex);
    for (const auto& [key, streak] : streaks) {
      if (streak.cause && !streak.raised) pending.push_back(key);
    }
  }
  for (const auto& key : pending) {
    SW_TRY(const auto watched, settings_of(key.first.endpoint));
    const auto& rule = watched->rule_of(key.second);
    SW_TRY(const auto streak, streak_of(key));
    if (!rule.enabled || rule.for_s == 0) continue;
    if (streak.red >= rule.windows.value_or(watched->windows)) {
      SW_CHECK_OK(raise(key, *watched));
    }
  }
  return {};
}

}  // namespace slipway::monitor
