// SPDX-License-Identifier: Apache-2.0
#include "analysis/quality_page.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>

#include "page_parts.h"

namespace slipway::analysis {
namespace {

constexpr std::size_t kMostPoints = 200;
constexpr std::size_t kDeciles = 10;
constexpr std::size_t kBins = 30;
constexpr std::size_t kCells = 24;
constexpr std::size_t kMostLabels = 20;
constexpr std::size_t kMostGroups = 60;
constexpr std::size_t kMostDropped = 20;

std::size_t bin_of(double x, double low, double high, std::size_t bins) {
  const double at = (x - low) / (high - low) * static_cast<double>(bins);
  return static_cast<std::size_t>(std::clamp(at, 0.0, static_cast<double>(bins - 1)));
}

// Where all but half a percent on either side lie.
std::pair<double, double> range_of(std::vector<double> values) {
  if (values.empty()) return {0, 1};
  const auto at = [&](double share) {
    const auto place = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), values.begin() + place, values.end());
    return values[static_cast<std::size_t>(place)];
  };
  const double low = at(0.005);
  const double high = at(0.995);
  return {low, high > low ? high : low + 1};
}

json::array rows_of(const NamedNumbers& numbers) {
  json::array out;
  for (const auto& [name, x] : numbers) {
    out.push_back(json::array{json::value(name), short_number(x)});
  }
  return out;
}

json::array points_of(const std::vector<std::pair<double, double>>& points) {
  json::array out;
  for (const auto& [x, y] : points) out.push_back(json::array{short_number(x), short_number(y)});
  return out;
}

json::array groups_of(const std::vector<std::pair<std::string, NamedNumbers>>& groups,
                      std::size_t most) {
  json::array out;
  for (const auto& [name, numbers] : groups) {
    if (out.size() == most) break;
    out.push_back(json::object{{"name", clipped(name, kMostName)}, {"metrics", rows_of(numbers)}});
  }
  return out;
}

json::array confusion_of(const QualityPage& page) {
  json::array out;
  if (page.labels.size() > kMostLabels) return out;
  for (const auto& row : page.confusion) {
    json::array cells;
    for (const auto n : row) cells.push_back(static_cast<std::int64_t>(n));
    out.push_back(std::move(cells));
  }
  return out;
}

json::value drop_of(const std::optional<stats::Drop>& drop) {
  if (!drop) return nullptr;
  json::array columns;
  for (const auto& column : drop->columns) {
    if (columns.size() == kMostDropped) break;
    columns.push_back(json::object{{"name", clipped(column.column, kMostName)},
                                   {"moved", short_number(column.moved)},
                                   {"changed", short_number(column.changed)},
                                   {"worst", clipped(column.worst, kMostName)}});
  }
  return json::object{{"before", short_number(drop->reference_loss)},
                      {"now", short_number(drop->current_loss)},
                      {"columns", std::move(columns)}};
}

void draw_roc(std::span<const int> truth, std::span<const double> score,
              const std::vector<std::size_t>& order, QualityPictures& out) {
  const auto ones = static_cast<double>(std::count(truth.begin(), truth.end(), 1));
  const auto zeros = static_cast<double>(truth.size()) - ones;
  if (ones == 0 || zeros == 0) return;
  std::vector<std::pair<double, double>> points{{0, 0}};
  double hits = 0;
  double alarms = 0;
  for (std::size_t i = order.size(); i > 0;) {
    const double at = score[order[i - 1]];
    for (; i > 0 && score[order[i - 1]] == at; --i) {
      (truth[order[i - 1]] == 1 ? hits : alarms) += 1;
    }
    points.emplace_back(alarms / zeros, hits / ones);
  }
  const std::size_t step = points.size() / kMostPoints + 1;
  for (std::size_t i = 0; i < points.size(); i += step) out.roc.push_back(points[i]);
  if (out.roc.back() != points.back()) out.roc.push_back(points.back());
}

}  // namespace

