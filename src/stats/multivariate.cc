// SPDX-License-Identifier: Apache-2.0
#include "stats/multivariate.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "stats/eigen.h"
#include "stats/ks.h"
#include "stats/special.h"

namespace slipway::stats {
namespace {

struct Scale {
  std::vector<double> mean;
  std::vector<double> deviation;  // 1 for a column that does not vary
};

Scale scale_of(const Matrix& m) {
  Scale out{std::vector<double>(m.columns), std::vector<double>(m.columns)};
  const auto n = static_cast<double>(m.rows());
  for (std::size_t i = 0; i < m.rows(); ++i) {
    for (std::size_t c = 0; c < m.columns; ++c) out.mean[c] += m.values[i * m.columns + c] / n;
  }
  for (std::size_t i = 0; i < m.rows(); ++i) {
    for (std::size_t c = 0; c < m.columns; ++c) {
      const double off = m.values[i * m.columns + c] - out.mean[c];
      out.deviation[c] += off * off / n;
    }
  }
  for (double& x : out.deviation) x = x > 0 && std::isfinite(x) ? std::sqrt(x) : 1;
  return out;
}

Matrix scaled(const Matrix& m, const Scale& by) {
  Matrix out = m;
  for (std::size_t i = 0; i < m.values.size(); ++i) {
    const std::size_t c = i % m.columns;
    out.values[i] = (m.values[i] - by.mean[c]) / by.deviation[c];
  }
  return out;
}

Matrix every_second(const Matrix& m, std::size_t first) {
  Matrix out{.columns = m.columns};
  for (std::size_t i = first; i < m.rows(); i += 2) {
    const auto from = m.values.begin() + static_cast<std::ptrdiff_t>(i * m.columns);
    out.values.insert(out.values.end(), from, from + static_cast<std::ptrdiff_t>(m.columns));
  }
  return out;
}

Matrix thinned(const Matrix& m, std::size_t most) {
  if (m.rows() <= most) return m;
  Matrix out{.columns = m.columns};
  for (std::size_t i = 0; i < most; ++i) {
    const std::size_t row = (2 * i + 1) * m.rows() / (2 * most);
    const auto from = m.values.begin() + static_cast<std::ptrdiff_t>(row * m.columns);
    out.values.insert(out.values.end(), from, from + static_cast<std::ptrdiff_t>(m.columns));
  }
  return out;
}

std::vector<double> covariance(const Matrix& m) {
  std::vector<double> out(m.columns * m.columns);
  for (std::size_t i = 0; i < m.rows(); ++i) {
    const double* row = &m.values[i * m.columns];
    for (std::size_t a = 0; a < m.columns; ++a) {
      for (std::size_t b = a; b < m.columns; ++b) out[a * m.columns + b] += row[a] * row[b];
    }
  }
  for (std::size_t a = 0; a < m.columns; ++a) {
    for (std::size_t b = a; b < m.columns; ++b) {
      out[a * m.columns + b] /= static_cast<double>(m.rows());
      out[b * m.columns + a] = out[a * m.columns + b];
    }
  }
  return out;
}

// Each row's distance from its projection on the first `components` vectors.
std::vector<double> errors_of(const Matrix& m, const std::vector<double>& vectors,
                              std::size_t components) {
  std::vector<double> out;
  std::vector<double> left(m.columns);
  for (std::size_t i = 0; i < m.rows(); ++i) {
    const double* row = &m.values[i * m.columns];
    std::copy(row, row + m.columns, left.begin());
    for (std::size_t k = 0; k < components; ++k) {
      const double* vector = &vectors[k * m.columns];
      const double along = std::inner_product(row, row + m.columns, vector, 0.0);
      for (std::size_t c = 0; c < m.columns; ++c) left[c] -= along * vector[c];
    }
    out.push_back(std::sqrt(std::inner_product(left.begin(), left.end(), left.begin(), 0.0)));
  }
  return out;
}

double mean_of(const std::vector<double>& values) {
  return values.empty() ? 0
                        : std::accumulate(values.begin(), values.end(), 0.0) /
                              static_cast<double>(values.size());
}

std::vector<double> squared_distances(const Matrix& m) {
  const std::size_t n = m.rows();
  std::vector<double> out(n * n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i + 1; j < n; ++j) {
      double sum = 0;
      for (std::size_t c = 0; c < m.columns; ++c) {
        const double gap = m.values[i * m.columns + c] - m.values[j * m.columns + c];
        sum += gap * gap;
      }
      out[i * n + j] = out[j * n + i] = sum;
    }
  }
  return out;
}

double median_distance(const std::vector<double>& squares, std::size_t n) {
  std::vector<double> pairs;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i + 1; j < n; ++j) pairs.push_back(squares[i * n + j]);
  }
  const auto middle = pairs.begin() + static_cast<std::ptrdiff_t>(pairs.size() / 2);
  std::nth_element(pairs.begin(), middle, pairs.end());
  return *middle > 0 ? *middle : 1;
}

// The unbiased statistic of the rows with `first` set against the others; the diagonal is zero.
double discrepancy(const std::vector<double>& kernel, const std::vector<char>& first, double n,
                   double m) {
  double within_first = 0;
  double within_second = 0;
  double across = 0;
  const std::size_t all = first.size();
  for (std::size_t i = 0; i < all; ++i) {
    double same = 0;
    double other = 0;
    for (std::size_t j = 0; j < all; ++j) {
      (first[j] == first[i] ? same : other) += kernel[i * all + j];
    }
    (first[i] != 0 ? within_first : within_second) += same;
    across += other;
  }
  return within_first / (n * (n - 1)) + within_second / (m * (m - 1)) - across / (n * m);
}

}  // namespace

