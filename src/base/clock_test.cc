// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

TEST(Clock, Rfc3339RoundTrips) {
  EXPECT_EQ(to_rfc3339({0}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(to_rfc3339({1'364'817'600'123}), "2013-04-01T12:00:00.123Z");
  EXPECT_EQ(parse_rfc3339("2013-04-01T12:00:00.123Z")->ms, 1'364'817'600'123);
  EXPECT_EQ(parse_rfc3339("2013-04-01T14:00:00.1234567+02:00")->ms, 1'364'817'600'123);
  EXPECT_EQ(parse_rfc3339("2013-04-01")->ms, 1'364'774'400'000);
  EXPECT_EQ(to_rfc3339({-1}), "1969-12-31T23:59:59.999Z");
}

TEST(Clock, WhatIsNoTimeIsRefused) {
  for (const char* text : {"", "yesterday", "2013-13-01", "2013-02-30T00:00:00Z",
                           "2013-04-01T12:00Z", "2013-04-01T12:00:00", "2013-04-01T25:00:00Z",
                           "2013-04-01T12:00:00Zx", "-013-04-01", "2013-04-01T12:00:00.Z"}) {
    EXPECT_FALSE(parse_rfc3339(text)) << text;
  }
}

}  // namespace
}  // namespace slipway
