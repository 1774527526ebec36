// SPDX-License-Identifier: Apache-2.0
#include "events.h"

#include <cstring>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

namespace slipway::drivers::tensorboard {
namespace {

std::string bytes_of(auto number) {
  return std::string(reinterpret_cast<const char*>(&number), sizeof number);
}

std::string record_of(const std::string& data) {
  const auto length = bytes_of(static_cast<std::uint64_t>(data.size()));
  return length + bytes_of(masked_crc(length)) + data + bytes_of(masked_crc(data));
}

std::string field(int number, const std::string& content) {
  return std::string{static_cast<char>(number << 3 | 2), static_cast<char>(content.size())} +
         content;
}

// An event at 2 s, step 7, with one summary value.
std::string event_of(const std::string& value) {
  return std::string("\x09") + bytes_of(2.0) + "\x10\x07" + field(5, field(1, value));
}

class EventsTest : public ::testing::Test {
 protected:
  void write(const std::string& bytes) { std::ofstream(path_, std::ios::binary) << bytes; }
  RecordEnd read(std::vector<std::string>& out) {
    return *read_records(path_, [&](std::string_view record) { out.emplace_back(record); });
  }
  std::vector<Value> values(const std::string& event) {
    std::vector<Value> out;
    events_.read(event, [&](Value value) { out.push_back(std::move(value)); });
    return out;
  }
  ~EventsTest() override { std::filesystem::remove(path_); }

  const std::string path_ = testing::TempDir() + "events-" + std::to_string(::getpid());
  Events events_;
};

TEST_F(EventsTest, TheChecksumIsTheOneOfThePublishedExample) {
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(crc32c(""), 0u);
}

TEST_F(EventsTest, RecordsComeInOrderAndAHalfWrittenOneWaits) {
  const auto whole = record_of("first") + record_of("");
  for (std::size_t cut = 0; cut <= record_of("third").size(); ++cut) {
    write(whole + record_of("third").substr(0, cut));
    std::vector<std::string> found;
    const auto end = read(found);
    EXPECT_EQ(end.damage, "");
    EXPECT_EQ(found.size(), cut == record_of("third").size() ? 3u : 2u);
  }
}

TEST_F(EventsTest, EveryFlippedByteIsNoticed) {
  const auto good = record_of("first") + record_of("second");
  for (std::size_t i = 0; i < good.size(); ++i) {
    auto bad = good;
    bad[i] ^= 4;
    write(bad);
    std::vector<std::string> found;
    const auto end = read(found);
    EXPECT_NE(end.damage, "") << i;
    EXPECT_EQ(end.offset, i < record_of("first").size() ? 0 : record_of("first").size());
  }
}

// tensorboardX begins with an empty bucket that may end below the least value.
TEST_F(EventsTest, EdgesOfAHistogramAscend) {
  const auto histogram = [&](double least, double first) {
    const auto limits = field(6, bytes_of(first) + bytes_of(1.0) + bytes_of(2.0));
    const auto counts = field(7, bytes_of(0.0) + bytes_of(3.0) + bytes_of(1.0));
    const auto content = "\x09" + bytes_of(least) + limits + counts;
    return values(event_of(field(1, "h") + field(5, content))).at(0).histogram.value();
  };
  EXPECT_EQ(histogram(-3.0, -3.5).edges, (std::vector{-3.5, -3.5, 1.0, 2.0}));
  EXPECT_EQ(histogram(-3.0, -2.0).edges, (std::vector{-3.0, -2.0, 1.0, 2.0}));
  EXPECT_EQ(histogram(-3.0, -2.0).counts, (std::vector{0.0, 3.0, 1.0}));
}

TEST_F(EventsTest, ScalarsAreReadInBothForms) {
  const auto simple = values(event_of(field(1, "loss") + "\x15" + bytes_of(0.5f)));
  ASSERT_EQ(simple.size(), 1u);
  EXPECT_EQ(simple[0].tag, "loss");
  EXPECT_EQ(simple[0].scalar, 0.5);
  EXPECT_EQ(simple[0].step, 7);
  EXPECT_EQ(simple[0].time, 2000);

  const auto plugin = field(9, field(1, field(1, "scalars")));
  const auto packed = std::string("\x08\x01") + field(5, bytes_of(0.25f));
  const auto tensor = values(event_of(field(1, "acc") + plugin + field(8, packed)));
  EXPECT_EQ(tensor.at(0).scalar, 0.25);

  const auto content = std::string("\x08\x02") + field(4, bytes_of(0.1));
  const auto raw = values(event_of(field(1, "acc") + field(8, content)));
  EXPECT_EQ(raw.at(0).scalar, 0.1);
}

TEST_F(EventsTest, HparamsBecomeParams) {
  const auto entry = [](const std::string& key, const std::string& value) {
    return field(1, field(1, key) + field(2, value));
  };
  const auto start = entry("lr", "\x11" + bytes_of(0.01)) + entry("net", field(3, "deep")) +
                     entry("on", std::string("\x20\x01"));
  const auto plugin = field(9, field(1, field(1, "hparams") + field(2, field(3, start))));
  EXPECT_TRUE(values(event_of(field(1, "_hparams_/session_start_info") + plugin)).empty());
  const std::map<std::string, std::string> wanted{{"lr", "0.01"}, {"net", "deep"}, {"on", "True"}};
  EXPECT_EQ(events_.session().params, wanted);
}

TEST_F(EventsTest, NonsenseGivesNothing) {
  EXPECT_TRUE(values("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff").empty());
  EXPECT_TRUE(values(std::string("\x2a\x7f") + "short").empty());
  EXPECT_TRUE(values(std::string("\x2a\xff\xff\xff\xff\xff\xff\xff\xff\x7f")).empty());
}

}  // namespace
}  // namespace slipway::drivers::tensorboard
