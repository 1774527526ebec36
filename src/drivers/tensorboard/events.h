// SPDX-License-Identifier: Apache-2.0
// One event file: records with checksums, and what the summaries in them say.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway::drivers::tensorboard {

// CRC-32C, and the form in which records carry it.
std::uint32_t crc32c(std::string_view bytes);
std::uint32_t masked_crc(std::string_view bytes);

struct RecordEnd {
  std::uint64_t offset = 0;  // of the first byte that was not read
  std::string damage;        // why reading ended there; empty: the end, or a record half written
};
// Calls `each` for the records of a file, in order.
Result<RecordEnd> read_records(const std::string& path,
                               const std::function<void(std::string_view)>& each);

struct Histogram {
  std::vector<double> edges;  // one more than counts
  std::vector<double> counts;
};

struct Value {
  std::string tag;
  std::int64_t step = 0;
  std::int64_t time = 0;  // milliseconds
  std::optional<double> scalar;
  std::optional<Histogram> histogram;
  std::vector<std::string> images;  // encoded, mostly PNG
  std::vector<std::string> texts;
  std::string audio;
};

// What an hparams session tells.
struct Session {
  std::map<std::string, std::string> params;
  std::string group;
  std::optional<int> status;  // 1 success, 2 failure, 3 running
};

// Reads the events of one file; which plugin a tag belongs to is told only once, so it remembers.
class Events {
 public:
  // Values of the event, by `each`. Damaged events give nothing.
  void read(std::string_view event, const std::function<void(Value)>& each);
  const Session& session() const { return session_; }
  std::int64_t first_time() const { return first_time_; }
  std::int64_t last_time() const { return last_time_; }

 private:
  void read_summary(std::string_view summary, std::int64_t step, std::int64_t time,
                    const std::function<void(Value)>& each);
  void read_session(std::string_view content);

  std::map<std::string, std::string, std::less<>> plugins_;
  Session session_;
  std::int64_t first_time_ = 0;
  std::int64_t last_time_ = 0;
};

}  // namespace slipway::drivers::tensorboard
