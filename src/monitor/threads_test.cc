// SPDX-License-Identifier: Apache-2.0
// The real thing: background threads, a real clock, and callers from everywhere. For the thread
// sanitizer, and for what only happens when things happen at once.
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/text.h"
#include "meter/meter.h"
#include "monitor/monitor.h"
#include "store/test_database.h"

namespace slipway::monitor {
namespace {

constexpr int kBatches = 40;
constexpr int kRows = 250;

std::vector<Captured> batch(int thread, int number) {
  static const auto schema =
      std::make_shared<const Schema>(Schema{{{"x", false}}, {{"score", false}}});
  std::vector<Captured> out;
  for (int i = 0; i < kRows; ++i) {
    out.push_back({.endpoint = "e" + std::to_string(thread % 2),
                   .model = "m",
                   .version = "1",
                   .request_id = std::to_string(thread) + "-" + std::to_string(number) + "/" +
                                 std::to_string(i),
                   .at = system_clock().now(),
                   .latency_us = 100,
                   .schema = schema,
                   .features = {i % 50 + (number > 20 ? 30.0 : 0.0)},
                   .outputs = {i % 2 == 0 ? 0.2 : 0.8}});
  }
  return out;
}

std::vector<Label> labels(int thread, int number) {
  std::vector<Label> out;
  for (int i = 0; i < kRows; ++i) {
    const std::string id =
        std::to_string(thread) + "-" + std::to_string(number) + "/" + std::to_string(i);
    out.push_back({id, i % 2 == 0 ? "0" : "1"});
  }
  return out;
}

TEST(Threads, NothingIsLostOrCountedTwice) {
  store::TestDatabase db;
  EventBus events;
  meter::Registry meters;
  std::atomic<int> hooks = 0;
  Monitor monitor(*db, events, system_clock(), system_ids(), meters);
  monitor.connect({.send = [&](const fetch::Request&) {
    ++hooks;
    return Result<fetch::Response>(fetch::Response{.status = 204});
  }});
  monitor.start();
  std::string csv = "x\n";
  for (int i = 0; i < 500; ++i) csv += number_text(i % 50 + 0.5) + "\n";
  for (const char* endpoint : {"e0", "e1"}) {
    ASSERT_TRUE(monitor.set_settings(
        endpoint, R"({"window_rows": 1000, "min_rows": 100, "webhooks": ["http://hook/"]})"));
  }
  ASSERT_TRUE(monitor.set_reference("m", "1", *read_table(csv)));

  std::vector<std::thread> callers;
  std::atomic<std::int64_t> waiting = 0;
  for (int t = 0; t < 2; ++t) {
    callers.emplace_back([&, t] {
      for (int n = 0; n < kBatches; ++n) monitor.capture(batch(t, n));
    });
    callers.emplace_back([&, t] {
      for (int n = 0; n < kBatches; ++n) {
        const auto answer = monitor.feedback("e" + std::to_string(t), labels(t, n));
        EXPECT_TRUE(answer);
        EXPECT_EQ(answer->accepted + answer->unknown, kRows);
        waiting += answer->waiting;
      }
    });
  }
  callers.emplace_back([&] {
    for (int i = 0; i < 40; ++i) {
      EXPECT_TRUE(monitor.reports("e0", "", {}));
      EXPECT_TRUE(monitor.quality("e1", "", {}));
      EXPECT_TRUE(monitor.alerts().list({}));
      EXPECT_TRUE(monitor.set_settings("e0", R"({"min_rows": 100})"));
      EXPECT_FALSE(meters.prometheus_text().empty());
    }
  });
  for (auto& caller : callers) caller.join();
  ASSERT_TRUE(monitor.flush());
  monitor.stop();

  for (const char* endpoint : {"e0", "e1"}) {
    const auto quality = monitor.labelled_quality(endpoint, "m", "1", {0});
    ASSERT_TRUE(quality);
    EXPECT_EQ(quality->labelled, kBatches * kRows) << endpoint;
    EXPECT_EQ(quality->correct, kBatches * kRows);
    std::int64_t rows = 0;
    const auto reports = monitor.reports(endpoint, "", {.size = 1'000});
    for (const auto& report : reports->items) rows += report.rows;
    EXPECT_GT(rows, kBatches * kRows - 1'000);
    EXPECT_LE(rows, kBatches * kRows);
  }
  EXPECT_GT(hooks, 0);
}

}  // namespace
}  // namespace slipway::monitor