void draw_scores(std::span<const int> truth, std::span<const double> probability,
                 QualityPictures& out) {
  if (truth.empty()) return;
  std::vector<std::size_t> order(truth.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return probability[a] < probability[b]; });
  draw_roc(truth, probability, order, out);
  const std::size_t bins = std::min(kDeciles, truth.size());
  for (std::size_t bin = 0; bin < bins; ++bin) {
    const auto begin = bin * order.size() / bins;
    const auto end = (bin + 1) * order.size() / bins;
    double said = 0;
    double was = 0;
    for (std::size_t i = begin; i < end; ++i) {
      said += probability[order[i]];
      was += truth[order[i]];
    }
    const auto n = static_cast<double>(end - begin);
    out.reliability.emplace_back(said / n, was / n);
  }
  double sizes[2] = {0, 0};
  for (auto& side : out.scores) side.assign(kBins, 0);
  for (std::size_t i = 0; i < truth.size(); ++i) {
    const auto side = static_cast<std::size_t>(truth[i]);
    out.scores[side][bin_of(probability[i], 0, 1, kBins)] += 1;
    sizes[side] += 1;
  }
  for (const int side : {0, 1}) {
    for (double& n : out.scores[side]) n /= std::max(sizes[side], 1.0);
  }
}

void draw_values(std::span<const double> truth, std::span<const double> predicted,
                 QualityPictures& out) {
  std::vector<double> both;
  std::vector<double> errors;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    if (!std::isfinite(truth[i]) || !std::isfinite(predicted[i])) continue;
    both.push_back(truth[i]);
    both.push_back(predicted[i]);
    errors.push_back(predicted[i] - truth[i]);
  }
  if (errors.empty()) return;
  std::tie(out.low, out.high) = range_of(both);
  std::tie(out.error_low, out.error_high) = range_of(errors);
  out.cells.assign(kCells, std::vector<std::int64_t>(kCells));
  out.errors.assign(kBins, 0);
  for (std::size_t i = 0; i < errors.size(); ++i) {
    const auto x = bin_of(both[2 * i], out.low, out.high, kCells);
    const auto y = bin_of(both[2 * i + 1], out.low, out.high, kCells);
    ++out.cells[x][y];
    out.errors[bin_of(errors[i], out.error_low, out.error_high, kBins)] +=
        1 / static_cast<double>(errors.size());
  }
}

std::string quality_page(const QualityPage& page) {
  json::array cells;
  for (const auto& row : page.pictures.cells) {
    json::array column;
    for (const auto n : row) column.push_back(n);
    cells.push_back(std::move(column));
  }
  const auto& drawn = page.pictures;
  const bool drawable = page.labels.size() <= kMostLabels;
  const auto more = page.groups.size() - std::min(page.groups.size(), kMostGroups);
  return page_of(
      "evaluate", "Quality of " + page.file,
      {{"file", clipped(page.file, kMostName)},
       {"task", page.task},
       {"rows", page.rows},
       {"skipped", page.skipped},
       {"bounded", page.bounded},
       {"broken", labels(page.broken)},
       {"metrics", rows_of(page.metrics)},
       {"fairness", rows_of(page.fairness)},
       {"estimated", rows_of(page.estimated)},
       {"labels", drawable ? labels(page.labels) : json::array()},
       {"confusion", confusion_of(page)},
       {"per_class", groups_of(page.per_class, kMostGroups)},
       {"groups", groups_of(page.groups, kMostGroups)},
       {"more_groups", more},
       {"drop", drop_of(page.drop)},
       {"negative", clipped(page.negative, kMostName)},
       {"positive", clipped(page.positive, kMostName)},
       {"roc", points_of(drawn.roc)},
       {"reliability", points_of(drawn.reliability)},
       {"scores", json::array{rounded(drawn.scores[0], 10'000), rounded(drawn.scores[1], 10'000)}},
       {"cells", std::move(cells)},
       {"low", short_number(drawn.low)},
       {"high", short_number(drawn.high)},
       {"errors", rounded(drawn.errors, 10'000)},
       {"error_low", short_number(drawn.error_low)},
       {"error_high", short_number(drawn.error_high)}});
}

}  // namespace slipway::analysis
