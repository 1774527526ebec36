// SPDX-License-Identifier: Apache-2.0
#include "message.h"

#include "base/hash.h"
#include "base/text.h"
#include "json/value.h"

namespace slipway::wire::alertmanager {
namespace {

constexpr std::size_t kMostAlerts = 1'000;
constexpr std::size_t kMostLabels = 200;

// Takes as long whatever differs.
bool same(std::string_view a, std::string_view b) {
  unsigned difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference |= static_cast<unsigned char>(a[i]) ^
                  static_cast<unsigned char>(b.empty() ? 0 : b[i % b.size()]);
  }
  return difference == 0;
}

std::string_view after(std::string_view text, std::string_view scheme) {
  if (text.size() < scheme.size() || !equal_ignoring_case(text.substr(0, scheme.size()), scheme)) {
    return {};
  }
  return trim(text.substr(scheme.size()));
}

Result<pipeline::Fired> fired_of(const json::value& alert, const std::string& where) {
  pipeline::Fired out;
  const auto* labels = json::find(alert, "labels");
  if (labels == nullptr || !labels->is_object() || labels->get_object().size() > kMostLabels) {
    return invalid(where + ".labels: expected an object of at most 200 labels");
  }
  std::string all;
  for (const auto& [key, value] : labels->get_object()) {
    if (!value.is_string()) {
      return invalid(where + ".labels." + std::string(key) + ": expected a string");
    }
    out.labels[std::string(key)] = std::string(value.get_string());
  }
  for (const auto& [key, value] : out.labels) {
    append_json_string(all, key);
    append_json_string(all, value);
  }
  const auto starts = json::text_at(alert, "startsAt").value_or("");
  const auto time = parse_rfc3339(starts);
  if (!time) return invalid(where + ".startsAt: '" + starts.substr(0, 80) + "' is no time");
  auto fingerprint = json::text_at(alert, "fingerprint").value_or("");
  if (fingerprint.size() > 200) return invalid(where + ".fingerprint: longer than 200 bytes");
  if (fingerprint.empty()) fingerprint = sha256_hex(all).substr(0, 16);
  out.key = fingerprint + "@" + to_rfc3339(*time);
  return out;
}

}  // namespace

Result<Message> message_of(std::string_view body) {
  SW_TRY(const auto parsed, json::parse_value(body));
  const auto* alerts = json::find(parsed, "alerts");
  if (alerts == nullptr || !alerts->is_array()) {
    return invalid("$.alerts: expected an array, as Alertmanager and Grafana send it");
  }
  if (alerts->get_array().size() > kMostAlerts) return invalid("$.alerts: more than 1000");
  Message out;
  std::size_t i = 0;
  for (const auto& alert : alerts->get_array()) {
    const std::string where = "$.alerts[" + std::to_string(i++) + "]";
    const auto status = json::text_at(alert, "status").value_or("");
    if (status == "resolved") {
      ++out.resolved;
    } else if (status == "firing") {
      SW_TRY(auto fired, fired_of(alert, where));
      out.firing.push_back(std::move(fired));
    } else {
      return invalid(where + ".status: '" + status.substr(0, 80) +
                     "' is neither firing nor resolved");
    }
  }
  return out;
}

bool knows(const net::Headers& headers, std::string_view body, std::string_view secret) {
  if (secret.empty()) return false;
  const auto authorization = headers.get("authorization");
  if (const auto token = after(authorization, "bearer "); !token.empty()) {
    return same(token, secret);
  }
  if (const auto basic = after(authorization, "basic "); !basic.empty()) {
    const auto login = from_base64(basic);
    const auto colon = login ? login->find(':') : std::string::npos;
    return colon != std::string::npos && same(std::string_view(*login).substr(colon + 1), secret);
  }
  if (const auto ours = after(headers.get("x-slipway-signature"), "sha256="); !ours.empty()) {
    return same(to_lower(ours), hmac_sha256_hex(secret, body));
  }
  const auto theirs = headers.get("x-grafana-alerting-signature");
  if (theirs.empty()) return false;
  const auto timestamp = headers.get("x-grafana-alerting-timestamp");
  const auto text =
      timestamp.empty() ? std::string(body) : std::string(timestamp) + ":" + std::string(body);
  return same(to_lower(theirs), hmac_sha256_hex(secret, text));
}

}  // namespace slipway::wire::alertmanager
