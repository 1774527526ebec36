// SPDX-License-Identifier: Apache-2.0
#include "s3_xml.h"

#include "base/text.h"

namespace slipway::fetch {
namespace {

struct Entity {
  std::string_view name;
  char stands_for;
};
constexpr Entity kEntities[] = {
    {"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};

}  // namespace

std::vector<std::string> elements(std::string_view xml, const std::string& tag) {
  std::vector<std::string> out;
  const auto open = "<" + tag + ">";
  const auto close = "</" + tag + ">";
  for (auto at = xml.find(open); at != xml.npos; at = xml.find(open, at)) {
    at += open.size();
    const auto end = xml.find(close, at);
    if (end == xml.npos) break;
    out.emplace_back(xml.substr(at, end - at));
    at = end + close.size();
  }
  return out;
}

std::string element(std::string_view xml, const std::string& tag) {
  const auto open = "<" + tag + ">";
  const auto from = xml.find(open);
  if (from == xml.npos) return {};
  const auto start = from + open.size();
  const auto end = xml.find("</" + tag + ">", start);
  return end == xml.npos ? std::string() : std::string(xml.substr(start, end - start));
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    std::string_view piece(&c, 1);
    for (const auto& entity : kEntities) {
      if (entity.stands_for == c) piece = entity.name;
    }
    out += piece;
  }
  return out;
}

std::string unescaped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::size_t taken = 1;
    char c = text[0];
    for (const auto& entity : kEntities) {
      if (!text.starts_with(entity.name)) continue;
      c = entity.stands_for;
      taken = entity.name.size();
    }
    out += c;
    text.remove_prefix(taken);
  }
  return out;
}

Error error_of(const Response& response, const S3Place& place) {
  const auto code = element(response.body, "Code");
  const auto message = element(response.body, "Message");
  const auto what = "s3://" + place.bucket + "/" + place.key + ": " +
                    (code.empty() ? "status " + std::to_string(response.status) : code) +
                    (message.empty() ? "" : ", " + message);
  if (response.status == 404) return not_found(what, "check the bucket and the key");
  if (response.status == 412) {
    return Error{Code::conflict, what + " (the object changed meanwhile)", "submit it again"};
  }
  if (response.status == 401 || response.status == 403) {
    return Error{Code::permission_denied, what,
                 "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY where it runs, the region and "
                 "the endpoint"};
  }
  return unavailable(what);
}

}  // namespace slipway::fetch
