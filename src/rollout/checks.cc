// SPDX-License-Identifier: Apache-2.0
#include "checks.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "stats/quality.h"
#include "stats/sequential.h"

namespace slipway::rollout {
namespace {

// Proved worse is red; what only looks worse so far is amber.
Verdict verdict_of(bool proved, bool seems) {
  if (proved) return Verdict::red;
  return seems ? Verdict::amber : Verdict::green;
}

using stats::Interval;

constexpr int kChecks = 5;  // they share the tolerated chance of a false alarm
// In a shadow step: errors and latency of the copies, agreement or difference and correlation.
constexpr int kMirroredChecks = 4;
constexpr std::int64_t kSomeRequests = 20;
constexpr std::uint64_t kLatencyRequests = 100;
constexpr std::int64_t kSomeOutcomes = 30;
constexpr std::size_t kManyOutcomes = 100;  // the intervals of means are asymptotic

std::string text(const char* format, double a, double b = 0) {
  char out[64];
  std::snprintf(out, sizeof out, format, a, b);
  return out;
}

std::string share_text(double k, double n) {
  return n == 0 ? "none seen" : text("%.2f %% of %.0f", 100 * k / n, n);
}

std::string between(const Interval& i) {
  return text("[%.4f, %.4f]", i.low, i.high);
}

Interval interval_of(std::int64_t successes, std::int64_t trials, double alpha) {
  return stats::probability_sequence(static_cast<std::uint64_t>(successes),
                                     static_cast<std::uint64_t>(trials), alpha);
}

Check errors_check(const Traffic& champion, const Traffic& challenger, const Tolerances& t,
                   double alpha) {
  const auto k0 = static_cast<double>(champion.errors);
  const auto n0 = static_cast<double>(champion.requests);
  const auto k1 = static_cast<double>(challenger.errors);
  const auto n1 = static_cast<double>(challenger.requests);
  Check out{.name = "errors", .champion = share_text(k0, n0), .challenger = share_text(k1, n1)};
  if (n0 > 0) out.champion_value = k0 / n0;
  if (n1 > 0) out.challenger_value = k1 / n1;
  if (n1 == 0) {
    out.detail = "waits for requests to the challenger";
    return out;
  }
  const auto low = interval_of(challenger.errors, challenger.requests, alpha / 2);
  // A champion that nobody asked meanwhile is taken as free of errors.
  const auto high =
      n0 == 0 ? Interval{0, 0} : interval_of(champion.errors, champion.requests, alpha / 2);
  const double usual = n0 == 0 ? 0 : k0 / n0;
  out.detail = "challenger " + between(low) + ", champion " + between(high) +
               text(", tolerance %.3f", t.error_rate);
  if (low.low > high.high + t.error_rate) {
    out.verdict = Verdict::red;
  } else if (k1 / n1 > usual + t.error_rate) {
    out.verdict = challenger.requests >= kSomeRequests ? Verdict::amber : Verdict::waiting;
  } else {
    out.verdict = Verdict::green;
  }
  return out;
}

// How many of the answers took longer than `ms`.
std::uint64_t slower_than(const serving::LatencySnapshot& latency, double ms) {
  double low = 0;
  double high = 1;
  for (int i = 0; i < 50; ++i) {
    const double q = (low + high) / 2;
    (latency.quantile_ms(q) <= ms ? low : high) = q;
  }
  const auto n = static_cast<double>(latency.count());
  return static_cast<std::uint64_t>(std::llround((1 - low) * n));
}

Check latency_check(const Traffic& champion, const Traffic& challenger, const Tolerances& t,
                    double alpha, bool alone) {
  const auto n0 = champion.latency.count();
  const auto n1 = challenger.latency.count();
  const double p0 = champion.latency.quantile_ms(0.99);
  const double p1 = challenger.latency.quantile_ms(0.99);
  Check out{.name = "latency",
            .champion = n0 == 0 ? "none seen" : text("p99 %.2f ms", p0),
            .challenger = n1 == 0 ? "none seen" : text("p99 %.2f ms", p1)};
  if (n0 > 0) out.champion_value = p0;
  if (n1 > 0) out.challenger_value = p1;
  if (n0 < kLatencyRequests || n1 < kLatencyRequests) {
    out.detail = "waits for 100 answers of both versions";
    return out;
  }
  const double bound = (alone ? 2 : 1) * std::max(p0 * t.latency_ratio, p0 + t.latency_slack_ms);
  const auto slow0 = slower_than(champion.latency, bound);
  const auto slow1 = slower_than(challenger.latency, bound);
  const auto usual = stats::probability_sequence(slow0, n0, alpha / 2);
  const auto now = stats::probability_sequence(slow1, n1, alpha / 2);
  out.detail = text("%.0f of %.0f answers", static_cast<double>(slow1), static_cast<double>(n1)) +
               text(" of the challenger took longer than %.2f ms", bound) +
               ", 1 % is tolerated; share in " + between(now);
  out.verdict = verdict_of(now.low > std::max(0.01, usual.high), p1 > bound);
  return out;
}

Check accuracy_check(const Judged& champion, const Judged& challenger, const Tolerances& t,
                     double alpha) {
  const auto n0 = static_cast<double>(champion.classified);
  const auto n1 = static_cast<double>(challenger.classified);
  const auto k0 = static_cast<double>(champion.right);
  const auto k1 = static_cast<double>(challenger.right);
  Check out{.name = "accuracy", .champion = share_text(k0, n0), .challenger = share_text(k1, n1)};
  if (n0 > 0) out.champion_value = k0 / n0;
  if (n1 > 0) out.challenger_value = k1 / n1;
  if (std::min(champion.classified, challenger.classified) < kSomeOutcomes) {
    out.detail = "waits for 30 known outcomes of both versions";
    return out;
  }
  const auto usual = interval_of(champion.right, champion.classified, alpha / 2);
  const auto now = interval_of(challenger.right, challenger.classified, alpha / 2);
  out.detail = "challenger " + between(now) + ", champion " + between(usual) +
               text(", tolerance %.3f", t.quality);
  out.verdict = verdict_of(now.high < usual.low - t.quality, k1 / n1 < k0 / n0 - t.quality);
  return out;
}

std::string value_text(const char* format, const Estimate& e) {
  if (e.n == 0 || !std::isfinite(e.value)) return "none seen";
  return text(format, e.value, static_cast<double>(e.n));
}

// `worse` is positive when the challenger is worse by that much.
Check mean_check(const char* name, const Estimate& champion, const Estimate& challenger,
                 double worse, const Tolerances& t, double alpha) {
  const auto n = std::min(champion.n, challenger.n);
  Check out{.name = name,
            .champion = value_text("%.4f (%.0f)", champion),
            .challenger = value_text("%.4f (%.0f)", challenger)};
  if (champion.n > 0 && std::isfinite(champion.value)) out.champion_value = champion.value;
  if (challenger.n > 0 && std::isfinite(challenger.value)) {
    out.challenger_value = challenger.value;
  }
  if (n < kManyOutcomes || !std::isfinite(worse)) {
    out.detail = "waits for 100 known outcomes of both versions, of both classes";
    return out;
  }
  const double error = std::hypot(champion.error, challenger.error);
  const auto interval = stats::mean_sequence(worse, error, n, alpha);
  out.detail = "challenger worse by " + between(interval) + text(", tolerance %.3f", t.quality);
  out.verdict = verdict_of(interval.low > t.quality, worse > t.quality);
  return out;
}

template <class Value>
Estimate mean_of(std::size_t count, Value&& value) {
  Estimate out{.n = count};
  if (count == 0) return out;
  const auto n = static_cast<double>(count);
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += value(i);
  out.value = sum / n;
  double squares = 0;
  for (std::size_t i = 0; i < count; ++i) {
    squares += (value(i) - out.value) * (value(i) - out.value);
  }
  out.error = count < 2 ? 0 : std::sqrt(squares / n / (n - 1));
  return out;
}

Estimate log_loss_of(const Outcomes& outcomes) {
  return mean_of(outcomes.labels.size(), [&](std::size_t i) {
    return stats::log_loss_of(outcomes.labels[i], outcomes.scores[i]);
  });
}

// The mean absolute error of numbers. It has a unit, so the tolerance is a share of the champion's;
// the standard error is Welch's (variances of their own, counts of their own).
Check mae_check(const Estimate& usual, const Estimate& now, const Tolerances& t, double alpha) {
  const auto n = std::min(usual.n, now.n);
  Check out{.name = "mae",
            .champion = value_text("%.4g (%.0f)", usual),
            .challenger = value_text("%.4g (%.0f)", now)};
  if (usual.n > 0) out.champion_value = usual.value;
  if (now.n > 0) out.challenger_value = now.value;
  const double bound = usual.value * (1 + t.quality);
  const double worse = now.value - bound;
  if (n < kManyOutcomes || !std::isfinite(worse)) {
    out.detail = "waits for 100 known outcomes of both versions";
    return out;
  }
  const double error = std::hypot(now.error, usual.error * (1 + t.quality));
  const auto interval = stats::mean_sequence(worse, error, n, alpha);
  out.detail = text("beyond %.4g (the champion's and %.3g of it) by ", bound, t.quality) +
               text("[%.4g, %.4g]", interval.low, interval.high);
  out.verdict = verdict_of(interval.low > 0, worse > 0);
  return out;
}

// An event that never came is none of every prediction.
Business find_event(const Judged& side, const std::string& event) {
  for (const auto& one : side.business) {
    if (one.event == event) return one;
  }
  return {.event = event};
}

Estimate value_of(const Business& seen, std::int64_t predictions) {
  const auto n = static_cast<double>(predictions);
  Estimate out{.value = seen.value / n, .n = static_cast<std::uint64_t>(predictions)};
  const double variance = std::max(0.0, seen.squares / n - out.value * out.value);
  out.error = std::sqrt(variance / (n - 1));
  return out;
}

// Shares of predictions are compared exactly, means of values asymptotically; the tolerance is a
// share of the champion's.
Check business_check(const Judged& champion, const Judged& challenger, const BusinessGoal& goal,
                     double alpha) {
  Check out{.name = "business:" + goal.event, .champion = "none seen", .challenger = "none seen"};
  const auto before = find_event(champion, goal.event);
  const auto after = find_event(challenger, goal.event);
  const auto enough = static_cast<std::int64_t>(kManyOutcomes);
  if (champion.predictions < enough || challenger.predictions < enough) {
    out.detail = "waits for 100 recorded predictions of both versions";
    return out;
  }
  const auto n0 = static_cast<double>(champion.predictions);
  const auto n1 = static_cast<double>(challenger.predictions);
  if (goal.measure == "rate") {
    const double p0 = static_cast<double>(before.requests) / n0;
    const double p1 = static_cast<double>(after.requests) / n1;
    out.champion = share_text(static_cast<double>(before.requests), n0);
    out.challenger = share_text(static_cast<double>(after.requests), n1);
    out.champion_value = p0;
    out.challenger_value = p1;
    const auto usual = interval_of(before.requests, champion.predictions, alpha / 2);
    const auto now = interval_of(after.requests, challenger.predictions, alpha / 2);
    out.detail = "challenger " + between(now) + ", champion " + between(usual) +
                 text(", tolerance %.3f of it", goal.tolerance);
    out.verdict =
        verdict_of(now.high < usual.low * (1 - goal.tolerance), p1 < p0 * (1 - goal.tolerance));
    return out;
  }
  const auto usual = value_of(before, champion.predictions);
  const auto now = value_of(after, challenger.predictions);
  out.champion = text("%.4g (%.0f)", usual.value, n0);
  out.challenger = text("%.4g (%.0f)", now.value, n1);
  out.champion_value = usual.value;
  out.challenger_value = now.value;
  const double bound = usual.value - std::abs(usual.value) * goal.tolerance;
  const double worse = bound - now.value;
  const double error = std::hypot(now.error, usual.error);
  const auto interval = stats::mean_sequence(worse, error, std::min(usual.n, now.n), alpha);
  out.detail = text("below %.4g (the champion's less %.3g of it) by ", bound, goal.tolerance) +
               text("[%.4g, %.4g]", interval.low, interval.high);
  out.verdict = verdict_of(interval.low > 0, worse > 0);
  return out;
}

Estimate auc_of(const Outcomes& outcomes) {
  const auto auc = stats::roc_auc_with_error(outcomes.labels, outcomes.scores);
  return {auc.value, auc.standard_error, outcomes.labels.size()};
}

// What labels say: the error of numbers, or classes and their probabilities.
void add_quality(const Judged& champion, const Judged& challenger, const Tolerances& t,
                 double alpha, std::vector<Check>& out) {
  if (champion.numbers || challenger.numbers) {
    out.push_back(mae_check(champion.mae, challenger.mae, t, alpha));
    return;
  }
  out.push_back(accuracy_check(champion, challenger, t, alpha));
  const auto& loss0 = champion.log_loss;
  const auto& loss1 = challenger.log_loss;
  out.push_back(mean_check("log_loss", loss0, loss1, loss1.value - loss0.value, t, alpha));
  const auto& auc0 = champion.roc_auc;
  const auto& auc1 = challenger.roc_auc;
  out.push_back(mean_check("roc_auc", auc0, auc1, auc0.value - auc1.value, t, alpha));
}

}  // namespace

Judged judged_of(const Side& side) {
  const auto& outcomes = side.outcomes;
  Judged out{.traffic = side.traffic,
             .classified = outcomes.classified,
             .right = outcomes.right,
             .numbers = !outcomes.errors.empty(),
             .predictions = outcomes.predictions,
             .business = outcomes.business};
  if (out.numbers) {
    out.mae = mean_of(outcomes.errors.size(),
                      [&](std::size_t i) { return std::abs(outcomes.errors[i]); });
    return out;
  }
  out.log_loss = log_loss_of(outcomes);
  out.roc_auc = auc_of(outcomes);
  return out;
}

std::vector<Check> compare_mirrored(const Judged& champion, const Judged& challenger,
                                    const Agreement& agreement, const Tolerances& tolerances,
                                    std::size_t goals) {
  const double alpha = tolerances.alpha / (kChecks + kMirroredChecks + static_cast<double>(goals));
  std::vector<Check> out;
  out.push_back(errors_check(champion.traffic, challenger.traffic, tolerances, alpha));
  out.push_back(latency_check(champion.traffic, challenger.traffic, tolerances, alpha, false));
  for (auto& check : agreement_checks(agreement, tolerances, alpha)) {
    out.push_back(std::move(check));
  }
  add_quality(champion, challenger, tolerances, alpha, out);
  return out;
}

std::vector<Check> compare_judged(const Judged& champion, const Judged& challenger,
                                  const Tolerances& tolerances, bool alone,
                                  const std::vector<BusinessGoal>& business, bool after_shadow) {
  const int checks = kChecks + (after_shadow ? kMirroredChecks : 0);
  const double alpha = tolerances.alpha / (checks + static_cast<double>(business.size()));
  std::vector<Check> out;
  out.push_back(errors_check(champion.traffic, challenger.traffic, tolerances, alpha));
  out.push_back(latency_check(champion.traffic, challenger.traffic, tolerances, alpha, alone));
  add_quality(champion, challenger, tolerances, alpha, out);
  for (const auto& goal : business) {
    out.push_back(business_check(champion, challenger, goal, alpha));
  }
  return out;
}

std::vector<Check> compare(const Side& champion, const Side& challenger,
                           const Tolerances& tolerances, bool alone,
                           const std::vector<BusinessGoal>& business, bool after_shadow) {
  return compare_judged(judged_of(champion), judged_of(challenger), tolerances, alone, business,
                        after_shadow);
}

}  // namespace slipway::rollout
