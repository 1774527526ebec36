// SPDX-License-Identifier: Apache-2.0
// For sources: hands series entries and printed lines over in records of bounded size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "transfer/record.h"

namespace slipway::transfer {

// Entries of one run. A key has one kind here: of another kind it is "key (histogram)".
class SeriesCollector {
 public:
  using Each = std::function<Result<void>(SeriesRecord)>;
  SeriesCollector(std::string run, const Each& each) : run_(std::move(run)), each_(each) {}

  Result<void> add(const std::string& key, const std::string& kind, SeriesEntryRecord entry);
  Result<void> finish();

 private:
  std::string run_;
  const Each& each_;
  std::map<std::string, std::string> kinds_;
  std::map<std::string, SeriesRecord> waiting_;
  std::size_t weight_ = 0;
};

// What one run printed, as it came: texts need not end with a line. Of a line that was overwritten
// by carriage returns (a progress bar) the last state is kept.
class ConsoleCollector {
 public:
  using Each = std::function<Result<void>(ConsoleRecord)>;
  ConsoleCollector(std::string run, const Each& each) : run_(std::move(run)), each_(each) {}

  Result<void> add(const std::string& stream, std::int64_t time, std::string_view text);
  Result<void> finish();

 private:
  Result<void> end_line(const std::string& stream);
  Result<void> flush();

  struct Open {
    std::string text;
    std::int64_t time = 0;
  };
  std::string run_;
  const Each& each_;
  std::map<std::string, Open> open_;
  ConsoleRecord waiting_;
  std::int64_t next_ = 0;
  std::size_t weight_ = 0;
};

}  // namespace slipway::transfer
