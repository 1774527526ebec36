// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "drivers/duckdb/table.h"

namespace slipway::drivers::duckdb {
namespace {

namespace fs = std::filesystem;

class TableTest : public ::testing::Test {
 protected:
  TableTest() { fs::create_directories(folder_); }
  ~TableTest() override { fs::remove_all(folder_); }

  std::string file(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name, std::ios::binary) << text;
    return (folder_ / name).string();
  }
  Result<std::unique_ptr<Table>> open(const std::string& path) {
    return Table::open(path, {.library = SLIPWAY_DUCKDB_LIBRARY, .memory = "256MiB"});
  }

  fs::path folder_ =
      fs::temp_directory_path() / ("duckdb-test-" + std::to_string(::getpid()) + "-" +
                                   ::testing::UnitTest::GetInstance()->current_test_info()->name());
};

TEST_F(TableTest, ReadsCsvWithTypesAndMissingValues) {
  const auto table = open(file("a.csv",
                               "n,x,s,b,t\n1,0.5,red,True,2026-03-01 10:00:00\n"
                               "2,NA,\"a, b\",False,2026-03-01 10:00:01\n,1e3,,True,\n"));
  ASSERT_TRUE(table.ok()) << table.error().message;

  const auto& fields = (*table)->fields();
  ASSERT_EQ(fields.size(), 5u);
  EXPECT_EQ(fields[0].type, Type::integer);
  EXPECT_EQ(fields[1].type, Type::real);
  EXPECT_EQ(fields[2].type, Type::text);
  EXPECT_EQ(fields[3].type, Type::boolean);
  EXPECT_EQ(fields[4].type, Type::time);
  EXPECT_EQ((*table)->rows(), 3);

  std::size_t seen = 0;
  const auto scanned =
      (*table)->scan({"x", "s", "t"}, [&](const auto& columns, std::size_t rows) -> Result<void> {
        seen += rows;
        EXPECT_EQ(columns[0].numbers[0], 0.5);
        EXPECT_TRUE(columns[0].missing[1]);
        EXPECT_TRUE(std::isnan(columns[0].numbers[1]));
        EXPECT_EQ(columns[1].texts[1], "a, b");
        EXPECT_TRUE(columns[1].missing[2]);
        EXPECT_EQ(columns[2].numbers[1] - columns[2].numbers[0], 1000);
        return {};
      });
  EXPECT_TRUE(scanned.ok());
  EXPECT_EQ(seen, 3u);
}

TEST_F(TableTest, ReadsJsonLines) {
  const auto table = open(file("a.jsonl", "{\"a\": 1, \"b\": \"x\"}\n{\"a\": 2.5, \"b\": null}\n"));
  ASSERT_TRUE(table.ok()) << table.error().message;
  EXPECT_EQ((*table)->find("a")->type, Type::real);
  EXPECT_EQ((*table)->rows(), 2);
}

TEST_F(TableTest, GroupsComeInOrderAcrossManyRows) {
  std::string text = "v\n";
  for (int i = 0; i < 20'000; ++i) text += std::to_string((i * 7919) % 10'000) + "\n";
  const auto table = open(file("a.csv", text));
  ASSERT_TRUE(table.ok()) << table.error().message;
  double last = -1;
  double total = 0;
  const auto done = (*table)->groups("v", [&](const Piece& values, const auto& counts) {
    for (std::size_t i = 0; i < counts.size(); ++i) {
      EXPECT_EQ(values.numbers[i], last + 1);
      last = values.numbers[i];
      total += counts[i];
    }
    return Result<void>{};
  });
  EXPECT_TRUE(done.ok());
  EXPECT_EQ(last, 9'999);
  EXPECT_EQ(total, 20'000);
}

TEST_F(TableTest, AggregatesAndOddNames) {
  const auto table = open(file("a.csv", "\"we \"\"ird\"\n1\n3\n"));
  ASSERT_TRUE(table.ok()) << table.error().message;
  const auto name = Table::quoted("we \"ird");
  const auto got = (*table)->numbers("sum(" + name + "), stddev_samp(" + name + "), max(NULL)");
  ASSERT_TRUE(got.ok()) << got.error().message;
  ASSERT_EQ(got->size(), 3u);
  EXPECT_EQ((*got)[0], 4);
  EXPECT_NEAR((*got)[1], std::sqrt(2), 1e-12);
  EXPECT_TRUE(std::isnan((*got)[2]));
}

TEST_F(TableTest, NamesAreTakenAsTheyStand) {
  const auto table = open(file("a.csv", ",null,\"b,\n\"\n0,1,x\n1,2,y\n"));
  ASSERT_TRUE(table.ok()) << table.error().message;
  ASSERT_EQ((*table)->fields().size(), 3u);
  EXPECT_EQ((*table)->fields()[0].name, "Unnamed: 0");
  EXPECT_EQ((*table)->fields()[1].name, "null");
  EXPECT_EQ((*table)->fields()[2].name, "b,\n");
  EXPECT_EQ((*table)->rows(), 2);
  const auto twice = open(file("b.csv", "x,x\n1,2\n"));
  ASSERT_FALSE(twice.ok());
  EXPECT_NE(twice.error().message.find("two columns 'x'"), std::string::npos);
}

TEST_F(TableTest, ARecordOfAnotherLengthIsRefusedWithItsLine) {
  const auto table = open(file("a.csv", "a,b\n1,2\n3\n"));
  ASSERT_FALSE(table.ok());
  EXPECT_NE(table.error().message.find("line 3"), std::string::npos) << table.error().message;
}

TEST_F(TableTest, WhatCannotBeReadIsNamed) {
  EXPECT_EQ(open((folder_ / "none.csv").string()).error().code, Code::not_found);
  EXPECT_EQ(open(file("empty.csv", "")).error().code, Code::invalid_argument);
  const auto broken = open(file("a.parquet", "PAR1 this is no Parquet file PAR1"));
  ASSERT_FALSE(broken.ok());
  EXPECT_NE(broken.error().message.find("a.parquet"), std::string::npos);
  const auto fine = open(file("a.csv", "v\n1\n"));
  ASSERT_TRUE(fine.ok());
  EXPECT_EQ((*fine)->scan({"w"}, {}).error().code, Code::not_found);
  EXPECT_EQ(Table::open("a.csv", {.library = "/nonexistent.so"}).ok(), false);
}

TEST_F(TableTest, ReachesNoOtherFile) {
  const auto other = file("secret.csv", "s\n1\n");
  const auto table = open(file("a.csv", "v\n1\n"));
  ASSERT_TRUE(table.ok()) << table.error().message;
  EXPECT_FALSE((*table)->numbers("(SELECT max(s) FROM read_csv('" + other + "'))").ok());
}

}  // namespace
}  // namespace slipway::drivers::duckdb
