// SPDX-License-Identifier: Apache-2.0
// What a step wrote, kept on disk: secrets masked, size bounded, the end never lost.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::pipeline {

// Replaces secrets by *** in a stream that may cut them anywhere. A multi-line secret is also
// masked line by line.
class Masker {
 public:
  explicit Masker(const std::vector<std::string>& secrets);
  // What can be told already; the rest waits for more.
  std::string feed(std::string_view piece);
  std::string rest();

 private:
  std::string mask(bool at_end);

  std::vector<std::string> secrets_;  // the longest first
  std::string first_bytes_;
  std::string held_;
};

// Not thread-safe. Made on the first byte; beyond `limit` bytes the middle is left out.
class LogFile {
 public:
  static constexpr std::size_t kLimit = 64 << 20;
  static constexpr std::size_t kTail = 64 << 10;

  LogFile(std::string path, const std::vector<std::string>& secrets, std::size_t limit = kLimit);
  ~LogFile();
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  // Answers what was kept of it, masked: for whoever watches.
  std::string write(std::string_view piece);
  std::string finish();

 private:
  void keep(std::string_view text);
  void put(std::string_view text);

  std::string path_;
  Masker masker_;
  std::size_t limit_;
  int fd_ = -1;
  bool failed_ = false;
  std::size_t written_ = 0;
  std::uint64_t left_out_ = 0;
  std::string tail_;
};

// <folder>/<execution>/<step>[/<index>].<attempt>.log
std::string log_path(const std::string& folder, const std::string& execution,
                     const std::string& step, std::int64_t item, int attempt);

}  // namespace slipway::pipeline
