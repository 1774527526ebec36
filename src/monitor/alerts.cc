// SPDX-License-Identifier: Apache-2.0
#include "monitor/alerts.h"

#include <iterator>
#include <utility>

#include "alert_rows.h"
#include "base/log.h"
#include "base/text.h"
#include "meter/meter.h"
#include "monitor/documents.h"
#include "outbox.h"
#include "store/database.h"

namespace slipway::monitor {
namespace {

using store::Connection;
using store::Row;

constexpr std::string_view kColumns =
    "id, endpoint, model, version, kind, state, opened, closed, closed_by, report_id, message, "
    "value, threshold, execution_id, retrain_note, execution_at, severity, owner, data_version";
constexpr std::string_view kInsert =
    "INSERT INTO monitor_alert (id, endpoint, model, version, kind, state, opened, closed, "
    "closed_by, report_id, message, value, threshold, execution_id, retrain_note, execution_at, "
    "severity, owner) VALUES (?, ?, ?, ?, ?, 'open', ?, NULL, '', ?, ?, ?, ?, '', '', 0, ?, ?)";
constexpr std::string_view kClose =
    "UPDATE monitor_alert SET state = 'closed', closed = ?, closed_by = ? WHERE id = ?";
constexpr std::string_view kCountOpen =
    "SELECT endpoint, kind, COUNT(*) FROM monitor_alert WHERE state <> 'closed' "
    "GROUP BY endpoint, kind";

Alert from_row(const Row& row) {
  Alert out{.id = std::string(row.text(0)),
            .endpoint = std::string(row.text(1)),
            .model = std::string(row.text(2)),
            .version = std::string(row.text(3))};
  out.kind = alert_kind_named(row.text(4)).value_or(AlertKind::drift);
  out.state = alert_state_named(row.text(5)).value_or(AlertState::closed);
  out.opened = {row.int64(6)};
  if (const auto closed = row.maybe_int64(7)) out.closed = Timestamp{*closed};
  out.closed_by = row.text(8);
  out.report_id = row.text(9);
  out.message = row.text(10);
  out.value = row.real(11);
  out.threshold = row.real(12);
  out.execution_id = row.text(13);
  out.retrain_note = row.text(14);
  out.severity = row.text(16);
  out.owner = row.text(17);
  return out;
}

std::string select(std::string_view rest) {
  return "SELECT " + std::string(kColumns) + " FROM monitor_alert " + std::string(rest);
}

// Where the business is what counts, drift tells and the business alarms.
std::string severity_of(AlertKind kind, const Settings& watched) {
  if (const auto& own = watched.rule_of(kind).severity) return *own;
  const bool business = kind == AlertKind::business && watched.stakes == Stakes::business;
  return std::string(severity_of(business ? Stakes::high : watched.stakes));
}

constexpr AlertKind kKinds[] = {AlertKind::drift,     AlertKind::quality,  AlertKind::errors,
                                AlertKind::latency,   AlertKind::outliers, AlertKind::change,
                                AlertKind::data,      AlertKind::business, AlertKind::throughput,
                                AlertKind::saturation};

}  // namespace

Result<Alert> read_alert(Connection& c, const std::string& id) {
  SW_TRY(auto found, c.first(select("WHERE id = ?"), {id}, from_row));
  if (!found) return not_found("alert '" + id + "' does not exist");
  return *std::move(found);
}

std::string_view name_of(AlertKind kind) {
  switch (kind) {
    case AlertKind::drift:
      return "drift";
    case AlertKind::quality:
      return "quality";
    case AlertKind::errors:
      return "errors";
    case AlertKind::latency:
      return "latency";
    case AlertKind::outliers:
      return "outliers";
    case AlertKind::change:
      return "change";
    case AlertKind::data:
      return "data";
    case AlertKind::business:
      return "business";
    case AlertKind::throughput:
      return "throughput";
    case AlertKind::saturation:
      return "saturation";
  }
  return "drift";
}

std::string_view name_of(AlertState state) {
  switch (state) {
    case AlertState::open:
      return "open";
    case AlertState::acknowledged:
      return "acknowledged";
    case AlertState::closed:
      return "closed";
  }
  return "closed";
}

std::optional<AlertKind> alert_kind_named(std::string_view name) {
  for (const auto kind : kKinds) {
    if (name_of(kind) == name) return kind;
  }
  return std::nullopt;
}

std::string known_alert_kinds() {
  std::string out = "use ";
  for (const auto kind : kKinds) {
    if (kind != kKinds[0]) out += kind == AlertKind::saturation ? " or " : ", ";
    out += name_of(kind);
  }
  return out;
}

std::optional<AlertState> alert_state_named(std::string_view name) {
  for (const auto state : {AlertState::open, AlertState::acknowledged, AlertState::closed}) {
    if (name_of(state) == name) return state;
  }
  return std::nullopt;
}

struct Alerts::Impl {
  store::Database& db;
  EventSink& events;
  Clock& clock;
  Ids& ids;
  meter::Registry& meters;

