// SPDX-License-Identifier: Apache-2.0
#include "shared_traffic.h"

#include <algorithm>

#include "base/log.h"
#include "base/text.h"
#include "serving/endpoints.h"
#include "store/database.h"

namespace slipway::app {
namespace {

constexpr int kTellMs = 1000;
constexpr std::int64_t kFreshNs = 500'000'000;
constexpr std::int64_t kKeptMs = std::int64_t{7} * 86'400'000;  // of servers that are gone
constexpr std::size_t kMostBuckets = 100'000;
constexpr std::string_view kTell =
    "INSERT INTO serving_traffic (server, endpoint, model, version, requests, errors, latency, "
    "shadowed, shadow_errors, shadow_latency, refused, updated) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (server, endpoint, model, version) DO UPDATE SET requests = excluded.requests, "
    "errors = excluded.errors, latency = excluded.latency, shadowed = excluded.shadowed, "
    "shadow_errors = excluded.shadow_errors, shadow_latency = excluded.shadow_latency, "
    "refused = excluded.refused, updated = excluded.updated";

// Most buckets of a histogram are empty.
std::string text_of(const serving::LatencySnapshot& latency) {
  std::string out;
  for (std::size_t i = 0; i < latency.counts.size(); ++i) {
    if (latency.counts[i] == 0) continue;
    if (!out.empty()) out += ' ';
    out += std::to_string(i) + ':' + std::to_string(latency.counts[i]);
  }
  return out;
}

serving::LatencySnapshot latency_of(std::string_view text) {
  serving::LatencySnapshot out;
  for (const auto pair : split(text, ' ')) {
    const auto colon = pair.find(':');
    if (colon == std::string_view::npos) continue;
    const auto at = parse_int(pair.substr(0, colon));
    const auto count = parse_int(pair.substr(colon + 1));
    if (!at || !count || *at < 0 || *count < 0) continue;
    const auto bucket = static_cast<std::size_t>(*at);
    if (bucket >= kMostBuckets) continue;
    if (out.counts.size() <= bucket) out.counts.resize(bucket + 1);
    out.counts[bucket] = static_cast<std::uint64_t>(*count);
  }
  return out;
}

void add_since(const rollout::Traffic& now, const rollout::Traffic& last, rollout::Traffic& sum) {
  sum.requests += std::max<std::int64_t>(0, now.requests - last.requests);
  sum.errors += std::max<std::int64_t>(0, now.errors - last.errors);
  auto& counts = sum.latency.counts;
  counts.resize(std::max(counts.size(), now.latency.counts.size()));
  for (std::size_t i = 0; i < now.latency.counts.size(); ++i) {
    const auto before = i < last.latency.counts.size() ? last.latency.counts[i] : 0;
    counts[i] += now.latency.counts[i] - std::min(before, now.latency.counts[i]);
  }
}

}  // namespace

rollout::Traffic traffic_of(const serving::VersionStats& stats) {
  return {.requests = static_cast<std::int64_t>(stats.requests),
          .errors = static_cast<std::int64_t>(stats.errors),
          .latency = stats.latency};
}

rollout::Traffic mirrored_of(const serving::VersionStats& stats) {
  return {.requests = static_cast<std::int64_t>(stats.shadowed),
          .errors = static_cast<std::int64_t>(stats.shadow_errors),
          .latency = stats.shadow_latency};
}

SharedTraffic::SharedTraffic(store::Database& db, serving::Endpoints& endpoints, Clock& clock,
                             Ids& ids)
    : db_(db), endpoints_(endpoints), clock_(clock), server_(ids.sortable()) {}

SharedTraffic::~SharedTraffic() {
  stop();
}

void SharedTraffic::start() {
  worker_ = std::make_unique<Worker>("traffic-tell", [this](const Worker::Sleep& sleep) {
    while (sleep(kTellMs)) {
      if (const auto told = tell(); !told) {
        log::warn("traffic.not_told", {{"why", told.error().message}});
      }
    }
  });
}

void SharedTraffic::stop() {
  if (worker_ == nullptr) return;
  worker_.reset();
  if (const auto told = tell(); !told) {
    log::warn("traffic.not_told", {{"why", told.error().message}});
  }
}

Result<void> SharedTraffic::tell() {
  const std::scoped_lock lock(telling_mutex_);
  const bool first = told_.empty();
  std::vector<Told> news;
  for (const auto& view : endpoints_.list()) {
    for (const auto& stats : view.stats) {
      Told one{.server = server_, .key = {view.spec.name, stats.model, stats.version}};
      one.traffic = traffic_of(stats);
      one.mirrored = mirrored_of(stats);
      one.refused = static_cast<std::int64_t>(stats.refused);
      const auto sum = one.sum();
      if (sum != 0 && told_[one.key] != sum) news.push_back(std::move(one));
    }
  }
  if (news.empty()) return {};
  const auto now = clock_.now().ms;
  SW_CHECK_OK(db_.write([&](store::Connection& c) -> Result<void> {
    if (first) {
      SW_CHECK_OK(c.exec("DELETE FROM serving_traffic WHERE updated < ?", {now - kKeptMs}));
    }
    for (const auto& [server, key, traffic, mirrored, refused] : news) {
      const auto& [endpoint, model, version] = key;
      SW_CHECK_OK(c.exec(kTell, {server, endpoint, model, version, traffic.requests, traffic.errors,
                                 text_of(traffic.latency), mirrored.requests, mirrored.errors,
                                 text_of(mirrored.latency), refused, now}));
    }
    return {};
  }));
  for (const auto& one : news) told_[one.key] = one.sum();
  return {};
}

Result<std::vector<SharedTraffic::Told>> SharedTraffic::read() const {
  return db_.read([&](store::Connection& c) {
    return c.all(
        "SELECT server, endpoint, model, version, requests, errors, latency, shadowed, "
        "shadow_errors, shadow_latency, refused FROM serving_traffic WHERE server <> ?",
        {server_}, [](const store::Row& row) {
          Told out{.server = std::string(row.text(0)),
                   .key = {std::string(row.text(1)), std::string(row.text(2)),
                           std::string(row.text(3))}};
          out.traffic = {
              .requests = row.int64(4), .errors = row.int64(5), .latency = latency_of(row.text(6))};
          out.mirrored = {
              .requests = row.int64(7), .errors = row.int64(8), .latency = latency_of(row.text(9))};
          out.refused = row.int64(10);
          return out;
        });
  });
}

// What was told before anybody asked is of another time; a server that comes later counts whole.
void SharedTraffic::add(const std::vector<Told>& all) {
  for (const auto& one : all) {
    const auto [last, fresh] = last_.try_emplace({one.server, one.key});
    if (looked_ || !fresh) {
      add_since(one.traffic, last->second.traffic, sum_[one.key].traffic);
      add_since(one.mirrored, last->second.mirrored, sum_[one.key].mirrored);
      sum_[one.key].refused += std::max<std::int64_t>(0, one.refused - last->second.refused);
    }
    last->second = {one.traffic, one.mirrored, one.refused};
  }
  looked_ = true;
}

Result<SharedTraffic::Both> SharedTraffic::of_others(const std::string& endpoint,
                                                     const std::string& model,
                                                     std::int64_t version) {
  const std::scoped_lock lock(mutex_);
  const auto now = clock_.monotonic_ns();
  if (!looked_ || now - looked_ns_ >= kFreshNs) {
    SW_TRY(const auto all, read());
    add(all);
    looked_ns_ = now;
  }
  return sum_[{endpoint, model, std::to_string(version)}];
}

}  // namespace slipway::app