double auc_p_value(double auc, std::span<const int> truth, std::span<const double> score) {
  std::vector<double> sorted(score.begin(), score.end());
  std::sort(sorted.begin(), sorted.end());
  const auto n = static_cast<double>(std::count(truth.begin(), truth.end(), 1));
  const auto m = static_cast<double>(truth.size()) - n;
  double ties = 0;
  for (std::size_t i = 0; i < sorted.size();) {
    const std::size_t from = i;
    while (i < sorted.size() && sorted[i] == sorted[from]) ++i;
    const auto t = static_cast<double>(i - from);
    ties += t * t * t - t;
  }
  const double all = n + m;
  const double variance = (all + 1 - ties / (all * (all - 1))) / (12 * n * m);
  return variance > 0 ? normal_sf((auc - 0.5) / std::sqrt(variance)) : 1;
}

DomainClassifier domain_classifier(const std::vector<Feature>& reference,
                                   const std::vector<Feature>& current) {
  const std::size_t n = reference.empty() ? 0 : reference[0].rows();
  const std::size_t m = current.empty() ? 0 : current[0].rows();
  auto joined = reference;
  for (std::size_t f = 0; f < joined.size(); ++f) {
    auto& into = joined[f];
    into.numbers.insert(into.numbers.end(), current[f].numbers.begin(), current[f].numbers.end());
    into.texts.insert(into.texts.end(), current[f].texts.begin(), current[f].texts.end());
  }
  std::vector<double> target(n + m);
  std::vector<std::size_t> learn;
  std::vector<std::size_t> judge;
  for (std::size_t i = 0; i < n + m; ++i) {
    target[i] = i < n ? 0 : 1;
    const std::size_t place = i < n ? i : i - n;
    (place % 2 == 0 ? learn : judge).push_back(i);
  }
  const auto model =
      Boosted::fit(joined, target, {.loss = Boosted::Loss::logistic, .trees = 60}, learn);
  const auto scores = model.predict(joined);
  std::vector<int> truth;
  std::vector<double> judged;
  for (const auto i : judge) {
    truth.push_back(i < n ? 0 : 1);
    judged.push_back(scores[i]);
  }
  const auto auc = roc_auc_with_error(truth, judged);
  DomainClassifier out{.roc_auc = auc.value, .standard_error = auc.standard_error};
  out.current_rows = m / 2;
  out.reference_rows = n / 2;
  out.p_value = auc_p_value(auc.value, truth, judged);
  for (std::size_t f = 0; f < joined.size(); ++f) {
    out.importance.emplace_back(joined[f].name, model.importance()[f]);
  }
  std::stable_sort(out.importance.begin(), out.importance.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  return out;
}

Reconstruction pca_reconstruction(const Matrix& reference, const Matrix& current,
                                  double explained) {
  const auto scale = scale_of(reference);
  const auto even = scaled(every_second(reference, 0), scale);
  const auto eigen = symmetric_eigen(covariance(even), reference.columns);
  Reconstruction out;
  const double all = std::accumulate(eigen.values.begin(), eigen.values.end(), 0.0);
  double sum = 0;
  while (out.components < reference.columns && sum < explained * all * (1 - 1e-12)) {
    sum += eigen.values[out.components++];
  }
  auto before = errors_of(scaled(every_second(reference, 1), scale), eigen.vectors, out.components);
  auto now = errors_of(scaled(current, scale), eigen.vectors, out.components);
  out.reference_error = mean_of(before);
  out.current_error = mean_of(now);
  double squares = 0;
  for (const double x : before) squares += (x - out.reference_error) * (x - out.reference_error);
  if (before.size() > 1) {
    out.reference_deviation = std::sqrt(squares / static_cast<double>(before.size() - 1));
  }
  std::sort(before.begin(), before.end());
  std::sort(now.begin(), now.end());
  if (!before.empty() && !now.empty()) out.p_value = ks_2samp(before, now).p_value;
  return out;
}

Discrepancy mmd(const Matrix& reference, const Matrix& current) {
  const auto scale = scale_of(reference);
  auto joined = scaled(thinned(reference, kMostMmdRows), scale);
  const std::size_t n = joined.rows();
  const auto other = scaled(thinned(current, kMostMmdRows), scale);
  const std::size_t m = other.rows();
  if (n < 2 || m < 2) return {};
  joined.values.insert(joined.values.end(), other.values.begin(), other.values.end());
  auto kernel = squared_distances(joined);
  const double width = median_distance(kernel, n + m);
  for (std::size_t i = 0; i < kernel.size(); ++i) {
    kernel[i] = i / (n + m) == i % (n + m) ? 0 : std::exp(-kernel[i] / (2 * width));
  }
  std::vector<char> first(n + m);
  std::fill(first.begin(), first.begin() + static_cast<std::ptrdiff_t>(n), 1);
  const auto a = static_cast<double>(n);
  const auto b = static_cast<double>(m);
  Discrepancy out{.statistic = discrepancy(kernel, first, a, b)};
  std::mt19937_64 random(0);
  int as_far = 0;
  for (int draw = 0; draw < kMmdRegroupings; ++draw) {
    for (std::size_t i = first.size(); i > 1; --i) {
      std::swap(first[i - 1], first[static_cast<std::size_t>(random() % i)]);
    }
    as_far += discrepancy(kernel, first, a, b) >= out.statistic ? 1 : 0;
  }
  out.p_value = static_cast<double>(1 + as_far) / static_cast<double>(1 + kMmdRegroupings);
  return out;
}

}  // namespace slipway::stats
