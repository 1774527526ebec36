// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

#include "analysis/drift.h"
#include "analysis/page.h"
#include "analysis/profile.h"
#include "analysis/values.h"

namespace slipway::analysis {
namespace {

namespace fs = std::filesystem;

class Analysis : public ::testing::Test {
 protected:
  Analysis() {
    auto pattern = (fs::temp_directory_path() / "slipway-analysis-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~Analysis() override { fs::remove_all(folder_); }

  std::unique_ptr<Table> table(const std::string& name, const std::string& text) {
    const auto path = folder_ / name;
    std::ofstream(path) << text;
    auto opened = Table::open(path.string(), {.library = SLIPWAY_DUCKDB_LIBRARY});
    EXPECT_TRUE(opened) << (opened ? "" : opened.error().message);
    return opened ? std::move(*opened) : nullptr;
  }
  Profile profile(const std::string& text) {
    const auto read = table("data.csv", text);
    auto made = profile_of(*read, [](std::size_t, std::size_t) {});
    EXPECT_TRUE(made) << (made ? "" : made.error().message);
    return made ? std::move(*made) : Profile{};
  }

  fs::path folder_;
};

TEST_F(Analysis, NumbersOfAColumn) {
  const auto made = profile("x\n1.5\n2.5\n\n4.0\n2.5\ninf\n");
  const auto& x = made.columns.at(0);
  EXPECT_EQ(x.type, stats::ColumnType::numerical);
  EXPECT_EQ(x.count, 5);
  EXPECT_EQ(x.nulls, 1);
  EXPECT_EQ(x.infinite, 1);
  EXPECT_EQ(x.unique, 4);
  EXPECT_DOUBLE_EQ(*x.min, 1.5);
  EXPECT_DOUBLE_EQ(*x.max, 4);
  EXPECT_DOUBLE_EQ(*x.mean, 2.625);
  EXPECT_NEAR(*x.std, 1.0307764064044151, 1e-15);
  ASSERT_EQ(x.quantiles.size(), 7U);
  EXPECT_DOUBLE_EQ(x.quantiles[2].second, 2.25);  // numpy.quantile([1.5, 2.5, 2.5, 4], 0.25)
  EXPECT_DOUBLE_EQ(x.quantiles[4].second, 2.875);
  EXPECT_DOUBLE_EQ(x.quantiles[6].second, 3.955);
  EXPECT_EQ(x.most_common.at(0).second, 2);
  EXPECT_DOUBLE_EQ(x.most_common.at(0).first.number, 2.5);
}

TEST_F(Analysis, OneValueHasQuantilesAndNoDeviation) {
  const auto made = profile("x,y\n7.5,a\n,b\n");
  EXPECT_FALSE(made.columns.at(0).std);
  for (const auto& [share, value] : made.columns.at(0).quantiles) EXPECT_EQ(value, 7.5);
}

TEST_F(Analysis, DefectsOfATable) {
  const auto made = profile("a,b,c,d,e\n1,1,k,,5\n2,2,k,,6\n2,2,k,,6\n,,,,\n3,3,k,,7\n");
  EXPECT_EQ(made.rows, 5);
  EXPECT_EQ(made.duplicate_rows, 1);
  EXPECT_EQ(made.empty_rows, 1);
  EXPECT_EQ(made.missing_cells, 1 + 1 + 1 + 5 + 1);
  EXPECT_EQ(made.empty_columns, (std::vector<std::string>{"d"}));
  EXPECT_EQ(made.constant_columns, (std::vector<std::string>{"c", "d"}));
  ASSERT_EQ(made.duplicate_columns.size(), 1U);
  EXPECT_EQ(made.duplicate_columns[0], (std::pair<std::string, std::string>{"a", "b"}));
}

TEST_F(Analysis, EmptyTableHasNoDefects) {
  const auto made = profile("a,b\n");
  EXPECT_EQ(made.rows, 0);
  EXPECT_EQ(made.duplicate_rows, 0);
  EXPECT_EQ(made.columns.size(), 2U);
  EXPECT_TRUE(made.almost_constant_columns.empty());
}

TEST_F(Analysis, DocumentKeepsTypesOfValues) {
  const auto text =
      profile_json(profile("n,t,flag,when\n1,a,true,2026-01-02\n2,b,false,2026-01-03\n"));
  EXPECT_NE(text.find(R"("name":"n","type":"categorical")"), std::string::npos) << text;
  EXPECT_NE(text.find(R"("most_common":[["a",1],["b",1]])"), std::string::npos) << text;
  EXPECT_NE(text.find(R"([true,1])"), std::string::npos) << text;
  EXPECT_NE(text.find(R"("min":"2026-01-02T00:00:00.000Z")"), std::string::npos) << text;
}

TEST(Page, IsBoundedWhateverTheData) {
  DriftReport report;
  OverTime time{.column = "at", .high = 1e12};
  for (int i = 0; i < 5000; ++i) {
    DriftedColumn column{.name = std::string(1000, 'n') + std::to_string(i),
                         .type = stats::ColumnType::categorical};
    column.drift = {.method = stats::Method::psi, .score = i * 1.2345678e-7, .drifted = true};
    column.picture.reference.assign(32, 0.123456789);
    column.picture.current.assign(32, 0.987654321);
    column.picture.labels.assign(11, std::string(1000, 'l'));
    report.columns.push_back(std::move(column));
  }
  for (int i = 0; i < 50; ++i) {
    time.lines.push_back({.name = report.columns[static_cast<std::size_t>(i)].name,
                          .reference = std::vector<double>(40, 1.23456789e-200),
                          .current = std::vector<double>(40, 1.23456789e-200)});
  }
  CorrelationChange together{.names = std::vector<std::string>(40, std::string(1000, 'n')),
                             .reference = Matrix(40, std::vector<double>(40, -0.5)),
                             .current = Matrix(40, std::vector<double>(40, -0.5))};
  const auto page = drift_page(report, together, time, {.reference = "was", .current = "is"});
  EXPECT_LT(page.size(), 2'000'000U);
  EXPECT_GT(page.size(), 100'000U);
}

TEST_F(Analysis, PageCannotBeBrokenOutOf) {
  const auto read = table("x.csv", "</script><b>,y\n<img src=x>,1\n&,2\n");
  const auto made = profile_of(*read, [](std::size_t, std::size_t) {});
  ASSERT_TRUE(made);
  const auto page = profile_page(*made, "</title><script>alert(1)</script>");
  EXPECT_EQ(page.find("<img"), std::string::npos);
  EXPECT_EQ(page.find("<script>alert"), std::string::npos);
  EXPECT_EQ(page.find("</script><b>"), std::string::npos);
}

TEST_F(Analysis, WorstColumnsComeFirst) {
  std::string was = "same,moved\n";
  std::string is = was;
  for (int i = 0; i < 200; ++i) {
    was += std::to_string(i) + ".5," + std::to_string(i) + ".5\n";
    is += std::to_string(i) + ".5," + std::to_string(i + 150) + ".5\n";
  }
  const auto before = table("was.csv", was);
  const auto now = table("is.csv", is + "\n");
  const auto report = drift_of(*before, *now, {.pictures = true}, [](std::size_t, std::size_t) {});
  ASSERT_TRUE(report);
  EXPECT_EQ(report->columns.at(worst_first(*report).at(0)).name, "moved");
  double sum = 0;
  for (const double share : report->columns.at(1).picture.current) sum += share;
  EXPECT_NEAR(sum, 1, 1e-9);
}

TEST_F(Analysis, MeansOverTimeKeepBothSidesOnOneAxis) {
  std::string was = "at,x\n";
  std::string is = "at,x\n";
  for (int i = 10; i < 20; ++i) was += "2026-01-" + std::to_string(i) + ",1.5\n";
  for (int i = 20; i < 30; ++i) is += "2026-01-" + std::to_string(i) + ",9.5\n";
  const auto before = table("was.csv", was);
  const auto now = table("is.csv", is);
  const auto report = drift_of(*before, *now, {}, [](std::size_t, std::size_t) {});
  ASSERT_TRUE(report);
  const auto time = means_over_time(*report, *before, *now);
  ASSERT_TRUE(time);
  EXPECT_EQ(time->column, "at");
  ASSERT_EQ(time->lines.size(), 1U);
  EXPECT_EQ(time->lines[0].reference.front(), 1.5);
  EXPECT_TRUE(std::isnan(time->lines[0].reference.back()));
  EXPECT_EQ(time->lines[0].current.back(), 9.5);
}

TEST(Values, ClippedKeepsWholeCharacters) {
  EXPECT_EQ(clipped("abc", 3), "abc");
  EXPECT_EQ(clipped("a\xC3\xA4"
                    "b",
                    2),
            "a\xE2\x80\xA6");
}

}  // namespace
}  // namespace slipway::analysis
