// SPDX-License-Identifier: Apache-2.0
// Detectors on the stream of predictions and of errors: found, told once, kept over restarts.
#include "test_rig.h"

namespace slipway::monitor {
namespace {

class ChangesTest : public MonitorTest {
 protected:
  void SetUp() override {
    set(R"({"window_rows": 100000, "detectors": [)" + std::string(kRules) + "]}");
  }

  static constexpr const char* kRules =
      R"({"kind": "adwin"}, {"kind": "page_hinkley"}, {"kind": "cusum"},
         {"kind": "e_detector", "average_run_length": 100000})";

  // Predictions that spread over 0 .. 0.5, higher by `shift`.
  void predict(int rows, double shift) {
    std::vector<Captured> batch;
    for (int i = 0; i < rows; ++i) {
      auto captured = row(1, "UA");
      state_ = state_ * 6364136223846793005u + 1442695040888963407u;
      captured.outputs = {0.5 * static_cast<double>(state_ >> 40) / (1 << 24) + shift};
      batch.push_back(std::move(captured));
      clock_.advance(1);
    }
    monitor_->capture(std::move(batch));
    ASSERT_TRUE(monitor_->flush());
  }

  std::vector<Alert> changes() {
    auto all = alerts();
    std::erase_if(all, [](const Alert& a) { return a.kind != AlertKind::change; });
    return all;
  }

  std::uint64_t state_ = 7;
};
INSTANTIATE_TEST_SUITE_P(Dialects, ChangesTest,
                         ::testing::ValuesIn(store::TestDatabase::dialects()), dialect_name);

TEST_P(ChangesTest, AStillStreamRaisesNothing) {
  for (int i = 0; i < 10; ++i) predict(500, 0);
  EXPECT_TRUE(changes().empty());
}

TEST_P(ChangesTest, EachDetectorFindsAChange) {
  for (const std::string kind : {"adwin", "page_hinkley", "cusum", "e_detector"}) {
    set(R"({"detectors": [{"kind": ")" + kind + R"("}]})");
    for (int i = 0; i < 4; ++i) predict(500, 0);
    EXPECT_TRUE(changes().empty()) << kind;
    for (int i = 0; i < 2; ++i) predict(500, 0.25);
    const auto found = changes();
    ASSERT_EQ(found.size(), 1u) << kind;
    EXPECT_TRUE(found[0].message.starts_with(kind + " sees a change of the predictions"))
        << found[0].message;
    const auto watched = monitor_->settings("delays");
    ASSERT_TRUE(monitor_->alerts().close(found[0].id, "me", *watched));
    set(R"({"detectors": []})");
  }
}

TEST_P(ChangesTest, ARestartChangesNothing) {
  // The same stream without and with a restart after each batch finds the change at the same value.
  std::vector<double> seen;
  for (const bool restarts : {false, true}) {
    state_ = 7;
    set(R"({"detectors": [{"kind": "e_detector"}]})");
    for (int i = 0; i < 14; ++i) {
      predict(150, i < 8 ? 0 : 0.15);
      if (restarts) reopen();
    }
    ASSERT_EQ(changes().size(), 1u);
    seen.push_back(changes()[0].value);
    ASSERT_TRUE(monitor_->forget("delays"));
  }
  EXPECT_EQ(seen[0], seen[1]);
  EXPECT_GT(seen[0], 1200);
}

TEST_P(ChangesTest, LateOutcomesShowThatTheSameInputsNowMeanSomethingElse) {
  set(R"({"detectors": [{"kind": "e_detector", "on": "error", "average_run_length": 10000}]})");
  int asked = next_;
  predict(3000, 0);  // the predictions stay as they are
  const auto outcomes = [&](int rows, int wrong_of_ten) {
    std::vector<Label> labels;
    for (int i = 0; i < rows; ++i, ++asked) {
      // Below 0.5 everything is predicted 0.
      labels.push_back({"r" + std::to_string(asked), i % 10 < wrong_of_ten ? "1" : "0"});
    }
    ASSERT_TRUE(monitor_->feedback("delays", labels));
  };
  outcomes(1000, 1);
  EXPECT_TRUE(changes().empty());
  outcomes(300, 6);
  ASSERT_EQ(changes().size(), 1u);
  EXPECT_NE(changes()[0].message.find("sees a change of the errors"), std::string::npos);
}

TEST_P(ChangesTest, AGreenWindowClosesTheAlert) {
  set(R"({"window_rows": 1000, "detectors": [{"kind": "adwin"}]})");
  learn();
  predict(1000, 0);
  predict(500, 0.25);
  ASSERT_EQ(changes().size(), 1u);
  predict(500, 0.25);  // the window in which it was seen
  EXPECT_EQ(changes().size(), 1u);
  predict(1000, 0.25);
  EXPECT_TRUE(changes().empty());
}

TEST_P(ChangesTest, RulesAreChecked) {
  for (const char* wrong :
       {R"([{"kind": "magic"}])", R"([{"on": "weather"}])", R"([{"delta": 0}])",
        R"([{"kind": "adwin"}, {"kind": "adwin"}])", R"({"kind": "adwin"})", R"([{"speed": 1}])"}) {
    const auto changed =
        monitor_->set_settings("delays", R"({"detectors": )" + std::string(wrong) + "}");
    ASSERT_FALSE(changed) << wrong;
    EXPECT_NE(changed.error().message.find("detectors"), std::string::npos)
        << changed.error().message;
  }
  const auto stored = monitor_->settings("delays");
  EXPECT_EQ(stored->detectors.size(), 4u);
  EXPECT_EQ(settings_from_json(settings_to_json(*stored, true))->detectors, stored->detectors);
}

}  // namespace
}  // namespace slipway::monitor
