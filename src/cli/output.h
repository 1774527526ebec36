// SPDX-License-Identifier: Apache-2.0
// What commands print besides lines: tables, JSON documents, progress.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace slipway::cli {

using Row = std::vector<std::string>;

// Left-aligned columns on standard output, two spaces apart.
void print_table(const Row& head, const std::vector<Row>& rows);

// `where` is a file, or - for standard output.
Result<void> write_document(const std::string& where, const std::string& text);

bool is_terminal();  // standard error

// A bar on standard error while it is a terminal, nothing otherwise. Comes after a second, is
// redrawn at most ten times a second, and is gone when destroyed.
class Progress {
 public:
  // `total` 0: not known, counts only.
  Progress(std::string what, std::uint64_t total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void set(std::uint64_t done);
  void add(std::uint64_t more) { set(done_ + more); }

 private:
  void draw();

  const std::string what_;
  const std::uint64_t total_;
  const bool shown_;
  std::uint64_t done_ = 0;
  std::int64_t began_ns_ = 0;
  std::int64_t drawn_ns_ = 0;
};

}  // namespace slipway::cli
