// SPDX-License-Identifier: Apache-2.0
#include "pipeline/cron.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "base/text.h"

namespace slipway::pipeline {
namespace {

constexpr int kMaxYears = 50;
constexpr std::int64_t kDayMinutes = 24 * 60;

struct Range {
  std::string_view name;
  int low, high;
  std::vector<std::string_view> names;  // of low, low + 1, ..
};

const std::vector<Range>& ranges() {
  static const std::vector<Range> all = {
      {"minute", 0, 59, {}},
      {"hour", 0, 23, {}},
      {"day of month", 1, 31, {}},
      {"month",
       1,
       12,
       {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
      {"day of week", 0, 6, {"sun", "mon", "tue", "wed", "thu", "fri", "sat"}}};
  return all;
}

std::optional<int> value_in(std::string_view text, const Range& range) {
  for (std::size_t i = 0; i < range.names.size(); ++i) {
    if (text == range.names[i]) return range.low + static_cast<int>(i);
  }
  if (text.empty() || text.size() > 4 || text.find_first_not_of("0123456789") != text.npos) {
    return std::nullopt;
  }
  auto value = static_cast<int>(*parse_int(text));
  if (range.high == 6 && value == 7) value = 0;
  if (value < range.low || value > range.high) return std::nullopt;
  return value;
}

void set(std::uint64_t& bits, int from, int to, int step) {
  for (int n = from; n <= to; n += step) bits |= std::uint64_t{1} << n;
}

// "fri-mon": from the beginning to the end of the field, then on, in step.
void set_over_the_end(std::uint64_t& bits, int low, int high, int step, const Range& range) {
  set(bits, low, range.high, step);
  const int last = low + (range.high - low) / step * step;
  const int passed = range.high - last;  // values after the last hit
  const int length = range.high - range.low + 1;
  int skip = 0;
  if (last - range.low + step > length && passed < step) skip = step - passed;
  set(bits, range.low + skip, high, step);
}

Error bad(std::string_view part, const Range& range) {
  std::string hint = std::to_string(range.low) + "-" + std::to_string(range.high);
  if (!range.names.empty()) {
    hint += ", " + std::string(range.names.front()) + "-" + std::string(range.names.back());
  }
  return invalid("'" + std::string(part.substr(0, 40)) + "' is not a " + std::string(range.name) +
                     " of a schedule",
                 "write " + hint + ", lists (1,5), ranges (1-5), steps (*/15) or *");
}

Result<void> add_part(std::string_view part, const Range& range, std::uint64_t& bits) {
  const auto slash = part.find('/');
  auto span = part.substr(0, slash);
  int step = 1;
  if (slash != part.npos) {
    const auto parsed = parse_int(part.substr(slash + 1));
    if (!parsed || *parsed < 1 || *parsed > 1'000'000) return bad(part, range);
    step = static_cast<int>(*parsed);
  }
  if (span == "*") return set(bits, range.low, range.high, step), Result<void>{};
  const auto dash = span.find('-');
  const auto low = value_in(span.substr(0, dash), range);
  if (!low) return bad(part, range);
  if (dash == span.npos) {
    // With a step it counts on to the end of the field.
    set(bits, *low, slash == part.npos ? *low : range.high, step);
    return {};
  }
  const auto high = value_in(span.substr(dash + 1), range);
  if (!high) return bad(part, range);
  if (*low == *high) {  // a range from a value to itself goes all the way round
    set(bits, range.low, range.high, step);
  } else if (*low < *high) {
    set(bits, *low, *high, step);
  } else {
    set_over_the_end(bits, *low, *high, step, range);
  }
  return {};
}

struct WallTime {
  std::int64_t first_s = 0;  // the earlier moment with that time on the wall
  std::int64_t second_s = 0;
  bool exists = false;
};

// The moments (UTC seconds) at which a clock of the zone shows `wall_s`.
WallTime resolve(std::int64_t wall_s, const Zone& zone) {
  const auto before = wall_s - zone.offset_at(wall_s - 86'400);
  const auto after = wall_s - zone.offset_at(wall_s + 86'400);
  WallTime out;
  for (const auto candidate : {std::min(before, after), std::max(before, after)}) {
    if (candidate + zone.offset_at(candidate) != wall_s) continue;
    if (!out.exists) out.first_s = candidate;
    out.second_s = candidate;
    out.exists = true;
  }
  return out;
}

struct Moment {
  std::int64_t utc_s = 0;
  bool exists = false;
};

// The moment of a time on the wall that comes after `after_s`: the first of two, or the next
// minute that exists.
Moment moment_of(std::int64_t wall_s, std::int64_t after_s, const Zone& zone) {
  auto found = resolve(wall_s, zone);
  if (found.exists) return {found.first_s > after_s ? found.first_s : found.second_s, true};
  for (int i = 0; i < 2 * kDayMinutes && !found.exists; ++i) {
    wall_s += 60;
    found = resolve(wall_s, zone);
  }
  return {found.first_s, false};
}

}  // namespace

Result<Cron> Cron::parse(std::string_view expression) {
  auto text = to_lower(trim(expression));
  if (text.size() > 1000) return invalid("the schedule is too long");
  for (const auto& [alias, meaning] :
       std::initializer_list<std::pair<const char*, const char*>>{{"@midnight", "0 0 * * *"},
                                                                  {"@hourly", "0 * * * *"},
                                                                  {"@daily", "0 0 * * *"},
                                                                  {"@weekly", "0 0 * * 0"},
                                                                  {"@monthly", "0 0 1 * *"},
                                                                  {"@yearly", "0 0 1 1 *"},
                                                                  {"@annually", "0 0 1 1 *"}}) {
    if (text == alias) text = meaning;
  }
  std::replace(text.begin(), text.end(), '\t', ' ');
  std::vector<std::string_view> fields;
  for (const auto field : split(text, ' ')) {
    if (!field.empty()) fields.push_back(field);
  }
  if (fields.size() != 5) {
    return invalid("'" + std::string(expression.substr(0, 80)) + "' has " +
                       std::to_string(fields.size()) + " fields, a schedule has five",
                   "minute hour day-of-month month day-of-week: 0 3 * * mon-fri");
  }
  Cron out;
  Field* const into[] = {&out.minute_, &out.hour_, &out.day_, &out.month_, &out.weekday_};
  for (std::size_t i = 0; i < 5; ++i) {
    const auto& range = ranges()[i];
    auto field = fields[i];
    if (field == "?" && (i == 2 || i == 4)) field = "*";
    bool star = field == "*";
    for (const auto part : split(field, ',')) {
      star |= part == "*";
      SW_CHECK_OK(add_part(part, range, into[i]->bits));
    }
    // All values are the same as a star, but for the days only when the other field has a star:
    // else either of them may match.
    std::uint64_t all = 0;
    set(all, range.low, range.high, 1);
    const auto other = i == 2 ? fields[4] : i == 4 ? fields[2] : std::string_view("*");
    into[i]->any = star || (into[i]->bits == all && other.find('*') != other.npos);
  }
  return out;
}

bool Cron::day_matches(std::int64_t day, bool by_month_day, bool by_weekday) const {
  using namespace std::chrono;
  const year_month_day date{sys_days{days{day}}};
  return month_.has(static_cast<int>(static_cast<unsigned>(date.month()))) &&
         (!by_month_day || day_.has(static_cast<int>(static_cast<unsigned>(date.day())))) &&
         (!by_weekday || weekday_.has(static_cast<int>(((day + 4) % 7 + 7) % 7)));
}

std::int64_t Cron::next_wall(std::int64_t minute, bool by_month_day, bool by_weekday) const {
  ++minute;
  std::int64_t day = minute / kDayMinutes - (minute % kDayMinutes < 0 ? 1 : 0);
  const auto last_day = day + (kMaxYears + 1) * 366;
  for (auto of_day = minute - day * kDayMinutes; day <= last_day; ++day, of_day = 0) {
    if (!day_matches(day, by_month_day, by_weekday)) continue;
    for (auto hour = of_day / 60; hour < 24; ++hour) {
      if (!hour_.has(static_cast<int>(hour))) continue;
      for (auto m = hour == of_day / 60 ? of_day % 60 : 0; m < 60; ++m) {
        if (minute_.has(static_cast<int>(m))) return day * kDayMinutes + hour * 60 + m;
      }
    }
  }
  return -1;
}

std::int64_t Cron::next_on(std::int64_t from_s, const Zone& zone, bool by_month_day,
                           bool by_weekday) const {
  const auto floor_minute = [](std::int64_t s) { return s / 60 - (s % 60 < 0 ? 1 : 0); };
  const auto from_offset = zone.offset_at(from_s);
  auto wall = next_wall(floor_minute(from_s + from_offset), by_month_day, by_weekday);
  if (wall < 0) return -1;
  auto found = moment_of(wall * 60, from_s, zone);
  if (!found.exists && (found.utc_s <= from_s || hour_.any)) {
    // Moving it would not be what a star for the hour says: the next one that exists.
    while (!found.exists) {
      wall = next_wall(wall, by_month_day, by_weekday);
      if (wall < 0) return -1;
      found = moment_of(wall * 60, from_s, zone);
    }
  }
  const auto shift = zone.offset_at(found.utc_s) - from_offset;
  if (shift == 0) return found.utc_s;
  // The clock changed in between: perhaps another time matches sooner by the new clock.
  const auto other_wall =
      next_wall(floor_minute(from_s + from_offset + shift), by_month_day, by_weekday);
  if (other_wall < 0) return found.utc_s;
  const auto other = moment_of(other_wall * 60, from_s, zone);
  const bool sooner = other.exists && other.utc_s > from_s && other.utc_s < found.utc_s;
  return sooner ? other.utc_s : found.utc_s;
}

Result<Timestamp> Cron::next(Timestamp from, const Zone& zone) const {
  const auto from_s = from.ms / 1000 - (from.ms % 1000 < 0 ? 1 : 0);
  std::int64_t best = -1;
  if (!day_.any && !weekday_.any) {  // either day may match
    const auto by_day = next_on(from_s, zone, true, false);
    const auto by_weekday = next_on(from_s, zone, false, true);
    best = by_day < 0 || (by_weekday >= 0 && by_weekday < by_day) ? by_weekday : by_day;
  } else {
    best = next_on(from_s, zone, true, true);
  }
  if (best < 0) return not_found("the schedule does not fire in the next 50 years");
  return Timestamp{best * 1000};
}

}  // namespace slipway::pipeline
