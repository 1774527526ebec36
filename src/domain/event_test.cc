// SPDX-License-Identifier: Apache-2.0
#include "domain/event.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace slipway {
namespace {

TEST(EventBus, DeliversInOrderToEverySubscriber) {
  EventBus bus;
  std::vector<std::string> first;
  std::vector<std::string> second;
  const auto a = bus.subscribe([&](const Event& e) { first.push_back(e.type); });
  const auto b = bus.subscribe([&](const Event& e) { second.push_back(e.type); });

  bus.publish({.type = "one"});
  bus.publish({.type = "two"});
  bus.drain();

  EXPECT_EQ(first, (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(second, first);
}

TEST(EventBus, AnEndedSubscriptionHearsNothing) {
  EventBus bus;
  int heard = 0;
  auto token = bus.subscribe([&](const Event&) { ++heard; });
  bus.publish({.type = "one"});
  bus.drain();
  token.reset();

  bus.publish({.type = "two"});
  bus.drain();

  EXPECT_EQ(heard, 1);
}

TEST(EventBus, ASubscriberMayPublishAndEndItself) {
  EventBus bus;
  int heard = 0;
  std::shared_ptr<void> token;
  token = bus.subscribe([&](const Event& e) {
    ++heard;
    if (e.type == "one") {
      bus.publish({.type = "two"});
    } else {
      token.reset();
    }
  });

  bus.publish({.type = "one"});
  bus.drain();
  bus.publish({.type = "three"});
  bus.drain();

  EXPECT_EQ(heard, 2);
}

}  // namespace
}  // namespace slipway
