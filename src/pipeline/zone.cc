// SPDX-License-Identifier: Apache-2.0
// Reads zone files (RFC 8536): the transitions of the past, and the rule for the future at the end.
#include <algorithm>
#include <chrono>
#include <optional>

#include "base/text.h"
#include "blob/atomic_file.h"
#include "pipeline/cron.h"

namespace slipway::pipeline {
namespace {

constexpr char kFolder[] = "/usr/share/zoneinfo/";
constexpr std::int64_t kDay = 86'400;

std::int64_t days_of(int year, unsigned month, unsigned day) {
  using namespace std::chrono;
  return sys_days{std::chrono::year{year} / std::chrono::month{month} / std::chrono::day{day}}
      .time_since_epoch()
      .count();
}

int year_of(std::int64_t utc_s) {
  using namespace std::chrono;
  return static_cast<int>(year_month_day{floor<days>(sys_seconds{seconds{utc_s}})}.year());
}

// One end of daylight saving: M3.2.0/2, J60/2 or 59/2.
struct Change {
  char kind = 'M';
  int a = 0, b = 0, c = 0;
  std::int64_t time_s = 7200;

  // The moment in a year, in seconds since 1970 of the clock on the wall.
  std::int64_t in(int year) const {
    std::int64_t day = 0;
    if (kind == 'M') {
      const auto first = days_of(year, static_cast<unsigned>(a), 1);
      const auto weekday = ((first + 4) % 7 + 7) % 7;
      day = first + (c - weekday + 7) % 7 + (b - 1) * 7;
      const auto next_month =
          a == 12 ? days_of(year + 1, 1, 1) : days_of(year, static_cast<unsigned>(a) + 1, 1);
      while (day >= next_month) day -= 7;
    } else {
      day = days_of(year, 1, 1) + a;
      if (kind == 'J') {
        const bool leap = days_of(year + 1, 1, 1) - days_of(year, 1, 1) == 366;
        day += (leap && a >= 60 ? 0 : -1);
      }
    }
    return day * kDay + time_s;
  }
};

// The rule at the end of a zone file: EST5EDT,M3.2.0,M11.1.0
struct Rule {
  std::int64_t standard = 0;
  std::optional<std::int64_t> saving;
  Change begin, end;

  std::int64_t offset_at(std::int64_t utc_s) const {
    if (!saving) return standard;
    const int year = year_of(utc_s + standard);
    const auto on = begin.in(year)-standard;
    const auto off = end.in(year) - *saving;
    const bool saved = on < off ? utc_s >= on && utc_s < off : utc_s >= on || utc_s < off;
    return saved ? *saving : standard;
  }
};

class RuleReader {
 public:
  explicit RuleReader(std::string_view text) : rest_(text) {}

  std::optional<Rule> read() {
    Rule out;
    std::int64_t seconds = 0;
    if (!name() || !clock(seconds)) return std::nullopt;
    out.standard = -seconds;
    if (rest_.empty()) return out;
    if (!name()) return std::nullopt;
    out.saving = out.standard + 3600;
    if (!rest_.empty() && rest_[0] != ',') {
      if (!clock(seconds)) return std::nullopt;
      out.saving = -seconds;
    }
    if (!change(out.begin) || !change(out.end) || !rest_.empty()) return std::nullopt;
    return out;
  }

 private:
  bool take(char c) {
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool number(int& out) {
    std::size_t n = 0;
    while (n < rest_.size() && n < 4 && rest_[n] >= '0' && rest_[n] <= '9') ++n;
    const auto parsed = parse_int(rest_.substr(0, n));
    if (!parsed) return false;
    out = static_cast<int>(*parsed);
    rest_.remove_prefix(n);
    return true;
  }
  bool name() {
    if (take('<')) {
      const auto end = rest_.find('>');
      if (end == rest_.npos) return false;
      rest_.remove_prefix(end + 1);
      return true;
    }
    std::size_t n = 0;
    while (n < rest_.size() && ((rest_[n] | 32) >= 'a' && (rest_[n] | 32) <= 'z')) ++n;
    rest_.remove_prefix(n);
    return n >= 3;
  }
  bool clock(std::int64_t& seconds) {
    const int sign = take('-') ? -1 : (take('+'), 1);
    int h = 0, m = 0, s = 0;
    if (!number(h)) return false;
    if (take(':') && !number(m)) return false;
    if (m >= 0 && take(':') && !number(s)) return false;
    seconds = sign * (h * 3600L + m * 60 + s);
    return true;
  }
  bool change(Change& out) {
    if (!take(',')) return false;
    if (take('M')) {
      if (!number(out.a) || !take('.') || !number(out.b) || !take('.') || !number(out.c)) {
        return false;
      }
      if (out.a < 1 || out.a > 12 || out.b < 1 || out.b > 5 || out.c > 6) return false;
    } else {
      out.kind = take('J') ? 'J' : 'N';
      if (!number(out.a) || out.a > 366) return false;
    }
    return !take('/') || clock(out.time_s);
  }

  std::string_view rest_;
};

class FileZone : public Zone {
 public:
  std::vector<std::int64_t> times;
  std::vector<std::int64_t> offsets;  // offsets[i]: before times[i]; the last: after all
  std::optional<Rule> rule;

