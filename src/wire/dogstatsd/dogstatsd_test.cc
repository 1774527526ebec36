// SPDX-License-Identifier: Apache-2.0
#include "wire/dogstatsd/dogstatsd.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "meter/meter.h"

namespace slipway::wire::dogstatsd {
namespace {

using Lines = std::vector<std::string>;

std::vector<meter::Snapshot> read(const meter::Registry& meters) {
  return meter::read_prometheus(meters.prometheus_text());
}

TEST(DogStatsD, counters_are_increments_and_gauges_values) {
  meter::Registry meters;
  auto& asked = meters.counter("asked_total", "h", {{"endpoint", "a"}, {"code", "200"}});
  auto& waiting = meters.gauge("waiting", "h");
  asked.add(3);
  waiting.set(1.5);
  const auto first = read(meters);
  EXPECT_EQ(datagrams(first, {}, kUdpBytes),
            Lines{"asked_total:3|c|#code:200,endpoint:a\nwaiting:1.5|g"});
  asked.add(2);
  const auto second = read(meters);
  EXPECT_EQ(datagrams(second, first, kUdpBytes),
            Lines{"asked_total:2|c|#code:200,endpoint:a\nwaiting:1.5|g"});
  EXPECT_EQ(datagrams(second, second, kUdpBytes), Lines{"waiting:1.5|g"});
}

TEST(DogStatsD, a_histogram_is_its_count_and_sum) {
  meter::Registry meters;
  auto& took = meters.histogram("took_seconds", "h", {}, {0.1, 1});
  took.observe(0.05);
  took.observe(0.5);
  EXPECT_EQ(datagrams(read(meters), {}, kUdpBytes),
            Lines{"took_seconds.count:2|c\ntook_seconds.sum:0.55|c"});
}

TEST(DogStatsD, datagrams_hold_whole_lines_and_bounded_bytes) {
  meter::Registry meters;
  for (int i = 0; i < 200; ++i) {
    meters.gauge("g", "h", {{"column", std::to_string(i) + std::string(30, 'x')}}).set(i);
  }
  std::size_t lines = 0;
  for (const auto& packet : datagrams(read(meters), {}, 500)) {
    EXPECT_LE(packet.size(), 500u);
    EXPECT_NE(packet.back(), '\n');
    lines += 1 + static_cast<std::size_t>(std::count(packet.begin(), packet.end(), '\n'));
  }
  EXPECT_EQ(lines, 200u);
}

TEST(DogStatsD, what_means_something_there_is_no_part_of_a_tag) {
  meter::Registry meters;
  meters.gauge("g", "h", {{"column", "a|b,c:d#\n\"\\"}}).set(1);
  EXPECT_EQ(datagrams(read(meters), {}, kUdpBytes), Lines{"g:1|g|#column:a_b_c_d__\"\\"});
}

}  // namespace
}  // namespace slipway::wire::dogstatsd
