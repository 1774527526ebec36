// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <numeric>

#include "analysis/page.h"
#include "page_parts.h"

namespace slipway::analysis {
namespace {

using drivers::duckdb::Piece;
using drivers::duckdb::Type;

constexpr std::size_t kMostMatrix = 40;
constexpr std::size_t kMostLines = 50;
constexpr std::size_t kSpans = 40;
constexpr std::size_t kMostSegments = 12;
constexpr std::size_t kMostTelling = 8;  // columns of the domain classifier

// The worst numerical columns that both sides have as numbers.
std::vector<std::string> worst_numbers(const DriftReport& report, const Table& reference,
                                       const Table& current, std::size_t most) {
  std::vector<std::string> out;
  for (const auto i : worst_first(report)) {
    const auto& column = report.columns[i];
    if (column.type != stats::ColumnType::numerical || out.size() == most) continue;
    const auto* before = reference.find(column.name);
    const auto* now = current.find(column.name);
    if (before != nullptr && now != nullptr && !before->is_text() && !now->is_text()) {
      out.push_back(column.name);
    }
  }
  return out;
}

// Sums of columns in spans of time.
struct Sums {
  std::vector<std::vector<double>> sum;
  std::vector<std::vector<double>> count;
  std::vector<double> all;  // sum, sum of squares about nothing: only for a band on a picture
  std::vector<double> squares;
  std::vector<double> size;

