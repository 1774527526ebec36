// SPDX-License-Identifier: Apache-2.0
#include "analysis/correlations.h"

#include <cmath>
#include <limits>
#include <unordered_map>

#include "base/text.h"
#include "stats/correlation.h"

namespace slipway::analysis {
namespace {

using drivers::duckdb::Piece;

constexpr double kMostCells = 10e6;

// splitmix64's finaliser: even over consecutive numbers.
std::uint64_t mixed(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

// Texts or numbers as 0, 1, 2.. in the order in which they are seen.
class Coder {
 public:
  std::int32_t code_of(const Piece& piece, std::size_t row) {
    if (piece.missing[row]) return -1;
    if (!piece.texts.empty()) return next(texts_, piece.texts[row]);
    return next(numbers_, piece.numbers[row]);
  }

 private:
  template <class Key>
  static std::int32_t next(std::unordered_map<Key, std::int32_t>& codes, const Key& key) {
    return codes.try_emplace(key, static_cast<std::int32_t>(codes.size())).first->second;
  }

  std::unordered_map<std::string, std::int32_t> texts_;
  std::unordered_map<double, std::int32_t> numbers_;
};

struct Cells {
  std::vector<std::vector<double>> numbers;
  std::vector<std::vector<std::int32_t>> codes;
  std::int64_t rows = 0;
};

Result<Cells> read(const Table& table, const std::vector<std::string>& numerical,
                   const std::vector<std::string>& categorical) {
  Cells out;
  out.numbers.resize(numerical.size());
  out.codes.resize(categorical.size());
  auto names = numerical;
  names.insert(names.end(), categorical.begin(), categorical.end());
  const double share =
      kMostCells / static_cast<double>(table.rows()) / static_cast<double>(names.size());
  const auto chance = share >= 1 ? ~std::uint64_t{0} : static_cast<std::uint64_t>(share * 0x1p64);
  std::vector<Coder> coders(categorical.size());
  std::uint64_t row = 0;
  SW_CHECK_OK(table.scan(names, [&](const std::vector<Piece>& columns, std::size_t rows) {
    for (std::size_t i = 0; i < rows; ++i, ++row) {
      if (share < 1 && mixed(row) >= chance) continue;
      ++out.rows;
      for (std::size_t k = 0; k < numerical.size(); ++k) {
        const double x = columns[k].numbers[i];
        out.numbers[k].push_back(std::isinf(x) ? std::nan("") : x);
      }
      for (std::size_t k = 0; k < categorical.size(); ++k) {
        out.codes[k].push_back(coders[k].code_of(columns[numerical.size() + k], i));
      }
    }
    return Result<void>{};
  }));
  return out;
}

template <class Pair>
Matrix matrix(std::size_t size, Pair pair) {
  Matrix out(size, std::vector<double>(size, 1));
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t k = 0; k < i; ++k) out[i][k] = out[k][i] = pair(i, k);
  }
  return out;
}

Matrix spearman_of(const std::vector<std::vector<double>>& columns) {
  std::vector<stats::Ranked> ranked;
  ranked.reserve(columns.size());
  for (const auto& column : columns) ranked.emplace_back(column);
  return matrix(columns.size(), [&](std::size_t i, std::size_t k) {
    return stats::spearman(ranked[i], ranked[k]);
  });
}

void bound(std::vector<std::string>& names) {
  if (names.size() > kMostCorrelated) names.resize(kMostCorrelated);
}

}  // namespace

Result<Correlations> correlate(const Table& table, const std::vector<std::string>& numerical,
                               const std::vector<std::string>& categorical, bool with_spearman) {
  Correlations out{.numerical = numerical, .categorical = categorical};
  bound(out.numerical);
  bound(out.categorical);
  if (out.numerical.empty() && out.categorical.empty()) return out;
  SW_TRY(const auto cells, read(table, out.numerical, out.categorical));
  out.rows = cells.rows;
  out.pearson = matrix(out.numerical.size(), [&](std::size_t i, std::size_t k) {
    return stats::pearson(cells.numbers[i], cells.numbers[k]);
  });
  if (with_spearman) out.spearman = spearman_of(cells.numbers);
  out.cramer_v = matrix(out.categorical.size(), [&](std::size_t i, std::size_t k) {
    return stats::cramer_v(cells.codes[i], cells.codes[k]);
  });
  return out;
}

}  // namespace slipway::analysis
