// SPDX-License-Identifier: Apache-2.0
#include "traces/trace_correlation.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/text.h"
#include "endpoint.h"
#include "json/value.h"
#include "traces/trace_search.h"

namespace slipway::wire::mlflow {
namespace {

constexpr const char* kSizeKey = "mlflow.trace.sizeStats";
constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

// Normalised pointwise mutual information of a table of two by two, each cell raised by
// `smoothing`.
double npmi(const tracing::Overlap& counts, double smoothing) {
  const auto both = static_cast<double>(counts.both);
  const auto first = static_cast<double>(counts.first) - both;
  const auto second = static_cast<double>(counts.second) - both;
  const auto neither = static_cast<double>(counts.total) - both - first - second;
  if (counts.total <= 0 || counts.first == 0 || counts.second == 0) return kUndefined;
  if (std::min({both, first, second, neither}) < 0) return kUndefined;
  if (counts.both == 0 && smoothing == 0) return -1;
  if (first == 0 && second == 0 && neither == 0) return 1;
  const double joint = both + smoothing;
  const double total = joint + first + second + neither + 3 * smoothing;
  const double one = joint + first + smoothing;
  const double other = joint + second + smoothing;
  const double pmi = (std::log(joint) + std::log(total)) - (std::log(one) + std::log(other));
  return std::clamp(pmi / -(std::log(joint) - std::log(total)), -1.0, 1.0);
}

// A member of the answer; what is not defined is left out.
std::string shown(const char* name, double value) {
  return std::isnan(value) ? "" : "\"" + std::string(name) + "\":" + number_text(value) + ",";
}

}  // namespace

Result<net::Response> calculate_correlation(tracing::Tracing& tracing,
                                            const FilterCorrelation& in) {
  if (in.experiment_ids.empty()) return missing("experiment_ids");
  if (in.filter_string1.empty()) return missing("filter_string1");
  if (in.filter_string2.empty()) return missing("filter_string2");
  SW_TRY(const auto base, traces_filter(in.base_filter));
  SW_TRY(const auto first, traces_filter(in.filter_string1));
  SW_TRY(const auto second, traces_filter(in.filter_string2));
  std::vector<tracing::ExperimentId> experiments;
  for (const auto& id : in.experiment_ids) experiments.emplace_back(id);
  SW_TRY(const auto counts, tracing.traces().overlap(experiments, base, first, second));
  return answer_with("{" + shown("npmi", npmi(counts, 0)) +
                     shown("npmi_smoothed", npmi(counts, 0.5)) +
                     "\"filter1_count\":" + std::to_string(counts.first) +
                     ",\"filter2_count\":" + std::to_string(counts.second) +
                     ",\"joint_count\":" + std::to_string(counts.both) +
                     ",\"total_count\":" + std::to_string(counts.total) + "}");
}

std::size_t announced_spans(const tracing::Trace& trace) {
  for (const auto& pair : trace.metadata) {
    if (pair.key != kSizeKey) continue;
    const auto value = json::parse_value(pair.value);
    const auto count = value ? json::int_at(*value, "num_spans") : std::nullopt;
    return count && *count > 0 ? static_cast<std::size_t>(*count) : 0;
  }
  return 0;
}

std::optional<std::int64_t> parse_version(const std::string& text) {
  return parse_int(trim(text));
}

}  // namespace slipway::wire::mlflow
