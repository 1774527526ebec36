// SPDX-License-Identifier: Apache-2.0
#include "log_file.h"

#include <cstring>

#include <gtest/gtest.h>

namespace slipway::drivers::wandb {
namespace {

constexpr std::size_t kBlock = 32'768;

// Writes records as the framing wants them.
class Writer {
 public:
  std::string bytes{":W&B\xe1\xbe\0", 7};

  void add(std::string_view record) {
    bool begun = false;
    for (;;) {
      const auto left = kBlock - bytes.size() % kBlock;
      if (left < 7) {
        bytes.append(left, '\0');
        continue;
      }
      const auto n = std::min(record.size(), left - 7);
      const bool ends = n == record.size();
      const char kind = begun ? (ends ? 4 : 3) : (ends ? 1 : 2);
      const auto piece = std::string(1, kind) + std::string(record.substr(0, n));
      const auto crc = crc32(piece);
      bytes.append(reinterpret_cast<const char*>(&crc), 4);
      bytes += static_cast<char>(n & 255);
      bytes += static_cast<char>(n >> 8);
      bytes += piece;
      record.remove_prefix(n);
      if (ends) return;
      begun = true;
    }
  }
};

std::vector<std::string> records_in(std::string_view bytes, std::string* damage = nullptr) {
  std::vector<std::string> out;
  const auto end = read_log(bytes, [&](std::string_view r) { out.emplace_back(r); });
  if (damage != nullptr) *damage = end ? end->damage : end.error().message;
  return out;
}

TEST(WandbLog, TheChecksumIsTheUsualOne) {
  EXPECT_EQ(crc32("123456789"), 0xcbf43926u);
}

TEST(WandbLog, RecordsOfEverySizeComeBackWhole) {
  Writer writer;
  std::vector<std::string> wanted;
  for (const std::size_t size : {0ul, 1ul, 32'700ul, 40ul, 32'768ul, 100'000ul, 3ul}) {
    wanted.push_back(std::string(size, static_cast<char>('a' + wanted.size())));
    writer.add(wanted.back());
  }
  EXPECT_EQ(records_in(writer.bytes), wanted);
}

TEST(WandbLog, AHalfWrittenRecordWaits) {
  Writer writer;
  writer.add("first");
  const auto size = writer.bytes.size();
  writer.add("second");
  for (auto cut = size; cut < writer.bytes.size(); ++cut) {
    std::string damage;
    EXPECT_EQ(records_in(std::string_view(writer.bytes).substr(0, cut), &damage).size(), 1u);
    EXPECT_EQ(damage, "");
  }
}

TEST(WandbLog, EveryFlippedByteIsNoticed) {
  Writer writer;
  writer.add("first");
  writer.add("second");
  for (std::size_t i = 7; i < writer.bytes.size(); ++i) {
    auto bad = writer.bytes;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    std::string damage;
    const auto found = records_in(bad, &damage);
    // A length that grew past the end looks like a record half written.
    EXPECT_LT(found.size(), 2u) << i;
  }
  EXPECT_FALSE(read_log("no such file", [](std::string_view) {}));
}

TEST(WandbLog, TypedAndWrittenValuesAreRead) {
  RunLog log;
  std::vector<Row> rows;
  log.on_row = [&](Row row) { rows.push_back(std::move(row)); };
  // history { item { key: "a" value_json: "0.5" } item { nested_key: x, y; integer: -3 } step 7 }
  const std::string items(
      "\x0a\x09\x0a\x01"
      "a"
      "\x82\x01\x03"
      "0.5"
      "\x0a\x08\x12\x01x\x12\x01y\x28\x05"
      "\x12\x02\x08\x07",
      25);
  log.add("\x12" + std::string(1, static_cast<char>(items.size())) + items);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].step, 7);
  EXPECT_EQ(rows[0].items[0].key, "a");
  EXPECT_EQ(rows[0].items[0].json, "0.5");
  EXPECT_EQ(rows[0].items[1].key, "x.y");
  EXPECT_EQ(rows[0].items[1].json, "-3");
  log.add("\xff\xff nonsense");
  EXPECT_EQ(rows.size(), 1u);
}

}  // namespace
}  // namespace slipway::drivers::wandb
