// SPDX-License-Identifier: Apache-2.0
#include "forest.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace slipway::drivers::trees {
namespace {

constexpr std::size_t kBlock = 64;   // rows that stay in the cache while all trees pass over them
constexpr std::size_t kAbreast = 8;  // rows that walk a tree together
constexpr std::uint32_t kTooDeepToWalkTogether = 24;
constexpr std::size_t kMaxNodes = std::size_t{1} << 30;
constexpr std::size_t kMaxCategoryWords = std::size_t{1} << 24;
constexpr std::uint32_t kMaxCategory = 1U << 24;
constexpr double kZero = 1e-35F;  // LightGBM's idea of nothing

Error no_tree(std::size_t tree, std::size_t node, const std::string& what) {
  return {Code::data_loss,
          "tree " + std::to_string(tree) + " of the model is damaged: node " +
              std::to_string(node) + " " + what,
          "log the model again"};
}

}  // namespace

template <class T>
Result<void> Forest<T>::check(const RawTree<T>& tree) const {
  const auto size = tree.feature.size();
  const auto width = size == 0 ? 0 : tree.values.size() / size;
  const bool whole = size > 0 && tree.threshold.size() == size && tree.left.size() == size &&
                     tree.right.size() == size && tree.default_left.size() == size &&
                     (tree.zero_missing.empty() || tree.zero_missing.size() == size) &&
                     (tree.cover.empty() || tree.cover.size() == size) &&
                     tree.values.size() == size * width && (width == 1 || width == outputs_);
  if (!whole) {
    return Error{Code::data_loss,
                 "tree " + std::to_string(trees_.size()) +
                     " of the model is damaged: its lists differ in length",
                 "log the model again"};
  }
  if (tree.group >= outputs_) {
    return Error{Code::data_loss,
                 "tree " + std::to_string(trees_.size()) + " of the model is damaged: it adds to " +
                     "output " + std::to_string(tree.group) + " of " + std::to_string(outputs_),
                 "log the model again"};
  }
  if (nodes_.size() + size > kMaxNodes) return exhausted("the model has too many nodes");
  return {};
}

// Breadth first, so that the two children of a node lie side by side; what the root does not reach
// is left out. `order` tells for each new node which it was.
template <class T>
Result<void> Forest<T>::lay_out(const RawTree<T>& tree, Tree& out,
                                std::vector<std::int32_t>& order) {
  const auto size = static_cast<std::int64_t>(tree.feature.size());
  std::vector<bool> seen(tree.feature.size(), false);
  order.assign(1, 0);
  seen[0] = true;
  out.depth = 0;
  std::size_t level_end = 1;
  for (std::size_t at = 0; at < order.size(); ++at) {
    if (at == level_end) {
      ++out.depth;
      level_end = order.size();
    }
    const auto old = static_cast<std::size_t>(order[at]);
    const auto self = static_cast<std::uint32_t>(out.root + at);
    Node node{.threshold = std::numeric_limits<T>::quiet_NaN(), .feature = 0, .left = self - 1};
    if (tree.left[old] >= 0) {
      if (tree.feature[old] < 0 || static_cast<std::size_t>(tree.feature[old]) >= features_) {
        return no_tree(trees_.size(), old,
                       "asks for feature " + std::to_string(tree.feature[old]) + " of " +
                           std::to_string(features_));
      }
      node.threshold = tree.threshold[old];
      node.feature = static_cast<std::uint32_t>(tree.feature[old]);
      if (tree.default_left[old] != 0) node.feature |= kDefaultLeft;
      node.left = static_cast<std::uint32_t>(out.root + order.size());
      for (const auto child : {tree.left[old], tree.right[old]}) {
        if (child < 0 || child >= size)
          return no_tree(trees_.size(), old, "has a child that is not there");
        if (seen[static_cast<std::size_t>(child)]) {
          return no_tree(trees_.size(), old, "leads back to a node that was there already");
        }
        seen[static_cast<std::size_t>(child)] = true;
        order.push_back(child);
      }
    }
    nodes_.push_back(node);
  }
  out.size = static_cast<std::uint32_t>(order.size());
  return {};
}

template <class T>
Result<void> Forest<T>::add_specials(const RawTree<T>& tree, const Tree& laid,
                                     const std::vector<std::int32_t>& order) {
  std::vector<Special> by_old(tree.feature.size());
  for (std::size_t i = 0; i < tree.zero_missing.size(); ++i) {
    by_old[i].zero_missing = tree.zero_missing[i] != 0;
  }
  for (const auto& split : tree.categories) {
    if (split.node < 0 || static_cast<std::size_t>(split.node) >= by_old.size()) {
      return no_tree(trees_.size(), 0, "has categories for a node that is not there");
    }
    auto& special = by_old[static_cast<std::size_t>(split.node)];
    std::uint32_t last = 0;
    for (const auto value : split.values) last = std::max(last, value);
    special.categorical = true;
    special.begin = static_cast<std::uint32_t>(bits_.size());
    special.words = split.values.empty() ? 0 : last / 32 + 1;
    if (last >= kMaxCategory || bits_.size() + special.words > kMaxCategoryWords) {
      return exhausted("the model's categories are too many or too large");
    }
    bits_.resize(bits_.size() + special.words);
    for (const auto value : split.values) {
      bits_[special.begin + value / 32] |= 1U << (value % 32);
    }
  }
  for (std::size_t at = 0; at < order.size(); ++at) {
    auto special = by_old[static_cast<std::size_t>(order[at])];
    special.node = static_cast<std::uint32_t>(laid.root + at);
    if ((special.categorical || special.zero_missing) && !is_leaf(special.node)) {
      specials_.push_back(special);
    }
  }
  return {};
}

