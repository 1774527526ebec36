// SPDX-License-Identifier: Apache-2.0
// Where in the traffic a change is, and by which columns quality has fallen: rows of the window
// against rows of the reference, or against predictions of before.
#include "segments.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <utility>

#include "base/text.h"
#include "stats/quality.h"

namespace slipway::monitor {
namespace {

constexpr std::size_t kMostTargets = 8;
constexpr std::size_t kLeastRows = 100;
constexpr std::size_t kMostRows = 20'000;
constexpr std::size_t kMostNamed = 2;
constexpr std::size_t kMostDropColumns = 20;

bool is_feature(const std::string& name, const Settings& settings) {
  if (name == "prediction" || name == "label" || name == "target") return false;
  const auto rule = settings.columns.find(name);
  return rule == settings.columns.end() || !rule->second.ignore;
}

const stats::Feature* find(const std::vector<stats::Feature>& features, const std::string& name,
                           bool categorical) {
  for (const auto& feature : features) {
    if (feature.name == name && feature.categorical == categorical) return &feature;
  }
  return nullptr;
}

// Profiles of before rows were kept with their texts have those of numbers.
std::vector<stats::Feature> rows_of(const Profile& profile) {
  if (!profile.rows_sample.empty()) return profile.rows_sample;
  std::vector<stats::Feature> out;
  const std::size_t width = profile.row_columns.size();
  for (std::size_t c = 0; c < width; ++c) {
    auto& feature = out.emplace_back(stats::Feature{.name = profile.row_columns[c]});
    for (std::size_t i = c; i < profile.row_values.size(); i += width) {
      feature.numbers.push_back(profile.row_values[i]);
    }
  }
  return out;
}

// The columns that both sides have, in the order of the first.
struct Common {
  std::vector<stats::Feature> before;
  std::vector<stats::Feature> now;
};
Common common_of(const std::vector<stats::Feature>& before, const std::vector<stats::Feature>& now,
                 const Settings& settings) {
  Common out;
  for (const auto& feature : before) {
    const auto* same = find(now, feature.name, feature.categorical);
    if (same == nullptr || !is_feature(feature.name, settings)) continue;
    out.before.push_back(feature);
    out.now.push_back(*same);
  }
  return out;
}

double loss_of(const Outcome& outcome) {
  const auto verdict = judge(outcome.label, outcome.answer);
  if (verdict.positive) return stats::log_loss_of(*verdict.positive, *outcome.answer.score);
  if (verdict.correct) return *verdict.correct ? 0 : 1;
  return verdict.error ? std::abs(*verdict.error) : std::nan("");
}

std::string percent_of(double part, double whole) {
  return number_text(std::round(100 * part / whole)) + " %";
}

}  // namespace

void find_segments(const Window& window, const Profile& profile, const Settings& settings,
                   DriftReport& out) {
  const bool any = std::any_of(out.columns.begin(), out.columns.end(),
                               [](const auto& column) { return column.drift.drifted; });
  if (!any) return;
  const auto common = common_of(rows_of(profile), window.sample.features, settings);
  if (common.before.empty() || common.before[0].rows() < kLeastRows ||
      common.now[0].rows() < kLeastRows) {
    return;
  }
  // What is large in a small part of the rows is small in all of them: by effect, not by verdict.
  std::vector<std::pair<double, std::size_t>> order;
  for (const auto& column : out.columns) {
    for (std::size_t i = 0; i < common.before.size(); ++i) {
      if (common.before[i].name != column.name) continue;
      order.emplace_back(-column.drift.effect.value_or(0), i);
    }
  }
  std::sort(order.begin(), order.end());
  if (order.size() > kMostTargets) order.resize(kMostTargets);
  std::vector<std::size_t> targets;
  for (const auto& [effect, place] : order) targets.push_back(place);
  out.segments = stats::find_segments(common.before, common.now, targets);
}

std::string words_of(const stats::Segment& segment) {
  std::string out = segment.column + ": the change is in ";
  for (const auto& condition : segment.conditions) {
    if (&condition != &segment.conditions.front()) out += ", ";
    out += condition;
  }
  return out;
}

std::string words_of(const std::vector<stats::Segment>& segments) {
  std::string out;
  for (std::size_t i = 0; i < std::min(segments.size(), kMostNamed); ++i) {
    out += "; " + words_of(segments[i]);
  }
  return out;
}

LossRows rows_with_losses(const std::vector<Chunk>& chunks, const std::vector<Outcome>& outcomes) {
  std::unordered_map<std::string, double> losses;
  for (const auto& outcome : outcomes) losses[outcome.request_id] = loss_of(outcome);
  LossRows out;
  for (const auto& chunk : chunks) {
    for (std::size_t row = 0; row < chunk.rows() && out.losses.size() < kMostRows; ++row) {
      const auto known = losses.find(chunk.ids[row]);
      if (known == losses.end() || !std::isfinite(known->second)) continue;
      if (!chunk.errors[row].empty()) continue;
      RowSample one;
      one.add(chunk, row);
      if (one.rows() == 0) continue;
      if (out.features.empty()) {
        out.features = std::move(one.features);
      } else {
        if (out.features.size() != one.features.size()) continue;
        bool same = true;
        for (std::size_t c = 0; c < one.features.size(); ++c) {
          same = same && one.features[c].name == out.features[c].name &&
                 one.features[c].categorical == out.features[c].categorical;
        }
        if (!same) continue;
        for (std::size_t c = 0; c < one.features.size(); ++c) {
          auto& into = out.features[c];
          into.categorical ? into.texts.push_back(std::move(one.features[c].texts[0]))
                           : into.numbers.push_back(one.features[c].numbers[0]);
        }
      }
      out.losses.push_back(known->second);
    }
  }
  return out;
}

LossRows rows_with_losses(const Profile& profile) {
  return {profile.rows_sample, profile.losses};
}

std::optional<stats::Drop> explain_drop(const LossRows& before, const LossRows& now,
                                        const Settings& settings) {
  if (before.losses.size() < kLeastRows || now.losses.size() < kLeastRows) return std::nullopt;
  const auto common = common_of(before.features, now.features, settings);
  if (common.before.empty()) return std::nullopt;
  auto out = stats::explain_drop(common.before, before.losses, common.now, now.losses);
  if (out.columns.size() > kMostDropColumns) out.columns.resize(kMostDropColumns);
  return out;
}

std::string words_of(const stats::Drop& drop) {
  const double fall = drop.current_loss - drop.reference_loss;
  if (drop.columns.empty() || !(fall > 0)) return {};
  const auto& moved = drop.columns.front();
  if (moved.moved > fall / 4) {
    return "; " + percent_of(moved.moved, fall) + " of the fall comes of other values of '" +
           moved.column + "'";
  }
  const auto worst = std::max_element(
      drop.columns.begin(), drop.columns.end(),
      [](const auto& a, const auto& b) { return a.worst_change < b.worst_change; });
  if (worst->worst.empty() || worst->worst_change <= 0) return {};
  return "; like values have other outcomes, most where " + worst->worst + " (" +
         percent_of(worst->worst_change, fall) + " of the fall)";
}

}  // namespace slipway::monitor
