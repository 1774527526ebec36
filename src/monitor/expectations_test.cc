// SPDX-License-Identifier: Apache-2.0
// Requests against the suite of their endpoint: what is refused, counted, remembered, alarmed.
#include "monitor/expectations.h"

#include "test_rig.h"

namespace slipway::monitor {
namespace {

constexpr auto kSuite = R"(
on_request: flag
rules:
  - {column: temp, min: -50, max: 60}
  - {column: temp, max: 1000, on_request: refuse}
  - {column: carrier, in: [UA, AA, B6], on_request: pass}
  - rows: {min: 10}
)";

class ExpectationsTest : public MonitorTest {
 protected:
  Result<void> ask(double temp, const std::string& carrier = "UA", int rows = 1) {
    static const auto columns = std::make_shared<const std::vector<std::string>>(
        std::vector<std::string>{"temp", "carrier"});
    Asked asked{.endpoint = "delays",
                .model = "flights",
                .version = "1",
                .request_id = "r" + std::to_string(next_++),
                .columns = columns,
                .rows = {}};
    for (int i = 0; i < rows; ++i) asked.rows.push_back({temp, carrier});
    return monitor_->expectations().look(asked);
  }
  void expect_suite(const std::string& yaml) {
    const auto set = monitor_->expectations().set("delays", yaml, "ann");
    ASSERT_TRUE(set) << set.error().message;
  }
};
INSTANTIATE_TEST_SUITE_P(Dialects, ExpectationsTest,
                         ::testing::ValuesIn(store::TestDatabase::dialects()), dialect_name);

TEST_P(ExpectationsTest, nothing_is_looked_at_without_a_suite) {
  EXPECT_FALSE(monitor_->expectations().watches("delays"));
  EXPECT_TRUE(ask(1e9));
  EXPECT_EQ(monitor_->expectations().get("delays").error().code, Code::not_found);
}

TEST_P(ExpectationsTest, each_rule_refuses_flags_or_lets_pass) {
  expect_suite(kSuite);
  EXPECT_TRUE(ask(20));
  EXPECT_TRUE(ask(70));
  EXPECT_TRUE(ask(20, "DL"));
  const auto refused = ask(5000);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::invalid_argument);
  EXPECT_EQ(refused.error().message,
            "refused by the expectations of endpoint 'delays': row 0: temp: <= 1000, found 5000");
  const auto seen = monitor_->expectations().get("delays");
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->rows, 4);
  EXPECT_EQ(seen->broken, 2);
  EXPECT_EQ(seen->refused, 1);
  ASSERT_EQ(seen->rules.size(), 3u);
  EXPECT_EQ(seen->rules[0].broken, 2);
  EXPECT_EQ(seen->rules[2].broken, 1);
  ASSERT_EQ(seen->recent.size(), 4u);
  EXPECT_EQ(seen->recent.back().found, "70");
  EXPECT_NE(meters_->prometheus_text().find(
                "slipway_expectation_broken_total{action=\"flag\",endpoint=\"delays\"} 2"),
            std::string::npos)
      << meters_->prometheus_text();
}

TEST_P(ExpectationsTest, a_suite_outlives_the_process_and_ends_with_its_endpoint) {
  expect_suite(kSuite);
  reopen();
  ASSERT_TRUE(monitor_->expectations().refresh());
  EXPECT_FALSE(ask(5000));
  EXPECT_EQ(monitor_->expectations().get("delays")->set_by, "ann");
  ASSERT_TRUE(monitor_->forget("delays"));
  EXPECT_TRUE(ask(5000));
  reopen();
  ASSERT_TRUE(monitor_->expectations().refresh());
  EXPECT_TRUE(ask(5000));
}

TEST_P(ExpectationsTest, another_process_sees_the_change) {
  Monitor other(*db_, events_, clock_, ids_, *meters_);
  expect_suite(kSuite);
  ASSERT_TRUE(other.expectations().refresh());
  EXPECT_TRUE(other.expectations().watches("delays"));
  ASSERT_TRUE(monitor_->expectations().remove("delays"));
  ASSERT_TRUE(other.expectations().refresh());
  EXPECT_FALSE(other.expectations().watches("delays"));
}

TEST_P(ExpectationsTest, a_suite_that_says_nothing_of_requests_is_refused) {
  const auto set = monitor_->expectations().set("delays", "rules: [{rows: 3}]", "ann");
  EXPECT_EQ(set.error().message, "suite: none of its rules can be told from a request");
  EXPECT_EQ(monitor_->expectations().set("delays", "rules: 3", "ann").error().message,
            "suite:1: a suite needs rules: a list of them");
}

