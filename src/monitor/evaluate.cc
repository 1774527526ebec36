// SPDX-License-Identifier: Apache-2.0
// A window against a profile: a verdict a column, findings beside the tests, and the share.
#include <algorithm>
#include <cmath>
#include <set>

#include "base/text.h"
#include "stats/findings.h"
#include "window.h"

namespace slipway::monitor {
namespace {

using stats::ColumnType;
using stats::Method;

constexpr std::string_view kLabelColumns[] = {"label", "target"};  // never part of the traffic

// The window's column in the type that the reference has; category names as the reference's.
stats::Sample sample_of(const WindowColumn& column, const ProfileColumn& reference) {
  stats::Sample out{
      .type = reference.sample.type, .nulls = column.nulls, .infinite = column.infinite};
  if (!column.field.text && out.type == ColumnType::numerical) {
    out.values = column.numbers;
    std::sort(out.values.begin(), out.values.end());
    return out;
  }
  if (!column.field.text) {
    for (const double x : column.numbers) ++out.counts[category_of(x)];
    return out;
  }
  if (out.type != ColumnType::numerical) {
    out.counts = column.counts;
    return out;
  }
  for (const auto& [text, n] : column.counts) {  // numbers that arrive as texts
    const auto x = parse_double(text);
    if (!x) return {.type = ColumnType::categorical, .counts = column.counts};
    out.values.insert(out.values.end(), static_cast<std::size_t>(n), single(*x));
  }
  std::sort(out.values.begin(), out.values.end());
  return out;
}

// Rare categories of the reference that were lumped there are lumped here too.
stats::Sample with_other(stats::Sample sample, const ProfileColumn& reference, std::int64_t more) {
  if (reference.other == 0) {
    if (more > 0) sample.counts["(other)"] += more;
    return sample;
  }
  stats::Sample out = sample;
  out.counts.clear();
  std::int64_t other = more;
  for (const auto& [value, n] : sample.counts) {
    if (reference.sample.counts.contains(value)) {
      out.counts[value] = n;
    } else {
      other += n;
    }
  }
  if (other > 0) out.counts["(other)"] = other;
  return out;
}

// A change of the share of missing values is drift of its own: tests leave those rows out.
bool find_nulls(const ProfileColumn& reference, const stats::Sample& current, ReportColumn& out) {
  const std::int64_t nulls = reference.sample.nulls;
  const std::int64_t rows = reference.present + nulls + reference.sample.infinite;
  if (rows == 0 || current.rows() == 0) return false;
  out.null_share = static_cast<double>(current.nulls) / static_cast<double>(current.rows());
  out.reference_null_share = static_cast<double>(nulls) / static_cast<double>(rows);
  auto said = stats::null_change(nulls, rows, current.nulls, current.rows());
  if (said) out.findings.push_back(*said);
  return said.has_value();
}

// Texts where there were numbers: what cannot be read as one is named.
bool find_type(const WindowColumn& window, const ProfileColumn& reference, ReportColumn& out) {
  if (!window.field.text || reference.sample.type != ColumnType::numerical) return false;
  std::int64_t rows = 0;
  std::string example;
  for (const auto& [text, n] : window.counts) {
    if (parse_double(text)) continue;
    if (rows == 0) example = text.substr(0, 40);
    rows += n;
  }
  if (rows == 0) return false;
  out.findings.push_back("texts where the reference has numbers, in " + std::to_string(rows) +
                         " rows: '" + example + "'");
  return true;
}

// Both sides are samples; a share of 0 or 1 has no spread, so one row more and less is allowed.
std::optional<Band> band_of(const ProfileColumn& reference, const stats::Sample& current) {
  const auto known = static_cast<double>(reference.present);
  const bool numbers = reference.sample.type == ColumnType::numerical;
  if (numbers && !current.values.empty() && current.type == ColumnType::numerical && known > 0) {
    const auto n = static_cast<double>(current.values.size());
    double sum = 0;
    for (const double x : current.values) sum += x;
    const double half = 3 * reference.std * std::sqrt(1 / n + 1 / known);
    return Band{"mean", sum / n, reference.mean - half, reference.mean + half};
  }
  const auto& counts = reference.sample.counts;
  if (numbers || counts.empty() || current.counts.empty() || known == 0) return std::nullopt;
  const auto most =
      std::max_element(counts.begin(), counts.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  double n = 0;
  for (const auto& [value, rows] : current.counts) n += static_cast<double>(rows);
  const double p = static_cast<double>(most->second) / known;
  const double half = 3 * std::sqrt(p * (1 - p) * (1 / n + 1 / known)) + 1 / n;
  const auto found = current.counts.find(most->first);
  const double share = found == current.counts.end() ? 0 : static_cast<double>(found->second) / n;
  return Band{"share of " + most->first.substr(0, 40), share, std::max(0.0, p - half),
              std::min(1.0, p + half)};
}

struct Test {
  Method method = Method::automatic;
  std::optional<double> threshold;
};

Test test_of(const std::string& name, ColumnType type, const Settings& settings) {
  Test out;
  const auto rule = settings.columns.find(name);
  if (rule != settings.columns.end()) {
    out.threshold = rule->second.threshold;
    out.method = rule->second.method;
  }
  if (out.method == Method::automatic) {
    out.method = type == ColumnType::numerical ? settings.numerical : settings.categorical;
  }
  return out;
}

bool ignored(const std::string& name, const Settings& settings) {
  const auto rule = settings.columns.find(name);
  if (rule != settings.columns.end()) return rule->second.ignore;
  return std::find(std::begin(kLabelColumns), std::end(kLabelColumns), name) !=
         std::end(kLabelColumns);
}

struct Tested {
  ReportColumn column;
  // What is judged: the p-value, but of `chisquare` that of homogeneity, since a reference is a
  // sample too.
  std::optional<double> p_value;
  bool own_threshold = false;  // named for the column: no correction changes it
  bool found = false;          // drift that no test sees: missing values, another type
};

Tested test_column(const ProfileColumn& reference, const WindowColumn& window,
                   const Settings& settings) {
  Tested out{{.name = reference.name, .type = reference.sample.type}};
  auto& column = out.column;
  auto expected = reference.sample;
  if (reference.other > 0) expected.counts["(other)"] = reference.other;
  const auto current = with_other(sample_of(window, reference), reference, window.other);
  const Test test = test_of(reference.name, column.type, settings);
  out.own_threshold = test.threshold.has_value();
  column.drift = stats::compare(expected, current, test.method, test.threshold);
  out.p_value = column.drift.p_value;
  if (column.drift.method == Method::chisquare && out.p_value) {
    out.p_value = stats::homogeneity(expected.counts, current.counts).p_value;
    column.drift.drifted = column.drift.drifted && *out.p_value < column.drift.threshold;
  }
  if (column.drift.score) column.drift.effect = stats::effect_of(expected, current);
  column.band = band_of(reference, current);
  const bool nulls = find_nulls(reference, current, column);
  out.found = find_type(window, reference, column) || nulls;
  const auto add = [&](std::optional<std::string> said) {
    if (said) column.findings.push_back(*std::move(said));
  };
  if (column.type == ColumnType::categorical) {
    add(stats::new_values(expected.counts, current.counts));
  }
  if (column.type == ColumnType::numerical) {
    add(stats::out_of_range(reference.min, reference.max, current.values));
  }
  return out;
}

// The verdicts of all columns together.
void correct(std::vector<Tested>& tested, const Settings& settings, double family) {
  std::vector<stats::ColumnDrift> judged;
  std::vector<stats::ColumnDrift*> places;
  for (auto& each : tested) {
    auto& drift = each.column.drift;
    if (!each.p_value || each.own_threshold) continue;
    if (settings.correction == stats::Correction::bonferroni) {
      drift.threshold /= family;
      drift.drifted = *each.p_value <= drift.threshold;
    }
    judged.push_back(drift);
    judged.back().p_value = each.p_value;
    places.push_back(&drift);
  }
  if (settings.correction == stats::Correction::fdr) {
    std::vector<stats::ColumnDrift*> columns;
    for (auto& each : judged) columns.push_back(&each);
    stats::correct(columns, settings.correction);
    for (std::size_t i = 0; i < places.size(); ++i) {
      places[i]->adjusted_p_value = judged[i].adjusted_p_value;
      places[i]->drifted = judged[i].drifted;
    }
  }
  for (auto& each : tested) {
    auto& drift = each.column.drift;
    if (drift.p_value && drift.effect.value_or(0) < settings.min_effect) drift.drifted = false;
    if (each.found) drift.drifted = true;
  }
}

const WindowColumn* find(const Window& window, const std::string& name) {
  for (const auto& column : window.columns) {
    if (column.field.name == name) return &column;
  }
  return nullptr;
}

}  // namespace

DriftReport evaluate(const Window& window, const Profile& profile, const Settings& settings) {
  DriftReport out{.endpoint = window.endpoint,
                  .model = window.model,
                  .version = window.version,
                  .window_start = window.first,
                  .window_end = window.last,
                  .rows = window.rows,
                  .threshold = settings.drift_threshold};
  double family = 0;
  for (const auto& column : profile.columns) {
    if (!ignored(column.name, settings) && find(window, column.name) != nullptr) ++family;
  }
  std::set<std::string> known;
  std::vector<Tested> tested;
  for (const auto& column : profile.columns) {
    known.insert(column.name);
    if (ignored(column.name, settings)) continue;
    if (const auto* found = find(window, column.name)) {
      tested.push_back(test_column(column, *found, settings));
      continue;
    }
    Tested missing{{.name = column.name, .type = column.sample.type}};
    missing.column.drift.error = "the column is not in the traffic";
    tested.push_back(std::move(missing));
    if (column.name != "prediction") {
      out.findings.push_back("column '" + column.name + "' is gone");
    }
  }
  correct(tested, settings, std::max(family, 1.0));
  std::int64_t judged = 0;
  std::int64_t drifted = 0;
  for (auto& each : tested) {
    const auto& result = each.column.drift;
    if (result.score || result.drifted) ++judged;
    if (result.drifted) ++drifted;
    out.columns.push_back(std::move(each.column));
  }
  for (const auto& column : window.columns) {
    if (known.contains(column.field.name) || column.field.name == "prediction") continue;
    out.findings.push_back("column '" + column.field.name + "' is not in the reference");
  }
  out.drift_share = judged == 0 ? 0 : static_cast<double>(drifted) / static_cast<double>(judged);
  out.dataset_drift = drifted > 0 && out.drift_share >= settings.drift_threshold;
  return out;
}

}  // namespace slipway::monitor
