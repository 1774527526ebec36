// SPDX-License-Identifier: Apache-2.0
// Decision trees laid out flat: what every library's file becomes, and how rows run through it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace slipway::drivers::trees {

// One tree as files have it: node 0 is the root, a child below 0 means that the node is a leaf.
// All lists are as long as there are nodes, `values` has `width` numbers a node.
template <class T>
struct RawTree {
  struct Categories {
    std::int32_t node = 0;
    std::vector<std::uint32_t> values;
  };
  std::vector<std::int32_t> feature;
  std::vector<T> threshold;  // left when the feature is less
  std::vector<std::int32_t> left;
  std::vector<std::int32_t> right;
  std::vector<std::uint8_t> default_left;  // where a missing value goes
  std::vector<std::uint8_t> zero_missing;  // 0 counts as missing too; may be empty
  std::vector<T> values;
  std::vector<double> cover;  // weight of the training rows; may be empty
  std::vector<Categories> categories;
  std::uint32_t group = 0;  // the output that it adds to; of width 1
};

// What a category split means; libraries differ.
struct CategoryRules {
  bool match_left = true;        // where a listed category goes; the others go the other way
  bool fractions_below = false;  // -0.5 is no category; otherwise it is cut to 0
};

// Rows are arrays of `features` values of T. Never changes once built; any number of threads.
template <class T>
class Forest {
 public:
  struct Node {
    T threshold = 0;            // of a leaf: NaN, so that nothing is less
    std::uint32_t feature = 0;  // the top bit: missing values go left
    std::uint32_t left = 0;     // the right child is the next; of a leaf: itself less one
  };
  static constexpr std::uint32_t kDefaultLeft = 1U << 31;

  Forest(std::size_t features, std::size_t outputs, CategoryRules rules)
      : features_(features), outputs_(outputs), rules_(rules) {}

  // A tree that is no tree (a child that is not there, a node with two parents, a feature out of
  // range) is an error that says which.
  Result<void> add(const RawTree<T>& tree);

  std::size_t features() const { return features_; }
  std::size_t outputs() const { return outputs_; }
  std::size_t trees() const { return trees_.size(); }
  std::size_t nodes() const { return nodes_.size(); }
  bool has_cover() const { return has_cover_ && !trees_.empty(); }

  // Adds the leaves of all trees, in their order, to out[row * outputs + output].
  void add_up(const T* rows, std::size_t count, T* out) const;

  // Everything below is for explanations, which walk by themselves.
  struct Tree {
    std::uint32_t root = 0;
    std::uint32_t size = 0;
    std::uint32_t depth = 0;
    std::uint32_t group = 0;
    std::uint32_t width = 1;  // values a leaf
    std::size_t values = 0;   // of the root, in values_
    bool plain = true;        // numbers with a default way only
  };
  const std::vector<Tree>& all() const { return trees_; }
  const Node& node(std::uint32_t at) const { return nodes_[at]; }
  bool is_leaf(std::uint32_t at) const { return nodes_[at].left + 1 == at; }
  bool goes_left(std::uint32_t at, const T* row) const;
  T value(const Tree& tree, std::uint32_t at, std::size_t i) const {
    return values_[tree.values + (at - tree.root) * tree.width + i];
  }
  double cover(std::uint32_t at) const { return cover_[at]; }

 private:
  struct Special {  // of the nodes that are not plain
    std::uint32_t node = 0;
    bool zero_missing = false;
    bool categorical = false;
    std::uint32_t begin = 0;  // words in bits_
    std::uint32_t words = 0;
  };

  Result<void> check(const RawTree<T>& tree) const;
  Result<void> lay_out(const RawTree<T>& tree, Tree& out, std::vector<std::int32_t>& order);
  Result<void> add_specials(const RawTree<T>& tree, const Tree& laid,
                            const std::vector<std::int32_t>& order);
  const Special* special(std::uint32_t at) const;
  bool is_match(const Special& special, T value) const;
  void walk_plain(const Tree& tree, const T* rows, std::size_t count, T* out) const;
  void walk_each(const Tree& tree, const T* rows, std::size_t count, T* out) const;
  void take_leaf(const Tree& tree, std::uint32_t leaf, T* out) const;

  std::size_t features_;
  std::size_t outputs_;
  CategoryRules rules_;
  bool has_cover_ = true;
  std::vector<Node> nodes_;
  std::vector<T> values_;
  std::vector<double> cover_;
  std::vector<Tree> trees_;
  std::vector<Special> specials_;  // by node
  std::vector<std::uint32_t> bits_;
};

extern template class Forest<float>;
extern template class Forest<double>;

}  // namespace slipway::drivers::trees
