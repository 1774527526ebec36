// SPDX-License-Identifier: Apache-2.0
// Months of traffic without drift, and with one that begins: how often an alarm is false, and how
// soon a shift is found. SLIPWAY_SIMULATED_MONTHS=1000 gives the figures of
// docs/guides/monitoring.md; without it some months are enough to see that they hold.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <map>

#include <gtest/gtest.h>

#include "base/text.h"
#include "quality.h"
#include "streams.h"
#include "window.h"

namespace slipway::monitor {
namespace {

constexpr std::size_t kReferenceRows = 2'000;
constexpr std::size_t kWindowRows = 1'000;
constexpr int kDays = 30;  // a window a day
constexpr const char* kCarriers[] = {"UA", "B6", "EV", "DL", "AA", "MQ"};

int months() {
  const char* wanted = std::getenv("SLIPWAY_SIMULATED_MONTHS");
  return wanted == nullptr ? 8 : static_cast<int>(parse_int(wanted).value_or(8));
}

class Draw {
 public:
  explicit Draw(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15u + 1) {}
  double even() {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return (static_cast<double>(state_ >> 11) + 0.5) * 0x1p-53;
  }
  double normal() {
    return std::sqrt(-2 * std::log(even())) * std::cos(2 * 3.14159265358979324 * even());
  }

 private:
  std::uint64_t state_;
};

// Ten columns of different kinds; `shift` moves the first by so many standard deviations.
struct Row {
  std::array<double, 6> numbers;
  std::array<std::string, 4> texts;
};

Row row(Draw& draw, double shift) {
  Row out;
  out.numbers = {draw.normal() + shift,
                 std::exp(draw.normal()),
                 -std::log(draw.even()),
                 std::floor(draw.even() * 24) + 0.5,
                 draw.even(),
                 draw.normal() * draw.normal()};
  for (auto& text : out.texts) {
    const double u = draw.even();
    text = kCarriers[static_cast<std::size_t>(6 * u * u)];
  }
  return out;
}

std::string name_of_column(std::size_t i) {
  return "c" + std::to_string(i);
}

Profile reference(std::uint64_t seed) {
  Draw draw(seed);
  Profile out{.rows = kReferenceRows};
  std::array<ProfileColumn, 10> columns;
  for (std::size_t i = 0; i < kReferenceRows; ++i) {
    const auto r = row(draw, 0);
    for (std::size_t c = 0; c < 6; ++c) columns[c].sample.values.push_back(single(r.numbers[c]));
    for (std::size_t c = 0; c < 4; ++c) ++columns[6 + c].sample.counts[r.texts[c]];
  }
  for (std::size_t c = 0; c < 10; ++c) {
    auto& column = columns[c];
    column.name = name_of_column(c);
    column.present = kReferenceRows;
    column.sample.type = c < 6 ? stats::ColumnType::numerical : stats::ColumnType::categorical;
    auto& values = column.sample.values;
    std::sort(values.begin(), values.end());
    if (!values.empty()) {
      column.min = values.front();
      column.max = values.back();
    }
    out.columns.push_back(std::move(column));
  }
  return out;
}

Window window(Draw& draw, double shift) {
  Window out{.endpoint = "e", .rows = kWindowRows, .kept = kWindowRows};
  for (std::size_t c = 0; c < 10; ++c) {
    out.columns.push_back({.field = {name_of_column(c), c >= 6}});
  }
  for (std::size_t i = 0; i < kWindowRows; ++i) {
    const auto r = row(draw, shift);
    for (std::size_t c = 0; c < 6; ++c) out.columns[c].numbers.push_back(single(r.numbers[c]));
    for (std::size_t c = 0; c < 4; ++c) ++out.columns[6 + c].counts[r.texts[c]];
  }
  return out;
}

struct Alarms {
  int windows = 0;
  int twice = 0;  // with `windows: 2`
  int months = 0;
  int months_twice = 0;
  bool last = false;
  bool this_month = false;
  bool this_month_twice = false;

