// SPDX-License-Identifier: Apache-2.0
#include "monitor/silences.h"

#include <utility>

#include "json/value.h"
#include "store/database.h"

namespace slipway::monitor {
namespace {

using store::Connection;
using store::Row;

constexpr std::int64_t kLongestMs = std::int64_t{90} * 86'400'000;
constexpr std::size_t kMostReason = 2'000;

Silence from_row(const Row& row) {
  return {.id = std::string(row.text(0)),
          .endpoint = std::string(row.text(1)),
          .kind = alert_kind_named(row.text(2)),
          .starts = {row.int64(3)},
          .ends = {row.int64(4)},
          .created_by = std::string(row.text(5)),
          .reason = std::string(row.text(6))};
}

Result<std::string> text_field(const json::value& member, const std::string& field) {
  if (!member.is_string()) {
    return invalid(field + ": expected a string, got " + std::string(json::kind_of(member)));
  }
  return std::string(member.get_string());
}

Result<void> read_member(const std::string& field, const json::value& member, Timestamp now,
                         Silence& into) {
  if (field == "minutes") {
    if (!member.is_number()) {
      return invalid("minutes: expected a number, got " + std::string(json::kind_of(member)));
    }
    const double minutes = member.to_number<double>();
    if (!(minutes > 0 && minutes <= kLongestMs / 60'000.0)) {
      return invalid("minutes: a silence lasts more than 0 minutes and at most 90 days");
    }
    into.ends = {now.ms + static_cast<std::int64_t>(minutes * 60'000)};
    return {};
  }
  SW_TRY(auto text, text_field(member, field));
  if (field == "endpoint") {
    into.endpoint = std::move(text);
  } else if (field == "reason") {
    if (text.size() > kMostReason) return invalid("reason: longer than 2000 bytes");
    into.reason = std::move(text);
  } else if (field == "kind") {
    into.kind = alert_kind_named(text);
    if (!into.kind) {
      return invalid("kind: '" + text + "' is not known", known_alert_kinds());
    }
  } else if (field == "starts") {
    SW_TRY(into.starts, parse_rfc3339(text));
  } else if (field == "ends") {
    SW_TRY(into.ends, parse_rfc3339(text));
  } else {
    return invalid("unknown field '" + field + "'",
                   "known are endpoint, kind, starts, ends, minutes and reason");
  }
  return {};
}

}  // namespace

std::string silence_json(const Silence& silence) {
  const auto maybe = [](const std::string& text) {
    return text.empty() ? json::value(nullptr) : json::value(text);
  };
  return json::dump_value(json::object{
      {"id", silence.id},
      {"endpoint", maybe(silence.endpoint)},
      {"kind", silence.kind ? json::value(name_of(*silence.kind)) : json::value(nullptr)},
      {"starts", to_rfc3339(silence.starts)},
      {"ends", to_rfc3339(silence.ends)},
      {"created_by", silence.created_by},
      {"reason", silence.reason}});
}

Result<Silence> silence_from_json(std::string_view document, Timestamp now) {
  SW_TRY(const auto parsed, json::parse_value(document));
  if (!parsed.is_object()) return invalid("$: expected an object");
  Silence out{.starts = now};
  // `minutes` counts from the start, wherever it stands in the document.
  if (const auto* starts = json::find(parsed, "starts"); starts != nullptr && !starts->is_null()) {
    SW_CHECK_OK(read_member("starts", *starts, now, out));
  }
  for (const auto& [key, member] : parsed.get_object()) {
    if (member.is_null()) continue;
    SW_CHECK_OK(read_member(std::string(key), member, out.starts, out));
  }
  if (out.ends.ms == 0) return invalid("ends: missing", "give ends or minutes");
  if (out.ends <= out.starts || out.ends <= now) return invalid("ends: that is over already");
  if (out.ends.ms - out.starts.ms > kLongestMs) {
    return invalid("ends: a silence lasts at most 90 days");
  }
  return out;
}

Result<Silence> Silences::add(Silence silence, const std::string& by) {
  silence.id = ids_.sortable();
  silence.created_by = by;
  const std::string kind(silence.kind ? name_of(*silence.kind) : "");
  SW_CHECK_OK(db_.write([&](Connection& c) -> Result<void> {
    SW_CHECK_OK(
        c.exec("INSERT INTO monitor_silence (id, endpoint, kind, starts, ends, created_by, "
               "reason) VALUES (?, ?, ?, ?, ?, ?, ?)",
               {silence.id, silence.endpoint, kind, silence.starts.ms, silence.ends.ms, by,
                silence.reason}));
    return {};
  }));
  return silence;
}

Result<Page<Silence>> Silences::list(const PageRequest& page) const {
  const auto now = clock_.now().ms;
  // Past the last page's end and id; both together are unique.
  std::int64_t after = 0;
  std::string id;
  if (const auto at = page.token.find('.'); at != std::string::npos) {
    after = std::atoll(page.token.substr(0, at).c_str());
    id = page.token.substr(at + 1);
  }
  SW_TRY(auto items, db_.read([&](Connection& c) {
    return c.all(
        "SELECT id, endpoint, kind, starts, ends, created_by, reason FROM monitor_silence "
        "WHERE ends > ? AND (ends > ? OR (ends = ? AND id > ?)) ORDER BY ends, id LIMIT " +
            std::to_string(page.size + 1),
        {now, after, after, id}, from_row);
  }));
  Page<Silence> out;
  if (items.size() > page.size) {
    items.resize(page.size);
    out.next_token = std::to_string(items.back().ends.ms) + "." + items.back().id;
  }
  out.items = std::move(items);
  return out;
}

Result<Silence> Silences::end(const std::string& id) {
  const auto now = clock_.now();
  return db_.write([&](Connection& c) -> Result<Silence> {
    SW_TRY(auto found, c.first("SELECT id, endpoint, kind, starts, ends, created_by, reason FROM "
                               "monitor_silence WHERE id = ? AND ends > ?",
                               {id, now.ms}, from_row));
    if (!found) return not_found("silence '" + id + "' does not exist or is over");
    found->ends = now;
    SW_CHECK_OK(c.exec("UPDATE monitor_silence SET ends = ? WHERE id = ?", {now.ms, id}));
    return *std::move(found);
  });
}

Result<bool> is_silent(Connection& c, const Alert& alert, Timestamp now) {
  SW_TRY(const auto found,
         c.first("SELECT id FROM monitor_silence WHERE (endpoint = '' OR endpoint = ?) AND "
                 "(kind = '' OR kind = ?) AND starts <= ? AND ends > ? LIMIT 1",
                 {alert.endpoint, std::string(name_of(alert.kind)), now.ms, now.ms},
                 [](const Row&) { return true; }));
  return found.has_value();
}

}  // namespace slipway::monitor
