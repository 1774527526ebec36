// SPDX-License-Identifier: Apache-2.0
#include "monitor/expectations.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <utility>

#include "base/log.h"
#include "expectation/rows.h"
#include "meter/meter.h"
#include "store/database.h"

namespace slipway::monitor {
namespace {

using expectation::Action;
using expectation::RowChecks;
using expectation::Suite;

using store::Connection;
using store::Row;

constexpr std::size_t kRecent = 100;
constexpr std::int64_t kLookNs = 1'000'000'000;
constexpr std::string_view kAddSeen =
    "INSERT INTO monitor_asked (endpoint, rule, model, version, rows, broken, since) "
    "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (endpoint, rule) DO UPDATE SET "
    "rows = monitor_asked.rows + excluded.rows, broken = monitor_asked.broken + excluded.broken, "
    "model = excluded.model, version = excluded.version";
constexpr std::string_view kForgetSeen = "DELETE FROM monitor_asked WHERE endpoint = ?";

struct StoredSeen {
  SeenRows seen;
  Timestamp since;
};

// What all servers saw since the last verdict.
Result<std::optional<StoredSeen>> read_seen(Connection& c, const std::string& endpoint) {
  return c.first(
      "SELECT model, version, rows, broken, since FROM monitor_asked WHERE endpoint = ? AND "
      "rule = ''",
      {endpoint}, [](const Row& row) {
        return StoredSeen{{.model = std::string(row.text(0)),
                           .version = std::string(row.text(1)),
                           .rows = row.int64(2),
                           .broken = row.int64(3),
                           .worst = {}},
                          {row.int64(4)}};
      });
}

Result<std::string> worst_of(Connection& c, const std::string& endpoint) {
  SW_TRY(const auto found,
         c.first("SELECT rule FROM monitor_asked WHERE endpoint = ? AND "
                 "rule <> '' ORDER BY broken DESC, rule LIMIT 1",
                 {endpoint}, [](const Row& row) { return std::string(row.text(0)); }));
  return found.value_or("");
}

// One endpoint's suite and what was seen under it. A changed suite begins at nothing.
struct Watched {
  std::shared_ptr<const Suite> suite;
  std::string set_by;
  Timestamp set_at;
  meter::Counter* rows_meter = nullptr;
  meter::Counter* broken_meter[3] = {};  // by action

  mutable std::mutex mutex;  // of what follows
  std::shared_ptr<const std::vector<std::string>> columns;
  std::shared_ptr<const RowChecks> checks;  // for those columns
  std::int64_t rows = 0;
  std::int64_t broken = 0;
  std::int64_t refused = 0;
  std::map<const expectation::Check*, std::int64_t> counts;
  std::deque<BrokenRule> recent;
  SeenRows seen;  // and not stored yet
  std::map<std::string, std::int64_t> seen_counts;
  std::int64_t looked_ns = 0;

