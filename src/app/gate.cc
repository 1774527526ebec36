// SPDX-License-Identifier: Apache-2.0
#include "app/gate.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <optional>
#include <variant>

#include "base/text.h"
#include "blob/blob.h"
#include "measure.h"
#include "monitor/monitor.h"
#include "registry/registry.h"
#include "serving/endpoints.h"
#include "tracking/artifacts.h"
#include "tracking/tracking.h"

namespace slipway::app {
namespace {

constexpr auto kEvaluation = "evaluation.csv";
constexpr std::size_t kEvaluationLimit = 256u << 20;
constexpr std::size_t kRecentRows = 5'000;
constexpr std::size_t kRecentLeast = 100;

void add_name(const std::string& name, std::vector<std::string>& out) {
  if (name.empty() || std::find(out.begin(), out.end(), name) != out.end()) return;
  out.push_back(name);
}

Wanted wanted_by(const govern::Policy& policy) {
  Wanted out;
  for (const auto& rule : policy.rules) {
    add_name(rule.group, out.groups);
    add_name(rule.slice, out.slices);
  }
  return out;
}

bool wants_recent(const govern::Policy& policy) {
  return std::any_of(policy.rules.begin(), policy.rules.end(),
                     [](const auto& rule) { return rule.recent; });
}

// A client may log any name; these are ours alone.
bool is_ours(const std::string& metric) {
  return metric.starts_with("recent:") || metric.find(" by ") != std::string::npos ||
         metric == "size_mib";
}

// Columns of the requests as they were recorded; those of another schema are passed over.
monitor::Table table_of(const std::vector<monitor::Captured>& rows,
                        const std::map<std::string, std::string>& labels) {
  monitor::Table out;
  std::shared_ptr<const monitor::Schema> schema;
  for (const auto& row : rows) {
    const auto label = labels.find(row.request_id);
    if (label == labels.end() || row.schema == nullptr) continue;
    if (schema == nullptr) {
      schema = row.schema;
      for (const auto& field : schema->features) {
        out.columns.push_back({.name = field.name, .text = field.text, .integers = false});
      }
      out.columns.push_back({.name = "label", .text = true, .integers = false});
    }
    if (!(*row.schema == *schema)) continue;
    for (std::size_t i = 0; i < schema->features.size(); ++i) {
      auto& column = out.columns[i];
      const auto* number = std::get_if<double>(&row.features[i]);
      column.missing.push_back(number != nullptr && std::isnan(*number));
      number != nullptr ? column.numbers.push_back(*number)
                        : column.texts.push_back(std::get<std::string>(row.features[i]));
    }
    out.columns.back().missing.push_back(false);
    out.columns.back().texts.push_back(label->second);
    ++out.rows;
  }
  return out;
}

// Numbers were recorded as such: whole ones are integers again. Labels that are all numbers are
// numbers.
void read_types(monitor::Table& table) {
  for (auto& column : table.columns) {
    column.integers =
        !column.text && std::all_of(column.numbers.begin(), column.numbers.end(),
                                    [](double x) { return std::isnan(x) || x == std::floor(x); });
  }
  auto& label = table.columns.back();
  std::vector<double> numbers;
  for (const auto& text : label.texts) {
    const auto number = parse_double(text);
    if (!number) return;
    numbers.push_back(*number);
  }
  label.text = false;
  label.texts.clear();
  label.numbers = std::move(numbers);
}

// What the server measured wins over what a client logged under the same name.
govern::Facts merged(govern::Facts logged, govern::Facts measured) {
  for (auto& [name, value] : logged.metrics) measured.metrics.emplace(name, value);
  if (!logged.source.empty()) measured.source += "; " + logged.source;
  return measured;
}

}  // namespace

Result<std::int64_t> Gatekeeper::version_of(const GateQuestion& question) const {
  if (question.version > 0) return question.version;
  SW_TRY(const auto newest, parts_.registry.by_alias(question.model, "latest"));
  if (!newest) {
    return precondition("model '" + question.model + "' has no version",
                        "register one before it is judged");
  }
  return newest->version;
}

// The version with most of the endpoint's traffic; without an endpoint the one called champion.
// Also where no endpoint is loaded: beside a server, or without one.
Result<std::int64_t> Gatekeeper::champion_of(const GateQuestion& question,
                                             std::int64_t version) const {
  std::string alias = registry::kChampion;
  std::int64_t out = 0;
  if (!question.endpoint.empty()) {
    SW_TRY(const auto spec, parts_.endpoints.stored(question.endpoint));
    const serving::RouteSpec* most = nullptr;
    for (const auto& route : spec.routes) {
      if (route.shadow || route.model != question.model || route.weight <= 0) continue;
      if (most == nullptr || route.weight > most->weight) most = &route;
    }
    if (most == nullptr) return 0;
    alias = most->alias;
    out = parse_int(most->version).value_or(0);
  }
  if (!alias.empty()) {
    SW_TRY(const auto named, parts_.registry.by_alias(question.model, alias));
    if (named) out = named->version;
  }
  return out == version ? 0 : out;
}

Result<std::string> Gatekeeper::evaluation_text(const registry::Version& version) const {
  std::vector<std::string> roots;
  if (!version.run_id.empty()) {
    if (const auto run = parts_.tracking.runs().get(tracking::RunId{version.run_id})) {
      roots.push_back(run->artifact_root);
    }
  }
  roots.push_back(version.location);
  for (const auto& root : roots) {
    const auto key = tracking::Artifacts::key_of(root, kEvaluation);
    if (!key) continue;
    SW_TRY(const auto found, parts_.blobs.stat(*key));
    if (found && !found->folder) return parts_.blobs.get_all(*key, kEvaluationLimit);
  }
  return not_found("the version's run has no artifact evaluation.csv");
}

Result<monitor::Table> Gatekeeper::recent_of(const std::string& endpoint) const {
  if (endpoint.empty()) return invalid("no endpoint is named");
  SW_TRY(const auto rows, parts_.monitor.predictions(endpoint, kRecentRows));
  std::vector<std::string> ids;
  ids.reserve(rows.size());
  for (const auto& row : rows) {
    if (!row.shadow && row.error.empty()) ids.push_back(row.request_id);
  }
  SW_TRY(const auto labels, parts_.monitor.labels(endpoint, ids));
  auto out = table_of(rows, labels);
  if (out.rows < kRecentLeast) {
    return precondition("the outcomes of " + std::to_string(out.rows) +
                        " recent requests are known, 100 are wanted");
  }
  read_types(out);
  return out;
}

govern::Facts Gatekeeper::logged(const registry::Version& version) const {
  govern::Facts out;
  const auto lineage = parts_.registry.lineage(version);
  if (!lineage || lineage->metrics.empty()) return out;
  for (const auto& [name, value] : lineage->metrics) {
    if (!is_ours(name)) out.metrics.emplace(name, value);
  }
  out.source = "other metrics as logged by run " + lineage->run_id;
  return out;
}

Result<govern::Decision> Gatekeeper::check(const GateQuestion& question) {
  SW_TRY(const auto policy, govern::parse_policy(question.policy, question.file));
  SW_TRY(const auto number, version_of(question));
  SW_TRY(const auto version, parts_.registry.version({question.model, number}));
  govern::Subject subject{.model = question.model, .version = number};
  SW_TRY(const auto champion, champion_of(question, number));
  if (champion != 0) subject.champion = champion;

  const auto text = evaluation_text(version);
  const auto table = text ? monitor::read_table(*text) : Result<monitor::Table>(text.error());
  const auto wanted = wanted_by(policy);
  std::optional<Result<monitor::Table>> recent;
  if (wants_recent(policy)) recent = recent_of(question.endpoint);
  const auto facts_of = [&](const registry::Version& about) {
    govern::Facts measured;
    if (table) {
      measured =
          measure(parts_.endpoints, parts_.clock, about.model, about.version, *table, wanted);
    } else {
      measured.source = "not measured: " + table.error().message;
    }
    if (recent && !*recent) measured.source += "; recent: " + recent->error().message;
    if (recent && *recent) {
      measure_recent(parts_.endpoints, about.model, about.version, **recent, wanted, measured);
    }
    return merged(logged(about), std::move(measured));
  };
  subject.facts = facts_of(version);
  // The champion answers the same rows, so that both are judged on equal terms.
  if (champion != 0) {
    SW_TRY(const auto other, parts_.registry.version({question.model, champion}));
    subject.champion_facts = facts_of(other);
  }
  return parts_.govern.decide(policy, subject,
                              question.actor.empty() ? "anonymous" : question.actor);
}

}  // namespace slipway::app
