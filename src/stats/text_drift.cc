// SPDX-License-Identifier: Apache-2.0
#include "stats/text_drift.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <numeric>
#include <random>
#include <unordered_map>
#include <utility>

#include "stats/quality.h"
#include "words.h"

namespace slipway::stats {
namespace {

constexpr std::uint32_t kSeed = 42;
constexpr std::uint32_t kLargest = 2'147'483'647;
constexpr double kMostOften = 0.5;  // share of the texts in which a word may be
constexpr double kPenalty = 1e-4;
constexpr int kEpochs = 50;
constexpr int kPatience = 5;
constexpr double kTolerance = 1e-3;
constexpr double kInterceptRate = 0.01;
constexpr std::size_t kMostWords = 10;
constexpr std::size_t kMostSimulated = 5'000;  // rows
constexpr int kSimulations = 1'000;

// At most `most`, all alike: bits are masked, and what is too large is drawn again.
std::uint32_t drawn(std::mt19937& random, std::uint32_t most) {
  std::uint32_t mask = most;
  for (const int shift : {1, 2, 4, 8, 16}) mask |= mask >> shift;
  while (true) {
    const auto value = static_cast<std::uint32_t>(random()) & mask;
    if (value <= most) return value;
  }
}

std::vector<std::size_t> permutation(std::size_t n) {
  std::mt19937 random(kSeed);
  std::vector<std::size_t> out(n);
  std::iota(out.begin(), out.end(), std::size_t{0});
  for (std::size_t i = n; i-- > 1;) {
    std::swap(out[i], out[drawn(random, static_cast<std::uint32_t>(i))]);
  }
  return out;
}

// A text as weighted words: places in the vocabulary, ascending.
struct Row {
  std::vector<std::uint32_t> words;
  std::vector<double> weights;
};

struct Counted {
  std::map<std::string, double> words;
  std::vector<std::string> order;  // in which they come first
};

Counted counted(const std::string& text) {
  Counted out;
  for (auto& word : words_of(text)) {
    if (is_stop_word(word)) continue;
    if (out.words[word] == 0) out.order.push_back(word);
    out.words[word] += 1;
  }
  return out;
}

class Vocabulary {
 public:
  explicit Vocabulary(const std::vector<Counted>& texts) {
    std::map<std::string, double> in_texts;
    std::unordered_map<std::string, std::uint32_t> seen;
    for (const auto& text : texts) {
      for (const auto& word : text.order) {
        in_texts[word] += 1;
        seen.try_emplace(word, static_cast<std::uint32_t>(seen.size()));
      }
    }
    const auto n = static_cast<double>(texts.size());
    for (const auto& [word, count] : in_texts) {
      if (count > kMostOften * n) continue;
      places_.emplace(word, static_cast<std::uint32_t>(words_.size()));
      words_.push_back(word);
      first_.push_back(seen[word]);
      rarity_.push_back(std::log((n + 1) / (count + 1)) + 1);
    }
  }

  // Sums over words are taken in the order of their places; when it is learnt from, in that of the
  // texts in which they come first: rounding can tip a threshold, and theirs does it so.
  Row row_of(const Counted& text, bool learnt) const {
    Row out;
    for (const auto& [word, count] : text.words) {
      const auto found = places_.find(word);
      if (found != places_.end()) out.words.push_back(found->second);
    }
    if (learnt) {
      std::sort(out.words.begin(), out.words.end(),
                [&](auto a, auto b) { return first_[a] < first_[b]; });
    }
    double squares = 0;
    for (const auto place : out.words) {
      const double count = text.words.find(words_[place])->second;
      const double weight = (std::log(count) + 1) * rarity_[place];
      out.weights.push_back(weight);
      squares += weight * weight;
    }
    for (double& weight : out.weights) weight /= std::sqrt(squares);
    return out;
  }
  const std::vector<std::string>& words() const { return words_; }

 private:
  std::unordered_map<std::string, std::uint32_t> places_;
  std::vector<std::string> words_;
  std::vector<std::uint32_t> first_;
  std::vector<double> rarity_;
};

// The order of rows of the next epoch (xorshift).
void shuffle(std::vector<std::size_t>& order, std::uint32_t seed) {
  for (std::size_t i = 0; i + 1 < order.size(); ++i) {
    if (seed == 0) seed = 1;
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    const auto value = static_cast<std::size_t>(seed % (kLargest + 1U));
    std::swap(order[i], order[i + value % (order.size() - i)]);
  }
}

class Linear {
 public:
  explicit Linear(std::size_t words) : weights_(words), taken_(words) {}

