// SPDX-License-Identifier: Apache-2.0
#include "log_file.h"

#include <array>
#include <cstring>

#include "base/protobuf.h"
#include "base/text.h"

namespace slipway::drivers::wandb {
namespace {

constexpr std::size_t kBlock = 32'768;
constexpr std::size_t kHead = 7;  // of the file and of each piece
constexpr std::size_t kRecordLimit = 512u << 20;
constexpr std::size_t kOutputLimit = 64u << 20;

constexpr auto kTable = [] {
  std::array<std::uint32_t, 256> out{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t c = i;
    for (int k = 0; k < 8; ++k) c = (c & 1) != 0 ? (c >> 1) ^ 0xedb88320u : c >> 1;
    out[i] = c;
  }
  return out;
}();

std::uint32_t little32(std::string_view from) {
  std::uint32_t out = 0;
  std::memcpy(&out, from.data(), sizeof out);
  return out;
}

enum Piece : unsigned char { whole = 1, first = 2, middle = 3, last = 4 };

// Seconds and nanoseconds; a second outside the years 1 to 9999 is nobody's clock, and counts as 0.
std::int64_t time_of(ProtoReader r) {
  constexpr std::int64_t kMostSeconds = 253'402'300'799;
  std::int64_t seconds = 0;
  std::int64_t ms = 0;
  while (r.next()) {
    if (r.field() == 1) seconds = r.int64();
    if (r.field() == 2) ms = r.int64() / 1'000'000;
  }
  if (seconds < -62'135'596'800 || seconds > kMostSeconds || ms < 0 || ms > 999) return 0;
  return seconds * 1000 + ms;
}

std::string quoted_json(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::int64_t unzigzag(std::int64_t n) {
  const auto bits = static_cast<std::uint64_t>(n);
  return static_cast<std::int64_t>(bits >> 1 ^ (~(bits & 1) + 1));
}

// Items of history, summary, config and statistics are alike: key, nested keys, value. The typed
// values stand in history only.
Item item_of(ProtoReader r, bool typed) {
  Item out;
  std::string nested;
  while (r.next()) {
    switch (r.field()) {
      case 1:
        out.key = r.bytes();
        break;
      case 2:
        // A repeated field, but statistics have none.
        (nested += nested.empty() ? "" : ".") += r.bytes();
        break;
      case 4:
        if (typed) out.json = r.int64() != 0 ? "true" : "false";
        break;
      case 5:
        if (typed) out.json = std::to_string(unzigzag(r.int64()));
        break;
      case 6:
        if (typed) out.json = number_text(r.real());
        break;
      case 7:
        if (typed) out.json = quoted_json(r.bytes());
        break;
      case 8:
      case 16:
        if (r.field() == 16 || typed) out.json = r.bytes();
        break;
      default:
        break;
    }
  }
  if (!nested.empty()) out.key = out.key.empty() ? nested : out.key + "." + nested;
  return out;
}

void read_updates(ProtoReader r, std::map<std::string, std::string>& into) {
  while (r.next()) {
    if (r.field() == 1) {
      auto item = item_of(r.message(), false);
      if (!item.key.empty()) into[item.key] = item.json;
    }
    if (r.field() == 2) into.erase(item_of(r.message(), false).key);
  }
}

void read_run(RunLog& run, ProtoReader r) {
  while (r.next()) {
    const std::string text(r.bytes());
    switch (r.field()) {
      case 1:
        run.id = text;
        break;
      case 3:
        run.project = text;
        break;
      case 4:
        read_updates(r.message(), run.config);
        break;
      case 5:
        read_updates(r.message(), run.summary);
        break;
      case 6:
        run.group = text;
        break;
      case 7:
        run.job_type = text;
        break;
      case 8:
        run.name = text;
        break;
      case 9:
        run.notes = text;
        break;
      case 10:
        run.tags.push_back(text);
        break;
      case 13:
        run.host = text;
        break;
      case 17:
        run.started = time_of(r.message());
        break;
      case 21:
        for (auto git = r.message(); git.next();) {
          if (git.field() == 1) run.remote = git.bytes();
          if (git.field() == 2) run.commit = git.bytes();
        }
        break;
      default:
        break;
    }
  }
}

void read_environment(RunLog& run, ProtoReader r) {
  while (r.next()) {
    if (r.field() == 6) run.program = r.bytes();
    if (r.field() == 12 && run.host.empty()) run.host = r.bytes();
    if (r.field() == 13) run.user = r.bytes();
    if (r.field() == 9) {
      for (auto git = r.message(); git.next();) {
        if (git.field() == 1) run.remote = git.bytes();
        if (git.field() == 2) run.commit = git.bytes();
      }
    }
  }
}

void read_history(const RunLog& run, ProtoReader r) {
  if (!run.on_row) return;
  Row row;
  while (r.next()) {
    if (r.field() == 1) {
      auto item = item_of(r.message(), true);
      if (item.key == "_step") {
        if (const auto step = parse_int(item.json)) row.step = *step;
      }
      row.items.push_back(std::move(item));
    }
    if (r.field() == 2) {
      for (auto step = r.message(); step.next();) {
        if (step.field() == 1) row.step = step.int64();
      }
    }
  }
  run.on_row(std::move(row));
}

void read_stats(const RunLog& run, ProtoReader r) {
  if (!run.on_stats) return;
  Stats stats;
  while (r.next()) {
    if (r.field() == 2) stats.time = time_of(r.message());
    if (r.field() == 3) stats.items.push_back(item_of(r.message(), false));
  }
  run.on_stats(std::move(stats));
}

void read_output(RunLog& run, ProtoReader r) {
  Output out{.err = true, .time = 0, .text = {}};  // the field is absent for stderr
  while (r.next()) {
    if (r.field() == 1) out.err = r.int64() == 0;
    if (r.field() == 2) out.time = time_of(r.message());
    if (r.field() == 3) out.text = r.bytes();
  }
  if (run.output.size() < kOutputLimit) run.output += out.text;
  if (run.on_output) run.on_output(out);
}

}  // namespace

std::uint32_t crc32(std::string_view bytes) {
  std::uint32_t crc = ~0u;
  for (const char c : bytes) crc = kTable[(crc ^ static_cast<unsigned char>(c)) & 255] ^ crc >> 8;
  return ~crc;
}

Result<LogEnd> read_log(std::string_view bytes, const std::function<void(std::string_view)>& each) {
  if (bytes.size() < kHead || !bytes.starts_with(":W&B") || bytes[4] != '\xe1' ||
      bytes[5] != '\xbe') {
    return invalid("it does not begin like a file of W&B");
  }
  LogEnd end{.offset = kHead, .damage = ""};
  std::string joined;
  bool open = false;
  for (std::size_t at = kHead; at + kHead <= bytes.size();) {
    const auto left = kBlock - at % kBlock;
    if (left < kHead) {  // the rest of a block that holds no piece is empty
      at += left;
      continue;
    }
    const std::size_t size = static_cast<unsigned char>(bytes[at + 4]) |
                             static_cast<std::size_t>(static_cast<unsigned char>(bytes[at + 5]))
                                 << 8;
    const auto kind = static_cast<unsigned char>(bytes[at + 6]);
    const auto damaged = [&](const char* why) {
      end.damage = why;
      return end;
    };
    if (kind < whole || kind > last || size > left - kHead) {
      return damaged("a piece with an impossible head");
    }
    if (at + kHead + size > bytes.size()) return end;  // half written
    if (crc32(bytes.substr(at + 6, size + 1)) != little32(bytes.substr(at, 4))) {
      return damaged("a piece does not fit its checksum");
    }
    const auto piece = bytes.substr(at + kHead, size);
    if ((kind == whole || kind == first) == open) return damaged("pieces in an impossible order");
    at += kHead + size;
    if (kind == whole) {
      each(piece);
      end.offset = at;
      continue;
    }
    if (joined.size() + size > kRecordLimit) return damaged("a record that is too large");
    joined += piece;
    open = kind != last;
    if (open) continue;
    each(joined);
    joined.clear();
    end.offset = at;
  }
  return end;
}

void RunLog::add(std::string_view record) {
  ProtoReader check(record);
  while (check.next()) {
  }
  if (!check.ok()) return;
  for (ProtoReader r(record); r.next();) {
    switch (r.field()) {
      case 2:
        read_history(*this, r.message());
        break;
      case 3:
        read_updates(r.message(), summary);
        break;
      case 4:
      case 13:
        read_output(*this, r.message());
        break;
      case 5:
        read_updates(r.message(), config);
        break;
      case 7:
        read_stats(*this, r.message());
        break;
      case 17:
        read_run(*this, r.message());
        break;
      case 18: {
        exit_code = 0;
        for (auto exit = r.message(); exit.next();) {
          if (exit.field() == 1) exit_code = static_cast<int>(exit.int64());
          if (exit.field() == 2) runtime = exit.int64();
        }
        break;
      }
      case 26:
        read_environment(*this, r.message());
        break;
      default:
        break;
    }
  }
}

}  // namespace slipway::drivers::wandb
