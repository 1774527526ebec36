// SPDX-License-Identifier: Apache-2.0
// How far champion and challenger answer the same requests alike. Two versions may differ and both
// be good, so without a rule this is told and decides nothing.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "checks.h"
#include "stats/sequential.h"

namespace slipway::rollout {
namespace {

constexpr std::int64_t kSomePairs = 30;
constexpr std::int64_t kManyPairs = 100;  // the intervals of means are asymptotic
constexpr auto kChampion = "the same requests";

std::string text(const char* format, double a, double b) {
  char out[96];
  std::snprintf(out, sizeof out, format, a, b);
  return out;
}

Check named(const char* name) {
  return {.name = name, .champion = kChampion, .challenger = "none seen"};
}

Verdict verdict_of(bool proved, bool seems) {
  if (proved) return Verdict::red;
  return seems ? Verdict::amber : Verdict::green;
}

Check of_classes(const Agreement& a, const Tolerances& t, double alpha) {
  auto out = named("agreement");
  if (a.classes == 0) {
    out.detail = "waits for 30 recorded requests that both answered";
    return out;
  }
  const auto k = static_cast<double>(a.equal);
  const auto n = static_cast<double>(a.classes);
  out.challenger_value = k / n;
  out.challenger = text("%.2f %% of %.0f alike", 100 * k / n, n);
  const auto interval = stats::probability_sequence(static_cast<std::uint64_t>(a.equal),
                                                    static_cast<std::uint64_t>(a.classes), alpha);
  out.detail = "share in " + text("[%.4f, %.4f]", interval.low, interval.high);
  if (t.min_agreement) out.detail += text(", at least %.4g is wanted", *t.min_agreement, 0);
  if (a.classes < kSomePairs) return out;
  const double least = t.min_agreement.value_or(0);
  out.verdict = verdict_of(interval.high < least, k / n < least);
  return out;
}

Check of_differences(const Agreement& a, const Tolerances& t, double alpha) {
  auto out = named("difference");
  const auto n = static_cast<double>(a.numbers);
  const double mean = a.difference / n;
  const double variance = std::max(0.0, a.difference_squares / n - mean * mean);
  out.challenger_value = mean;
  out.challenger = text("%.4g in the mean of %.0f", mean, n);
  if (a.numbers < kManyPairs) {
    out.detail = "waits for 100 recorded requests that both answered";
    return out;
  }
  const auto interval = stats::mean_sequence(mean, std::sqrt(variance / (n - 1)),
                                             static_cast<std::uint64_t>(a.numbers), alpha);
  out.detail =
      "absolute, mean in " + text("[%.4g, %.4g]", std::max(0.0, interval.low), interval.high);
  if (t.max_difference) out.detail += text(", at most %.4g is tolerated", *t.max_difference, 0);
  out.verdict = Verdict::green;
  if (t.max_difference) {
    out.verdict = verdict_of(interval.low > *t.max_difference, mean > *t.max_difference);
  }
  return out;
}

// Pearson's, by Fisher's transformation: its standard error is that of normal pairs.
Check of_correlation(const Agreement& a, const Tolerances& t, double alpha) {
  auto out = named("correlation");
  const auto n = static_cast<double>(a.numbers);
  const double sxx = a.xx - a.x * a.x / n;
  const double syy = a.yy - a.y * a.y / n;
  const double sxy = a.xy - a.x * a.y / n;
  if (a.numbers < kManyPairs) {
    out.detail = "waits for 100 recorded requests that both answered";
    return out;
  }
  // Rounding must not make a constant vary.
  const auto varies = [n](double s, double squares) {
    return s > 1e-12 * std::max(squares, n * 1e-300);
  };
  if (!varies(sxx, a.xx) || !varies(syy, a.yy)) {
    out.detail = "one of both answers always the same";
    if (t.min_correlation) out.verdict = Verdict::amber;
    return out;
  }
  const double r = std::clamp(sxy / std::sqrt(sxx * syy), -1.0, 1.0);
  out.challenger_value = r;
  out.challenger = text("%.4f of %.0f", r, n);
  const double z = std::atanh(std::clamp(r, -0.999999999, 0.999999999));
  const auto interval =
      stats::mean_sequence(z, 1 / std::sqrt(n - 3), static_cast<std::uint64_t>(a.numbers), alpha);
  const double high = std::tanh(interval.high);
  out.detail = "in " + text("[%.4f, %.4f]", std::tanh(interval.low), high);
  if (t.min_correlation) out.detail += text(", at least %.4g is wanted", *t.min_correlation, 0);
  out.verdict = Verdict::green;
  if (t.min_correlation)
    out.verdict = verdict_of(high < *t.min_correlation, r < *t.min_correlation);
  return out;
}

}  // namespace

std::vector<Check> agreement_checks(const Agreement& agreement, const Tolerances& tolerances,
                                    double alpha) {
  // One answer that cannot be a class makes all of them numbers.
  const bool numbers = agreement.numbers > 0 && agreement.classes < agreement.pairs;
  if (!numbers) return {of_classes(agreement, tolerances, alpha)};
  return {of_differences(agreement, tolerances, alpha),
          of_correlation(agreement, tolerances, alpha)};
}

bool is_ruled(const Check& check, const Tolerances& tolerances) {
  // Until something is seen it is not known whether the answers are classes or numbers.
  if (check.name == "agreement") {
    return tolerances.min_agreement ||
           (!check.challenger_value && (tolerances.max_difference || tolerances.min_correlation));
  }
  if (check.name == "difference") return tolerances.max_difference.has_value();
  return check.name == "correlation" && tolerances.min_correlation.has_value();
}

}  // namespace slipway::rollout
