// SPDX-License-Identifier: Apache-2.0
#include "stats/drift.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "base/text.h"
#include "stats/distance.h"
#include "stats/ks.h"
#include "stats/moment_tests.h"
#include "stats/multiple.h"
#include "stats/ordered.h"
#include "stats/permutation.h"
#include "stats/rank_tests.h"
#include "stats/text_drift.h"

namespace slipway::stats {
namespace {

struct MethodRow {
  Method method;
  std::string_view name;
  bool test;
  bool numerical;
  bool categorical;
  double threshold;
  bool text = false;
};

constexpr MethodRow kMethods[] = {
    {Method::ks, "ks", true, true, false, 0.05},
    {Method::wasserstein, "wasserstein", false, true, false, 0.1},
    {Method::psi, "psi", false, true, true, 0.1},
    {Method::kl_div, "kl_div", false, true, true, 0.1},
    {Method::jensenshannon, "jensenshannon", false, true, true, 0.1},
    {Method::hellinger, "hellinger", false, true, true, 0.1},
    {Method::chisquare, "chisquare", true, false, true, 0.05},
    {Method::z, "z", true, false, true, 0.05},
    {Method::anderson, "anderson", true, true, false, 0.1},
    {Method::cramer_von_mises, "cramer_von_mises", true, true, false, 0.1},
    {Method::mannw, "mannw", true, true, false, 0.05},
    {Method::t_test, "t_test", true, true, false, 0.05},
    {Method::ed, "ed", false, true, false, 0.1},
    {Method::es, "es", true, true, false, 0.05},
    {Method::g_test, "g_test", true, false, true, 0.1},
    {Method::fisher_exact, "fisher_exact", true, false, true, 0.1},
    {Method::tvd, "TVD", true, false, true, 0.1},
    {Method::empirical_mmd, "empirical_mmd", true, true, false, 0.1},
    {Method::perc_text_content_drift, "perc_text_content_drift", false, false, false, 0.95, true},
    {Method::abs_text_content_drift, "abs_text_content_drift", false, false, false, 0.55, true},
};

const MethodRow* row_of(Method method) {
  for (const auto& row : kMethods) {
    if (row.method == method) return &row;
  }
  return nullptr;
}

std::size_t joined_size(const Counts& a, const Counts& b) {
  return a.size() + static_cast<std::size_t>(std::count_if(
                        b.begin(), b.end(), [&](const auto& e) { return !a.contains(e.first); }));
}

bool numeric_before(const std::string& a, const std::string& b) {
  const auto x = parse_double(a);
  const auto y = parse_double(b);
  return x && y ? *x < *y : a < b;
}

// How often the smallest joined value was seen on a side.
struct First {
  const std::string* smallest = nullptr;

