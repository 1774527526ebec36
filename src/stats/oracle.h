// SPDX-License-Identifier: Apache-2.0
// Reading testdata/oracle.txt: a kind, the inputs, and what scipy answers.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace slipway::stats {

// Equal to 1e-9, relative to the answer, down to the smallest that a double holds with all digits.
inline void expect_equal(double got, double want, const std::string& what) {
  if (std::isnan(want)) return;
  if (std::isinf(want) || want == 0) {
    EXPECT_TRUE(got == want || std::abs(got) < 1e-15) << what << ": " << got << " for " << want;
    return;
  }
  EXPECT_NEAR(got / want, 1, 1e-9) << what << ": " << got << " for " << want;
}

// p-values whose own reference is a difference from 1 are only that exact.
inline void expect_probability(double got, double want, const std::string& what) {
  if (std::abs(got - want) < 1e-13) return;
  expect_equal(got, want, what);
}

// The sample that `n seed modulus add` stands for, ascending.
inline std::vector<double> sample(std::istream& line) {
  std::uint64_t n = 0;
  std::uint64_t seed = 0;
  std::uint64_t modulus = 1;
  double add = 0;
  line >> n >> seed >> modulus >> add;
  std::vector<double> out;
  for (std::uint64_t i = 0; i < n; ++i) {
    const std::uint64_t x = (i * 2654435761u + seed) & 0xFFFFFFFFu;
    out.push_back(static_cast<double>(x % modulus) + add);
  }
  std::sort(out.begin(), out.end());
  return out;
}

inline double number(std::istream& line) {
  std::string text;
  line >> text;
  return std::strtod(text.c_str(), nullptr);
}

inline std::vector<std::string> oracle(const std::string& kind) {
  std::ifstream file(STATS_ORACLE);
  std::vector<std::string> out;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(kind + " ")) out.push_back(line.substr(kind.size() + 1));
  }
  EXPECT_GE(out.size(), 7u) << STATS_ORACLE;
  return out;
}

}  // namespace slipway::stats
