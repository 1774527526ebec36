// SPDX-License-Identifier: Apache-2.0
#include "lightgbm.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>

#include "base/text.h"

namespace slipway::drivers::trees {
namespace {

using Fields = std::map<std::string_view, std::string_view>;

constexpr std::int64_t kMaxFeatures = 1'000'000;
constexpr std::int64_t kMaxOutputs = 100'000;
constexpr std::size_t kMaxLeaves = std::size_t{1} << 28;

Error damaged(const std::string& what) {
  return {Code::data_loss, "the LightGBM file is damaged: " + what, "log the model again"};
}
Error refused(const std::string& what) {
  return {Code::unimplemented, "this LightGBM model cannot be run natively: " + what, {}};
}

class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}
  bool next(std::string_view& line) {
    if (rest_.empty()) return false;
    const auto end = rest_.find('\n');
    line = trim(rest_.substr(0, end));
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    return true;
  }

 private:
  std::string_view rest_;
};

std::string_view field(const Fields& fields, std::string_view name) {
  const auto found = fields.find(name);
  return found == fields.end() ? std::string_view() : found->second;
}

template <class Number>
Result<std::vector<Number>> numbers(const Fields& fields, std::string_view name) {
  std::vector<Number> out;
  const auto text = field(fields, name);
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    if (*at == ' ') {
      ++at;
      continue;
    }
    Number value{};
    const auto [next, failed] = std::from_chars(at, end, value);
    if (failed != std::errc() || (next != end && *next != ' ')) {
      return damaged(std::string(name) + " holds something else than numbers");
    }
    out.push_back(value);
    at = next;
  }
  return out;
}

Result<std::int64_t> integer(const Fields& fields, std::string_view name, std::int64_t least,
                             std::int64_t most) {
  const auto value = parse_int(field(fields, name));
  if (!value || *value < least || *value > most) {
    return damaged(std::string(name) + " is missing or out of range");
  }
  return *value;
}

// Nodes come first, then leaves; a child below zero is leaf ~child.
struct TreeText {
  std::vector<std::int32_t> feature;
  std::vector<double> threshold;
  std::vector<int> decision;
  std::vector<std::int32_t> left;
  std::vector<std::int32_t> right;
  std::vector<double> leaves;
  std::vector<double> inner_weight;
  std::vector<double> leaf_weight;
  std::vector<std::int64_t> category_ends;
  std::vector<std::uint32_t> category_bits;
};

Result<TreeText> parse_tree(const Fields& fields) {
  const auto linear = field(fields, "is_linear");
  if (!linear.empty() && linear != "0") return refused("linear_tree is on");
  TreeText out;
  SW_TRY(out.leaves, numbers<double>(fields, "leaf_value"));
  if (out.leaves.empty() || out.leaves.size() > kMaxLeaves) return damaged("a tree has no leaves");
  const auto inner = out.leaves.size() - 1;
  if (inner == 0) return out;
  SW_TRY(out.feature, numbers<std::int32_t>(fields, "split_feature"));
  SW_TRY(out.threshold, numbers<double>(fields, "threshold"));
  SW_TRY(out.decision, numbers<int>(fields, "decision_type"));
  SW_TRY(out.left, numbers<std::int32_t>(fields, "left_child"));
  SW_TRY(out.right, numbers<std::int32_t>(fields, "right_child"));
  SW_TRY(out.inner_weight, numbers<double>(fields, "internal_count"));
  SW_TRY(out.leaf_weight, numbers<double>(fields, "leaf_count"));
  SW_TRY(out.category_ends, numbers<std::int64_t>(fields, "cat_boundaries"));
  SW_TRY(out.category_bits, numbers<std::uint32_t>(fields, "cat_threshold"));
  if (out.feature.size() != inner || out.threshold.size() != inner ||
      out.decision.size() != inner || out.left.size() != inner || out.right.size() != inner) {
    return damaged("the lists of a tree differ in length");
  }
  return out;
}

// A child as an index over nodes and then leaves; one that cannot be stays so.
std::int32_t child_of(std::int32_t child, std::size_t inner) {
  if (child >= 0) return child < static_cast<std::int64_t>(inner) ? child : INT32_MAX;
  const auto at = static_cast<std::int64_t>(inner) + ~child;
  return at <= INT32_MAX ? static_cast<std::int32_t>(at) : INT32_MAX;
}

Result<void> add_categories(const TreeText& text, std::size_t node, std::size_t& used,
                            RawTree<double>& out) {
  const double which = text.threshold[node];
  if (!(which >= 0 && which + 1 < static_cast<double>(text.category_ends.size()))) {
    return damaged("a split by categories has none");
  }
  const auto begin = text.category_ends[static_cast<std::size_t>(which)];
  const auto end = text.category_ends[static_cast<std::size_t>(which) + 1];
  if (begin < 0 || end < begin || end > static_cast<std::int64_t>(text.category_bits.size())) {
    return damaged("the categories of a split are out of range");
  }
  // Each set belongs to one split: a file cannot make more of them than it holds.
  used += static_cast<std::size_t>(end - begin);
  if (used > text.category_bits.size()) return damaged("splits share their categories");
  RawTree<double>::Categories split{.node = static_cast<std::int32_t>(node)};
  for (auto word = begin; word < end; ++word) {
    for (std::uint32_t bit = 0; bit < 32; ++bit) {
      if ((text.category_bits[static_cast<std::size_t>(word)] >> bit & 1U) == 0) continue;
      split.values.push_back(static_cast<std::uint32_t>(word - begin) * 32 + bit);
    }
  }
  out.categories.push_back(std::move(split));
  return {};
}

