// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/text.h"
#include "rows.h"
#include "tracking/console.h"

namespace slipway::tracking {
namespace {

using store::Connection;
using store::Row;

// A row grows to about this much before the next one begins.
constexpr std::int64_t kRowBytes = 64 << 10;
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

constexpr auto kLastRow =
    "SELECT first, lines, bytes, total_bytes FROM run_console WHERE run = ?"
    " ORDER BY first DESC LIMIT 1";
constexpr auto kNewRow =
    "INSERT INTO run_console (run, first, lines, bytes, total_bytes, data)"
    " VALUES (?, ?, ?, ?, ?, ?)";
constexpr auto kGrow =
    "UPDATE run_console SET lines = lines + ?, bytes = bytes + ?, total_bytes = total_bytes + ?,"
    " data = data || ? WHERE run = ? AND first = ?";
constexpr auto kFrom =
    "SELECT first, data FROM run_console WHERE run = ? AND first >="
    " COALESCE((SELECT MAX(first) FROM run_console WHERE run = ? AND first <= ?), 0)"
    " ORDER BY first";
constexpr auto kStatus = "SELECT id, status FROM runs WHERE uuid = ?";

struct Last {
  std::int64_t first = 0;
  std::int64_t lines = 0;
  std::int64_t bytes = 0;
  std::int64_t total_bytes = 0;
};

Result<std::optional<Last>> last_of(Connection& db, std::int64_t run) {
  return db.first(kLastRow, {run}, [](const Row& row) {
    return Last{row.int64(0), row.int64(1), row.int64(2), row.int64(3)};
  });
}

// UTF-8 without NUL, as both dialects can keep it; what a terminal was sent is otherwise left.
std::string clean(std::string text) {
  if (text.size() > kConsoleLineLimit) {
    const auto cut = text.size() - kConsoleLineLimit;
    text.resize(kConsoleLineLimit);
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0) == 0x80) {
      text.pop_back();
    }
    if (!text.empty() && static_cast<unsigned char>(text.back()) >= 0xC0) text.pop_back();
    text += " [.. " + std::to_string(cut) + " bytes more]";
  }
  const bool plain = text.find('\0') == std::string::npos;
  if (plain && is_valid_utf8(text)) return text;
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto first = static_cast<unsigned char>(text[at]);
    const std::size_t size = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    const auto piece = std::string_view(text).substr(at, size);
    if (first != 0 && piece.size() == size && is_valid_utf8(piece)) {
      out += piece;
      at += size;
    } else {
      out += kReplacement;
      ++at;
    }
  }
  return out;
}

Result<void> check(const std::vector<ConsoleLine>& lines) {
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto where = "lines[" + std::to_string(i) + "]";
    if (lines[i].text.find('\n') != std::string::npos) {
      return invalid(where + ".text: it holds a line break", "give each line by itself");
    }
    if (lines[i].at.ms < 0) return invalid(where + ".time: it is negative");
  }
  return {};
}

struct Encoded {
  std::string data;
  std::int64_t lines = 0;
  std::int64_t size() const { return static_cast<std::int64_t>(data.size()); }
};

Result<void> store_rows(Connection& db, std::int64_t run, std::optional<Last> last,
                        const std::vector<Encoded>& rows) {
  for (const auto& each : rows) {
    const auto total = (last ? last->total_bytes : 0) + each.size();
    if (total > kConsoleLimit) {
      return precondition("the console of the run is full: it holds " +
                              std::to_string(last ? last->total_bytes : 0) + " of " +
                              std::to_string(kConsoleLimit) + " bytes",
                          "log what is longer as a file");
    }
    if (last && last->bytes + each.size() <= kRowBytes) {
      SW_CHECK_OK(
          db.exec(kGrow, {each.lines, each.size(), each.size(), each.data, run, last->first}));
      last->lines += each.lines;
      last->bytes += each.size();
      last->total_bytes = total;
    } else {
      const auto first = last ? last->first + last->lines : 0;
      SW_CHECK_OK(db.exec(kNewRow, {run, first, each.lines, each.size(), total, each.data}));
      last = Last{first, each.lines, each.size(), total};
    }
  }
  return {};
}

// "<ms> <o or e> <text>"
std::optional<ConsoleLine> parsed(std::string_view line) {
  const auto space = line.find(' ');
  if (space == std::string_view::npos || line.size() < space + 3) return std::nullopt;
  const auto ms = parse_int(line.substr(0, space));
  if (!ms) return std::nullopt;
  return ConsoleLine{line[space + 1] == 'e' ? ConsoleStream::err : ConsoleStream::out,
                     {*ms},
                     std::string(line.substr(space + 3))};
}

