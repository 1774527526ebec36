// SPDX-License-Identifier: Apache-2.0
#include "spec.h"

#include <cmath>

#include "base/text.h"

namespace slipway::rollout {
namespace {

constexpr std::size_t kStepLimit = 20;
constexpr std::int64_t kCountLimit = 1'000'000'000;

Result<void> check_tolerances(const Tolerances& t) {
  const auto between = [](const char* name, double x, double low, double high) -> Result<void> {
    if (std::isfinite(x) && x >= low && x <= high) return {};
    return invalid(std::string("tolerances.") + name + " must be between " + number_text(low) +
                   " and " + number_text(high) + ", not " + number_text(x));
  };
  SW_CHECK_OK(between("error_rate", t.error_rate, 0, 1));
  SW_CHECK_OK(between("latency_ratio", t.latency_ratio, 1, 1000));
  SW_CHECK_OK(between("latency_slack_ms", t.latency_slack_ms, 0, 600'000));
  SW_CHECK_OK(between("quality", t.quality, 0, 1));
  SW_CHECK_OK(between("undecided_seconds", t.undecided_seconds, 1, 31'536'000));
  if (t.min_agreement) SW_CHECK_OK(between("min_agreement", *t.min_agreement, 0, 1));
  if (t.max_difference) SW_CHECK_OK(between("max_difference", *t.max_difference, 0, 1e300));
  if (t.min_correlation) SW_CHECK_OK(between("min_correlation", *t.min_correlation, -1, 1));
  return between("alpha", t.alpha, 1e-9, 0.5);
}

Result<void> check_business(const std::vector<BusinessGoal>& goals) {
  if (goals.size() > 10) return invalid("business has more than 10 entries");
  for (std::size_t i = 0; i < goals.size(); ++i) {
    const auto& goal = goals[i];
    const std::string at = "business[" + std::to_string(i) + "]";
    if (goal.event.empty() || goal.event.size() > 100) {
      return invalid(at + ".event is missing", "conversion, revenue ..");
    }
    if (goal.measure != "rate" && goal.measure != "value") {
      return invalid(at + ".measure is '" + goal.measure + "'", "use rate or value");
    }
    if (!std::isfinite(goal.tolerance) || goal.tolerance < 0 || goal.tolerance > 1) {
      return invalid(at + ".tolerance must be between 0 and 1, not " + number_text(goal.tolerance));
    }
  }
  return {};
}

// Percent of the requests, growing; before any share of the traffic.
Result<void> check_shadow(const Step& step, const std::string& at, double last_shadow,
                          double last_weight) {
  if (step.weight != 0) {
    return invalid(at + " has a weight and is a shadow", "give a shadow step no weight");
  }
  if (last_weight > 0) return invalid(at + ": a shadow step comes before those with a weight");
  if (!std::isfinite(step.shadow) || step.shadow <= last_shadow || step.shadow > 100) {
    return invalid(at + ".shadow must be above " + number_text(last_shadow) + " and at most 100",
                   "it is the percentage of the requests that the challenger gets copies of");
  }
  return {};
}

Result<void> check_rules(const Spec& spec) {
  const auto& t = spec.tolerances;
  if (!t.min_agreement && !t.max_difference && !t.min_correlation) return {};
  if (spec.steps.front().shadow > 0) return {};
  const char* name = t.min_agreement    ? "min_agreement"
                     : t.max_difference ? "max_difference"
                                        : "min_correlation";
  return invalid(std::string("tolerances.") + name + ": there is no shadow step to see it in",
                 "begin with a step such as {\"shadow\": 100, \"min_requests\": 500}");
}

}  // namespace

Result<Spec> completed(Spec spec) {
  if (spec.endpoint.empty()) return invalid("endpoint is missing");
  if (spec.model.empty()) return invalid("model is missing");
  if (spec.version <= 0) return invalid("version is missing", "name the challenger's version");
  SW_CHECK_OK(check_tolerances(spec.tolerances));
  SW_CHECK_OK(check_business(spec.business));
  if (spec.steps.empty()) {
    spec.steps = {{.shadow = 100}, {.weight = 5}, {.weight = 50}, {.weight = 100}};
  }
  if (spec.steps.size() > kStepLimit) return invalid("steps has more than 20 entries");
  double last = 0;
  double last_shadow = 0;
  for (std::size_t i = 0; i < spec.steps.size(); ++i) {
    auto& step = spec.steps[i];
    const std::string at = "steps[" + std::to_string(i) + "]";
    if (step.shadow != 0) {
      SW_CHECK_OK(check_shadow(step, at, last_shadow, last));
      last_shadow = step.shadow;
    } else if (!std::isfinite(step.weight) || step.weight <= last || step.weight > 100) {
      return invalid(at + ".weight must be above " + number_text(last) + " and at most 100",
                     "weights are percent of the traffic and grow from step to step");
    }
    if (step.shadow == 0) last = step.weight;
    for (const auto n : {step.min_requests, step.min_seconds, step.min_labels}) {
      if (n < 0 || n > kCountLimit) {
        return invalid(at + ": min_requests, min_seconds and min_labels must be 0 to 1000000000");
      }
    }
    if (step.min_requests + step.min_seconds + step.min_labels == 0) step.min_requests = 100;
  }
  if (last < 100) spec.steps.push_back({.weight = 100, .min_requests = 100});
  SW_CHECK_OK(check_rules(spec));
  return spec;
}

}  // namespace slipway::rollout
