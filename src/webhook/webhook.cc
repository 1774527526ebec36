// SPDX-License-Identifier: Apache-2.0
#include "webhook/webhook.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "fetch/address.h"
#include "impl.h"

namespace slipway::webhook {
namespace {

using store::Connection;

constexpr std::size_t kPageLimit = 1'000;
constexpr std::size_t kTextLimit = 4'096;
constexpr std::size_t kUrlLimit = 500;
constexpr std::size_t kTopicsLimit = 100;

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

Result<void> check_name(const std::string& name) {
  bool fine = !name.empty() && name.size() <= 63 && is_plain(name.front()) && is_plain(name.back());
  for (const char c : name) fine = fine && (is_plain(c) || c == '.' || c == '_' || c == '-');
  if (fine) return {};
  return invalid("webhook name '" + name.substr(0, 100) + "' is invalid",
                 "1 to 63 letters, digits, '.', '_' and '-', with a letter or digit at both ends");
}

Result<void> check_text(std::string_view field, const std::optional<std::string>& text) {
  if (!text || text->size() <= kTextLimit) return {};
  return invalid("the webhook's " + std::string(field) + " is longer than " +
                 std::to_string(kTextLimit) + " bytes");
}

Result<std::vector<std::string>> checked_topics(const std::vector<std::string>& topics) {
  if (topics.empty()) return invalid("a webhook needs at least one event");
  std::vector<std::string> out;
  for (const auto& topic : topics) {
    if (std::find(out.begin(), out.end(), topic) == out.end()) out.push_back(topic);
  }
  if (out.size() > kTopicsLimit) return invalid("a webhook has too many events");
  return out;
}

Error unknown(const std::string& id) {
  return not_found("webhook with ID " + id.substr(0, 100) + " not found");
}

// 128 random bits as a UUID of version 4.
std::string uuid_of(std::string hex) {
  hex[12] = '4';
  hex[16] = "89ab"[static_cast<unsigned char>(hex[16]) % 4];
  for (const std::size_t at : {20, 16, 12, 8}) hex.insert(at, "-");
  return hex;
}

}  // namespace

Webhooks::Webhooks(store::Database& db, Clock& clock, Ids& ids, Sign sign, Options options,
                   Send send)
    : impl_(new Impl{.db = db,
                     .clock = clock,
                     .ids = ids,
                     .sign = std::move(sign),
                     .options = std::move(options),
                     .send = send ? std::move(send) : Send(fetch::send)}) {}

Webhooks::~Webhooks() {
  stop();
}

// No secret at all stays nothing: it means that deliveries are unsigned.
std::string Webhooks::Impl::kept(const std::string& secret, const std::string& webhook) const {
  return options.seal && !secret.empty() ? options.seal->seal(secret, webhook) : secret;
}

Result<std::string> Webhooks::Impl::opened(const std::string& secret,
                                           const std::string& webhook) const {
  return options.seal ? options.seal->open(secret, webhook) : Result<std::string>(secret);
}

Result<void> Webhooks::seal_stored() {
  if (!impl_->options.seal) return {};
  return impl_->db.write([&](Connection& c) -> Result<void> {
    SW_TRY(
        const auto all,
        c.all("SELECT id, secret FROM webhook WHERE secret <> ''", {}, [](const store::Row& row) {
          return std::pair(std::string(row.text(0)), std::string(row.text(1)));
        }));
    for (const auto& [id, secret] : all) {
      if (Seal::is_sealed(secret)) continue;
      SW_CHECK_OK(
          c.exec("UPDATE webhook SET secret = ? WHERE id = ?", {impl_->kept(secret, id), id}));
    }
    return {};
  });
}

Result<void> Webhooks::Impl::check_url(const std::string& url) const {
  if (trim(url).empty()) return invalid("webhook URL cannot be empty or just whitespace");
  if (url.size() > kUrlLimit) return invalid("webhook URL is longer than 500 characters");
  const auto colon = url.find("://");
  const auto scheme = to_lower(url.substr(0, std::min(colon, url.size())));
  std::string allowed;
  bool fine = false;
  for (const auto& one : options.schemes) {
    fine = fine || (colon != std::string::npos && scheme == one);
    (allowed += allowed.empty() ? "" : ", ") += one;
  }
  if (!fine) {
    return invalid("invalid webhook URL scheme in '" + url.substr(0, 200) + "'",
                   "allowed schemes are: " + allowed);
  }
  SW_TRY(const auto host, fetch::host_of(url));
  return options.private_addresses ? Result<void>() : fetch::check_public(host);
}

Result<Webhook> Webhooks::create(const NewWebhook& wanted) {
  SW_CHECK_OK(check_name(wanted.name));
  SW_CHECK_OK(impl_->check_url(wanted.url));
  SW_CHECK_OK(check_text("description", wanted.description));
  SW_CHECK_OK(check_text("secret", wanted.secret));
  Webhook webhook{.id = uuid_of(impl_->ids.hex32()),
                  .name = wanted.name,
                  .url = wanted.url,
                  .description = wanted.description,
                  .active = wanted.active};
  SW_TRY(webhook.topics, checked_topics(wanted.topics));
  webhook.created = webhook.updated = impl_->clock.now();
  const auto secret = impl_->kept(wanted.secret, webhook.id);
  SW_CHECK_OK(impl_->db.write([&](Connection& c) { return insert(c, webhook, secret); }));
  return webhook;
}

Result<Webhook> Webhooks::get(const std::string& id) const {
  SW_TRY(auto found, impl_->db.read([&](Connection& c) { return find(c, id); }));
  if (!found) return unknown(id);
  return *std::move(found);
}

Result<Page<Webhook>> Webhooks::list(const PageRequest& wanted) const {
  if (wanted.size < 1 || wanted.size > kPageLimit) {
    return invalid("max_results must be between 1 and 1000");
  }
  std::int64_t offset = 0;
  if (!wanted.token.empty()) {
    const auto parsed = parse_int(from_base64(wanted.token).value_or(""));
    if (!parsed || *parsed < 0) return invalid("invalid page token '" + wanted.token + "'");
    offset = *parsed;
  }
  SW_TRY(auto found, impl_->db.read([&](Connection& c) {
    return page(c, wanted.size + 1, static_cast<std::size_t>(offset));
  }));
  Page<Webhook> out;
  if (found.size() > wanted.size) {
    found.resize(wanted.size);
    out.next_token = to_base64(std::to_string(offset + static_cast<std::int64_t>(wanted.size)));
  }
  out.items = std::move(found);
  return out;
}

Result<Webhook> Webhooks::change(const std::string& id, const WebhookChange& change) {
  if (change.name) SW_CHECK_OK(check_name(*change.name));
  if (change.url) SW_CHECK_OK(impl_->check_url(*change.url));
  SW_CHECK_OK(check_text("description", change.description));
  SW_CHECK_OK(check_text("secret", change.secret));
  std::optional<std::vector<std::string>> topics;
  if (change.topics) {
    SW_TRY(topics, checked_topics(*change.topics));
  }
  std::optional<std::string> secret;
  if (change.secret) secret = impl_->kept(*change.secret, id);
  return impl_->db.write([&](Connection& c) -> Result<Webhook> {
    SW_TRY(auto found, find(c, id));
    if (!found) return unknown(id);
    if (change.name) found->name = *change.name;
    if (change.url) found->url = *change.url;
    if (change.description) found->description = change.description;
    if (change.active) found->active = *change.active;
    if (topics) found->topics = *topics;
    found->updated = impl_->clock.now();
    SW_CHECK_OK(update(c, *found, secret));
    return *std::move(found);
  });
}

Result<void> Webhooks::remove(const std::string& id) {
  return impl_->db.write([&](Connection& c) -> Result<void> {
    SW_TRY(const auto removed, c.exec("DELETE FROM webhook WHERE id = ?", {id}));
    return removed == 0 ? Result<void>(unknown(id)) : Result<void>();
  });
}

Result<void> Webhooks::put(Connection& connection, const std::string& topic,
                           const std::string& body) const {
  SW_TRY(const auto webhooks, subscribers(connection, topic));
  for (const auto& webhook : webhooks) {
    SW_TRY(const auto count, waiting(connection, webhook, impl_->options.waiting_limit));
    if (count >= impl_->options.waiting_limit) {
      log::error("webhook.dropped", {{"webhook", webhook}, {"topic", topic}, {"waiting", count}});
      continue;
    }
    const Delivery delivery{.id = uuid_of(impl_->ids.hex32()), .topic = topic, .body = body};
    SW_CHECK_OK(enqueue(connection, webhook, delivery, impl_->clock.now()));
  }
  return {};
}

Result<fetch::Response> Webhooks::try_out(const std::string& id, const std::string& topic,
                                          const std::string& body) const {
  SW_TRY(const auto webhook, get(id));
  SW_CHECK_OK(impl_->check_url(webhook.url));
  SW_TRY(const auto secret, impl_->db.read([&](Connection& c) {
    return c.first("SELECT secret FROM webhook WHERE id = ?", {id},
                   [](const store::Row& row) { return std::string(row.text(0)); });
  }));
  SW_TRY(const auto opened, impl_->opened(secret.value_or(""), id));
  return impl_->attempt({.id = uuid_of(impl_->ids.hex32()),
                         .topic = topic,
                         .body = body,
                         .url = webhook.url,
                         .secret = opened,
                         .sent = impl_->clock.now()});
}

}  // namespace slipway::webhook
