// SPDX-License-Identifier: Apache-2.0
#include "xgboost.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "base/text.h"

namespace slipway::drivers::trees {
namespace {

using serving::DType;

constexpr double kMaxFeatures = 1e6;
constexpr double kMaxOutputs = 1e5;

enum class Space { margin, logit, log };  // what the file's base_score has to become

struct Objective {
  std::string_view name;
  Link link;
  Space base;
};

constexpr std::array kObjectives{
    Objective{"reg:squarederror", Link::identity, Space::margin},
    Objective{"reg:linear", Link::identity, Space::margin},
    Objective{"reg:squaredlogerror", Link::identity, Space::margin},
    Objective{"reg:absoluteerror", Link::identity, Space::margin},
    Objective{"reg:pseudohubererror", Link::identity, Space::margin},
    Objective{"reg:quantileerror", Link::identity, Space::margin},
    Objective{"reg:expectileerror", Link::identity, Space::margin},
    Objective{"reg:logistic", Link::sigmoid, Space::logit},
    Objective{"binary:logistic", Link::sigmoid, Space::logit},
    Objective{"binary:logitraw", Link::identity, Space::margin},
    Objective{"binary:hinge", Link::positive, Space::margin},
    Objective{"multi:softmax", Link::softmax, Space::margin},
    Objective{"multi:softprob", Link::softmax, Space::margin},
    Objective{"count:poisson", Link::exponent, Space::log},
    Objective{"reg:gamma", Link::exponent, Space::log},
    Objective{"reg:tweedie", Link::exponent, Space::log},
    Objective{"survival:cox", Link::exponent, Space::log},
    Objective{"survival:aft", Link::exponent, Space::log},
    Objective{"rank:pairwise", Link::identity, Space::margin},
    Objective{"rank:ndcg", Link::identity, Space::margin},
    Objective{"rank:map", Link::identity, Space::margin},
};

Error damaged(const std::string& what) {
  return {Code::data_loss, "the XGBoost file is damaged: " + what, "log the model again"};
}
Error refused(const std::string& what) {
  return {Code::unimplemented, "this XGBoost model cannot be run natively: " + what, {}};
}

// XGBoost writes most settings as texts.
std::optional<double> number_of(const Document* value) {
  if (value == nullptr) return std::nullopt;
  if (value->kind == Document::Kind::number) return value->number;
  if (value->kind == Document::Kind::text) return parse_double(value->text);
  return std::nullopt;
}

std::string text_of(const Document* value) {
  return value == nullptr ? std::string() : value->text;
}

Result<std::size_t> count_of(const Document* learner, const std::string& name, double most) {
  const auto number = number_of(learner->at("learner_model_param." + name));
  if (!number) return std::size_t{0};
  if (!(*number >= 0 && *number <= most)) return damaged(name + " is out of range");
  return static_cast<std::size_t>(*number);
}

// "5E-1", or "[1E-1,2E-1]" of newer versions.
Result<std::vector<float>> base_of(const Document* learner, std::size_t outputs, Space space) {
  auto text = text_of(learner->at("learner_model_param.base_score"));
  std::erase_if(text, [](char c) { return c == '[' || c == ']'; });
  std::vector<float> out;
  for (const auto part : split(text, ',')) {
    const auto number = parse_double(trim(part));
    if (!number) return damaged("base_score '" + text.substr(0, 50) + "' is no number");
    const auto p = static_cast<float>(*number);
    switch (space) {
      case Space::margin:
        out.push_back(p);
        break;
      case Space::logit:
        out.push_back(-std::log(1.0F / p - 1.0F));
        break;
      case Space::log:
        out.push_back(std::log(p));
        break;
    }
    if (!std::isfinite(out.back())) return damaged("base_score is not possible");
  }
  if (out.size() == 1) out.resize(outputs, out.front());
  if (out.size() != outputs) return damaged("base_score has another length than the outputs");
  return out;
}

// The list `name` of a tree; missing is empty.
const std::vector<double>& list_of(const Document& tree, std::string_view name) {
  static const std::vector<double> none;
  const auto* found = tree.find(name);
  return found == nullptr ? none : found->numbers;
}

template <class To>
std::vector<To> cut(const std::vector<double>& from) {
  std::vector<To> out;
  out.reserve(from.size());
  for (const double x : from) {
    const bool fits = x >= -1 && x <= 2147483647.0;
    out.push_back(static_cast<To>(fits ? x : 2147483647.0));
  }
  return out;
}

Result<void> read_categories(const Document& tree, RawTree<float>& out) {
  const auto& nodes = list_of(tree, "categories_nodes");
  const auto& segments = list_of(tree, "categories_segments");
  const auto& sizes = list_of(tree, "categories_sizes");
  const auto& values = list_of(tree, "categories");
  if (segments.size() != nodes.size() || sizes.size() != nodes.size()) {
    return damaged("the categories of a tree differ in length");
  }
  const auto total = static_cast<double>(values.size());
  double used = 0;  // each set belongs to one split
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (!(nodes[i] >= 0 && nodes[i] < static_cast<double>(out.feature.size())) ||
        !(segments[i] >= 0 && sizes[i] >= 0 && segments[i] + sizes[i] <= total) ||
        (used += sizes[i]) > total) {
      return damaged("the categories of a tree are out of range");
    }
    RawTree<float>::Categories split{.node = static_cast<std::int32_t>(nodes[i])};
    for (std::size_t j = 0; j < static_cast<std::size_t>(sizes[i]); ++j) {
      const double value = values[static_cast<std::size_t>(segments[i]) + j];
      if (!(value >= 0 && value < 4e9)) return damaged("a category is out of range");
      split.values.push_back(static_cast<std::uint32_t>(value));
    }
    out.categories.push_back(std::move(split));
  }
  return {};
}

Result<RawTree<float>> read_tree(const Document& tree, std::size_t outputs, double weight) {
  RawTree<float> out;
  out.feature = cut<std::int32_t>(list_of(tree, "split_indices"));
  out.left = cut<std::int32_t>(list_of(tree, "left_children"));
  out.right = cut<std::int32_t>(list_of(tree, "right_children"));
  out.default_left = cut<std::uint8_t>(list_of(tree, "default_left"));
  const auto& conditions = list_of(tree, "split_conditions");
  out.cover = list_of(tree, "sum_hessian");
  out.threshold.assign(conditions.begin(), conditions.end());
  const auto leaf_size = number_of(tree.at("tree_param.size_leaf_vector")).value_or(1);
  if (leaf_size > 1) {
    const auto& weights = list_of(tree, "base_weights");
    if (leaf_size != static_cast<double>(outputs) ||
        weights.size() != out.feature.size() * outputs) {
      return refused("its trees have several values a leaf");
    }
    out.values.assign(weights.begin(), weights.end());
  } else {
    out.values = out.threshold;
  }
  if (weight != 1) {
    for (auto& value : out.values) value *= static_cast<float>(weight);
  }
  SW_CHECK_OK(read_categories(tree, out));
  return out;
}

struct Booster {
  const Document* model = nullptr;
  std::vector<double> weights;  // of dart; empty: all 1
};

Result<Booster> booster_of(const Document* learner) {
  const auto* booster = learner->find("gradient_booster");
  if (booster == nullptr) return damaged("it has no gradient_booster");
  const auto name = text_of(booster->find("name"));
  Booster out;
  if (name == "dart") {
    out.model = booster->at("gbtree.model");
    const auto* weights = booster->find("weight_drop");
    if (weights != nullptr) out.weights = weights->numbers;
  } else if (name == "gbtree") {
    out.model = booster->find("model");
  } else {
    return refused("booster '" + name.substr(0, 50) + "' has no trees");
  }
  if (out.model == nullptr) return damaged("it has no model");
  return out;
}

// Estimators stop at the best iteration when training was stopped early.
std::size_t trees_used(const Document* learner, const Booster& booster, XgboostKind kind,
                       std::size_t trees) {
  if (kind == XgboostKind::booster) return trees;
  const auto best = number_of(learner->at("attributes.best_iteration"));
  const auto& ends = list_of(*booster.model, "iteration_indptr");
  if (!best || !(*best >= 0) || *best + 1 >= static_cast<double>(ends.size())) return trees;
  const double end = ends[static_cast<std::size_t>(*best) + 1];
  return end >= 0 && end < static_cast<double>(trees) ? static_cast<std::size_t>(end) : trees;
}

Result<void> add_trees(const Document* learner, const Booster& booster, XgboostKind kind,
                       Model<float>& out) {
  const auto* trees = booster.model->find("trees");
  if (trees == nullptr || (trees->kind != Document::Kind::list && !trees->numbers.empty())) {
    return damaged("it has no trees");
  }
  const auto& groups = list_of(*booster.model, "tree_info");
  if (groups.size() != trees->items.size() ||
      (!booster.weights.empty() && booster.weights.size() != trees->items.size())) {
    return damaged("its lists of trees differ in length");
  }
  const auto used = trees_used(learner, booster, kind, trees->items.size());
  for (std::size_t i = 0; i < used; ++i) {
    const double weight = booster.weights.empty() ? 1 : booster.weights[i];
    SW_TRY(auto tree, read_tree(trees->items[i], out.forest.outputs(), weight));
    const bool fits = groups[i] >= 0 && groups[i] < kMaxOutputs;
    tree.group = fits ? static_cast<std::uint32_t>(groups[i]) : UINT32_MAX;
    SW_CHECK_OK(out.forest.add(tree));
  }
  return {};
}

void decide(const std::string& objective, XgboostKind kind, std::size_t classes, Head& head,
            std::size_t outputs) {
  if (kind == XgboostKind::classifier) {
    // More than one output without classes is several labels at once.
    const bool one_of = outputs > 1 && classes > 2;
    head.decide = one_of ? Decide::largest : Decide::above_half;
    head.labels.type = outputs > 1 && !one_of         ? DType::fp64
                       : objective == "multi:softmax" ? DType::int32
                                                      : DType::int64;
  } else if (objective == "multi:softmax") {
    head.decide = Decide::largest;
    head.labels.type = DType::fp32;
    head.values_too = false;
  }
}

}  // namespace