template <class T>
Result<void> Forest<T>::add(const RawTree<T>& tree) {
  SW_CHECK_OK(check(tree));
  Tree laid{.root = static_cast<std::uint32_t>(nodes_.size()),
            .group = tree.group,
            .width = static_cast<std::uint32_t>(tree.values.size() / tree.feature.size()),
            .values = values_.size()};
  std::vector<std::int32_t> order;
  SW_CHECK_OK(lay_out(tree, laid, order));
  const auto specials = specials_.size();
  SW_CHECK_OK(add_specials(tree, laid, order));
  laid.plain = specials_.size() == specials;
  for (const auto old : order) {
    const auto from = tree.values.begin() + static_cast<std::ptrdiff_t>(old) * laid.width;
    values_.insert(values_.end(), from, from + laid.width);
    if (!tree.cover.empty()) cover_.push_back(tree.cover[static_cast<std::size_t>(old)]);
  }
  has_cover_ = has_cover_ && !tree.cover.empty();
  trees_.push_back(laid);
  return {};
}

template <class T>
const typename Forest<T>::Special* Forest<T>::special(std::uint32_t at) const {
  const auto found = std::lower_bound(
      specials_.begin(), specials_.end(), at,
      [](const Special& special, std::uint32_t node) { return special.node < node; });
  return found == specials_.end() || found->node != at ? nullptr : &*found;
}

template <class T>
bool Forest<T>::is_match(const Special& special, T value) const {
  if (value < 0 && (rules_.fractions_below || value <= -1)) return false;
  if (!(value < static_cast<T>(kMaxCategory))) return false;
  const auto category = static_cast<std::uint32_t>(value < 0 ? 0 : value);
  if (category / 32 >= special.words) return false;
  return (bits_[special.begin + category / 32] >> (category % 32) & 1U) != 0;
}

template <class T>
bool Forest<T>::goes_left(std::uint32_t at, const T* row) const {
  const auto& node = nodes_[at];
  const T value = row[node.feature & ~kDefaultLeft];
  const bool by_default = (node.feature & kDefaultLeft) != 0;
  if (std::isnan(value)) return by_default;
  if (const auto* odd = special(at)) {
    if (odd->categorical) return is_match(*odd, value) == rules_.match_left;
    if (std::abs(static_cast<double>(value)) <= kZero) return by_default;
  }
  return value < node.threshold;
}

template <class T>
void Forest<T>::take_leaf(const Tree& tree, std::uint32_t leaf, T* out) const {
  const T* values = values_.data() + tree.values + std::size_t{leaf - tree.root} * tree.width;
  if (tree.width == 1) {
    out[tree.group] += values[0];
    return;
  }
  for (std::uint32_t i = 0; i < tree.width; ++i) out[i] += values[i];
}

// Eight rows take each step together: the loads of one hide the waiting of the others. Who has
// reached a leaf stays there, since nothing is less than NaN.
template <class T>
void Forest<T>::walk_plain(const Tree& tree, const T* rows, std::size_t count, T* out) const {
  const Node* nodes = nodes_.data();
  for (std::size_t from = 0; from < count; from += kAbreast) {
    const auto abreast = std::min(kAbreast, count - from);
    std::uint32_t at[kAbreast];
    std::fill_n(at, kAbreast, tree.root);
    for (std::uint32_t step = 0; step < tree.depth; ++step) {
      for (std::size_t i = 0; i < abreast; ++i) {
        const Node& node = nodes[at[i]];
        const T value = rows[(from + i) * features_ + (node.feature & ~kDefaultLeft)];
        const bool missing = value != value;
        const bool left = missing ? (node.feature & kDefaultLeft) != 0 : value < node.threshold;
        at[i] = node.left + (left ? 0 : 1);
      }
    }
    for (std::size_t i = 0; i < abreast; ++i) take_leaf(tree, at[i], out + (from + i) * outputs_);
  }
}

template <class T>
void Forest<T>::walk_each(const Tree& tree, const T* rows, std::size_t count, T* out) const {
  for (std::size_t i = 0; i < count; ++i) {
    const T* row = rows + i * features_;
    std::uint32_t at = tree.root;
    if (tree.plain) {
      while (!is_leaf(at)) {
        const Node& node = nodes_[at];
        const T value = row[node.feature & ~kDefaultLeft];
        const bool missing = value != value;
        const bool left = missing ? (node.feature & kDefaultLeft) != 0 : value < node.threshold;
        at = node.left + (left ? 0 : 1);
      }
    } else {
      while (!is_leaf(at)) at = nodes_[at].left + (goes_left(at, row) ? 0 : 1);
    }
    take_leaf(tree, at, out + i * outputs_);
  }
}

template <class T>
void Forest<T>::add_up(const T* rows, std::size_t count, T* out) const {
  for (std::size_t from = 0; from < count; from += kBlock) {
    const auto block = std::min(kBlock, count - from);
    const T* first = rows + from * features_;
    T* to = out + from * outputs_;
    for (const auto& tree : trees_) {
      if (tree.plain && tree.depth <= kTooDeepToWalkTogether && block > 1) {
        walk_plain(tree, first, block, to);
      } else {
        walk_each(tree, first, block, to);
      }
    }
  }
}

template class Forest<float>;
template class Forest<double>;

}  // namespace slipway::drivers::trees