  std::shared_ptr<const RowChecks> checks_for(const Asked& asked) {
    const std::scoped_lock lock(mutex);
    if (columns == nullptr || (columns != asked.columns && *columns != *asked.columns)) {
      checks = std::make_shared<const RowChecks>(suite, *asked.columns);
    }
    columns = asked.columns;
    return checks;
  }
};

// What the rows of one request broke.
struct Seen {
  std::vector<std::pair<const expectation::Check*, BrokenRule>> broken;
  std::int64_t bad_rows = 0;
  const BrokenRule* refusal = nullptr;
};

Seen look_at(const Watched& watched, const RowChecks& checks, const Asked& asked, Timestamp now) {
  Seen out;
  for (std::size_t i = 0; i < asked.rows.size(); ++i) {
    bool bad = false;
    checks.look(asked.rows[i], [&](const expectation::Check& check, const std::string& found) {
      const auto action = watched.suite->action_of(check);
      bad = bad || action != Action::pass;
      out.broken.emplace_back(&check, BrokenRule{.at = now,
                                                 .request_id = asked.request_id,
                                                 .row = static_cast<std::int64_t>(i),
                                                 .rule = check.label(),
                                                 .found = found,
                                                 .action = action});
    });
    out.bad_rows += bad ? 1 : 0;
  }
  for (const auto& [check, broken] : out.broken) {
    if (out.refusal == nullptr && broken.action == Action::refuse) out.refusal = &broken;
  }
  return out;
}

void count(Watched& watched, const Asked& asked, const Seen& seen) {
  const auto rows = static_cast<std::int64_t>(asked.rows.size());
  watched.rows_meter->add(static_cast<double>(rows));
  for (const auto& [check, broken] : seen.broken) {
    watched.broken_meter[static_cast<int>(broken.action)]->add(1);
  }
  const std::scoped_lock lock(watched.mutex);
  watched.rows += rows;
  watched.broken += seen.bad_rows;
  watched.refused += seen.refusal == nullptr ? 0 : 1;
  watched.seen.rows += rows;
  watched.seen.broken += seen.bad_rows;
  watched.seen.model = asked.model;
  watched.seen.version = asked.version;
  for (const auto& [check, broken] : seen.broken) {
    ++watched.counts[check];
    if (broken.action != Action::pass) ++watched.seen_counts[check->label()];
    watched.recent.push_front(broken);
    if (watched.recent.size() > kRecent) watched.recent.pop_back();
  }
}

}  // namespace

struct Expectations::Impl {
  store::Database& db;
  Clock& clock;
  meter::Registry& meters;
  std::atomic<bool> any{false};
  mutable std::shared_mutex mutex;
  std::map<std::string, std::shared_ptr<Watched>> watched;

  std::shared_ptr<Watched> find(const std::string& endpoint) const {
    const std::shared_lock lock(mutex);
    const auto found = watched.find(endpoint);
    return found == watched.end() ? nullptr : found->second;
  }

  std::shared_ptr<Watched> make(const std::string& endpoint, Suite suite, std::string by,
                                Timestamp at) {
    auto out = std::make_shared<Watched>();
    out->suite = std::make_shared<const Suite>(std::move(suite));
    out->set_by = std::move(by);
    out->set_at = at;
    out->rows_meter = &meters.counter("slipway_expectation_rows_total",
                                      "Rows of requests held against the endpoint's suite.",
                                      {{"endpoint", endpoint}});
    for (const auto action : {Action::pass, Action::flag, Action::refuse}) {
      out->broken_meter[static_cast<int>(action)] =
          &meters.counter("slipway_expectation_broken_total",
                          "Rules that rows of requests broke, by what became of the request.",
                          {{"endpoint", endpoint}, {"action", std::string(name_of(action))}});
    }
    return out;
  }

  // Of one endpoint; what cannot be stored waits for the next time.
  Result<void> store(const std::string& endpoint, Watched& at) {
    SeenRows seen;
    std::map<std::string, std::int64_t> counts;
    {
      const std::scoped_lock lock(at.mutex);
      if (at.seen.rows == 0) return {};
      seen = std::exchange(at.seen, {});
      counts = std::exchange(at.seen_counts, {});
    }
    const auto now = clock.now().ms;
    auto done = db.write([&](Connection& c) -> Result<void> {
      SW_CHECK_OK(c.exec(kAddSeen, {endpoint, std::string(), seen.model, seen.version, seen.rows,
                                    seen.broken, now}));
      for (const auto& [rule, broken] : counts) {
        SW_CHECK_OK(c.exec(
            kAddSeen, {endpoint, rule, seen.model, seen.version, std::int64_t{0}, broken, now}));
      }
      return {};
    });
    const std::scoped_lock lock(at.mutex);
    at.looked_ns = 0;
    if (done) return {};
    at.seen.rows += seen.rows;
    at.seen.broken += seen.broken;
    if (at.seen.version.empty()) {
      at.seen.model = seen.model;
      at.seen.version = seen.version;
    }
    for (const auto& [rule, broken] : counts) at.seen_counts[rule] += broken;
    return done;
  }