// decision_type: bit 0 by categories, bit 1 default left, bits 2 and 3 what is missing (nothing,
// zero, NaN). Where nothing is, NaN is taken for 0.
Result<RawTree<double>> raw_of(const TreeText& text) {
  constexpr int kByCategory = 1;
  constexpr int kDefaultLeft = 2;
  const auto inner = text.leaves.size() - 1;
  const auto size = inner + text.leaves.size();
  std::size_t used = 0;
  RawTree<double> out;
  out.feature.assign(size, 0);
  out.threshold.assign(size, 0);
  out.left.assign(size, -1);
  out.right.assign(size, -1);
  out.default_left.assign(size, 0);
  out.values.assign(inner, 0);
  out.values.insert(out.values.end(), text.leaves.begin(), text.leaves.end());
  for (std::size_t i = 0; i < inner; ++i) {
    out.feature[i] = text.feature[i];
    out.left[i] = child_of(text.left[i], inner);
    out.right[i] = child_of(text.right[i], inner);
    const int missing = text.decision[i] >> 2 & 3;
    if ((text.decision[i] & kByCategory) != 0) {
      SW_CHECK_OK(add_categories(text, i, used, out));
      continue;
    }
    // `<=` as `<` of the next larger number.
    out.threshold[i] = std::nextafter(text.threshold[i], std::numeric_limits<double>::infinity());
    const bool left =
        missing == 0 ? 0 <= text.threshold[i] : (text.decision[i] & kDefaultLeft) != 0;
    out.default_left[i] = left ? 1 : 0;
    if (missing == 1) {
      out.zero_missing.resize(size);
      out.zero_missing[i] = 1;
    }
  }
  if (text.inner_weight.size() == inner && text.leaf_weight.size() == text.leaves.size()) {
    out.cover = text.inner_weight;
    out.cover.insert(out.cover.end(), text.leaf_weight.begin(), text.leaf_weight.end());
  }
  return out;
}

Result<Head> head_of(std::string_view objective) {
  const auto words = split(objective, ' ');
  const auto name = words.front();
  Head out;
  for (const auto word : words) {
    if (!word.starts_with("sigmoid:")) continue;
    const auto slope = parse_double(word.substr(8));
    if (!slope) return damaged("objective '" + std::string(objective.substr(0, 50)) + "'");
    out.slope = *slope;
  }
  if (name == "binary" || name == "multiclassova" || name == "cross_entropy") {
    out.link = Link::sigmoid;
  } else if (name == "multiclass") {
    out.link = Link::softmax;
  } else if (name == "poisson" || name == "gamma" || name == "tweedie") {
    out.link = Link::exponent;
  } else if (name == "cross_entropy_lambda") {
    out.link = Link::log1p_exp;
  } else if (std::find(words.begin(), words.end(), "sqrt") != words.end()) {
    out.link = Link::signed_square;
  } else {
    static constexpr std::string_view kPlain[] = {
        "regression", "regression_l1", "huber",  "fair", "quantile", "mape",
        "lambdarank", "rank_xendcg",   "custom", "none", ""};
    if (std::find(std::begin(kPlain), std::end(kPlain), name) == std::end(kPlain)) {
      return refused("objective '" + std::string(name.substr(0, 50)) + "' is not known");
    }
  }
  return out;
}

bool has_pandas_categories(std::string_view line) {
  constexpr std::string_view kName = "pandas_categorical:";
  if (!line.starts_with(kName)) return false;
  const auto list = trim(line.substr(kName.size()));
  return list != "null" && list != "[]";
}

struct File {
  Fields head;
  bool average = false;
  std::vector<Fields> trees;
};

Result<File> parse_file(std::string_view text) {
  File out;
  bool in_trees = true;
  Lines lines(text);
  std::string_view line;
  if (!lines.next(line) || line != "tree") return damaged("it does not begin with 'tree'");
  while (lines.next(line)) {
    if (line == "end of trees") in_trees = false;
    if (has_pandas_categories(line)) {
      return refused("it was trained on pandas categories, which only its own table can give");
    }
    if (!in_trees || line.empty()) continue;
    if (line.starts_with("Tree=")) {
      out.trees.emplace_back();
      continue;
    }
    const auto equal = line.find('=');
    if (equal == std::string_view::npos) {
      if (line == "average_output") out.average = true;
      continue;
    }
    auto& into = out.trees.empty() ? out.head : out.trees.back();
    into[line.substr(0, equal)] = line.substr(equal + 1);
  }
  if (in_trees) return damaged("it ends before its trees do");
  return out;
}

}  // namespace

Result<Model<double>> read_lightgbm(std::string_view text) {
  SW_TRY(const auto file, parse_file(text));
  SW_TRY(const auto last_feature, integer(file.head, "max_feature_idx", 0, kMaxFeatures));
  SW_TRY(const auto outputs, integer(file.head, "num_tree_per_iteration", 1, kMaxOutputs));
  SW_TRY(auto head, head_of(field(file.head, "objective")));
  const auto features = static_cast<std::size_t>(last_feature) + 1;
  const auto groups = static_cast<std::size_t>(outputs);
  Model<double> out{.forest = Forest<double>(features, groups, {.match_left = true}),
                    .base = std::vector<double>(groups, 0),
                    .head = std::move(head)};
  for (std::size_t i = 0; i < file.trees.size(); ++i) {
    SW_TRY(const auto tree, parse_tree(file.trees[i]));
    SW_TRY(auto raw, raw_of(tree));
    raw.group = static_cast<std::uint32_t>(i % groups);
    SW_CHECK_OK(out.forest.add(raw));
  }
  if (file.average)
    out.divisor = std::max<double>(1, static_cast<double>(file.trees.size() / groups));
  const auto names = split(field(file.head, "feature_names"), ' ');
  if (names.size() == features) out.names.assign(names.begin(), names.end());
  return out;
}

}  // namespace slipway::drivers::trees
