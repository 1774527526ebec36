// SPDX-License-Identifier: Apache-2.0
#include "learnt.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace slipway::monitor {
namespace {

constexpr std::size_t kLeastRows = 100;
constexpr std::size_t kMostRows = 10'000;
constexpr std::size_t kMostColumns = 200;
constexpr std::size_t kMostNodes = 1'000;

struct Known {
  const TableColumn* prediction = nullptr;
  const TableColumn* label = nullptr;
  std::vector<std::size_t> rows;  // that have both, at most kMostRows, evenly spread
};

Known known_of(const Table& table) {
  Known out{.prediction = table.find("prediction")};
  out.label = table.find("label") != nullptr ? table.find("label") : table.find("target");
  if (out.prediction == nullptr || out.label == nullptr) return out;
  if (out.prediction->text || out.label->text) return out;
  std::vector<std::size_t> whole;
  for (std::size_t i = 0; i < table.rows; ++i) {
    const double said = out.prediction->numbers[i];
    if (std::isfinite(said) && std::isfinite(out.label->numbers[i])) whole.push_back(i);
  }
  const auto kept = std::min(whole.size(), kMostRows);
  for (std::size_t i = 0; i < kept; ++i) out.rows.push_back(whole[i * whole.size() / kept]);
  return out;
}

bool are_probabilities(const Known& known) {
  return std::all_of(known.rows.begin(), known.rows.end(), [&](std::size_t i) {
    const double said = known.prediction->numbers[i];
    const double is = known.label->numbers[i];
    return said >= 0 && said <= 1 && (is == 0 || is == 1);
  });
}

stats::Feature feature_of(const TableColumn& column, const std::vector<std::size_t>& rows) {
  stats::Feature out{.name = column.name, .categorical = column.text};
  for (const auto i : rows) {
    if (column.text) {
      out.texts.push_back(column.missing[i] ? std::string() : column.texts[i]);
    } else {
      const double x = single(column.numbers[i]);
      out.numbers.push_back(std::isfinite(x) ? x : std::nan(""));
    }
  }
  return out;
}

void pack_trees(const stats::Boosted& model, PackWriter& out) {
  const auto parts = model.parts();
  out.number(parts.loss == stats::Boosted::Loss::logistic ? 1 : 0);
  out.float64(parts.base);
  out.number(parts.cuts.size());
  for (const auto& cuts : parts.cuts) {
    out.number(cuts.edges.size());
    for (const double x : cuts.edges) out.float64(x);
    out.number(cuts.bins.size());
    for (const auto& [value, bin] : cuts.bins) {
      out.text(value);
      out.number(bin);
    }
    out.number(cuts.others);
  }
  out.number(parts.trees.size());
  for (const auto& tree : parts.trees) {
    out.number(tree.size());
    for (const auto& node : tree) {
      out.signed_number(node.feature);
      out.number(node.bin);
      out.signed_number(node.left);
      out.signed_number(node.right);
      out.float64(node.value);
    }
  }
}

bool sound(const stats::Boosted::Parts& parts) {
  for (const auto& tree : parts.trees) {
    const auto size = static_cast<std::int32_t>(tree.size());
    for (std::int32_t i = 0; i < size; ++i) {
      const auto& node = tree[static_cast<std::size_t>(i)];
      if (node.feature < 0) continue;
      // Children stand behind their parent: there is no circle.
      if (node.feature >= static_cast<std::int32_t>(parts.cuts.size())) return false;
      if (node.left <= i || node.right <= i || node.left >= size || node.right >= size)
        return false;
    }
    if (tree.empty()) return false;
  }
  return true;
}

stats::Boosted unpack_trees(PackReader& in) {
  stats::Boosted::Parts parts;
  if (in.number() == 1) parts.loss = stats::Boosted::Loss::logistic;
  parts.base = in.float64();
  parts.cuts.resize(std::min(in.count(), kMostColumns + 1));
  for (auto& cuts : parts.cuts) {
    cuts.edges.resize(in.count());
    for (double& x : cuts.edges) x = in.float64();
    const auto bins = in.count();
    for (std::size_t i = 0; i < bins && in.ok(); ++i) {
      std::string value(in.text());
      cuts.bins[std::move(value)] = static_cast<std::uint8_t>(in.number());
    }
    cuts.others = static_cast<std::uint8_t>(in.number());
  }
  parts.trees.resize(std::min(in.count(), kMostNodes));
  for (auto& tree : parts.trees) {
    tree.resize(std::min(in.count(), kMostNodes));
    for (auto& node : tree) {
      node.feature = static_cast<std::int32_t>(in.signed_number());
      node.bin = static_cast<std::uint8_t>(in.number());
      node.left = static_cast<std::int32_t>(in.signed_number());
      node.right = static_cast<std::int32_t>(in.signed_number());
      node.value = in.float64();
    }
  }
  return in.ok() && sound(parts) ? stats::Boosted(std::move(parts)) : stats::Boosted();
}

}  // namespace

void learn_quality(const Table& table, Profile& out) {
  const auto known = known_of(table);
  if (known.rows.size() < kLeastRows) return;
  std::vector<double> said;
  std::vector<double> is;
  for (const auto i : known.rows) {
    said.push_back(single(known.prediction->numbers[i]));
    is.push_back(known.label->numbers[i]);
  }
  if (are_probabilities(known)) {
    const std::vector<int> labels(is.begin(), is.end());
    out.calibration = stats::Calibration::of(said, labels);
    return;
  }
  std::vector<stats::Feature> features;
  for (const auto& column : table.columns) {
    if (column.name == "label" || column.name == "target") continue;
    if (features.size() == kMostColumns) break;
    features.push_back(feature_of(column, known.rows));
    out.loss_fields.push_back({column.name, column.text});
  }
  out.loss = stats::LossModel::fit(features, is, said);
}

void pack_learnt(const Profile& profile, PackWriter& out) {
  out.number(profile.calibration.points().size());
  for (const auto& [score, probability] : profile.calibration.points()) {
    out.float64(score);
    out.float64(probability);
  }
  out.number(profile.loss_fields.size());
  if (profile.loss_fields.empty()) return;
  for (const auto& field : profile.loss_fields) {
    out.text(field.name);
    out.number(field.text ? 1 : 0);
  }
  pack_trees(profile.loss.absolute(), out);
  pack_trees(profile.loss.squared(), out);
}

void unpack_learnt(PackReader& in, Profile& out) {
  std::vector<std::pair<double, double>> points(in.count());
  for (auto& [score, probability] : points) {
    score = in.float64();
    probability = in.float64();
  }
  out.calibration = stats::Calibration(std::move(points));
  const std::size_t fields = in.count();
  for (std::size_t i = 0; i < fields && in.ok(); ++i) {
    std::string name(in.text());
    out.loss_fields.push_back({std::move(name), in.number() != 0});
  }
  if (fields == 0) return;
  auto absolute = unpack_trees(in);
  auto squared = unpack_trees(in);
  out.loss = {std::move(absolute), std::move(squared)};
}

}  // namespace slipway::monitor
