// SPDX-License-Identifier: Apache-2.0
#include "notices.h"

#include <array>
#include <ctime>

#include "base/text.h"
#include "json/value.h"
#include "monitor/documents.h"

namespace slipway::monitor {
namespace {

constexpr std::int64_t kAlertmanagerDays = 30;

bool is_over(std::string_view event) {
  return event == "alert.closed";
}

std::string color_of(std::string_view event, const Alert& alert) {
  if (is_over(event)) return "#1d7f4f";
  if (alert.severity == "critical") return "#c62f3b";
  return alert.severity == "info" ? "#2f6fed" : "#d98a00";
}

// Of one its own line, of several what they are.
std::string headline(const std::vector<Notice>& notices) {
  if (notices.size() == 1) return monitor::headline(notices[0].event, notices[0].alert);
  std::string kinds;
  for (const auto& [event, alert] : notices) {
    kinds += (kinds.empty() ? "" : ", ") + std::string(name_of(alert.kind));
    if (is_over(event)) kinds += " is over";
  }
  return notices[0].alert.endpoint + ": " + std::to_string(notices.size()) + " alerts: " + kinds;
}

std::string worst_of(const std::vector<Notice>& notices) {
  std::string out = "info";
  for (const auto& [event, alert] : notices) {
    if (alert.severity == "critical" || out == "info") out = alert.severity;
  }
  return out;
}

std::string slipway_bodies(const std::vector<Notice>& notices, const std::string& id) {
  std::string body = "{\"event\":\"alerts\",\"delivery\":";
  append_json_string(body, id);
  body += ",\"alerts\":[";
  for (const auto& [event, alert] : notices) {
    if (body.back() != '[') body += ',';
    body += "{\"event\":";
    append_json_string(body, event);
    body += ",\"alert\":" + alert_json(alert) + "}";
  }
  return body + "]}";
}

std::string slipway_body(std::string_view event, const Alert& alert, const std::string& id) {
  std::string body = "{\"event\":";
  append_json_string(body, event);
  body += ",\"delivery\":";
  append_json_string(body, id);
  return body + ",\"alert\":" + alert_json(alert) + "}";
}

// <, > and & begin links and mentions there.
std::string slack_text(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '&') {
      out += "&amp;";
    } else {
      out += c;
    }
  }
  return out;
}

json::object slack_attachment(std::string_view event, const Alert& alert) {
  json::array fields;
  const auto field = [&](const char* title, const std::string& value) {
    if (value.empty()) return;
    fields.push_back(json::object{{"title", title}, {"value", slack_text(value)}, {"short", true}});
  };
  field("Endpoint", alert.endpoint);
  field("Version", alert.model + " " + alert.version);
  field("Owner", alert.owner);
  field(is_over(event) ? "Closed by" : "Severity",
        is_over(event) ? alert.closed_by : alert.severity);
  return {
      {"color", color_of(event, alert)},        {"fallback", slack_text(headline(event, alert))},
      {"text", slack_text(alert.message)},      {"fields", std::move(fields)},
      {"footer", "Slipway, alert " + alert.id}, {"ts", alert.opened.ms / 1000}};
}

std::string slack_body(const std::vector<Notice>& notices) {
  json::array attachments;
  for (const auto& [event, alert] : notices) attachments.push_back(slack_attachment(event, alert));
  return json::dump_value(json::object{{"text", slack_text(headline(notices))},
                                       {"attachments", std::move(attachments)}});
}

// Capitalised, as alert names are by custom: SlipwayDrift.
std::string alert_name(AlertKind kind) {
  std::string name(name_of(kind));
  name[0] = static_cast<char>(name[0] - 'a' + 'A');
  return "Slipway" + name;
}

json::object alertmanager_item(std::string_view event, const Alert& alert, Timestamp now) {
  json::object labels{{"alertname", alert_name(alert.kind)},
                      {"endpoint", alert.endpoint},
                      {"model", alert.model},
                      {"version", alert.version},
                      {"kind", name_of(alert.kind)},
                      {"severity", alert.severity}};
  if (!alert.owner.empty()) labels["owner"] = alert.owner;
  const Timestamp ends = is_over(event)
                             ? alert.closed.value_or(now)
                             : Timestamp{alert.opened.ms + kAlertmanagerDays * 86'400'000};
  return {{"labels", std::move(labels)},
          {"annotations", json::object{{"summary", headline("alert.opened", alert)},
                                       {"description", alert.message},
                                       {"value", number_text(alert.value)},
                                       {"threshold", number_text(alert.threshold)},
                                       {"alert_id", alert.id}}},
          {"startsAt", to_rfc3339(alert.opened)},
          {"endsAt", to_rfc3339(ends)}};
}

