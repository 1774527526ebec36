// SPDX-License-Identifier: Apache-2.0
#include "neutral.h"

#include <array>
#include <limits>
#include <optional>

#include "lightgbm.h"

namespace slipway::drivers::trees {
namespace {

using serving::DType;

constexpr double kMaxFeatures = 1e6;
constexpr double kMaxOutputs = 1e5;

constexpr std::array<std::pair<std::string_view, Link>, 4> kLinks{{{"identity", Link::identity},
                                                                   {"sigmoid", Link::sigmoid},
                                                                   {"softmax", Link::softmax},
                                                                   {"exp", Link::exponent}}};
constexpr std::array<std::pair<std::string_view, Decide>, 3> kDecisions{
    {{"nothing", Decide::nothing},
     {"largest", Decide::largest},
     {"above_half", Decide::above_half}}};

Error damaged(const std::string& what) {
  return {Code::data_loss, "the file of trees is damaged: " + what, "convert the model again"};
}

double number_at(const Document& file, std::string_view name, double otherwise) {
  const auto* found = file.find(name);
  return found == nullptr || found->kind != Document::Kind::number ? otherwise : found->number;
}

template <class Word, std::size_t N>
std::optional<Word> word_at(const Document& file, std::string_view name,
                            const std::array<std::pair<std::string_view, Word>, N>& words) {
  const auto* found = file.find(name);
  if (found == nullptr) return words.front().second;
  for (const auto& [word, meaning] : words) {
    if (found->text == word) return meaning;
  }
  return std::nullopt;
}

template <class To>
std::vector<To> list_of(const Document& tree, std::string_view name) {
  std::vector<To> out;
  const auto* found = tree.find(name);
  if (found == nullptr) return out;
  out.reserve(found->numbers.size());
  for (const double x : found->numbers) {
    const bool fits = std::numeric_limits<To>::is_iec559 || (x >= -1 && x <= 2147483647.0);
    out.push_back(static_cast<To>(fits ? x : 0));
  }
  return out;
}

Result<Labels> labels_of(const Document& file, std::size_t outputs, Decide decide) {
  Labels out;
  const auto* classes = file.find("classes");
  if (classes == nullptr || decide == Decide::nothing) return out;
  const auto wanted = decide == Decide::largest ? outputs : 2;
  if (classes->kind == Document::Kind::list) {
    out.type = DType::bytes;
    for (const auto& each : classes->items) out.texts.push_back(each.text);
    if (out.texts.size() != wanted) return damaged("'classes' has another length");
    return out;
  }
  out.numbers = classes->numbers;
  if (out.numbers.size() != wanted) return damaged("'classes' has another length");
  const auto* type = file.find("class_type");
  const auto parsed = serving::parse_dtype(type == nullptr ? "INT64" : type->text);
  if (!parsed || (*parsed != DType::int64 && *parsed != DType::fp64 && *parsed != DType::boolean)) {
    return damaged("'class_type' is not INT64, FP64 or BOOL");
  }
  out.type = *parsed;
  return out;
}

// LightGBM's own file inside, and what its estimators make of the numbers.
Result<Model<double>> read_wrapped(const Document& file, const std::string& text) {
  const auto decide = word_at(file, "decide", kDecisions);
  if (!decide) return damaged("'decide' is not known");
  SW_TRY(auto out, read_lightgbm(text));
  out.head.decide = *decide;
  SW_TRY(out.head.labels, labels_of(file, out.forest.outputs(), *decide));
  return out;
}

}  // namespace

Result<Model<double>> read_neutral(const Document& file) {
  if (const auto* text = file.find("lightgbm")) return read_wrapped(file, text->text);
  const double features = number_at(file, "features", 0);
  const double outputs = number_at(file, "outputs", 0);
  if (!(features >= 1 && features <= kMaxFeatures && outputs >= 1 && outputs <= kMaxOutputs)) {
    return damaged("'features' or 'outputs' is out of range");
  }
  const auto link = word_at(file, "link", kLinks);
  const auto decide = word_at(file, "decide", kDecisions);
  if (!link || !decide) return damaged("'link' or 'decide' is not known");
  const auto groups = static_cast<std::size_t>(outputs);
  SW_TRY(auto labels, labels_of(file, groups, *decide));
  Model<double> out{.forest = Forest<double>(static_cast<std::size_t>(features), groups, {}),
                    .base = list_of<double>(file, "base"),
                    .divisor = number_at(file, "divisor", 1),
                    .head = {.link = *link,
                             .slope = number_at(file, "slope", 1),
                             .decide = *decide,
                             .on_margin = number_at(file, "on_margin", 0) != 0,
                             .labels = std::move(labels)},
                    .round_inputs = number_at(file, "round_inputs", 0) != 0};
  if (out.base.empty()) out.base.assign(groups, 0);
  if (out.base.size() != groups) return damaged("'base' has another length than the outputs");
  if (!(out.divisor > 0)) return damaged("'divisor' is not above 0");
  const auto* trees = file.find("trees");
  if (trees == nullptr) return damaged("it has no 'trees'");
  for (const auto& tree : trees->items) {
    RawTree<double> raw;
    raw.feature = list_of<std::int32_t>(tree, "feature");
    raw.threshold = list_of<double>(tree, "below");
    raw.left = list_of<std::int32_t>(tree, "left");
    raw.right = list_of<std::int32_t>(tree, "right");
    raw.default_left = list_of<std::uint8_t>(tree, "missing_left");
    raw.values = list_of<double>(tree, "value");
    raw.cover = list_of<double>(tree, "cover");
    const double group = number_at(tree, "group", 0);
    if (!(group >= 0 && group < outputs)) return damaged("a 'group' is out of range");
    raw.group = static_cast<std::uint32_t>(group);
    SW_CHECK_OK(out.forest.add(raw));
  }
  if (const auto* names = file.find("names")) {
    for (const auto& name : names->items) out.names.push_back(name.text);
  }
  if (out.names.size() != out.forest.features()) out.names.clear();
  return out;
}

}  // namespace slipway::drivers::trees