  void put(const std::string& endpoint, std::shared_ptr<Watched> fresh) {
    const std::unique_lock lock(mutex);
    if (fresh == nullptr) {
      watched.erase(endpoint);
    } else {
      watched[endpoint] = std::move(fresh);
    }
    any = !watched.empty();
  }
};

Expectations::Expectations(store::Database& db, Clock& clock, meter::Registry& meters)
    : impl_(new Impl{db, clock, meters}) {}
Expectations::~Expectations() = default;

Result<void> Expectations::set(const std::string& endpoint, const std::string& yaml,
                               const std::string& by) {
  SW_TRY(auto suite, expectation::parse_suite(yaml, "suite"));
  if (std::none_of(suite.checks.begin(), suite.checks.end(),
                   [](const auto& check) { return check.of_requests(); })) {
    return invalid(
        "suite: none of its rules can be told from a request",
        "rules of rows can: type, not_null, min, max, in, matches, length, compare, sum");
  }
  const auto now = impl_->clock.now();
  SW_CHECK_OK(impl_->db.write([&](Connection& c) -> Result<void> {
    SW_CHECK_OK(c.exec(kForgetSeen, {endpoint}));
    SW_CHECK_OK(
        c.exec("INSERT INTO endpoint_expectation (endpoint, suite, set_by, set_at) "
               "VALUES (?, ?, ?, ?) ON CONFLICT (endpoint) DO UPDATE SET "
               "suite = excluded.suite, set_by = excluded.set_by, set_at = excluded.set_at",
               {endpoint, yaml, by, now.ms}));
    return {};
  }));
  impl_->put(endpoint, impl_->make(endpoint, std::move(suite), by, now));
  return {};
}

Result<Expected> Expectations::get(const std::string& endpoint) const {
  const auto watched = impl_->find(endpoint);
  if (watched == nullptr) {
    return not_found("endpoint '" + endpoint + "' has no expectations",
                     "PUT a suite to /api/v1/endpoints/" + endpoint + "/expectations");
  }
  SW_TRY(const auto stored, impl_->db.read([&](Connection& c) { return read_seen(c, endpoint); }));
  const std::scoped_lock lock(watched->mutex);
  Expected out{.suite = watched->suite->text,
               .set_by = watched->set_by,
               .set_at = watched->set_at,
               .rows = watched->rows,
               .broken = watched->broken,
               .refused = watched->refused,
               .rules = {},
               .recent = {watched->recent.begin(), watched->recent.end()},
               .window_rows = watched->seen.rows,
               .window_broken = watched->seen.broken};
  if (stored) {
    out.window_rows += stored->seen.rows;
    out.window_broken += stored->seen.broken;
    out.window_since = stored->since;
  }
  for (const auto& check : watched->suite->checks) {
    if (!check.of_requests()) continue;
    const auto counted = watched->counts.find(&check);
    out.rules.push_back({.rule = check.label(),
                         .line = check.line,
                         .action = watched->suite->action_of(check),
                         .broken = counted == watched->counts.end() ? 0 : counted->second});
  }
  return out;
}

Result<void> Expectations::remove(const std::string& endpoint) {
  SW_CHECK_OK(impl_->db.write([&](Connection& c) -> Result<void> {
    SW_CHECK_OK(c.exec(kForgetSeen, {endpoint}));
    SW_CHECK_OK(c.exec("DELETE FROM endpoint_expectation WHERE endpoint = ?", {endpoint}));
    return {};
  }));
  impl_->put(endpoint, nullptr);
  return {};
}

Result<void> Expectations::refresh() {
  struct Stored {
    std::string suite;
    std::string by;
    Timestamp at;
  };
  std::map<std::string, Stored> stored;
  SW_CHECK_OK(impl_->db.read([&](store::Connection& c) {
    return c.query("SELECT endpoint, suite, set_by, set_at FROM endpoint_expectation", {},
                   [&](const store::Row& row) {
                     stored[std::string(row.text(0))] = {
                         std::string(row.text(1)), std::string(row.text(2)), {row.int64(3)}};
                     return true;
                   });
  }));
  for (const auto& endpoint : endpoints()) {
    if (!stored.contains(endpoint)) impl_->put(endpoint, nullptr);
  }
  for (auto& [endpoint, found] : stored) {
    const auto known = impl_->find(endpoint);
    if (known != nullptr && known->set_at.ms == found.at.ms && known->suite->text == found.suite) {
      continue;
    }
    auto suite = expectation::parse_suite(found.suite, "suite");
    if (!suite) {  // of a newer version; better no guard than no server
      log::error("monitor.expectations", {{"endpoint", endpoint}, {"why", suite.error().message}});
      continue;
    }
    impl_->put(endpoint, impl_->make(endpoint, *std::move(suite), found.by, found.at));
  }
  return {};
}

bool Expectations::watches(const std::string& endpoint) const {
  return impl_->any.load(std::memory_order_relaxed) && impl_->find(endpoint) != nullptr;
}

Result<void> Expectations::look(const Asked& asked) {
  const auto watched = impl_->find(asked.endpoint);
  if (watched == nullptr) return {};
  const auto checks = watched->checks_for(asked);
  const auto seen = look_at(*watched, *checks, asked, impl_->clock.now());
  count(*watched, asked, seen);
  if (seen.refusal == nullptr) return {};
  const auto& r = *seen.refusal;
  return invalid("refused by the expectations of endpoint '" + asked.endpoint + "': row " +
                     std::to_string(r.row) + ": " + r.rule + ", found " + r.found,
                 "GET /api/v1/endpoints/" + asked.endpoint + "/expectations has the rules");
}

std::vector<std::string> Expectations::endpoints() const {
  const std::shared_lock lock(impl_->mutex);
  std::vector<std::string> out;
  for (const auto& [endpoint, watched] : impl_->watched) out.push_back(endpoint);
  return out;
}

Result<void> Expectations::store() {
  for (const auto& endpoint : endpoints()) {
    if (const auto watched = impl_->find(endpoint)) {
      SW_CHECK_OK(impl_->store(endpoint, *watched));
    }
  }
  return {};
}

Result<std::optional<SeenRows>> Expectations::take(const std::string& endpoint, std::int64_t rows,
                                                   std::int64_t seconds, std::int64_t least) {
  using Taken = std::optional<SeenRows>;
  const auto watched = impl_->find(endpoint);
  if (watched == nullptr) return Taken();
  SW_CHECK_OK(impl_->store(endpoint, *watched));
  const auto turn = impl_->clock.monotonic_ns();
  {
    const std::scoped_lock lock(watched->mutex);
    if (watched->looked_ns != 0 && turn - watched->looked_ns < kLookNs) return Taken();
    watched->looked_ns = turn;
  }
  const auto now = impl_->clock.now().ms;
  const auto is_due = [&](const std::optional<StoredSeen>& found) {
    if (!found) return false;
    if (found->seen.rows >= rows) return true;
    return now - found->since.ms >= seconds * 1'000 && found->seen.rows >= least;
  };
  SW_TRY(const auto waiting, impl_->db.read([&](Connection& c) { return read_seen(c, endpoint); }));
  if (!is_due(waiting)) return Taken();
  return impl_->db.write([&](Connection& c) -> Result<Taken> {
    SW_TRY(auto found, read_seen(c, endpoint));
    if (!is_due(found)) return Taken();
    SW_TRY(found->seen.worst, worst_of(c, endpoint));
    SW_CHECK_OK(c.exec(kForgetSeen, {endpoint}));
    return Taken(std::move(found->seen));
  });
}

}  // namespace slipway::monitor