std::string alertmanager_body(const std::vector<Notice>& notices, Timestamp now) {
  json::array out;
  for (const auto& [event, alert] : notices) out.push_back(alertmanager_item(event, alert, now));
  return json::dump_value(json::value(std::move(out)));
}

// RFC 2047, when it has to be: a header is ASCII without line breaks.
std::string header_text(const std::string& text) {
  std::string out;
  bool plain = true;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out += byte < ' ' || byte == 0x7f ? ' ' : c;
    plain = plain && byte < 0x80;
  }
  if (plain) return out;
  // An encoded word has at most 75 characters and whole characters in it.
  std::string words;
  for (std::size_t at = 0; at < out.size();) {
    std::size_t end = std::min(at + 42, out.size());
    while (end < out.size() && (static_cast<unsigned char>(out[end]) & 0xC0U) == 0x80U) --end;
    words += (words.empty() ? "" : "\r\n ") + ("=?UTF-8?B?" + to_base64(out.substr(at, end - at))) +
             "?=";
    at = end;
  }
  return words;
}

std::string mail_date(Timestamp at) {
  const auto seconds = static_cast<std::time_t>(at.ms / 1000);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  static constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%s, %02d %s %d %02d:%02d:%02d +0000",
                kDays[static_cast<std::size_t>(parts.tm_wday)], parts.tm_mday,
                kMonths[static_cast<std::size_t>(parts.tm_mon)], parts.tm_year + 1900,
                parts.tm_hour, parts.tm_min, parts.tm_sec);
  return text.data();
}

std::string mail_text(std::string_view event, const Alert& alert) {
  std::string said = headline(event, alert) + "\n\n" + alert.message + "\n\n";
  said += "endpoint  " + alert.endpoint + "\nversion   " + alert.model + " " + alert.version;
  said += "\nkind      " + std::string(name_of(alert.kind)) + "\nseverity  " + alert.severity;
  if (!alert.owner.empty()) said += "\nowner     " + alert.owner;
  said += "\nopened    " + to_rfc3339(alert.opened);
  if (alert.closed) said += "\nclosed    " + to_rfc3339(*alert.closed) + ", " + alert.closed_by;
  return said + "\nalert     " + alert.id + "\n";
}

std::string mail_body(const Webhook& hook, const std::vector<Notice>& notices,
                      const std::string& id, Timestamp now) {
  std::string said;
  for (const auto& [event, alert] : notices) {
    said += (said.empty() ? "" : "\n\n") + mail_text(event, alert);
  }
  const auto encoded = to_base64(said);
  std::string out = "To: " + hook.url.substr(std::string_view("mailto:").size()) + "\r\n";
  out += "Subject: " + header_text("[" + worst_of(notices) + "] " + headline(notices)) + "\r\n";
  out += "Date: " + mail_date(now) + "\r\nMessage-ID: <" + id + "@slipway>\r\n";
  // Answers of holiday programs are not wanted; later mails of one alert stand below the first.
  out += "Auto-Submitted: auto-generated\r\nReferences: <" + notices[0].alert.id + "@slipway>\r\n";
  out += "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n";
  out += "Content-Transfer-Encoding: base64\r\n\r\n";
  for (std::size_t at = 0; at < encoded.size(); at += 76) out += encoded.substr(at, 76) + "\r\n";
  return out;
}

}  // namespace

std::string headline(std::string_view event, const Alert& alert) {
  std::string what = alert.endpoint + ": " + std::string(name_of(alert.kind));
  if (is_over(event)) return what + " is over (" + alert.closed_by + ")";
  return what + " of version " + alert.version + ", " + number_text(alert.value) +
         " where the limit is " + number_text(alert.threshold);
}

std::string with_sender(const std::string& message, const std::string& from) {
  return "From: Slipway <" + from + ">\r\n" + message;
}

std::string group_body(const Webhook& hook, const std::vector<Notice>& notices,
                       const std::string& id, Timestamp now) {
  if (hook.is_mail()) return mail_body(hook, notices, id, now);
  switch (hook.format) {
    case NoticeFormat::slipway:
      break;
    case NoticeFormat::slack:
      return slack_body(notices);
    case NoticeFormat::alertmanager:
      return alertmanager_body(notices, now);
  }
  return slipway_bodies(notices, id);
}

std::string notice_body(const Webhook& hook, std::string_view event, const Alert& alert,
                        const std::string& id, Timestamp now) {
  if (!hook.is_mail() && hook.format == NoticeFormat::slipway) {
    return slipway_body(event, alert, id);
  }
  return group_body(hook, {{std::string(event), alert}}, id, now);
}

}  // namespace slipway::monitor