  void add(bool red) {
    windows += red ? 1 : 0;
    if (red && last) {
      ++twice;
      this_month_twice = true;
    }
    this_month |= red;
    last = red;
  }
  void end_month() {
    months += this_month ? 1 : 0;
    months_twice += this_month_twice ? 1 : 0;
    last = this_month = this_month_twice = false;
  }
};

double percent(int part, int all) {
  return std::round(10'000.0 * part / all) / 100;
}

TEST(FalseAlarms, WindowsWithoutDriftAlarmAtMostAsOftenAsStated) {
  Settings bonferroni;
  Settings fdr;
  fdr.correction = stats::Correction::fdr;
  Alarms a;
  Alarms b;
  for (int month = 0; month < months(); ++month) {
    const auto profile = reference(static_cast<std::uint64_t>(1'000 + month));
    Draw draw(static_cast<std::uint64_t>(500'000 + month));
    for (int day = 0; day < kDays; ++day) {
      const auto traffic = window(draw, 0);
      a.add(evaluate(traffic, profile, bonferroni).dataset_drift);
      b.add(evaluate(traffic, profile, fdr).dataset_drift);
    }
    a.end_month();
    b.end_month();
  }
  const int windows = months() * kDays;
  const int all = months();
  for (const auto& [name, found] : {std::pair("bonferroni", a), std::pair("fdr", b)}) {
    std::cout << name << ": " << percent(found.windows, windows) << " % of " << windows
              << " windows, " << percent(found.months, all) << " % of " << all
              << " months; with windows: 2 " << percent(found.twice, windows) << " % of windows, "
              << percent(found.months_twice, all) << " % of months\n";
    // 5 % is stated, plus three standard errors of so many windows (of one month they hang
    // together by its reference).
    const double sure = 3 * std::sqrt(0.05 * 0.95 / windows * 3);
    EXPECT_LE(found.windows, (0.05 + sure) * windows) << name;
  }
}

TEST(FalseAlarms, AShiftIsFoundWithinTheStatedWindows) {
  for (const auto& [shift, stated] : {std::pair(0.1, 12), std::pair(0.25, 1), std::pair(0.5, 1)}) {
    int found = 0;
    int within = 0;
    double delay = 0;
    const int all = std::max(months() / 4, 4);
    for (int month = 0; month < all; ++month) {
      const auto profile = reference(static_cast<std::uint64_t>(7'000 + month));
      Draw draw(static_cast<std::uint64_t>(900'000 + month));
      int day = 1;
      while (day < kDays && !evaluate(window(draw, shift), profile, {}).dataset_drift) ++day;
      found += day < kDays ? 1 : 0;
      within += day <= stated ? 1 : 0;
      delay += day;
    }
    std::cout << "one of ten columns shifted by " << shift << " standard deviations: found in "
              << percent(found, all) << " % of months, after " << delay / all
              << " windows on average, within " << stated << " in " << percent(within, all)
              << " %\n";
    if (shift < 0.25) continue;
    EXPECT_GE(within, all * 9 / 10) << shift;
  }
}

struct Told {
  int alarms = 0;
  double delay = 0;
  int missed = 0;
};

// 30,000 predictions a month; from the 10,000th on they are shifted.
Told told(const DetectorRule& rule, double shift, int all) {
  Told out;
  for (int month = 0; month < all; ++month) {
    Draw draw(static_cast<std::uint64_t>(3'000'000 + month));
    std::vector<double> known;
    for (int i = 0; i < 10'000; ++i) known.push_back(draw.normal());
    Stream stream(rule, std::move(known));
    int seen = 0;
    for (int i = 0; i < 30'000 && seen == 0; ++i) {
      const bool shifted = shift != 0 && i >= 10'000;
      const bool told = stream.update(draw.normal() + (shifted ? shift : 0));
      if (told && (shift == 0 || shifted)) seen = i + 1;  // a false one before is no finding
    }
    if (shift == 0) {
      out.alarms += seen > 0 ? 1 : 0;
    } else if (seen > 10'000) {
      out.delay += seen - 10'000;
    } else {
      ++out.missed;
    }
  }
  if (all > out.missed) out.delay /= all - out.missed;
  return out;
}

TEST(FalseAlarms, DetectorsAlarmAtMostAsOftenAsStatedAndSoonEnough) {
  using Kind = DetectorRule::Kind;
  const int all = months();
  for (const auto kind : {Kind::adwin, Kind::page_hinkley, Kind::cusum, Kind::e_detector}) {
    const DetectorRule rule{.kind = kind};
    const auto still = told(rule, 0, all);
    std::cout << name_of(kind) << ": false alarms in " << percent(still.alarms, all)
              << " % of months of 30,000 predictions; delay";
    for (const double shift : {0.1, 0.25, 0.5}) {
      const auto found = told(rule, shift, std::max(all / 4, 4));
      std::cout << ", " << std::round(found.delay) << " at " << shift << " sd";
      if (found.missed > 0) std::cout << " (" << found.missed << " not found)";
      if (shift == 0.5) {
        EXPECT_EQ(found.missed, 0) << name_of(kind);
        EXPECT_LE(found.delay, 1'000) << name_of(kind);
      }
    }
    std::cout << "\n";
    // n / average run length: 3 %, and three standard errors.
    if (kind == Kind::e_detector) {
      EXPECT_LE(still.alarms, 0.03 * all + 3 * std::sqrt(0.03 * all));
    }
  }
}

// Outcomes of scores that are right about their own chance; `flipped` of the labels are turned
// over.
std::vector<Outcome> outcomes(Draw& draw, int rows, double flipped) {
  std::vector<Outcome> out;
  for (int i = 0; i < rows; ++i) {
    const double score = draw.even();
    const bool one = draw.even() < score;
    const bool turned = draw.even() < flipped;
    Outcome outcome{.label = one != turned ? "1" : "0"};
    outcome.answer.score = score;
    outcome.answer.prediction = number_text(score);
    out.push_back(std::move(outcome));
  }
  return out;
}

double share_below(const std::vector<double>& values, double bound) {
  const auto below =
      std::count_if(values.begin(), values.end(), [&](double x) { return x < bound; });
  return static_cast<double>(below) / static_cast<double>(values.size());
}

// A bound three standard errors below the usual value: 0.135 % of windows by the normal law.
TEST(FalseAlarms, BoundsOfQualityAndBusinessAlarmAsSeldomAsTheirDistanceSays) {
  constexpr int kQualityRows = 500;  // 60 windows a month
  std::map<std::string, std::vector<double>> still;
  std::map<std::string, std::vector<double>> fallen;
  std::vector<double> rates;
  Draw draw(77);
  for (int window = 0; window < months() * 60; ++window) {
    for (const auto& [name, value] : metrics_of(outcomes(draw, kQualityRows, 0))) {
      still[name].push_back(value);
    }
    if (window % 4 == 0) {
      for (const auto& [name, value] : metrics_of(outcomes(draw, kQualityRows, 0.2))) {
        fallen[name].push_back(value);
      }
    }
    if (window % 2 == 1) continue;
    int conversions = 0;  // of a thousand predictions, the usual window of business events
    for (int i = 0; i < 1'000; ++i) conversions += draw.even() < 0.05 ? 1 : 0;
    rates.push_back(conversions / 1'000.0);
  }
  still["conversion rate"] = rates;
  const std::map<std::string, std::pair<double, double>> usual{
      {"accuracy", {0.75, std::sqrt(0.75 * 0.25 / kQualityRows)}},
      {"roc_auc", {5.0 / 6, 0.0182}},
      {"conversion rate", {0.05, std::sqrt(0.05 * 0.95 / 1'000)}}};
  for (const auto& [name, known] : usual) {
    const auto& [mean, error] = known;
    const double bound = mean - 3 * error;
    const double alarms = share_below(still[name], bound);
    std::cout << name << " below " << bound << ": " << alarms * 100 << " % of "
              << still[name].size() << " windows without a change";
    EXPECT_LE(alarms, 0.004 + 3 * std::sqrt(0.004 / static_cast<double>(still[name].size())));
    if (fallen.contains(name)) {
      const double found = share_below(fallen[name], bound);
      std::cout << ", " << found * 100 << " % when one label in five is turned over";
      EXPECT_GE(found, 0.9) << name;
    }
    std::cout << "\n";
  }
}

}  // namespace
}  // namespace slipway::monitor