  std::vector<double> means(std::size_t column) const {
    std::vector<double> out(kSpans, std::nan(""));
    for (std::size_t i = 0; i < kSpans; ++i) {
      if (count[column][i] > 0) out[i] = sum[column][i] / count[column][i];
    }
    return out;
  }
};

Result<Sums> sums_of(const Table& table, const std::string& time,
                     const std::vector<std::string>& names, double low, double high) {
  Sums out;
  out.sum.assign(names.size(), std::vector<double>(kSpans));
  out.count = out.sum;
  out.all.resize(names.size());
  out.squares.resize(names.size());
  out.size.resize(names.size());
  auto columns = names;
  columns.push_back(time);
  const double width = (high - low) / static_cast<double>(kSpans);
  SW_CHECK_OK(table.scan(columns, [&](const std::vector<Piece>& pieces, std::size_t rows) {
    const auto& times = pieces.back().numbers;
    for (std::size_t row = 0; row < rows; ++row) {
      const double at = (times[row] - low) / width;
      const bool placed = std::isfinite(at);
      const auto span =
          placed ? static_cast<std::size_t>(std::clamp(at, 0.0, double{kSpans - 1})) : 0;
      for (std::size_t i = 0; i < names.size(); ++i) {
        const double x = pieces[i].numbers[row];
        if (!std::isfinite(x)) continue;
        out.all[i] += x;
        out.squares[i] += x * x;
        out.size[i] += 1;
        if (!placed) continue;
        out.sum[i][span] += x;
        out.count[i][span] += 1;
      }
    }
    return Result<void>{};
  }));
  return out;
}

json::array some(const std::vector<std::string>& texts, std::size_t most) {
  json::array out;
  for (std::size_t i = 0; i < std::min(texts.size(), most); ++i) {
    out.push_back(json::value(clipped(texts[i], 200)));
  }
  return out;
}

json::array drawn(const std::vector<stats::Segment>& segments) {
  json::array out;
  for (const auto& segment : segments) {
    if (out.size() == kMostSegments) break;
    out.push_back(json::object{{"column", clipped(segment.column, kMostName)},
                               {"where", some(segment.conditions, 4)},
                               {"rows", json::array{segment.reference_rows, segment.current_rows}},
                               {"effect", short_number(segment.effect)},
                               {"elsewhere", short_number(segment.effect_elsewhere)}});
  }
  return out;
}

json::value drawn(const std::optional<Multivariate>& found) {
  if (!found) return nullptr;
  json::object out{{"error", found->error},
                   {"numerical_error", found->numerical_error},
                   {"rows", json::array{found->reference_rows, found->current_rows}}};
  if (!found->error.empty()) return out;
  const auto& classifier = found->classifier;
  out["auc"] = short_number(classifier.roc_auc);
  out["auc_error"] = short_number(classifier.standard_error);
  out["auc_p"] = short_number(classifier.p_value);
  json::array importance;
  for (const auto& [name, share] : classifier.importance) {
    if (importance.size() == kMostTelling || share <= 0) break;
    importance.push_back(json::array{json::value(clipped(name, kMostName)), short_number(share)});
  }
  out["importance"] = std::move(importance);
  if (!found->numerical_error.empty()) return out;
  const auto& pca = found->reconstruction;
  out["pca"] = json::array{short_number(pca.reference_error), short_number(pca.current_error),
                           short_number(pca.p_value), pca.components};
  out["mmd"] = json::array{short_number(found->discrepancy.statistic),
                           short_number(found->discrepancy.p_value)};
  return out;
}

json::object of(const DriftedColumn& column, const OverTime& over_time) {
  const auto& drift = column.drift;
  const bool chosen = drift.method != stats::Method::automatic;
  const auto number = [](const std::optional<double>& x) {
    return x ? short_number(*x) : json::value(nullptr);
  };
  json::object out{
      {"name", clipped(column.name, kMostName)},
      {"type", stats::name_of(column.type)},
      {"method", chosen ? json::value(stats::name_of(drift.method)) : json::value(nullptr)},
      {"test", chosen && stats::is_test(drift.method)},
      {"score", number(drift.score)},
      {"threshold", chosen ? short_number(drift.threshold) : json::value(nullptr)},
      {"drifted", drift.drifted},
      {"effect", number(drift.effect)},
      {"adjusted", number(drift.adjusted_p_value)},
      {"findings", some(column.findings, 6)},
      {"words", json::array{some(drift.words[0], 10), some(drift.words[1], 10)}},
      {"absent", column.absent},
      {"error", clipped(drift.error, 200)},
      {"nulls",
       json::array{short_number(column.reference_nulls), short_number(column.current_nulls)}},
      {"low", short_number(column.picture.low)},
      {"high", short_number(column.picture.high)},
      {"was", rounded(column.picture.reference, 10'000)},
      {"is", rounded(column.picture.current, 10'000)},
      {"labels", labels(column.picture.labels)}};
  const auto line = std::find_if(over_time.lines.begin(), over_time.lines.end(),
                                 [&](const auto& each) { return each.name == column.name; });
  if (line != over_time.lines.end()) {
    out["time"] = json::object{{"mean", short_number(line->mean)},
                               {"std", short_number(line->std)},
                               {"was", short_numbers(line->reference)},
                               {"is", short_numbers(line->current)}};
  }
  return out;
}

// How far beyond its threshold; comparable between tests and distances.
double severity(const DriftedColumn& column) {
  const auto& drift = column.drift;
  if (!drift.score) return column.absent ? 1e9 : -1e9;
  if (stats::is_test(drift.method)) {
    return std::log10(std::max(drift.threshold, 1e-300) / std::max(*drift.score, 1e-300));
  }
  return std::log10(std::max(*drift.score, 1e-300) / std::max(drift.threshold, 1e-300));
}

}  // namespace

std::vector<std::size_t> worst_first(const DriftReport& report) {
  std::vector<std::size_t> out(report.columns.size());
  std::iota(out.begin(), out.end(), 0);
  std::stable_sort(out.begin(), out.end(), [&](std::size_t a, std::size_t b) {
    const auto& x = report.columns[a];
    const auto& y = report.columns[b];
    if (x.drift.drifted != y.drift.drifted && x.drift.score && y.drift.score) {
      return x.drift.drifted;
    }
    return severity(x) > severity(y);
  });
  return out;
}

Result<CorrelationChange> compare_correlations(const DriftReport& report, const Table& reference,
                                               const Table& current) {
  CorrelationChange out{.names = worst_numbers(report, reference, current, kMostMatrix)};
  SW_TRY(auto was, correlate(reference, out.names, {}, false));
  SW_TRY(auto is, correlate(current, out.names, {}, false));
  out.reference = std::move(was.pearson);
  out.current = std::move(is.pearson);
  return out;
}

Result<OverTime> means_over_time(const DriftReport& report, const Table& reference,
                                 const Table& current) {
  OverTime out;
  for (const auto& field : reference.fields()) {
    const auto* now = current.find(field.name);
    if (field.type != Type::time || now == nullptr || now->type != Type::time) continue;
    const auto time = Table::read_as(field);
    SW_TRY(const auto was, reference.numbers("min(" + time + "), max(" + time + ")"));
    SW_TRY(const auto is, current.numbers("min(" + time + "), max(" + time + ")"));
    out.low = std::min(was[0], is[0]);
    out.high = std::max(was[1], is[1]);
    if (!(out.high > out.low)) continue;
    out.column = field.name;
    break;
  }
  if (out.column.empty()) return out;
  const auto names = worst_numbers(report, reference, current, kMostLines);
  if (names.empty()) return out;
  SW_TRY(const auto was, sums_of(reference, out.column, names, out.low, out.high));
  SW_TRY(const auto is, sums_of(current, out.column, names, out.low, out.high));
  for (std::size_t i = 0; i < names.size(); ++i) {
    const double mean = was.all[i] / was.size[i];
    const double variance = was.squares[i] / was.size[i] - mean * mean;
    out.lines.push_back({.name = names[i],
                         .mean = mean,
                         .std = std::sqrt(std::max(variance, 0.0)),
                         .reference = was.means(i),
                         .current = is.means(i)});
  }
  return out;
}

std::string drift_page(const DriftReport& report, const CorrelationChange& together,
                       const OverTime& over_time, const Names& files) {
  const auto order = worst_first(report);
  json::array columns;
  Room room;
  for (std::size_t i = 0; i < std::min(order.size(), kMostDrawn); ++i) {
    json::value column = of(report.columns[order[i]], over_time);
    if (!room.take(column)) break;
    columns.push_back(std::move(column));
  }
  json::object time{{"column", clipped(over_time.column, kMostName)},
                    {"low", over_time.low},
                    {"high", over_time.high}};
  return page_of("drift", "Drift of " + files.current,
                 {{"reference", clipped(files.reference, kMostName)},
                  {"current", clipped(files.current, kMostName)},
                  {"reference_rows", report.reference_rows},
                  {"current_rows", report.current_rows},
                  {"all_columns", report.columns.size()},
                  {"tested", report.tested},
                  {"drifted_columns", report.drifted_columns},
                  {"share", short_number(report.share)},
                  {"drifted", report.drifted},
                  {"drift_share", short_number(files.drift_share)},
                  {"correction", files.correction},
                  {"findings", some(report.findings, 30)},
                  {"more_findings",
                   report.findings.size() - std::min<std::size_t>(report.findings.size(), 30)},
                  {"segments", drawn(report.segments)},
                  {"whole", drawn(report.multivariate)},
                  {"time", std::move(time)},
                  {"columns", std::move(columns)},
                  {"together", json::object{{"names", labels(together.names)},
                                            {"was", rounded(together.reference)},
                                            {"is", rounded(together.current)}}}});
}

}  // namespace slipway::analysis
