// SPDX-License-Identifier: Apache-2.0
#include "shap.h"

#include <algorithm>

namespace slipway::drivers::trees {
namespace {

constexpr std::uint32_t kDeepest = 512;
constexpr std::uint32_t kNoFeature = UINT32_MAX;

// One split on the way from the root: the share of the training rows that goes this way when the
// feature is unknown (`zero`), whether the row goes this way (`one`), and the weight of the subsets
// of that size.
struct Step {
  std::uint32_t feature = kNoFeature;
  double zero = 0;
  double one = 0;
  double weight = 0;
};

void extend(Step* path, std::size_t depth, double zero, double one, std::uint32_t feature) {
  path[depth] = {feature, zero, one, depth == 0 ? 1.0 : 0.0};
  const auto size = static_cast<double>(depth + 1);
  for (std::size_t i = depth; i-- > 0;) {
    path[i + 1].weight += one * path[i].weight * static_cast<double>(i + 1) / size;
    path[i].weight = zero * path[i].weight * static_cast<double>(depth - i) / size;
  }
}

// Takes step `at` back out.
void unwind(Step* path, std::size_t depth, std::size_t at) {
  const double one = path[at].one;
  const double zero = path[at].zero;
  const auto size = static_cast<double>(depth + 1);
  double next = path[depth].weight;
  for (std::size_t i = depth; i-- > 0;) {
    if (one != 0) {
      const double before = path[i].weight;
      path[i].weight = next * size / (static_cast<double>(i + 1) * one);
      next = before - path[i].weight * zero * static_cast<double>(depth - i) / size;
    } else {
      path[i].weight = path[i].weight * size / (zero * static_cast<double>(depth - i));
    }
  }
  for (std::size_t i = at; i < depth; ++i) {
    path[i].feature = path[i + 1].feature;
    path[i].zero = path[i + 1].zero;
    path[i].one = path[i + 1].one;
  }
}

// The sum of the weights as they would be without step `at`.
double unwound_sum(const Step* path, std::size_t depth, std::size_t at) {
  const double one = path[at].one;
  const double zero = path[at].zero;
  const auto size = static_cast<double>(depth + 1);
  double next = path[depth].weight;
  double sum = 0;
  for (std::size_t i = depth; i-- > 0;) {
    if (one != 0) {
      const double weight = next * size / (static_cast<double>(i + 1) * one);
      sum += weight;
      next = path[i].weight - weight * zero * static_cast<double>(depth - i) / size;
    } else if (zero != 0) {
      sum += path[i].weight * size / (zero * static_cast<double>(depth - i));
    }
  }
  return sum;
}

template <class T>
class Walk {
 public:
  Walk(const Forest<T>& forest, const typename Forest<T>::Tree& tree, const T* row, double* out)
      : forest_(forest), tree_(tree), row_(row), out_(out) {
    const auto most = std::size_t{tree.depth} + 2;
    steps_.resize(most * (most + 1) / 2 + most);
  }

  void run() { visit(tree_.root, steps_.data(), 0, 1, 1, kNoFeature); }

 private:
  void visit(std::uint32_t at, Step* path, std::size_t depth, double zero, double one,
             std::uint32_t feature) {
    extend(path, depth, zero, one, feature);
    if (forest_.is_leaf(at)) return leave(at, path, depth);
    const auto& node = forest_.node(at);
    const auto split = node.feature & ~Forest<T>::kDefaultLeft;
    const bool left = forest_.goes_left(at, row_);
    const auto hot = node.left + (left ? 0 : 1);
    const auto cold = node.left + (left ? 1 : 0);
    const double here = forest_.cover(at);
    const double hot_share = here > 0 ? forest_.cover(hot) / here : 0;
    const double cold_share = here > 0 ? forest_.cover(cold) / here : 0;
    double zero_before = 1;
    double one_before = 1;
    const auto again = std::find_if(path + 1, path + depth + 1,
                                    [&](const Step& step) { return step.feature == split; });
    if (again != path + depth + 1) {
      zero_before = again->zero;
      one_before = again->one;
      unwind(path, depth, static_cast<std::size_t>(again - path));
      --depth;
    }
    Step* below = path + depth + 1;
    std::copy(path, path + depth + 1, below);
    visit(hot, below, depth + 1, hot_share * zero_before, one_before, split);
    std::copy(path, path + depth + 1, below);
    visit(cold, below, depth + 1, cold_share * zero_before, 0, split);
  }

  void leave(std::uint32_t at, const Step* path, std::size_t depth) {
    for (std::size_t i = 1; i <= depth; ++i) {
      const double share = unwound_sum(path, depth, i) * (path[i].one - path[i].zero);
      for (std::uint32_t k = 0; k < tree_.width; ++k) {
        const auto output = tree_.width == 1 ? tree_.group : k;
        out_[output * forest_.features() + path[i].feature] +=
            share * static_cast<double>(forest_.value(tree_, at, k));
      }
    }
  }

  const Forest<T>& forest_;
  const typename Forest<T>::Tree& tree_;
  const T* row_;
  double* out_;
  std::vector<Step> steps_;
};

}  // namespace

template <class T>
Result<void> check_explainable(const Forest<T>& forest) {
  if (!forest.has_cover()) {
    return Error{
        Code::unimplemented, "the model's file does not tell the weights of its nodes", {}};
  }
  for (const auto& tree : forest.all()) {
    if (tree.depth > kDeepest) {
      return Error{Code::unimplemented, "a tree is deeper than 512, which is not explained", {}};
    }
  }
  return {};
}

template <class T>
void add_contributions(const Forest<T>& forest, const T* row, double* out) {
  for (const auto& tree : forest.all()) Walk<T>(forest, tree, row, out).run();
}

template <class T>
std::vector<double> expected_values(const Forest<T>& forest) {
  std::vector<double> out(forest.outputs(), 0);
  for (const auto& tree : forest.all()) {
    const double all = forest.cover(tree.root);
    for (std::uint32_t at = tree.root; at < tree.root + tree.size; ++at) {
      if (!forest.is_leaf(at)) continue;
      const double share = at == tree.root ? 1 : all > 0 ? forest.cover(at) / all : 0;
      for (std::uint32_t k = 0; k < tree.width; ++k) {
        out[tree.width == 1 ? tree.group : k] +=
            share * static_cast<double>(forest.value(tree, at, k));
      }
    }
  }
  return out;
}

template Result<void> check_explainable(const Forest<float>&);
template Result<void> check_explainable(const Forest<double>&);
template void add_contributions(const Forest<float>&, const float*, double*);
template void add_contributions(const Forest<double>&, const double*, double*);
template std::vector<double> expected_values(const Forest<float>&);
template std::vector<double> expected_values(const Forest<double>&);

}  // namespace slipway::drivers::trees