  void count(const Alert& alert, double change) {
    meters
        .gauge("slipway_alerts_open", "Alerts that are not closed.",
               {{"endpoint", alert.endpoint}, {"kind", std::string(name_of(alert.kind))}})
        .add(change);
  }

  void publish(const std::string& type, const Alert& alert, const std::string& actor) {
    events.publish({.type = type,
                    .subject = alert.endpoint,
                    .actor = actor,
                    .at = clock.now(),
                    .data = alert_json(alert)});
    log::info("monitor.alert", {{"what", type},
                                {"alert", alert.id},
                                {"endpoint", alert.endpoint},
                                {"kind", name_of(alert.kind)},
                                {"value", alert.value},
                                {"threshold", alert.threshold}});
  }

  // Closes it and writes what the webhooks are told, in the caller's transaction.
  Result<void> close(Connection& c, Alert& alert, const std::string& by, const Settings& watched,
                     Timestamp now) {
    alert.state = AlertState::closed;
    alert.closed = now;
    alert.closed_by = by;
    SW_CHECK_OK(c.exec(kClose, {now.ms, by, alert.id}));
    return enqueue(c, ids, "alert.closed", alert, watched, now);
  }
};

Alerts::Alerts(store::Database& db, EventSink& events, Clock& clock, Ids& ids,
               meter::Registry& meters)
    : impl_(new Impl{db, events, clock, ids, meters}) {}
Alerts::~Alerts() = default;

Result<std::optional<Alert>> Alerts::open(const Cause& cause, const Settings& watched) {
  Alert alert{.id = impl_->ids.sortable(),
              .endpoint = cause.endpoint,
              .model = cause.model,
              .version = cause.version,
              .kind = cause.kind,
              .opened = impl_->clock.now(),
              .report_id = cause.report_id,
              .message = cause.message,
              .value = cause.value,
              .threshold = cause.threshold,
              .severity = severity_of(cause.kind, watched),
              .owner = watched.rule_of(cause.kind).owner.value_or(watched.owner)};
  const std::string kind(name_of(cause.kind));
  auto opened = impl_->db.write([&](Connection& c) -> Result<bool> {
    SW_TRY(
        const auto there,
        c.first("SELECT id FROM monitor_alert WHERE endpoint = ? AND kind = ? AND "
                "state <> 'closed'",
                {cause.endpoint, kind}, [](const Row& row) { return std::string(row.text(0)); }));
    if (there) return false;
    SW_CHECK_OK(c.exec(kInsert, {alert.id, alert.endpoint, alert.model, alert.version, kind,
                                 alert.opened.ms, alert.report_id, alert.message, alert.value,
                                 alert.threshold, alert.severity, alert.owner}));
    SW_CHECK_OK(enqueue(c, impl_->ids, "alert.opened", alert, watched, alert.opened));
    return true;
  });
  if (!opened && opened.error().code == Code::already_exists) return std::optional<Alert>();
  if (!opened) return std::move(opened.error());
  if (!*opened) return std::optional<Alert>();
  impl_->count(alert, 1);
  impl_->publish("alert.opened", alert, "monitor");
  return std::optional<Alert>(std::move(alert));
}

Result<std::optional<Alert>> Alerts::close(const std::string& endpoint, AlertKind kind,
                                           const std::optional<std::string>& version,
                                           const std::string& by, const Settings& watched) {
  const auto now = impl_->clock.now();
  SW_TRY(auto closed, impl_->db.write([&](Connection& c) -> Result<std::optional<Alert>> {
    SW_TRY(auto found, c.first(select("WHERE endpoint = ? AND kind = ? AND state <> 'closed'"),
                               {endpoint, std::string(name_of(kind))}, from_row));
    if (!found || (version && found->version != *version)) return std::optional<Alert>();
    SW_CHECK_OK(impl_->close(c, *found, by, watched, now));
    return found;
  }));
  if (closed) {
    impl_->count(*closed, -1);
    impl_->publish("alert.closed", *closed, by);
  }
  return closed;
}

Result<Alert> Alerts::acknowledge(const std::string& id, const std::string& by) {
  bool changed = false;
  SW_TRY(auto alert, impl_->db.write([&](Connection& c) -> Result<Alert> {
    SW_TRY(auto found, read_alert(c, id));
    changed = found.state == AlertState::open;
    if (found.state == AlertState::closed) return precondition("alert '" + id + "' is closed");
    if (changed) {
      SW_CHECK_OK(c.exec("UPDATE monitor_alert SET state = 'acknowledged' WHERE id = ?", {id}));
    }
    found.state = AlertState::acknowledged;
    return found;
  }));
  if (changed) impl_->publish("alert.acknowledged", alert, by);
  return alert;
}

Result<Alert> Alerts::close(const std::string& id, const std::string& by, const Settings& watched) {
  bool changed = false;
  const auto now = impl_->clock.now();
  SW_TRY(auto alert, impl_->db.write([&](Connection& c) -> Result<Alert> {
    SW_TRY(auto found, read_alert(c, id));
    changed = found.state != AlertState::closed;
    if (changed) SW_CHECK_OK(impl_->close(c, found, by, watched, now));
    return found;
  }));
  if (changed) {
    impl_->count(alert, -1);
    impl_->publish("alert.closed", alert, by);
  }
  return alert;
}

Result<Alert> Alerts::get(const std::string& id) const {
  return impl_->db.read([&](Connection& c) { return read_alert(c, id); });
}

Result<Page<Alert>> Alerts::list(const Query& query) const {
  std::string where = "WHERE 1 = 1";
  store::Cells cells;
  if (query.unresolved) {
    where += " AND state <> 'closed'";
  } else if (query.state) {
    where += " AND state = ?";
    cells.emplace_back(std::string(name_of(*query.state)));
  }
  if (!query.endpoint.empty()) {
    where += " AND endpoint = ?";
    cells.emplace_back(query.endpoint);
  }
  if (!query.page.token.empty()) {
    where += " AND id < ?";
    cells.emplace_back(query.page.token);
  }
  where += " ORDER BY id DESC LIMIT " + std::to_string(query.page.size + 1);
  SW_TRY(auto items,
         impl_->db.read([&](Connection& c) { return c.all(select(where), cells, from_row); }));
  Page<Alert> out;
  if (items.size() > query.page.size) {
    items.resize(query.page.size);
    out.next_token = items.back().id;
  }
  out.items = std::move(items);
  return out;
}

Result<void> Alerts::set_execution(const std::string& id, const std::string& execution_id,
                                   const std::string& data_version) {
  const auto now = impl_->clock.now();
  return impl_->db.write([&](Connection& c) -> Result<void> {
    SW_CHECK_OK(
        c.exec("UPDATE monitor_alert SET execution_id = ?, execution_at = ?, "
               "retrain_note = '', data_version = ? WHERE id = ?",
               {execution_id, now.ms, data_version, id}));
    return {};
  });
}

Result<void> Alerts::set_note(const std::string& id, const std::string& note) {
  return impl_->db.write([&](Connection& c) -> Result<void> {
    SW_CHECK_OK(c.exec("UPDATE monitor_alert SET retrain_note = ? WHERE id = ?", {note, id}));
    return {};
  });
}

Result<std::vector<Alerts::Retraining>> Alerts::retrainings(const std::string& model) const {
  return impl_->db.read([&](Connection& c) {
    return c.all(select("WHERE model = ? AND execution_id <> '' ORDER BY execution_at DESC, "
                        "id DESC LIMIT 100"),
                 {model}, [](const Row& row) {
                   return Retraining{from_row(row), {row.int64(15)}, std::string(row.text(18))};
                 });
  });
}

Result<void> Alerts::forget(const std::string& endpoint) {
  SW_TRY(auto open, list({.endpoint = endpoint, .unresolved = true, .page = {.size = 100}}));
  for (const auto& alert : open.items) SW_CHECK_OK(close(alert.id, "the endpoint was deleted", {}));
  return {};
}

Result<void> Alerts::count_open() {
  return impl_->db.read([&](Connection& c) {
    return c.query(kCountOpen, {}, [&](const Row& row) {
      Alert alert{.endpoint = std::string(row.text(0))};
      alert.kind = alert_kind_named(row.text(1)).value_or(AlertKind::drift);
      impl_->count(alert, static_cast<double>(row.int64(2)));
      return true;
    });
  });
}

}  // namespace slipway::monitor