Result<std::vector<ConsoleLine>> lines_from(Connection& db, std::int64_t run, std::int64_t first,
                                            std::size_t limit) {
  std::vector<ConsoleLine> out;
  SW_CHECK_OK(db.query(kFrom, {run, run, first}, [&](const Row& row) {
    auto number = row.int64(0);
    for (auto data = row.text(1); !data.empty(); ++number) {
      const auto end = data.find('\n');
      if (number >= first) {
        if (out.size() == limit) return false;
        out.push_back(parsed(data.substr(0, end)).value_or(ConsoleLine{}));
      }
      data.remove_prefix(end == std::string_view::npos ? data.size() : end + 1);
    }
    return out.size() < limit;
  }));
  return out;
}

// How many of `lines` are there already, from `first` on. Others in their place are somebody
// else's.
Result<std::size_t> known_of(Connection& db, std::int64_t run,
                             const std::vector<ConsoleLine>& lines, std::int64_t first,
                             std::int64_t there) {
  if (first < 0) return invalid("first: it is negative");
  if (first > there) {
    return Error{Code::conflict,
                 "first: the lines begin at " + std::to_string(first) + ", but there are " +
                     std::to_string(there) + " so far",
                 "send what is missing first, or leave it out"};
  }
  if (first == there) return std::size_t{0};
  SW_TRY(const auto stored, lines_from(db, run, first, lines.size()));
  for (std::size_t i = 0; i < stored.size(); ++i) {
    if (stored[i].text == clean(lines[i].text) && stored[i].at == lines[i].at &&
        stored[i].stream == lines[i].stream) {
      continue;
    }
    return Error{Code::conflict,
                 "first: line " + std::to_string(first + static_cast<std::int64_t>(i)) +
                     " is there with another text",
                 "another writer came first: go on behind its lines, or leave it out"};
  }
  return stored.size();
}

Result<std::int64_t> append_lines(Connection& db, std::int64_t run, std::vector<ConsoleLine> lines,
                                  const std::optional<std::int64_t>& first) {
  SW_TRY(const auto last, last_of(db, run));
  const auto there = last ? last->first + last->lines : 0;
  std::size_t known = 0;
  if (first) {
    SW_TRY(known, known_of(db, run, lines, *first, there));
  }
  std::vector<Encoded> rows;
  std::int64_t added = 0;
  for (std::size_t i = known; i < lines.size(); ++i) {
    if (rows.empty() || rows.back().size() >= kRowBytes) rows.emplace_back();
    const auto& line = lines[i];
    rows.back().data += std::to_string(line.at.ms);
    rows.back().data += line.stream == ConsoleStream::out ? " o " : " e ";
    rows.back().data += clean(std::move(lines[i].text));
    rows.back().data += '\n';
    ++rows.back().lines;
    ++added;
  }
  SW_CHECK_OK(store_rows(db, run, last, rows));
  return there + added;
}

}  // namespace

std::string_view name_of(ConsoleStream stream) {
  return stream == ConsoleStream::out ? "stdout" : "stderr";
}

Result<std::int64_t> Console::append(const RunId& id, std::vector<ConsoleLine> lines,
                                     const std::optional<std::int64_t>& first) {
  if (lines.size() > kConsoleBatchLimit) {
    return invalid(std::to_string(lines.size()) + " lines are too many for one call",
                   "give at most " + std::to_string(kConsoleBatchLimit));
  }
  SW_CHECK_OK(check(lines));
  return db_.write([&](Connection& db) -> Result<std::int64_t> {
    SW_TRY(const auto run, find_active_run(db, id));
    return append_lines(db, run.id, lines, first);
  });
}

Result<std::int64_t> take_console(Connection& db, const RunId& id, std::vector<ConsoleLine> lines,
                                  const std::optional<std::int64_t>& first) {
  SW_CHECK_OK(check(lines));
  SW_TRY(const auto run, find_run(db, id));
  // A history that is sent again may differ from what was seen of it while it was written.
  if (first == 0) SW_CHECK_OK(db.exec("DELETE FROM run_console WHERE run = ?", {run.id}));
  return append_lines(db, run.id, std::move(lines), first);
}

Result<ConsolePage> Console::read(const RunId& id, std::int64_t from, std::size_t limit) const {
  return db_.read([&](Connection& db) -> Result<ConsolePage> {
    struct Found {
      std::int64_t key;
      std::int64_t status;
    };
    SW_TRY(const auto run, db.first(kStatus, {id.str()}, [](const Row& row) {
      return Found{row.int64(0), row.int64(1)};
    }));
    if (!run) return not_found("no run with id '" + id.str() + "'");
    SW_TRY(const auto last, last_of(db, run->key));
    ConsolePage out;
    out.total = last ? last->first + last->lines : 0;
    out.first = from < 0 ? std::max<std::int64_t>(0, out.total + from) : from;
    const auto status = static_cast<RunStatus>(run->status);
    out.ended = status != RunStatus::running && status != RunStatus::scheduled;
    if (out.first >= out.total || limit == 0) return out;
    SW_TRY(out.lines, lines_from(db, run->key, out.first, limit));
    return out;
  });
}

}  // namespace slipway::tracking