  First(const Counts& reference, const Counts& current) {
    for (const auto* side : {&reference, &current}) {
      for (const auto& [value, n] : *side) {
        if (smallest == nullptr || numeric_before(value, *smallest)) smallest = &value;
      }
    }
  }
  std::int64_t in(const Counts& side) const {
    const auto found = side.find(*smallest);
    return found == side.end() ? 0 : found->second;
  }
};

// The smallest joined value against the rest.
TestResult z_test(const Counts& reference, const Counts& current) {
  const First first(reference, current);
  return two_proportions(first.in(reference), total(reference), first.in(current), total(current));
}

TestResult fisher(const Counts& reference, const Counts& current) {
  const First first(reference, current);
  return fisher_exact(first.in(current), total(current), first.in(reference), total(reference));
}

double numeric_hellinger(const Sample& reference, const Sample& current) {
  const double low = std::min(reference.values.front(), current.values.front());
  const double high = std::max(reference.values.back(), current.values.back());
  if (low == high) return 0;
  const std::size_t bins = sturges(high - low, distinct(reference.values, current.values));
  return hellinger(binned(reference.values, current.values, low, high, bins));
}

// Distances read the values of a numerical column and the counts of any other.
double distance(Method method, const Sample& reference, const Sample& current) {
  const bool numerical = reference.type == ColumnType::numerical;
  if (method == Method::wasserstein) return normed_wasserstein(reference.values, current.values);
  if (method == Method::ed) return energy_distance(reference.values, current.values);
  if (method == Method::hellinger && numerical) return numeric_hellinger(reference, current);
  const Shares shares = numerical ? binned(reference.values, current.values)
                                  : binned(reference.counts, current.counts);
  if (method == Method::psi) return psi(shares);
  if (method == Method::kl_div) return kl_divergence(shares);
  if (method == Method::hellinger) return hellinger(shares);
  return jensen_shannon(shares);
}

TestResult numeric_test(Method method, std::span<const double> a, std::span<const double> b) {
  switch (method) {
    case Method::anderson:
      return anderson_darling(a, b);
    case Method::cramer_von_mises:
      return cramer_von_mises(a, b);
    case Method::mannw:
      return mann_whitney_less(a, b);
    case Method::t_test:
      return t_test(a, b);
    case Method::es:
      return epps_singleton(a, b);
    case Method::empirical_mmd:
      return mean_discrepancy(a, b);
    default:
      return ks_2samp(a, b);
  }
}

TestResult test(Method method, const Sample& reference, const Sample& current) {
  const auto* row = row_of(method);
  if (row->numerical) return numeric_test(method, reference.values, current.values);
  const auto a = as_counts(reference);
  const auto b = as_counts(current);
  switch (method) {
    case Method::z:
      return z_test(a, b);
    case Method::g_test:
      return g_test(a, b);
    case Method::fisher_exact:
      return fisher(a, b);
    case Method::tvd:
      return total_variation(a, b);
    default:
      return chisquare(a, b);
  }
}

// What a method asks of a column beyond its type.
std::string unmet(Method method, const Sample& reference, const Sample& current) {
  const auto least = std::min(reference.size(), current.size());
  const auto name = std::string(name_of(method));
  if (method == Method::es && least < 5) return name + " needs five values on each side";
  const bool two = method == Method::t_test || method == Method::cramer_von_mises ||
                   method == Method::empirical_mmd;
  if (two && least < 2) return name + " needs two values on each side";
  const bool equal = method == Method::g_test || method == Method::fisher_exact;
  if (equal && reference.size() != current.size()) {
    return name + " needs as many values in the current data (" + std::to_string(current.size()) +
           ") as in the reference (" + std::to_string(reference.size()) + ")";
  }
  if (method == Method::fisher_exact && joined_size(reference.counts, current.counts) > 2) {
    return name + " needs at most two different values";
  }
  return {};
}

ColumnDrift compare_texts(const Sample& reference, const Sample& current, ColumnDrift out) {
  const auto found = text_drift(reference.texts, current.texts);
  out.error = found.error;
  if (!out.error.empty()) return out;
  out.score = found.roc_auc;
  out.words[0] = found.reference_words;
  out.words[1] = found.current_words;
  const bool share = out.method == Method::perc_text_content_drift;
  const double limit = share ? random_auc(found.labels, out.threshold) : out.threshold;
  out.drifted = found.roc_auc > limit;
  return out;
}

bool significant(Method method, double p_value, double threshold) {
  const bool at_most = method == Method::ks || method == Method::cramer_von_mises;
  return at_most ? p_value <= threshold : p_value < threshold;
}

std::string why_not(const Sample& reference, const Sample& current, Method method) {
  if (reference.type == ColumnType::unknown || reference.size() == 0) {
    return "the reference has no values";
  }
  if (current.type == ColumnType::unknown || current.size() == 0) {
    return "the current data has no values";
  }
  if (reference.type != current.type) {
    return "the reference is " + std::string(name_of(reference.type)) +
           " and the current data is " + std::string(name_of(current.type));
  }
  const bool texts = !reference.texts.empty() && !current.texts.empty();
  if (reference.type == ColumnType::datetime || (reference.type == ColumnType::text && !texts)) {
    return "a column of type " + std::string(name_of(reference.type)) + " is not tested";
  }
  if (method != Method::automatic && !supports(method, reference.type)) {
    return "method " + std::string(name_of(method)) + " does not apply to a " +
           std::string(name_of(reference.type)) + " column";
  }
  return {};
}

}  // namespace

std::string_view name_of(ColumnType type) {
  switch (type) {
    case ColumnType::numerical:
      return "numerical";
    case ColumnType::categorical:
      return "categorical";
    case ColumnType::datetime:
      return "datetime";
    case ColumnType::text:
      return "text";
    case ColumnType::unknown:
      return "unknown";
  }
  return "unknown";
}

std::string_view name_of(Method method) {
  const auto* row = row_of(method);
  return row == nullptr ? "auto" : row->name;
}

std::optional<Method> method_named(std::string_view name) {
  if (name == "auto") return Method::automatic;
  for (const auto& row : kMethods) {
    if (row.name == name) return row.method;
  }
  return std::nullopt;
}

const std::vector<Method>& methods() {
  static const std::vector<Method> all = [] {
    std::vector<Method> out;
    for (const auto& row : kMethods) out.push_back(row.method);
    return out;
  }();
  return all;
}

bool supports(Method method, ColumnType type) {
  const auto* row = row_of(method);
  if (row == nullptr) return true;
  return (type == ColumnType::numerical && row->numerical) ||
         (type == ColumnType::categorical && row->categorical) ||
         (type == ColumnType::text && row->text);
}

bool is_test(Method method) {
  const auto* row = row_of(method);
  return row != nullptr && row->test;
}

double default_threshold(Method method) {
  const auto* row = row_of(method);
  return row == nullptr ? 0 : row->threshold;
}

std::int64_t Sample::size() const {
  return type == ColumnType::numerical ? static_cast<std::int64_t>(values.size()) : total(counts);
}

Counts as_counts(const Sample& sample) {
  if (sample.type != ColumnType::numerical) return sample.counts;
  Counts out;
  for (const double x : sample.values) ++out[number_text(x)];
  return out;
}

Method choose(const Sample& reference, const Sample& current) {
  if (reference.type == ColumnType::text) {
    return reference.size() > 1'000 ? Method::abs_text_content_drift
                                    : Method::perc_text_content_drift;
  }
  const bool numerical = reference.type == ColumnType::numerical;
  const std::size_t joined =
      numerical ? joined_values(InMemory(reference.values), InMemory(current.values), 6)
                : joined_size(reference.counts, current.counts);
  const bool many = numerical && joined > 5;
  if (reference.size() > 1'000) return many ? Method::wasserstein : Method::jensenshannon;
  if (many) return Method::ks;
  return joined > 2 ? Method::chisquare : Method::z;
}

ColumnDrift compare(const Sample& reference, const Sample& current, Method method,
                    std::optional<double> threshold) {
  ColumnDrift out{.method = method};
  out.error = why_not(reference, current, method);
  const bool chosen_here = method == Method::automatic;
  if (out.error.empty() && chosen_here) out.method = choose(reference, current);
  if (out.error.empty()) out.error = unmet(out.method, reference, current);
  out.threshold = threshold.value_or(default_threshold(out.method));
  if (!out.error.empty()) return out;
  if (reference.type == ColumnType::text) return compare_texts(reference, current, std::move(out));
  if (is_test(out.method)) {
    const auto result = test(out.method, reference, current);
    out.score = out.p_value = result.p_value;
    if (std::isfinite(result.statistic)) out.statistic = result.statistic;
    out.drifted = significant(out.method, result.p_value, out.threshold);
  } else {
    out.score = distance(out.method, reference, current);
    out.drifted =
        out.method == Method::ed ? *out.score > out.threshold : *out.score >= out.threshold;
  }
  if (!std::isfinite(*out.score)) {
    out.score.reset();
    out.p_value.reset();
    out.drifted = false;
    out.error = "the method has no finite answer for these values";
  }
  return out;
}

std::string_view name_of(Correction correction) {
  switch (correction) {
    case Correction::none:
      return "none";
    case Correction::bonferroni:
      return "bonferroni";
    case Correction::fdr:
      return "fdr";
  }
  return "none";
}

std::optional<Correction> correction_named(std::string_view name) {
  for (const auto each : {Correction::none, Correction::bonferroni, Correction::fdr}) {
    if (name_of(each) == name) return each;
  }
  return std::nullopt;
}

void correct(const std::vector<ColumnDrift*>& columns, Correction correction) {
  if (correction == Correction::none) return;
  std::vector<ColumnDrift*> tests;
  std::vector<double> p_values;
  for (auto* column : columns) {
    if (!column->p_value) continue;
    tests.push_back(column);
    p_values.push_back(*column->p_value);
  }
  if (correction == Correction::fdr) {
    p_values = benjamini_hochberg(p_values);
  } else {
    for (double& p : p_values) p = std::min(1.0, p * static_cast<double>(p_values.size()));
  }
  for (std::size_t i = 0; i < tests.size(); ++i) {
    tests[i]->adjusted_p_value = p_values[i];
    tests[i]->drifted = significant(tests[i]->method, p_values[i], tests[i]->threshold);
  }
}

}  // namespace slipway::stats