TEST_P(ExpectationsTest, too_many_broken_rows_open_an_alert_and_good_ones_close_it) {
  set(R"({"window_rows": 100, "min_rows": 50, "max_bad_share": 0.1})");
  expect_suite(kSuite);
  EXPECT_TRUE(ask(20, "DL", 95));  // passed: not bad
  EXPECT_TRUE(ask(70, "UA", 5));
  ASSERT_TRUE(monitor_->flush());
  EXPECT_TRUE(alerts().empty());
  EXPECT_TRUE(ask(20, "UA", 80));
  EXPECT_TRUE(ask(70, "UA", 20));
  ASSERT_TRUE(monitor_->flush());
  ASSERT_EQ(alerts().size(), 1u);
  EXPECT_EQ(alerts()[0].kind, AlertKind::data);
  EXPECT_EQ(alerts()[0].message,
            "20 % of 100 rows broke the endpoint's expectations, at most 10 % may; most often: "
            "temp: >= -50 and <= 60");
  EXPECT_TRUE(ask(20, "UA", 100));
  ASSERT_TRUE(monitor_->flush());
  EXPECT_TRUE(alerts().empty());
}

TEST_P(ExpectationsTest, the_window_goes_on_after_a_restart) {
  set(R"({"window_rows": 100, "min_rows": 50, "max_bad_share": 0.1})");
  expect_suite(kSuite);
  EXPECT_TRUE(ask(70, "UA", 60));
  ASSERT_TRUE(monitor_->expectations().store());
  EXPECT_TRUE(ask(20, "UA", 5));  // not stored: what a second may lose
  EXPECT_EQ(monitor_->expectations().get("delays")->window_rows, 65);
  reopen();
  ASSERT_TRUE(monitor_->expectations().refresh());
  const auto seen = monitor_->expectations().get("delays");
  EXPECT_EQ(seen->rows, 0);
  EXPECT_EQ(seen->window_rows, 60);
  EXPECT_EQ(seen->window_broken, 60);
  EXPECT_EQ(seen->window_since, clock_.now());
  EXPECT_TRUE(ask(20, "UA", 40));
  ASSERT_TRUE(monitor_->flush());
  ASSERT_EQ(alerts().size(), 1u);
  EXPECT_TRUE(alerts()[0].message.starts_with("60 % of 100 rows broke")) << alerts()[0].message;
  EXPECT_TRUE(alerts()[0].message.ends_with("most often: temp: >= -50 and <= 60"));
}

TEST_P(ExpectationsTest, what_all_servers_saw_is_judged_together_and_once) {
  set(R"({"window_rows": 100, "min_rows": 50, "max_bad_share": 0.1})");
  expect_suite(kSuite);
  Monitor other(*db_, events_, clock_, ids_, *meters_);
  ASSERT_TRUE(other.expectations().refresh());
  static const auto columns =
      std::make_shared<const std::vector<std::string>>(std::vector<std::string>{"temp", "carrier"});
  Asked asked{.endpoint = "delays", .model = "flights", .version = "1", .columns = columns};
  for (int i = 0; i < 70; ++i) asked.rows.push_back({75.0, std::string("UA")});
  EXPECT_TRUE(other.expectations().look(asked));
  ASSERT_TRUE(other.expectations().store());
  EXPECT_TRUE(ask(20, "UA", 30));
  ASSERT_TRUE(monitor_->flush());
  ASSERT_EQ(alerts().size(), 1u);
  EXPECT_TRUE(alerts()[0].message.starts_with("70 % of 100 rows broke"));
  EXPECT_EQ(monitor_->expectations().get("delays")->window_rows, 0);
  EXPECT_EQ(other.expectations().get("delays")->window_rows, 0);
}

TEST_P(ExpectationsTest, a_window_closes_after_its_time_too) {
  set(R"({"window_rows": 1000, "min_rows": 50, "window_seconds": 60, "max_bad_share": 0.1})");
  expect_suite(kSuite);
  EXPECT_TRUE(ask(70, "UA", 50));
  ASSERT_TRUE(monitor_->flush());
  EXPECT_TRUE(alerts().empty());
  clock_.advance(60'000);
  ASSERT_TRUE(monitor_->flush());
  EXPECT_EQ(alerts().size(), 1u);
}

}  // namespace
}  // namespace slipway::monitor
