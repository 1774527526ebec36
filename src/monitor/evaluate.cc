// SPDX-License-Identifier: Apache-2.0
// A window against a profile: a verdict a column, findings beside the tests, and the share.
#include <algorithm>
#include <cmath>
#include <set>

#include "base/text.h"
#include "stats/distance.h"
#include "window.h"

namespace slipway::monitor {
namespace {

using stats::ColumnType;
using stats::Method;

constexpr double kNullShareChange = 0.05;  // absolute, and significant at ..
constexpr double kNullShareLevel = 0.001;
constexpr std::string_view kLabelColumns[] = {"label", "target"};  // never part of the traffic

std::string percent(double share) {
  return number_text(std::round(share * 1000) / 10) + " %";
}

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

// Half the summed difference of shares: what part of the rows would have to change category.
double total_variation(const stats::Counts& a, const stats::Counts& b) {
  const auto shares = stats::binned(a, b);
  double sum = 0;
  for (std::size_t i = 0; i < shares.reference.size(); ++i) {
    sum += std::abs(shares.reference[i] - shares.current[i]);
  }
  return sum / 2;
}

double effect(const stats::ColumnDrift& drift, const stats::Sample& reference,
              const stats::Sample& current) {
  if (drift.method == Method::ks) return drift.statistic.value_or(0);
  return total_variation(stats::as_counts(reference), stats::as_counts(current));
}

void find_new_categories(const stats::Sample& reference, const stats::Sample& current,
                         ReportColumn& out) {
  std::int64_t rows = 0;
  std::int64_t values = 0;
  std::string names;
  for (const auto& [value, n] : current.counts) {
    if (reference.counts.contains(value)) continue;
    rows += n;
    if (++values <= 3) names += (names.empty() ? "" : ", ") + value.substr(0, 40);
  }
  if (values == 0) return;
  const double share = static_cast<double>(rows) / static_cast<double>(current.size());
  out.findings.push_back(std::to_string(values) + " values never seen in the reference (" +
                         percent(share) + " of the rows): " + names + (values > 3 ? ", .." : ""));
}

void find_range(const ProfileColumn& reference, const stats::Sample& current, ReportColumn& out) {
  if (current.values.empty()) return;
  const auto low = std::lower_bound(current.values.begin(), current.values.end(), reference.min);
  const auto high = std::upper_bound(current.values.begin(), current.values.end(), reference.max);
  const auto outside = (low - current.values.begin()) + (current.values.end() - high);
  if (outside == 0) return;
  const double share = static_cast<double>(outside) / static_cast<double>(current.values.size());
  out.findings.push_back(percent(share) + " of the rows outside the reference's " +
                         number_text(reference.min) + " .. " + number_text(reference.max));
}

// A change of the share of missing values is drift of its own: tests leave those rows out.
void find_nulls(const ProfileColumn& reference, const stats::Sample& current, ReportColumn& out) {
  const std::int64_t nulls = reference.sample.nulls;
  const std::int64_t rows = reference.present + nulls + reference.sample.infinite;
  if (rows == 0 || current.rows() == 0) return;
  out.null_share = static_cast<double>(current.nulls) / static_cast<double>(current.rows());
  out.reference_null_share = static_cast<double>(nulls) / static_cast<double>(rows);
  if (std::abs(out.null_share - out.reference_null_share) < kNullShareChange) return;
  const auto test = stats::two_proportions(nulls, rows, current.nulls, current.rows());
  if (test.p_value > kNullShareLevel) return;
  out.drift.drifted = true;
  out.findings.push_back("missing values went from " + percent(out.reference_null_share) + " to " +
                         percent(out.null_share) + " of the rows");
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

ReportColumn test_column(const ProfileColumn& reference, const WindowColumn& window,
                         const Settings& settings, double family) {
  ReportColumn out{.name = reference.name, .type = reference.sample.type};
  auto expected = reference.sample;
  if (reference.other > 0) expected.counts["(other)"] = reference.other;
  const auto current = with_other(sample_of(window, reference), reference, window.other);
  const Test test = test_of(reference.name, out.type, settings);
  out.drift = stats::compare(expected, current, test.method, test.threshold);
  if (out.drift.p_value) {
    if (!test.threshold && settings.bonferroni) {
      out.drift.threshold /= family;
      out.drift.drifted = *out.drift.p_value <= out.drift.threshold;
    }
    if (effect(out.drift, expected, current) < settings.min_effect) out.drift.drifted = false;
  }
  find_nulls(reference, current, out);
  if (out.type == ColumnType::categorical) find_new_categories(expected, current, out);
  if (out.type == ColumnType::numerical) find_range(reference, current, out);
  return out;
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
  std::int64_t judged = 0;
  std::int64_t drifted = 0;
  for (const auto& column : profile.columns) {
    known.insert(column.name);
    if (ignored(column.name, settings)) continue;
    const auto* found = find(window, column.name);
    if (found == nullptr) {
      ReportColumn missing{.name = column.name, .type = column.sample.type};
      missing.drift.error = "the column is not in the traffic";
      out.columns.push_back(std::move(missing));
      if (column.name != "prediction")
        out.findings.push_back("column '" + column.name + "' is gone");
      continue;
    }
    out.columns.push_back(test_column(column, *found, settings, std::max(family, 1.0)));
    const auto& result = out.columns.back().drift;
    if (result.score || result.drifted) ++judged;
    if (result.drifted) ++drifted;
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
