// SPDX-License-Identifier: Apache-2.0
// A *.wandb file: records in LevelDB's log framing, and what the records say of a run.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway::drivers::wandb {

std::uint32_t crc32(std::string_view bytes);

struct LogEnd {
  std::uint64_t offset = 0;  // of what was not read
  std::string damage;        // empty: the end, or a record half written
};
// Calls `each` for the records in `bytes`, the content of a file. invalid_argument when it is none.
Result<LogEnd> read_log(std::string_view bytes, const std::function<void(std::string_view)>& each);

struct Item {
  std::string key;   // of nested keys, joined by dots
  std::string json;  // the value; numbers that JSON lacks as NaN, Infinity, -Infinity
};

struct Row {
  std::int64_t step = 0;
  std::vector<Item> items;
};

struct Stats {
  std::int64_t time = 0;  // milliseconds
  std::vector<Item> items;
};

// What the run printed, as it came: not line by line.
struct Output {
  bool err = false;
  std::int64_t time = 0;  // milliseconds; 0 when it is not told
  std::string_view text;
};

// Everything that the records of a file tell, gathered record by record. Damaged records tell
// nothing.
struct RunLog {
  std::string id, project, name, notes, group, job_type, host, user, program, commit, remote;
  std::vector<std::string> tags;
  std::map<std::string, std::string> config;   // JSON by key
  std::map<std::string, std::string> summary;  // likewise
  std::int64_t started = 0;
  std::int64_t runtime = 0;  // seconds
  std::optional<int> exit_code;
  std::string output;

  std::function<void(Row)> on_row;  // may be empty
  std::function<void(Stats)> on_stats;
  std::function<void(Output)> on_output;

  void add(std::string_view record);
};

}  // namespace slipway::drivers::wandb