const std::vector<std::string_view>& xgboost_skipped() {
  static const std::vector<std::string_view> names{"loss_changes", "parents", "cats", "Config"};
  return names;
}

Result<Model<float>> read_xgboost(const Document& file, XgboostKind kind) {
  const auto* learner = file.find("learner");
  if (learner == nullptr) return damaged("it has no learner");
  const auto objective = text_of(learner->at("objective.name"));
  const auto known = std::find_if(kObjectives.begin(), kObjectives.end(),
                                  [&](const auto& each) { return each.name == objective; });
  if (known == kObjectives.end()) {
    return refused("objective '" + objective.substr(0, 50) + "' is not known");
  }
  SW_TRY(const auto features, count_of(learner, "num_feature", kMaxFeatures));
  SW_TRY(const auto classes, count_of(learner, "num_class", kMaxOutputs));
  SW_TRY(const auto targets, count_of(learner, "num_target", kMaxOutputs));
  if (features == 0) return damaged("num_feature is missing");
  const auto outputs = std::max({classes, targets, std::size_t{1}});
  SW_TRY(auto base, base_of(learner, outputs, known->base));
  SW_TRY(const auto booster, booster_of(learner));
  Model<float> out{
      .forest = Forest<float>(features, outputs, {.match_left = false, .fractions_below = true}),
      .base = std::move(base),
      .head = {.link = known->link}};
  decide(objective, kind, classes, out.head, outputs);
  SW_CHECK_OK(add_trees(learner, booster, kind, out));
  if (const auto* names = learner->find("feature_names")) {
    for (const auto& name : names->items) out.names.push_back(name.text);
  }
  if (out.names.size() != features) out.names.clear();
  return out;
}

}  // namespace slipway::drivers::trees
