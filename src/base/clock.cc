// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <charconv>
#include <chrono>
#include <cstdio>

namespace slipway {
namespace {

class SystemClock : public Clock {
 public:
  Timestamp now() override {
    using std::chrono::duration_cast;
    using std::chrono::milliseconds;
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    return {duration_cast<milliseconds>(since).count()};
  }
  std::int64_t monotonic_ns() override {
    return std::chrono::steady_clock::now().time_since_epoch().count();
  }
};

// Reads exactly `digits` decimal digits off the front of `text`.
bool take(std::string_view& text, std::size_t digits, int& out) {
  if (text.size() < digits) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, out);
  if (error != std::errc{} || end != text.data() + digits || text[0] == '-') return false;
  text.remove_prefix(digits);
  return true;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text[0] != c) return false;
  text.remove_prefix(1);
  return true;
}

bool take_fraction(std::string_view& text, int& ms) {
  if (!take(text, '.')) return true;
  int digits = 0;
  for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; ++digits, text.remove_prefix(1)) {
    if (digits < 3) ms = ms * 10 + (text[0] - '0');
  }
  for (int i = digits; i < 3; ++i) ms *= 10;
  return digits >= 1 && digits <= 9;
}

bool take_offset(std::string_view& text, int& minutes) {
  if (take(text, 'Z') || take(text, 'z')) return true;
  const int sign = text.starts_with('-') ? -1 : 1;
  if (!take(text, '+') && !take(text, '-')) return false;
  int h = 0;
  int m = 0;
  if (!take(text, 2, h) || !take(text, ':') || !take(text, 2, m) || h > 23 || m > 59) return false;
  minutes = sign * (h * 60 + m);
  return true;
}

}  // namespace

Clock& system_clock() {
  static SystemClock clock;
  return clock;
}

std::string to_rfc3339(Timestamp at) {
  using std::chrono::days;
  using std::chrono::floor;
  using std::chrono::milliseconds;
  const std::chrono::sys_time<milliseconds> time{milliseconds{at.ms}};
  const auto day = floor<days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  char out[48];
  std::snprintf(
      out, sizeof(out), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return out;
}

Result<Timestamp> parse_rfc3339(std::string_view text) {
  const auto bad = [text] {
    return invalid("'" + std::string(text) + "' is not an RFC 3339 time",
                   "write it as 2013-04-01T12:00:00Z");
  };
  std::string_view rest = text;
  int y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0, ms = 0, offset = 0;
  if (!take(rest, 4, y) || !take(rest, '-') || !take(rest, 2, mo) || !take(rest, '-') ||
      !take(rest, 2, d)) {
    return bad();
  }
  if (!rest.empty()) {
    if (!take(rest, 'T') && !take(rest, 't') && !take(rest, ' ')) return bad();
    if (!take(rest, 2, h) || !take(rest, ':') || !take(rest, 2, mi) || !take(rest, ':') ||
        !take(rest, 2, s) || !take_fraction(rest, ms) || !take_offset(rest, offset)) {
      return bad();
    }
  }
  const std::chrono::year_month_day date{std::chrono::year{y}, std::chrono::month(mo),
                                         std::chrono::day(d)};
  if (!rest.empty() || !date.ok() || h > 23 || mi > 59 || s > 60) return bad();
  const std::int64_t day = std::chrono::sys_days{date}.time_since_epoch().count();
  return Timestamp{((day * 24 + h) * 60 + mi - offset) * 60'000 + s * 1000 + ms};
}

}  // namespace slipway
