// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <utility>

#include "json/value.h"
#include "rows.h"
#include "traffic_json.h"

namespace slipway::rollout {
namespace {

using store::Connection;

constexpr auto kInsert =
    "INSERT INTO rollout (id, endpoint, model, champion, challenger, state, phase, step, started, "
    "step_started, alone_since, ended, actor, reason, settings, routes, counts) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
constexpr auto kUpdate =
    "UPDATE rollout SET state = ?, phase = ?, step = ?, step_started = ?, alone_since = ?, "
    "ended = ?, reason = ?, counts = ? WHERE id = ?";
constexpr auto kSelect =
    "SELECT id, endpoint, model, champion, challenger, state, phase, step, started, step_started, "
    "alone_since, ended, actor, reason, settings, routes, counts FROM rollout ";
constexpr auto kInsertEvidence =
    "INSERT INTO rollout_evidence (rollout_id, sequence, at, step, check_name, champion, "
    "challenger, verdict, detail, champion_value, challenger_value) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
constexpr std::int64_t kEvidenceLimit = 5'000;  // of one rollout

constexpr std::array<std::pair<State, std::string_view>, 5> kStates{
    {{State::running, "running"},
     {State::paused, "paused"},
     {State::promoted, "promoted"},
     {State::rolled_back, "rolled_back"},
     {State::aborted, "aborted"}}};
constexpr std::array<std::pair<Phase, std::string_view>, 7> kPhases{
    {{Phase::shift, "shift"},
     {Phase::watch, "watch"},
     {Phase::promote, "promote"},
     {Phase::roll_back, "roll_back"},
     {Phase::abort, "abort"},
     {Phase::revert, "revert"},
     {Phase::done, "done"}}};
constexpr std::array<std::pair<Verdict, std::string_view>, 4> kVerdicts{
    {{Verdict::green, "green"},
     {Verdict::waiting, "waiting"},
     {Verdict::amber, "amber"},
     {Verdict::red, "red"}}};

template <class Names, class Value>
std::string_view name_in(const Names& names, Value value) {
  for (const auto& [one, name] : names) {
    if (one == value) return name;
  }
  return {};
}

template <class Names>
auto value_in(const Names& names, std::string_view name) {
  for (const auto& [one, known] : names) {
    if (known == name) return one;
  }
  return names[0].first;
}

std::string settings_json(const Rollout& r) {
  json::array steps;
  for (const auto& step : r.steps) {
    steps.push_back(json::object{{"weight", step.weight},
                                 {"shadow", step.shadow},
                                 {"min_requests", step.min_requests},
                                 {"min_seconds", step.min_seconds},
                                 {"min_labels", step.min_labels}});
  }
  json::array business;
  for (const auto& goal : r.business) {
    business.push_back(json::object{
        {"event", goal.event}, {"measure", goal.measure}, {"tolerance", goal.tolerance}});
  }
  const auto& t = r.tolerances;
  const auto maybe = [](const std::optional<double>& x) {
    return x ? json::value(*x) : json::value(nullptr);
  };
  return json::dump_value(json::object{{"steps", std::move(steps)},
                                       {"business", std::move(business)},
                                       {"error_rate", t.error_rate},
                                       {"latency_ratio", t.latency_ratio},
                                       {"latency_slack_ms", t.latency_slack_ms},
                                       {"quality", t.quality},
                                       {"alpha", t.alpha},
                                       {"undecided_seconds", t.undecided_seconds},
                                       {"min_agreement", maybe(t.min_agreement)},
                                       {"max_difference", maybe(t.max_difference)},
                                       {"min_correlation", maybe(t.min_correlation)}});
}

void read_settings(std::string_view text, Rollout& out) {
  const auto document = json::parse_value(text);
  if (!document) return;
  auto& t = out.tolerances;
  t.error_rate = json::number_at(*document, "error_rate").value_or(t.error_rate);
  t.latency_ratio = json::number_at(*document, "latency_ratio").value_or(t.latency_ratio);
  t.latency_slack_ms = json::number_at(*document, "latency_slack_ms").value_or(t.latency_slack_ms);
  t.quality = json::number_at(*document, "quality").value_or(t.quality);
  t.alpha = json::number_at(*document, "alpha").value_or(t.alpha);
  t.undecided_seconds =
      json::number_at(*document, "undecided_seconds").value_or(t.undecided_seconds);
  t.min_agreement = json::number_at(*document, "min_agreement");
  t.max_difference = json::number_at(*document, "max_difference");
  t.min_correlation = json::number_at(*document, "min_correlation");
  if (const auto* goals = json::find(*document, "business"); goals && goals->is_array()) {
    for (const auto& goal : goals->get_array()) {
      out.business.push_back({.event = json::text_at(goal, "event").value_or(""),
                              .measure = json::text_at(goal, "measure").value_or("rate"),
                              .tolerance = json::number_at(goal, "tolerance").value_or(0.05)});
    }
  }
  const auto* steps = json::find(*document, "steps");
  if (steps == nullptr || !steps->is_array()) return;
  for (const auto& step : steps->get_array()) {
    out.steps.push_back({.weight = json::number_at(step, "weight").value_or(0),
                         .shadow = json::number_at(step, "shadow").value_or(0),
                         .min_requests = json::int_at(step, "min_requests").value_or(0),
                         .min_seconds = json::int_at(step, "min_seconds").value_or(0),
                         .min_labels = json::int_at(step, "min_labels").value_or(0)});
  }
}

std::string routes_json(const std::vector<serving::RouteSpec>& routes) {
  json::array out;
  for (const auto& route : routes) {
    out.push_back(json::object{{"model", route.model},
                               {"alias", route.alias},
                               {"version", route.version},
                               {"weight", route.weight},
                               {"shadow", route.shadow},
                               {"header", route.header},
                               {"header_value", route.header_value},
                               {"graph", route.graph}});
  }
  return json::dump_value(json::value(std::move(out)));
}

std::vector<serving::RouteSpec> read_routes(std::string_view text) {
  std::vector<serving::RouteSpec> out;
  const auto document = json::parse_value(text);
  if (!document || !document->is_array()) return out;
  for (const auto& route : document->get_array()) {
    out.push_back({.model = json::text_at(route, "model").value_or(""),
                   .alias = json::text_at(route, "alias").value_or(""),
                   .version = json::text_at(route, "version").value_or(""),
                   .graph = json::text_at(route, "graph").value_or(""),
                   .weight = json::number_at(route, "weight").value_or(0),
                   .shadow = json::bool_at(route, "shadow").value_or(false),
                   .header = json::text_at(route, "header").value_or(""),
                   .header_value = json::text_at(route, "header_value").value_or("")});
  }
  return out;
}

std::string counts_json(const Counts& counts) {
  return json::dump_value(json::object{{"champion", traffic_json(counts.champion)},
                                       {"challenger", traffic_json(counts.challenger)},
                                       {"beside", traffic_json(counts.beside)},
                                       {"mirrored", traffic_json(counts.mirrored)},
                                       {"live_since", counts.live_since.ms},
                                       {"step_requests", counts.step_requests},
                                       {"step_labels", counts.step_labels},
                                       {"doubted_since", counts.doubted_since.ms}});
}

Counts read_counts(std::string_view text) {
  Counts out;
  const auto document = json::parse_value(text);
  if (!document) return out;
  out.champion = read_traffic(json::find(*document, "champion"));
  out.challenger = read_traffic(json::find(*document, "challenger"));
  out.beside = read_traffic(json::find(*document, "beside"));
  out.mirrored = read_traffic(json::find(*document, "mirrored"));
  out.live_since = {json::int_at(*document, "live_since").value_or(0)};
  out.step_requests = json::int_at(*document, "step_requests").value_or(0);
  out.step_labels = json::int_at(*document, "step_labels").value_or(0);
  out.doubted_since = {json::int_at(*document, "doubted_since").value_or(0)};
  return out;
}

Row from_row(const store::Row& row) {
  Row out;
  auto& r = out.rollout;
  r.id = row.text(0);
  r.endpoint = row.text(1);
  r.model = row.text(2);
  r.champion = row.int64(3);
  r.challenger = row.int64(4);
  r.state = value_in(kStates, row.text(5));
  out.phase = value_in(kPhases, row.text(6));
  r.step = row.int64(7);
  r.started = {row.int64(8)};
  r.step_started = {row.int64(9)};
  out.alone_since = {row.int64(10)};
  if (row.int64(11) != 0) r.ended = Timestamp{row.int64(11)};
  r.actor = row.text(12);
  r.reason = row.text(13);
  read_settings(row.text(14), r);
  out.routes = read_routes(row.text(15));
  out.counts = read_counts(row.text(16));
  // One of an older version, which knew no shadow steps.
  const bool shadows = !r.steps.empty() && r.steps.front().shadow > 0;
  if (!shadows && out.counts.live_since.ms == 0) out.counts.live_since = r.started;
  const bool moving = r.state == State::running || r.state == State::paused;
  const bool sound = r.step >= 0 && static_cast<std::size_t>(r.step) < r.steps.size();
  if (moving && sound) r.weight = r.steps[static_cast<std::size_t>(r.step)].weight;
  if (!sound) {  // nobody wrote this: it is told, and not acted on
    out.phase = Phase::done;
    if (moving) r.state = State::aborted;
    r.reason =
        "what is stored of this rollout makes no sense: it has no step " + std::to_string(r.step);
  }
  if (r.state == State::promoted) r.weight = 100;
  return out;
}

std::string text(std::string_view view) {
  return std::string(view);
}

store::Cell number_cell(const std::optional<double>& number) {
  return number ? store::Cell(*number) : store::Cell(nullptr);
}

}  // namespace

// Most buckets of a histogram are empty: [bucket, count] pairs of the others.
json::object traffic_json(const Traffic& traffic) {
  json::array latency;
  for (std::size_t i = 0; i < traffic.latency.counts.size(); ++i) {
    if (traffic.latency.counts[i] == 0) continue;
    latency.push_back(json::array{i, traffic.latency.counts[i]});
  }
  return {{"requests", traffic.requests},
          {"errors", traffic.errors},
          {"buckets", traffic.latency.counts.size()},
          {"latency", std::move(latency)}};
}

Traffic read_traffic(const json::value* from) {
  Traffic out;
  if (from == nullptr) return out;
  out.requests = json::int_at(*from, "requests").value_or(0);
  out.errors = json::int_at(*from, "errors").value_or(0);
  const auto buckets = static_cast<std::size_t>(json::int_at(*from, "buckets").value_or(0));
  if (buckets > 100'000) return out;
  out.latency.counts.resize(buckets);
  const auto* latency = json::find(*from, "latency");
  if (latency == nullptr || !latency->is_array()) return out;
  for (const auto& pair : latency->get_array()) {
    if (!pair.is_array() || pair.get_array().size() != 2) continue;
    const auto at = pair.get_array()[0].to_number<std::uint64_t>();
    if (at < buckets) {
      out.latency.counts[at] = pair.get_array()[1].to_number<std::uint64_t>();
    }
  }
  return out;
}

std::string_view name_of(State state) {
  return name_in(kStates, state);
}
std::string_view name_of(Verdict verdict) {
  return name_in(kVerdicts, verdict);
}

Result<void> insert(Connection& db, const Row& row) {
  const auto& r = row.rollout;
  SW_CHECK_OK(
      db.exec(kInsert, {r.id, r.endpoint, r.model, r.champion, r.challenger, text(name_of(r.state)),
                        text(name_in(kPhases, row.phase)), r.step, r.started.ms, r.step_started.ms,
                        row.alone_since.ms, std::int64_t{0}, r.actor, r.reason, settings_json(r),
                        routes_json(row.routes), counts_json(row.counts)}));
  return {};
}

Result<void> update(Connection& db, const Row& row, const std::vector<EvidenceItem>& evidence) {
  const auto& r = row.rollout;
  SW_CHECK_OK(
      db.exec(kUpdate, {text(name_of(r.state)), text(name_in(kPhases, row.phase)), r.step,
                        r.step_started.ms, row.alone_since.ms, r.ended.value_or(Timestamp{}).ms,
                        r.reason, counts_json(row.counts), r.id}));
  if (evidence.empty()) return {};
  SW_TRY(const auto last,
         db.first("SELECT COALESCE(MAX(sequence), 0) FROM rollout_evidence WHERE rollout_id = ?",
                  {r.id}, [](const store::Row& found) { return found.int64(0); }));
  auto sequence = last.value_or(0);
  for (const auto& item : evidence) {
    if (sequence >= kEvidenceLimit && item.check.verdict != Verdict::red) continue;
    SW_CHECK_OK(db.exec(
        kInsertEvidence,
        {r.id, ++sequence, item.at.ms, item.step, item.check.name, item.check.champion,
         item.check.challenger, text(name_of(item.check.verdict)), item.check.detail,
         number_cell(item.check.champion_value), number_cell(item.check.challenger_value)}));
  }
  return {};
}

Result<std::optional<Row>> find(Connection& db, const std::string& id) {
  return db.first(std::string(kSelect) + "WHERE id = ?", {id}, from_row);
}

Result<std::vector<Row>> open_rows(Connection& db) {
  return db.all(
      std::string(kSelect) + "WHERE state IN ('running', 'paused') OR phase <> 'done' ORDER BY id",
      {}, from_row);
}

Result<std::vector<Row>> of_endpoint(Connection& db, const std::string& endpoint,
                                     const std::string& before, std::int64_t limit) {
  return db.all(
      std::string(kSelect) +
          "WHERE (? = '' OR endpoint = ?) AND (? = '' OR id < ?) ORDER BY id DESC LIMIT ?",
      {endpoint, endpoint, before, before, limit}, from_row);
}

Result<std::vector<EvidenceItem>> evidence_of(Connection& db, const std::string& id) {
  return db.all(
      "SELECT at, step, check_name, champion, challenger, verdict, detail, champion_value, "
      "challenger_value FROM rollout_evidence "
      "WHERE rollout_id = ? ORDER BY sequence",
      {id}, [](const store::Row& row) {
        return EvidenceItem{.at = {row.int64(0)},
                            .step = row.int64(1),
                            .check = {.name = text(row.text(2)),
                                      .champion = text(row.text(3)),
                                      .challenger = text(row.text(4)),
                                      .champion_value = row.maybe_real(7),
                                      .challenger_value = row.maybe_real(8),
                                      .verdict = value_in(kVerdicts, row.text(5)),
                                      .detail = text(row.text(6))}};
      });
}

}  // namespace slipway::rollout