  void fit(const std::vector<Row>& rows, const std::vector<int>& ones) {
    std::mt19937 random(kSeed);
    drawn(random, kLargest - 2);
    const auto seed = drawn(random, kLargest - 1);
    std::vector<std::size_t> order(rows.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    double best = std::numeric_limits<double>::infinity();
    int stale = 0;
    for (int epoch = 0; epoch < kEpochs && stale < kPatience; ++epoch) {
      shuffle(order, seed);
      double sum = 0;
      for (const auto i : order) sum += learn(rows[i], ones[i] == 1 ? 1 : -1);
      const double mean = sum / static_cast<double>(rows.size());
      stale = mean > best - kTolerance ? stale + 1 : 0;
      best = std::min(best, mean);
    }
  }

  double score(const Row& row) const {
    double out = 0;
    for (std::size_t i = 0; i < row.words.size(); ++i) {
      out += weights_[row.words[i]] * row.weights[i];
    }
    return out + intercept_;
  }
  const std::vector<double>& weights() const { return weights_; }

 private:
  // Answers what the row cost before it was learnt from.
  double learn(const Row& row, double y) {
    const double p = score(row);
    const double rate = 1 / (kPenalty * (kFirst + time_ - 1));
    const double z = p * y;
    const double loss = z >= 1 ? 0 : z >= -1 ? (1 - z) * (1 - z) : -4 * z;
    const double slope = z >= 1 ? 0 : z >= -1 ? 2 * (1 - z) * -y : -4 * y;
    const double cost = loss + kPenalty * size_;
    const double update = -rate * slope;
    double size = 0;
    penalty_ += rate * kPenalty;
    intercept_ += update * kInterceptRate;
    for (std::size_t i = 0; i < row.words.size(); ++i) {
      double& weight = weights_[row.words[i]];
      double& taken = taken_[row.words[i]];
      weight += update * row.weights[i];
      const double grown = weight;
      size += std::abs(grown);
      if (weight > 0) {
        weight = std::max(0.0, weight - (penalty_ + taken));
      } else if (weight < 0) {
        weight = std::min(0.0, weight + (penalty_ - taken));
      }
      taken += weight - grown;
    }
    if (update != 0) size_ = size;
    time_ += 1;
    return cost;
  }

  static constexpr double kFirst = 1 / (10 * kPenalty);  // the first step's rate is 10
  std::vector<double> weights_;
  std::vector<double> taken_;  // by the penalty so far
  double intercept_ = 0;
  double penalty_ = 0;
  double size_ = 0;  // of the weights that the last step changed: what their stopping rule adds
  double time_ = 1;
};

void tell(const Vocabulary& vocabulary, const Linear& model, TextDrift& out) {
  std::vector<std::pair<double, std::size_t>> order;
  for (std::size_t i = 0; i < model.weights().size(); ++i) {
    if (model.weights()[i] != 0) order.emplace_back(model.weights()[i], i);
  }
  std::sort(order.begin(), order.end());
  for (std::size_t i = 0; i < std::min(order.size(), kMostWords); ++i) {
    const auto& [low, word] = order[i];
    if (low < 0) out.reference_words.push_back(vocabulary.words()[word]);
    const auto& [high, other] = order[order.size() - 1 - i];
    if (high > 0) out.current_words.push_back(vocabulary.words()[other]);
  }
}

}  // namespace

TextDrift text_drift(std::span<const std::string> reference, std::span<const std::string> current) {
  TextDrift out;
  const auto rows = reference.size() + current.size();
  const auto judged = (rows + 1) / 2;
  const auto order = permutation(rows);
  std::vector<Counted> texts;
  std::vector<int> ones;
  for (const auto at : order) {
    texts.push_back(
        counted(at < reference.size() ? reference[at] : current[at - reference.size()]));
    ones.push_back(at < reference.size() ? 0 : 1);
  }
  auto& truth = out.labels;
  truth.assign(ones.begin(), ones.begin() + static_cast<long>(judged));
  ones.erase(ones.begin(), ones.begin() + static_cast<long>(judged));
  std::vector<Counted> learnt(std::make_move_iterator(texts.begin() + static_cast<long>(judged)),
                              std::make_move_iterator(texts.end()));
  const auto both = [](const std::vector<int>& of) {
    return std::count(of.begin(), of.end(), 0) > 0 && std::count(of.begin(), of.end(), 1) > 0;
  };
  if (!both(truth) || !both(ones)) {
    out.error = "there are too few texts to learn from one half and ask about the other";
    return out;
  }
  const Vocabulary vocabulary(learnt);
  if (vocabulary.words().empty()) {
    out.error = "the texts have no word in common that is not in most of them";
    return out;
  }
  std::vector<Row> features;
  for (const auto& text : learnt) features.push_back(vocabulary.row_of(text, true));
  Linear model(vocabulary.words().size());
  model.fit(features, ones);
  std::vector<double> scores;
  for (std::size_t i = 0; i < judged; ++i) {
    const double score = std::clamp(model.score(vocabulary.row_of(texts[i], false)), -1.0, 1.0);
    scores.push_back((score + 1) / 2);
  }
  out.roc_auc = roc_auc(truth, scores);
  tell(vocabulary, model, out);
  return out;
}

double random_auc(std::span<const int> labels, double share) {
  const auto m = static_cast<double>(std::count(labels.begin(), labels.end(), 1));
  const auto n = static_cast<double>(labels.size()) - m;
  std::mt19937 random(kSeed);
  std::vector<double> found;
  if (labels.size() > kMostSimulated) {
    // Normal for so many rows; the quantile by bisection.
    double low = -10;
    double high = 10;
    for (int i = 0; i < 60; ++i) {
      const double z = (low + high) / 2;
      (std::erfc(-z / std::sqrt(2)) / 2 < share ? low : high) = z;
    }
    return 0.5 + low * std::sqrt((n + m + 1) / (12 * n * m));
  }
  std::vector<std::uint32_t> seeds(kSimulations);
  for (auto& seed : seeds) seed = drawn(random, kSimulations * 10 - 1);
  std::vector<std::pair<double, int>> rows(labels.size());
  for (const auto seed : seeds) {
    std::mt19937 one(seed);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto a = static_cast<double>(one() >> 5);
      const auto b = static_cast<double>(one() >> 6);
      rows[i] = {(a * 67108864 + b) / 9007199254740992.0, labels[i]};
    }
    std::sort(rows.begin(), rows.end());
    double ranks = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (rows[i].second == 1) ranks += static_cast<double>(i + 1);
    }
    found.push_back((ranks - m * (m + 1) / 2) / (n * m));
  }
  std::sort(found.begin(), found.end());
  const double position = share * static_cast<double>(found.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const auto above = std::min(below + 1, found.size() - 1);
  return found[below] + (position - std::floor(position)) * (found[above] - found[below]);
}

}  // namespace slipway::stats
