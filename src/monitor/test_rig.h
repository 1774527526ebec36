// SPDX-License-Identifier: Apache-2.0
// A monitor over a fresh database with a clock that stands still, and traffic for it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/text.h"
#include "meter/meter.h"
#include "monitor/monitor.h"
#include "store/test_database.h"

namespace slipway::monitor {

inline std::string dialect_name(const ::testing::TestParamInfo<store::Dialect>& info) {
  return info.param == store::Dialect::sqlite ? "sqlite" : "postgres";
}

class MonitorTest : public ::testing::TestWithParam<store::Dialect> {
 protected:
  MonitorTest() { reopen(); }

  // What a restart (or kill -9) leaves: the database, and nothing of the process.
  void reopen() {
    monitor_.reset();
    meters_ = std::make_unique<meter::Registry>();
    monitor_ = std::make_unique<Monitor>(*db_, events_, clock_, ids_, *meters_);
    monitor_->connect({.recording = [this](const std::string&, std::optional<double> rate,
                                           std::int64_t) { rate_ = rate.value_or(-1); }});
  }

  // Ids never repeat, also over a restart.
  void set(const std::string& document) {
    const auto changed = monitor_->set_settings("delays", document);
    ASSERT_TRUE(changed) << changed.error().message;
  }

  // `temp` spreads evenly over 0 .. 99 and `carrier` over UA, AA and B6.
  void learn(const std::string& version = "1", int rows = 600) {
    std::string csv = "temp,carrier\n";
    for (int i = 0; i < rows; ++i) {
      csv += number_text(i % 100 + 0.5) + "," + std::string(kCarriers[i % 3]) + "\n";
    }
    const auto table = read_table(csv);
    ASSERT_TRUE(table) << table.error().message;
    ASSERT_TRUE(monitor_->set_reference("flights", version, *table));
  }

  Captured row(double temp, std::string carrier, const std::string& version = "1") {
    static const auto schema = std::make_shared<const Schema>(
        Schema{{{"temp", false}, {"carrier", true}}, {{"late_probability", false}}});
    const int n = next_++;
    return {.endpoint = "delays",
            .model = "flights",
            .version = version,
            .request_id = "r" + std::to_string(n),
            .at = clock_.now(),
            .latency_us = 500 + n % 100,
            .schema = schema,
            .features = {temp, std::move(carrier)},
            .outputs = {(n % 10) / 10.0 + 0.05}};
  }

  // Rows like the reference, `shift` warmer. Not stored before the next flush().
  void traffic(int rows, double shift = 0, const std::string& version = "1") {
    std::vector<Captured> batch;
    for (int i = 0; i < rows; ++i) {
      batch.push_back(row((i * 37) % 100 + 0.5 + shift, kCarriers[i % 3], version));
      clock_.advance(1);
    }
    monitor_->capture(std::move(batch));
  }

  // A window's worth, compared.
  void window(double shift = 0, const std::string& version = "1") {
    traffic(200, shift, version);
    const auto flushed = monitor_->flush();
    ASSERT_TRUE(flushed) << flushed.error().message;
  }

  std::vector<DriftReport> reports() { return monitor_->reports("delays", "", {})->items; }
  std::vector<Alert> alerts(bool unresolved = true) {
    return monitor_->alerts().list({.unresolved = unresolved})->items;
  }

  static constexpr const char* kCarriers[] = {"UA", "AA", "B6"};

  store::TestDatabase db_{GetParam()};
  EventBus events_;
  FakeClock clock_{1'400'000'000'000};
  FakeIds ids_;
  std::unique_ptr<meter::Registry> meters_;
  std::unique_ptr<Monitor> monitor_;
  double rate_ = -1;
  int next_ = 0;
};

}  // namespace slipway::monitor
