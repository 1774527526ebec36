// SPDX-License-Identifier: Apache-2.0
// ADWIN and Page-Hinkley against river (testdata/make_detectors.py); run lengths by simulation.
#include "stats/detectors.h"

#include <cmath>
#include <fstream>
#include <functional>
#include <random>
#include <sstream>

#include <gtest/gtest.h>

namespace slipway::stats {
namespace {

struct Recorded {
  std::string kind;
  double parameter = 0;
  std::uint64_t seed = 0;
  std::size_t n = 0;
  double spread = 0;
  double means[3] = {};
  double mean = 0;
  double width = 0;
  std::vector<std::size_t> changes;
};

std::vector<Recorded> recorded() {
  std::ifstream file(STATS_TESTDATA "/detectors.txt");
  std::vector<Recorded> out;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("#")) continue;
    std::istringstream words(line);
    Recorded r;
    std::size_t count = 0;
    words >> r.kind >> r.parameter >> r.seed >> r.n >> r.spread;
    words >> r.means[0] >> r.means[1] >> r.means[2] >> r.mean >> r.width >> count;
    r.changes.resize(count);
    for (auto& at : r.changes) words >> at;
    out.push_back(std::move(r));
  }
  return out;
}

std::vector<double> stream(const Recorded& r) {
  std::vector<double> out;
  std::uint64_t x = r.seed;
  for (std::size_t i = 0; i < r.n; ++i) {
    x = (x * 1103515245 + 12345) % (std::uint64_t{1} << 31);
    const double u = static_cast<double>((x >> 8) % 10007) / 10007;
    const double mean = r.means[i * 3 / r.n];
    out.push_back(r.spread == 0 ? (u < mean ? 1.0 : 0.0) : mean + r.spread * (u - 0.5));
  }
  return out;
}

std::unique_ptr<Detector> detector(const Recorded& r) {
  if (r.kind == "adwin") return std::make_unique<Adwin>(Adwin::Options{.delta = r.parameter});
  PageHinkley::Options options{.threshold = r.parameter};
  if (r.parameter == 10) options.delta = 0.01;
  return std::make_unique<PageHinkley>(options);
}

std::vector<std::size_t> changes(Detector& detector, const std::vector<double>& values) {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (detector.update(values[i])) out.push_back(i);
  }
  return out;
}

TEST(Detectors, SeeChangesWhereRiverDoes) {
  std::size_t seen = 0;
  for (const auto& r : recorded()) {
    const auto d = detector(r);
    EXPECT_EQ(changes(*d, stream(r)), r.changes) << r.kind << " " << r.parameter << " " << r.seed;
    seen += r.changes.size();
    if (r.kind != "adwin") continue;
    const auto& adwin = static_cast<const Adwin&>(*d);
    EXPECT_NEAR(adwin.mean(), r.mean, 1e-9);
    EXPECT_EQ(adwin.width(), r.width);
  }
  EXPECT_GT(seen, 20u);
}

TEST(Detectors, GoOnWhereTheyWereStopped) {
  for (const auto& r : recorded()) {
    const auto values = stream(r);
    std::vector<std::size_t> found;
    auto d = detector(r);
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (d->update(values[i])) found.push_back(i);
      if (i % 777 != 0) continue;
      auto next = detector(r);
      ASSERT_TRUE(next->restore(d->state()));
      d = std::move(next);
    }
    EXPECT_EQ(found, r.changes) << r.kind;
    EXPECT_FALSE(d->restore(std::vector<double>{1, 2, 99}));
  }
}

// How many values until the first alarm, on average over `runs` streams.
double run_length(const std::function<std::unique_ptr<Detector>()>& make, int runs, double shift,
                  std::size_t most) {
  std::mt19937_64 random(5);
  double sum = 0;
  for (int run = 0; run < runs; ++run) {
    const auto d = make();
    std::size_t i = 1;
    while (i < most) {
      const double u = static_cast<double>(random() >> 11) * 0x1p-53;
      if (d->update(std::min(1.0, u + shift))) break;
      ++i;
    }
    sum += static_cast<double>(i);
  }
  return sum / runs;
}

TEST(Detectors, TheEDetectorKeepsItsAverageRunLength) {
  const auto make = [] {
    return std::make_unique<EDetector>(EDetector::Options{.average_run_length = 2'000});
  };
  // Stopped at 40,000: what is seen is at most what it is.
  EXPECT_GE(run_length(make, 100, 0, 40'000), 2'000);
  EXPECT_LE(run_length(make, 100, 0.1, 40'000), 250);
  EXPECT_LE(run_length(make, 100, 0.3, 40'000), 60);
}

TEST(Detectors, TheEDetectorHoldsForValuesThatAreNotEven) {
  std::mt19937_64 random(8);
  double sum = 0;
  for (int run = 0; run < 60; ++run) {
    EDetector d({.mean = 0.1, .average_run_length = 1'000});
    std::size_t i = 1;
    while (i < 20'000 && !d.update(random() % 10 == 0 ? 1.0 : 0.0)) ++i;
    sum += static_cast<double>(i);
  }
  EXPECT_GE(sum / 60, 1'000);
}

TEST(Detectors, TheCusumKeepsItsAverageRunLengthNearly) {
  const double h = Cusum::threshold_for(1'000, 0.25);
  EXPECT_NEAR(Cusum::threshold_for(1e6, 0.25), 23.7, 0.1);
  const auto make = [&] {
    return std::make_unique<Cusum>(
        Cusum::Options{.mean = 0.5, .deviation = std::sqrt(1.0 / 12), .threshold = h});
  };
  const double length = run_length(make, 300, 0, 40'000);
  EXPECT_GE(length, 800);
  EXPECT_LE(length, 1'600);
  EXPECT_LE(run_length(make, 100, 0.2, 40'000), 30);
}

TEST(Detectors, RanksAreEvenWhateverTheDistribution) {
  const Ranks ranks({3, 1, 2, 2});
  EXPECT_EQ(ranks.of(0), 0);
  EXPECT_EQ(ranks.of(1), 0.125);
  EXPECT_EQ(ranks.of(2), 0.5);
  EXPECT_EQ(ranks.of(9), 1);
  EXPECT_EQ(Ranks({}).of(1), 0.5);
}

}  // namespace
}  // namespace slipway::stats
