// SPDX-License-Identifier: Apache-2.0
#include "analysis/expectations.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

namespace slipway::analysis {
namespace {

namespace fs = std::filesystem;

const Advance kQuiet = [](std::size_t, std::size_t) {};
const Timestamp kNow{1'767'225'600'000};  // 2026-01-01

class Expectations : public ::testing::Test {
 protected:
  Expectations() {
    auto pattern = (fs::temp_directory_path() / "slipway-check-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~Expectations() override { fs::remove_all(folder_); }

  std::unique_ptr<Table> table(const std::string& text) {
    const auto path = folder_ / "data.csv";
    std::ofstream(path) << text;
    auto opened = Table::open(path.string(), {.library = SLIPWAY_DUCKDB_LIBRARY});
    EXPECT_TRUE(opened) << (opened ? "" : opened.error().message);
    return opened ? std::move(*opened) : nullptr;
  }

  CheckReport report(const std::string& csv, const std::string& rules) {
    const auto suite = expectation::parse_suite("rules:\n" + rules, "s.yaml");
    EXPECT_TRUE(suite) << (suite ? "" : suite.error().message);
    const auto read = table(csv);
    auto made = check_table(*read, *suite, kNow, kQuiet);
    EXPECT_TRUE(made) << (made ? "" : made.error().message);
    return made ? std::move(*made) : CheckReport{};
  }

  // "passed" or what was found, of each check.
  std::vector<std::string> found(const std::string& csv, const std::string& rules) {
    std::vector<std::string> out;
    for (const auto& finding : report(csv, rules).findings) {
      out.push_back(finding.skipped ? "skipped" : finding.passed ? "passed" : found_of(finding));
    }
    return out;
  }

  fs::path folder_;
};

using Words = std::vector<std::string>;

const std::string kCsv =
    "id,age,city,when,net,tax,gross\n"
    "1,10,NYC,2025-12-31 22:00:00,1.5,0.5,2.0\n"
    "2,20,LON,2025-12-31 20:00:00,2.5,0.5,3.0\n"
    "3,,nyc,2025-12-30 10:00:00,3.5,0.5,4.5\n"
    "3,140,PAR,2025-12-29 10:00:00,,0.5,4.5\n";

TEST_F(Expectations, judge_row_by_row) {
  EXPECT_EQ(found(kCsv, R"(
  - {column: age, min: 0, max: 120}
  - {column: age, min: 0, max: 120, mostly: 0.6}
  - {column: age, not_null: true}
  - {column: city, in: [NYC, LON, PAR]}
  - {column: city, not_in: [BER]}
  - {column: city, matches: "^[A-Z]{3}$"}
  - {column: city, not_matches: "^x"}
  - {column: city, length: 3}
  - {column: id, unique: true}
  - {compare: [net, <, gross]}
  - {sum: [net, tax], equals: gross}
  - {unique_together: [id, city]}
  - {unique_together: [id, tax]}
)"),
            (Words{"1 of 3 rows, first row 4: 140", "passed", "1 of 4 rows, first row 3",
                   "1 of 4 rows, first row 3: nyc", "passed", "1 of 4 rows, first row 3: nyc",
                   "passed", "passed", "2 of 4 rows, first row 3: 3", "passed",
                   "1 of 3 rows, first row 3: 3.5, 0.5, 4.5", "passed",
                   "2 of 4 rows, first row 3: 3, 0.5"}));
}

TEST_F(Expectations, judge_columns_as_a_whole) {
  EXPECT_EQ(found(kCsv, R"(
  - rows: {min: 4, max: 4}
  - rows: 5
  - column_count: 7
  - {column: age, nulls: 0.2}
  - {column: age, nulls: 0.25}
  - {column: age, distinct: 3}
  - {column: net, mean: {min: 2.5, max: 2.5}}
  - {column: net, std: 1}
  - {column: net, median: {max: 2}}
  - {column: net, total: 7.5}
  - {column: net, quantiles: {0: 1.5, 1: {max: 3}}}
  - {column: when, newest: 2h}
  - {column: when, newest: 1h}
)"),
            (Words{"passed", "4", "passed", "0.25", "passed", "passed", "passed", "passed", "2.5",
                   "passed", "passed", "3.5", "passed", "7200"}));
}

TEST_F(Expectations, judge_names_and_types) {
  EXPECT_EQ(found(kCsv, R"(
  - schema: {columns: [id, age]}
  - schema: [id, age]
  - schema: {columns: [age, id], ordered: true}
  - {column: gone, required: true}
  - {column: id, type: integer}
  - {column: age, type: number}
  - {column: net, type: integer}
  - {column: city, type: [text, time]}
  - {column: when, type: time, min: 2025-12-29, below: 2025-12-31}
  - {column: absent, min: 0}
  - {column: absent, min: 0, required: false}
)"),
            (Words{"passed", "not expected: city, when, net, tax, gross", "the order is another",
                   "not there: gone", "passed", "passed", "it is DOUBLE", "passed", "passed",
                   "2 of 4 rows, first row 1: 2025-12-31 22:00:00", "the column is not there",
                   "skipped"}));
}

TEST_F(Expectations, what_cannot_be_judged_fails_and_ends_nothing) {
  EXPECT_EQ(found(kCsv, R"(
  - {column: city, mean: {min: 1}}
  - {column: city, min: 0}
  - {column: age, in: [a]}
  - {column: age, newest: 1h}
  - {column: when, min: 0}
  - {compare: [age, <, city]}
  - {sum: [age, gone], equals: net}
  - {column: age, max: 200}
)"),
            (Words{"the column holds no numbers", "the column holds no numbers",
                   "the column holds no texts, the list does", "the column holds no times",
                   "the column holds times, the limits are numbers",
                   "the columns hold different things", "column 'gone' is not there", "passed"}));
}

TEST_F(Expectations, an_empty_table_fails_unless_it_may_be_empty) {
  const std::string empty = "x\n";
  const auto strict = report(empty, "  - {column: x, not_null: true}\n");
  EXPECT_FALSE(strict.passed);
  EXPECT_EQ(found_of(strict.findings[0]), "the table is empty, so nothing was judged");
  EXPECT_TRUE(report(empty, "  - rows: {min: 0}\n  - {column: x, not_null: true}\n").passed);
  EXPECT_FALSE(report(empty, "  - rows: {min: 1}\n").passed);
}

TEST_F(Expectations, warnings_fail_nothing) {
  const auto made = report(kCsv, "  - {column: age, max: 120, severity: warning}\n");
  EXPECT_TRUE(made.passed);
  EXPECT_FALSE(made.findings[0].passed);
  EXPECT_EQ(summary_of(made), "1 checks of 4 rows: 0 failed, 1 warnings");
}

TEST_F(Expectations, names_with_quotes_are_names) {
  EXPECT_EQ(found("\"a \"\"b\"\"\",c'd\n1,x'y\n2,z\n",
                  "  - {column: 'a \"b\"', min: 2}\n  - {column: \"c'd\", in: [\"x'y\", z]}\n"),
            (Words{"1 of 2 rows, first row 1: 1", "passed"}));
}

TEST_F(Expectations, a_suggested_suite_is_passed_by_its_table_and_not_by_another) {
  std::string csv = "id,code,kind,x,flag,when,nothing\n";
  std::string other = csv;
  for (int i = 0; i < 300; ++i) {
    const auto id = std::to_string(i);
    const auto line = id + ",N" + std::to_string(100 + i) + "-AB," + (i % 3 == 0 ? "red" : "blue");
    csv += line + "," + (i % 10 == 0 ? "" : std::to_string(i) + ".5") + ",true,2026-01-01,\n";
    other += line + "," + std::to_string(-i) + ".5,true,2026-01-01,\n";
  }
  const auto read = table(csv);
  const auto profile = profile_of(*read, kQuiet);
  ASSERT_TRUE(profile);
  const auto text = suggest_suite(*read, *profile, "data", kNow);
  ASSERT_TRUE(text);
  EXPECT_NE(text->find("in: [\"blue\", \"red\"]"), std::string::npos) << *text;
  EXPECT_NE(text->find("^[A-Z][0-9]{3}\\\\-[A-Z]{2}$"), std::string::npos) << *text;
  EXPECT_NE(text->find("{column: \"id\", type: integer, not_null: true, unique: true}"),
            std::string::npos)
      << *text;
  const auto suite = expectation::parse_suite(*text, "suggested.yaml");
  ASSERT_TRUE(suite) << suite.error().message;
  const auto same = check_table(*read, *suite, kNow, kQuiet);
  ASSERT_TRUE(same);
  for (const auto& f : same->findings) EXPECT_TRUE(f.passed) << f.label << ": " << found_of(f);
  const auto moved = table(other);
  EXPECT_FALSE(check_table(*moved, *suite, kNow, kQuiet)->passed);
}

TEST_F(Expectations, the_document_says_what_was_judged) {
  const auto text = check_json(report(kCsv, "  - {column: age, max: 120}\n"), "data.csv");
  EXPECT_EQ(text,
            "{\"suite\":null,\"file\":\"data.csv\",\"rows\":4,\"passed\":false,\"failed\":1,"
            "\"checks\":[{\"rule\":\"age: <= 120\",\"kind\":\"range\",\"column\":\"age\","
            "\"line\":2,\"severity\":\"error\",\"passed\":false,\"skipped\":false,\"mostly\":1,"
            "\"judged\":3,\"unexpected\":1,\"observed\":null,\"detail\":null,"
            "\"examples\":[{\"row\":4,\"value\":\"140\"}]}]}");
}

}  // namespace
}  // namespace slipway::analysis