  std::int64_t offset_at(std::int64_t utc_s) const override {
    if (rule && (times.empty() || utc_s >= times.back())) return rule->offset_at(utc_s);
    const auto at = std::upper_bound(times.begin(), times.end(), utc_s) - times.begin();
    return offsets[static_cast<std::size_t>(at)];
  }
};

std::int64_t big_endian(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint64_t out = size == 4 && (bytes[at] & 0x80) != 0 ? ~std::uint64_t{0} : 0;
  for (std::size_t i = 0; i < size; ++i) {
    out = out << 8 | static_cast<unsigned char>(bytes[at + i]);
  }
  return static_cast<std::int64_t>(out);
}

struct Header {
  std::size_t isut, isstd, leap, time, type, chars;

  // Bytes of the block that follows, with times of `width` bytes.
  std::size_t block(std::size_t width) const {
    return time * width + time + type * 6 + chars + leap * (width + 4) + isstd + isut;
  }
};

std::optional<Header> header_at(std::string_view bytes, std::size_t at) {
  if (bytes.size() < at + 44 || bytes.substr(at, 4) != "TZif") return std::nullopt;
  const auto n = [&](int i) {
    return static_cast<std::size_t>(
        big_endian(bytes, at + 20 + 4 * static_cast<std::size_t>(i), 4));
  };
  Header out{n(0), n(1), n(2), n(3), n(4), n(5)};
  for (const auto count : {out.isut, out.isstd, out.leap, out.time, out.type, out.chars}) {
    if (count > 100'000) return std::nullopt;
  }
  if (out.type == 0) return std::nullopt;
  return out;
}

bool read_block(std::string_view block, const Header& head, std::size_t width, FileZone& out) {
  const auto types_at = head.time * width + head.time;
  const auto offset_of = [&](std::size_t type) {
    return big_endian(block, types_at + type * 6, 4);
  };
  out.offsets.push_back(offset_of(0));
  for (std::size_t i = 0; i < head.time; ++i) {
    const auto type = static_cast<unsigned char>(block[head.time * width + i]);
    if (type >= head.type) return false;
    out.times.push_back(big_endian(block, i * width, width));
    out.offsets.push_back(offset_of(type));
  }
  return std::is_sorted(out.times.begin(), out.times.end());
}

}  // namespace

Result<std::shared_ptr<const Zone>> parse_zone(std::string_view bytes, const std::string& name) {
  const auto bad = [&] { return invalid("the zone file of '" + name + "' is damaged"); };
  auto head = header_at(bytes, 0);
  if (!head) return bad();
  auto out = std::make_shared<FileZone>();
  std::size_t at = 44;
  std::size_t width = 4;
  if (bytes[4] >= '2') {  // the second part holds the same with wide times
    at += head->block(4);
    head = header_at(bytes, at);
    if (!head) return bad();
    at += 44;
    width = 8;
  }
  if (bytes.size() < at + head->block(width)) return bad();
  if (!read_block(bytes.substr(at, head->block(width)), *head, width, *out)) return bad();
  if (width == 8) {
    const auto footer = trim(bytes.substr(at + head->block(width)));
    if (!footer.empty()) {
      out->rule = RuleReader(footer).read();
      if (!out->rule) return bad();
    }
  }
  return std::shared_ptr<const Zone>(out);
}

Result<std::shared_ptr<const Zone>> load_zone(const std::string& name) {
  const bool sane = !name.empty() && name.size() < 100 && name[0] != '/' &&
                    name.find("..") == name.npos &&
                    name.find_first_not_of(
                        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                        "0123456789_+-/") == name.npos;
  if (sane && (name == "UTC" || name == "Etc/UTC")) {
    auto utc = std::make_shared<FileZone>();
    utc->offsets.push_back(0);
    return std::shared_ptr<const Zone>(utc);
  }
  auto bytes = sane ? blob::read_file(kFolder + name, 1 << 20) : Result<std::string>(invalid(""));
  if (!bytes || !bytes->starts_with("TZif")) {
    return invalid("there is no time zone '" + name.substr(0, 100) + "'",
                   "name it as in Europe/Berlin; the files come with the package tzdata");
  }
  return parse_zone(*bytes, name);
}

}  // namespace slipway::pipeline
