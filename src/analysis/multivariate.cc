// SPDX-License-Identifier: Apache-2.0
#include "analysis/multivariate.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace slipway::analysis {
namespace {

using drivers::duckdb::Piece;

constexpr std::size_t kLeastRows = 40;  // of each side
constexpr std::size_t kMostNumerical = 100;

// The numbers as rows; a missing one becomes the mean of the reference.
stats::Matrix matrix_of(const std::vector<stats::Feature>& features,
                        const std::vector<std::size_t>& places, const std::vector<double>& means) {
  stats::Matrix out{.columns = places.size()};
  const std::size_t rows = features.empty() ? 0 : features[0].rows();
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t k = 0; k < places.size(); ++k) {
      const double x = features[places[k]].numbers[i];
      out.values.push_back(std::isnan(x) ? means[k] : x);
    }
  }
  return out;
}

double mean_of(const std::vector<double>& values) {
  double sum = 0;
  double n = 0;
  for (const double x : values) {
    if (std::isnan(x)) continue;
    sum += x;
    n += 1;
  }
  return n > 0 ? sum / n : 0;
}

}  // namespace

Result<std::vector<stats::Feature>> features_of(const Table& table,
                                                const std::vector<std::string>& names,
                                                const std::vector<bool>& categorical) {
  std::vector<stats::Feature> out;
  for (std::size_t c = 0; c < names.size(); ++c) {
    out.push_back({.name = names[c], .categorical = categorical[c]});
  }
  const auto all = static_cast<std::size_t>(table.rows());
  const auto wanted = std::min(all, kMostLearnt);
  std::size_t row = 0;
  std::size_t taken = 0;
  SW_CHECK_OK(table.scan(names, [&](const std::vector<Piece>& columns, std::size_t rows) {
    for (std::size_t i = 0; i < rows; ++i, ++row) {
      if (taken == wanted || row != (2 * taken + 1) * all / (2 * wanted)) continue;
      ++taken;
      for (std::size_t c = 0; c < names.size(); ++c) {
        const auto& piece = columns[c];
        if (!out[c].categorical) {
          const bool number = i < piece.numbers.size() && std::isfinite(piece.numbers[i]);
          out[c].numbers.push_back(number ? piece.numbers[i] : std::nan(""));
        } else if (i < piece.texts.size()) {
          out[c].texts.push_back(piece.texts[i]);
        } else {
          out[c].texts.push_back(std::isnan(piece.numbers[i]) ? "" : number_text(piece.numbers[i]));
        }
      }
    }
    return Result<void>{};
  }));
  return out;
}

Result<CommonColumns> common_columns(const Table& reference, const Table& current,
                                     const std::vector<std::string>& without) {
  CommonColumns out;
  for (const auto& field : reference.fields()) {
    const auto* now = current.find(field.name);
    if (now == nullptr || now->is_text() != field.is_text()) continue;
    if (std::find(without.begin(), without.end(), field.name) != without.end()) continue;
    if (out.names.size() == kMostLearntColumns) break;
    SW_TRY(const auto facts, facts_of(reference, field));
    using stats::ColumnType;
    if (facts.type != ColumnType::numerical && facts.type != ColumnType::categorical) continue;
    out.names.push_back(field.name);
    out.categorical.push_back(facts.type == ColumnType::categorical);
  }
  return out;
}

Result<Multivariate> multivariate_of(const Table& reference, const Table& current) {
  Multivariate out;
  SW_TRY(auto common, common_columns(reference, current));
  out.columns = std::move(common.names);
  const auto& categorical = common.categorical;
  const auto rows = static_cast<std::size_t>(std::min(reference.rows(), current.rows()));
  if (rows < kLeastRows) {
    out.error = "fewer than " + std::to_string(kLeastRows) + " rows on a side";
  } else if (out.columns.empty()) {
    out.error = "no column that both sides have holds numbers or categories";
  }
  if (!out.error.empty()) return out;
  SW_TRY(const auto before, features_of(reference, out.columns, categorical));
  SW_TRY(const auto now, features_of(current, out.columns, categorical));
  out.reference_rows = static_cast<std::int64_t>(before[0].rows());
  out.current_rows = static_cast<std::int64_t>(now[0].rows());
  out.classifier = stats::domain_classifier(before, now);
  std::vector<std::size_t> places;
  std::vector<double> means;
  for (std::size_t c = 0; c < before.size() && places.size() < kMostNumerical; ++c) {
    if (before[c].categorical) continue;
    places.push_back(c);
    means.push_back(mean_of(before[c].numbers));
    out.numerical.push_back(before[c].name);
  }
  if (places.empty()) {
    out.numerical_error = "no column that both sides have holds numbers";
    return out;
  }
  const auto was = matrix_of(before, places, means);
  const auto is = matrix_of(now, places, means);
  out.reconstruction = stats::pca_reconstruction(was, is);
  out.discrepancy = stats::mmd(was, is);
  return out;
}

}  // namespace slipway::analysis
