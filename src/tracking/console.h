// SPDX-License-Identifier: Apache-2.0
// What a run printed: lines, numbered from 0, appended in chunks and read in pages while it runs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "tracking/types.h"

namespace slipway::store {
class Connection;
class Database;
}  // namespace slipway::store

namespace slipway::tracking {

enum class ConsoleStream { out, err };
std::string_view name_of(ConsoleStream stream);  // "stdout", "stderr"

struct ConsoleLine {
  ConsoleStream stream = ConsoleStream::out;
  Timestamp at;
  std::string text;  // without its line break
};

// Lines from `first` on, and where things stand: how many lines there are, and whether the run may
// still print more.
struct ConsolePage {
  std::int64_t first = 0;
  std::vector<ConsoleLine> lines;
  std::int64_t total = 0;
  bool ended = false;
};

inline constexpr std::size_t kConsoleLineLimit = 64u << 10;  // bytes; the rest of a line is cut
inline constexpr std::size_t kConsoleBatchLimit = 10'000;    // lines in one call
inline constexpr std::int64_t kConsoleLimit = 256ll << 20;   // bytes of a run

// Thread-safe.
class Console {
 public:
  explicit Console(store::Database& db) : db_(db) {}

  // Answers how many lines there are then. `first` is the number that the first of them gets by the
  // caller's count: lines that are there already are left, so that a call may be repeated; a gap,
  // or other lines in their place, are a conflict. Without it they go to the end. A full console is
  // failed_precondition.
  Result<std::int64_t> append(const RunId& id, std::vector<ConsoleLine> lines,
                              const std::optional<std::int64_t>& first);
  // At most `limit` lines; a negative `from` counts from the end.
  Result<ConsolePage> read(const RunId& id, std::int64_t from, std::size_t limit) const;

 private:
  store::Database& db_;
};

// The same as `append`, in the caller's transaction, also for a deleted run: for histories that
// were made elsewhere. Lines from 0 on replace what there is.
Result<std::int64_t> take_console(store::Connection& db, const RunId& id,
                                  std::vector<ConsoleLine> lines,
                                  const std::optional<std::int64_t>& first);

}  // namespace slipway::tracking
