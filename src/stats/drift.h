// SPDX-License-Identifier: Apache-2.0
// Has this column changed? One reference sample, one current sample, one method, one verdict.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stats/categorical.h"

namespace slipway::stats {

enum class ColumnType { numerical, categorical, datetime, text, unknown };
std::string_view name_of(ColumnType type);

enum class Method {
  automatic,  // by type, size of the reference and distinct values, see choose()
  ks,
  wasserstein,
  psi,
  kl_div,
  jensenshannon,
  hellinger,
  chisquare,
  z,
  anderson,
  cramer_von_mises,
  mannw,
  t_test,
  ed,  // energy distance
  es,  // Epps-Singleton
  g_test,
  fisher_exact,
  tvd,
  empirical_mmd,
  perc_text_content_drift,  // text_drift.h
  abs_text_content_drift,
};
std::string_view name_of(Method method);
std::optional<Method> method_named(std::string_view name);
// All but `automatic`.
const std::vector<Method>& methods();
bool supports(Method method, ColumnType type);
// A test answers with a p-value (drift when small), a distance with itself (drift when large).
bool is_test(Method method);
double default_threshold(Method method);

// Texts that are looked at on each side.
inline constexpr std::size_t kMostTexts = 20'000;

// What is known of one column on one side. Nulls and infinities are counted and otherwise left out.
struct Sample {
  ColumnType type = ColumnType::unknown;
  std::vector<double> values;      // numerical: ascending and finite
  Counts counts;                   // categorical
  std::vector<std::string> texts;  // text: as they came, but at most kMostTexts of them
  std::int64_t nulls = 0;
  std::int64_t infinite = 0;

  std::int64_t size() const;  // values that are there
  std::int64_t rows() const { return size() + nulls + infinite; }
};

struct ColumnDrift {
  Method method = Method::automatic;
  std::optional<double> score;  // p-value of a test, or the distance; empty: see `error`
  std::optional<double> p_value;
  std::optional<double> statistic;
  double threshold = 0;
  bool drifted = false;
  std::string error;
  std::vector<std::string> words[2];       // text: typical of the reference, of the current side
  std::optional<double> effect;            // effect_of(), when it was asked for
  std::optional<double> adjusted_p_value;  // for all columns together, see correct()
};

// Evidently's automatic choice: a reference of at most 1,000 values is tested (ks with more than 5
// distinct joined values, else chisquare, or z with at most 2), a larger one measured (wasserstein
// with more than 5 distinct, else jensenshannon). Texts: perc_text_content_drift, or
// abs_text_content_drift with a larger reference.
Method choose(const Sample& reference, const Sample& current);

// A column that cannot be tested has an error and no verdict. `threshold` empty: the default.
ColumnDrift compare(const Sample& reference, const Sample& current,
                    Method method = Method::automatic, std::optional<double> threshold = {});

// What keeps many tests from finding drift by chance: `bonferroni` bounds the chance of a single
// false one among them, `fdr` (Benjamini-Hochberg) the expected share of false ones.
enum class Correction { none, bonferroni, fdr };
std::string_view name_of(Correction correction);
std::optional<Correction> correction_named(std::string_view name);
// Gives the tests among `columns` their adjusted p-value and judges them again by it.
void correct(const std::vector<ColumnDrift*>& columns, Correction correction);

// A numerical column seen as one of categories (number_text of each value).
Counts as_counts(const Sample& sample);

}  // namespace slipway::stats
