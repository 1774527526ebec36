// SPDX-License-Identifier: Apache-2.0
#include "evaluation/scorers.h"

#include <algorithm>

#include "evaluation/intake.h"
#include "json/value.h"
#include "support.h"

namespace slipway::evaluation {
namespace {

using store::Connection;
using store::Row;

constexpr std::size_t kNameLimit = 256;
constexpr std::size_t kSerializedLimit = 1'000'000;
constexpr std::string_view kSelect =
    "SELECT s.id, s.experiment_id, s.name, v.version, v.serialized, v.created "
    "FROM evaluation_scorer s JOIN evaluation_scorer_version v ON v.scorer_id = s.id ";
constexpr std::string_view kNewest =
    "v.version = (SELECT MAX(w.version) FROM evaluation_scorer_version w "
    "WHERE w.scorer_id = s.id)";

Scorer from_row(const Row& row) {
  return {.id = std::string(row.text(0)),
          .experiment = std::string(row.text(1)),
          .name = std::string(row.text(2)),
          .version = row.int64(3),
          .serialized = std::string(row.text(4)),
          .created = Timestamp{row.int64(5)}};
}

Error unknown(const std::string& experiment, const std::string& name,
              std::optional<std::int64_t> version = std::nullopt) {
  return not_found("scorer with name '" + name.substr(0, 100) + "'" +
                   (version ? " and version " + std::to_string(*version) : "") +
                   " not found for experiment " + experiment);
}

// Does it carry source code that a client would run?
bool carries_code(const json::value& value) {
  if (value.is_array()) {
    const auto& items = value.get_array();
    return std::any_of(items.begin(), items.end(), carries_code);
  }
  if (!value.is_object()) return false;
  for (const auto& member : value.get_object()) {
    if (member.key() == "call_source" && !member.value().is_null()) return true;
    if (carries_code(member.value())) return true;
  }
  return false;
}

Result<void> check(const std::string& name, const std::string& serialized) {
  if (trim(name).empty()) return invalid("scorer name cannot be empty or only whitespace");
  SW_CHECK_OK(check_text("name", name, kNameLimit));
  SW_CHECK_OK(check_text("serialized_scorer", serialized, kSerializedLimit));
  const auto parsed = json::parse_value(serialized);
  if (!parsed) return invalid("serialized_scorer must be valid JSON");
  if (!parsed->is_object()) return invalid("serialized_scorer must be a JSON object");
  const auto* judge = json::find(*parsed, "instructions_judge_pydantic_data");
  const auto* model = judge != nullptr ? json::find(*judge, "model") : nullptr;
  if (model != nullptr && !model->is_null() &&
      (!model->is_string() || trim(json::text_at(*judge, "model").value_or("")).empty())) {
    return invalid("the model of a scorer must be a text that is not blank");
  }
  if (!carries_code(*parsed)) return {};
  return invalid("a scorer that carries source code cannot be registered on a server",
                 "register a judge made from instructions, or keep the scorer in your code");
}

}  // namespace

// Code is kept here as well: nothing of it is run, and whoever reads it has it already.
Result<void> take_scorer(Connection& c, const Scorer& scorer) {
  if (scorer.id.empty() || scorer.version < 1) return invalid("a scorer has no id or no version");
  SW_CHECK_OK(check_text("name", scorer.name, kNameLimit));
  SW_CHECK_OK(
      c.exec("INSERT INTO evaluation_scorer (id, experiment_id, name) VALUES (?, ?, ?) "
             "ON CONFLICT DO NOTHING",
             {scorer.id, scorer.experiment, scorer.name}));
  SW_TRY(const auto id,
         c.first("SELECT id FROM evaluation_scorer WHERE experiment_id = ? AND name = ?",
                 {scorer.experiment, scorer.name}, text_of));
  if (!id) return invalid("the scorer '" + scorer.id + "' has another name here");
  SW_CHECK_OK(
      c.exec("INSERT INTO evaluation_scorer_version (scorer_id, version, serialized, created) "
             "VALUES (?, ?, ?, ?) ON CONFLICT (scorer_id, version) DO NOTHING",
             {*id, scorer.version, scorer.serialized, scorer.created.ms}));
  return {};
}

Result<Scorer> Scorers::add(const std::string& experiment, const std::string& name,
                            const std::string& serialized) {
  SW_CHECK_OK(check(name, serialized));
  SW_CHECK_OK(parts_.check_experiment(experiment));
  const auto now = parts_.clock.now();
  return parts_.db.write([&](Connection& c) -> Result<Scorer> {
    SW_CHECK_OK(
        c.exec("INSERT INTO evaluation_scorer (id, experiment_id, name) VALUES (?, ?, ?) "
               "ON CONFLICT (experiment_id, name) DO NOTHING",
               {parts_.ids.hex32(), experiment, name}));
    SW_TRY(const auto id,
           c.first("SELECT id FROM evaluation_scorer WHERE experiment_id = ? AND name = ?",
                   {experiment, name}, text_of));
    if (!id) return internal("the scorer is gone");
    SW_TRY(const auto last,
           c.first("SELECT COALESCE(MAX(version), 0) FROM evaluation_scorer_version "
                   "WHERE scorer_id = ?",
                   {*id}, [](const Row& row) { return row.int64(0); }));
    Scorer out{.id = *id,
               .experiment = experiment,
               .name = name,
               .version = last.value_or(0) + 1,
               .serialized = serialized,
               .created = now};
    SW_CHECK_OK(
        c.exec("INSERT INTO evaluation_scorer_version (scorer_id, version, serialized, "
               "created) VALUES (?, ?, ?, ?)",
               {out.id, out.version, serialized, now.ms}));
    return out;
  });
}

Result<std::vector<Scorer>> Scorers::list(const std::string& experiment) const {
  SW_CHECK_OK(parts_.check_experiment(experiment));
  return list_of({experiment});
}

Result<std::vector<Scorer>> Scorers::list_of(const std::vector<std::string>& experiments) const {
  std::string where;
  store::Cells cells;
  for (const auto& id : experiments) {
    where += where.empty() ? " AND s.experiment_id IN (?" : ", ?";
    cells.emplace_back(id);
  }
  if (!where.empty()) where += ")";
  SW_TRY(auto out, parts_.db.read([&](Connection& c) {
    return c.all(std::string(kSelect) + "WHERE " + std::string(kNewest) + where, cells, from_row);
  }));
  std::sort(out.begin(), out.end(), [](const Scorer& a, const Scorer& b) {
    const auto x = parse_int(a.experiment).value_or(0);
    const auto y = parse_int(b.experiment).value_or(0);
    return x != y ? x < y : a.name < b.name;
  });
  return out;
}

Result<std::vector<Scorer>> Scorers::versions(const std::string& experiment,
                                              const std::string& name) const {
  SW_CHECK_OK(parts_.check_experiment(experiment));
  SW_TRY(auto out, parts_.db.read([&](Connection& c) {
    return c.all(
        std::string(kSelect) + "WHERE s.experiment_id = ? AND s.name = ? ORDER BY v.version",
        {experiment, name}, from_row);
  }));
  if (out.empty()) return unknown(experiment, name);
  return out;
}

Result<Scorer> Scorers::get(const std::string& experiment, const std::string& name,
                            std::optional<std::int64_t> version) const {
  SW_TRY(auto all, versions(experiment, name));
  if (!version) return std::move(all.back());
  for (auto& scorer : all) {
    if (scorer.version == *version) return std::move(scorer);
  }
  return unknown(experiment, name, version);
}

Result<void> Scorers::remove(const std::string& experiment, const std::string& name,
                             std::optional<std::int64_t> version) {
  SW_TRY(const auto found, get(experiment, name, version));
  return parts_.db.write([&](Connection& c) -> Result<void> {
    if (version) {
      SW_CHECK_OK(
          c.exec("DELETE FROM evaluation_scorer_version WHERE scorer_id = ? AND version = ?",
                 {found.id, *version}));
    } else {
      SW_CHECK_OK(c.exec("DELETE FROM evaluation_scorer WHERE id = ?", {found.id}));
    }
    return {};
  });
}

}  // namespace slipway::evaluation
