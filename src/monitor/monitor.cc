// SPDX-License-Identifier: Apache-2.0
#include "monitor/monitor.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/log.h"
#include "impl.h"
#include "meter/meter.h"
#include "notices.h"
#include "outbox.h"

namespace slipway::monitor {
namespace {

constexpr std::size_t kMostProfiles = 64;
constexpr std::int64_t kMostLabelled = 100'000;

void complain(std::string_view what, const Result<void>& result) {
  if (!result) log::error(what, {{"why", result.error().message}});
}

}  // namespace

Monitor::Impl::Impl(store::Database& d, EventSink& e, Clock& c, Ids& i, meter::Registry& m)
    : db(d),
      events(e),
      clock(c),
      ids(i),
      meters(m),
      alerts(d, e, c, i, m),
      silences(d, c, i),
      expectations(d, c, m),
      pairs(d) {}

Monitor::Monitor(store::Database& db, EventSink& events, Clock& clock, Ids& ids,
                 meter::Registry& meters)
    : impl_(std::make_unique<Impl>(db, events, clock, ids, meters)) {}

Monitor::~Monitor() {
  stop();
}

void Monitor::connect(Hooks hooks) {
  impl_->hooks = std::move(hooks);
}

void Monitor::start(bool compares) {
  auto* impl = impl_.get();
  impl->compares = compares;
  complain("monitor.expectations_failed", impl->expectations.refresh());  // before any request
  impl->storing = std::make_unique<Worker>("monitor-store", [impl](const Worker::Sleep& sleep) {
    complain("monitor.start_failed", impl->alerts.count_open());
    {
      const std::scoped_lock lock(impl->store_mutex);
      complain("monitor.start_failed", impl->recover());
    }
    for (std::int64_t turn = 1; sleep(50); ++turn) {
      if (turn % 20 == 0) {
        complain("monitor.expectations_failed", impl->expectations.store());
        // Another process may have changed them.
        if (impl->shared()) {
          complain("monitor.expectations_failed", impl->expectations.refresh());
        }
      }
      if (impl->hooks.pull) impl->hooks.pull();
      complain("monitor.store_failed", impl->store_open(false));
    }
  });
  if (!compares) return;
  impl->comparing = std::make_unique<Worker>("monitor-compare", [impl](const Worker::Sleep& sleep) {
    while (sleep(100)) complain("monitor.compare_failed", impl->compare_due());
  });
  impl->sending = std::make_unique<Worker>("monitor-send", [impl](const Worker::Sleep& sleep) {
    const Send send = impl->hooks.send ? impl->hooks.send : Send(fetch::send);
    Mail mail;
    if (impl->hooks.mail) {
      mail = [&hooks = impl->hooks](const std::string& to, const std::string& message) {
        return hooks.mail(to, with_sender(message, hooks.mail_from));
      };
    }
    while (sleep(250)) {
      const auto sent = deliver_due(impl->db, impl->clock, send, impl->hooks.seal, mail);
      if (!sent) log::error("monitor.webhooks_failed", {{"why", sent.error().message}});
    }
  });
}

void Monitor::stop() {
  if (!impl_->storing) return;
  impl_->storing.reset();
  impl_->comparing.reset();
  impl_->sending.reset();
  if (impl_->hooks.pull) impl_->hooks.pull();
  complain("monitor.store_failed", impl_->store_open(true));
  complain("monitor.expectations_failed", impl_->expectations.store());
}

// A secret that was sealed before stays as it is; another one is sealed for its address.
void Monitor::Impl::seal_secrets(Settings& fresh, const Settings& before) const {
  if (!hooks.seal) return;
  for (auto& hook : fresh.webhooks) {
    const auto kept = [&](const Webhook& old) {
      return old.url == hook.url && old.secret == hook.secret && Seal::is_sealed(old.secret);
    };
    if (hook.secret.empty() || std::any_of(before.webhooks.begin(), before.webhooks.end(), kept)) {
      continue;
    }
    hook.secret = hooks.seal->seal(hook.secret, hook.url);
  }
}

Result<void> Monitor::seal_stored() {
  if (!impl_->hooks.seal) return {};
  return impl_->db.write([&](store::Connection& c) -> Result<void> {
    SW_TRY(const auto endpoints, records::watched_endpoints(c));
    for (const auto& endpoint : endpoints) {
      SW_TRY(const auto stored, records::settings(c, endpoint));
      if (!stored) continue;
      auto sealed = *stored;
      impl_->seal_secrets(sealed, *stored);
      if (settings_to_json(sealed, true) == settings_to_json(*stored, true)) continue;
      SW_CHECK_OK(records::put_settings(c, endpoint, sealed, impl_->clock.now()));
    }
    return {};
  });
}

Result<std::shared_ptr<const Settings>> Monitor::Impl::settings_of(
    const std::string& endpoint) const {
  {
    const std::scoped_lock lock(cache_mutex);
    const auto found = settings.find(endpoint);
    if (found != settings.end()) return found->second;
  }
  SW_TRY(auto stored,
         db.read([&](store::Connection& c) { return records::settings(c, endpoint); }));
  auto shared = std::make_shared<const Settings>(stored.value_or(Settings{}));
  const std::scoped_lock lock(cache_mutex);
  return settings.try_emplace(endpoint, std::move(shared)).first->second;
}

// A version brings its reference as a file; it is read when it is first wanted, and then kept.
Result<Profile> Monitor::Impl::profile_from_files(const std::string& model,
                                                  const std::string& version) const {
  std::string text;
  if (hooks.reference) {
    SW_TRY(text, hooks.reference(model, version));
  }
  if (text.empty()) {
    return not_found("version " + version + " of model '" + model + "' has no reference profile",
                     "log reference.csv with its run, or PUT it to /api/v1/models/" + model +
                         "/versions/" + version + "/reference");
  }
  const auto table = read_table(text);
  if (!table) return invalid("the reference data: " + table.error().message, table.error().hint);
  Profile profile = monitor::profile_of(*table);
  profile.model = model;
  profile.version = version;
  profile.created = clock.now();
  SW_CHECK_OK(db.write([&](store::Connection& c) { return records::put_profile(c, profile); }));
  log::info("monitor.reference", {{"model", model}, {"version", version}, {"rows", profile.rows}});
  return profile;
}

Result<std::shared_ptr<const Profile>> Monitor::Impl::profile_of(const std::string& model,
                                                                 const std::string& version) const {
  const std::pair key(model, version);
  {
    const std::scoped_lock lock(cache_mutex);
    const auto found = profiles.find(key);
    if (found != profiles.end()) return found->second;
  }
  SW_TRY(auto stored,
         db.read([&](store::Connection& c) { return records::profile(c, model, version); }));
  if (!stored) {
    SW_TRY(stored, profile_from_files(model, version));
  }
  auto shared = std::make_shared<const Profile>(*std::move(stored));
  const std::scoped_lock lock(cache_mutex);
  if (profiles.size() >= kMostProfiles) profiles.erase(profiles.begin());
  profiles[key] = shared;
  return shared;
}

void Monitor::Impl::apply(const std::string& endpoint, const Settings& watched) {
  if (hooks.recording) {
    hooks.recording(endpoint, watched.enabled ? watched.sample_rate : std::optional<double>(0),
                    watched.max_rows_per_second);
  }
  meters
      .gauge("slipway_drift_threshold", "Share of drifted columns that raises an alert.",
             {{"endpoint", endpoint}})
      .set(watched.drift_threshold);
}

Result<Settings> Monitor::settings(const std::string& endpoint) const {
  SW_TRY(const auto found, impl_->settings_of(endpoint));
  return *found;
}

Result<Settings> Monitor::set_settings(const std::string& endpoint, std::string_view document) {
  SW_TRY(const auto base, settings(endpoint));
  SW_TRY(auto changed, settings_from_json(document, base));
  for (const auto& hook : changed.webhooks) {
    if (!hook.is_mail() || impl_->hooks.mail) continue;
    return precondition("webhooks: '" + hook.url + "' is a mailbox and no mail server is set",
                        "start the server with --smtp-url smtp://HOST:PORT");
  }
  impl_->seal_secrets(changed, base);
  SW_CHECK_OK(impl_->db.write([&](store::Connection& c) {
    return records::put_settings(c, endpoint, changed, impl_->clock.now());
  }));
  {
    const std::scoped_lock lock(impl_->cache_mutex);
    impl_->settings[endpoint] = std::make_shared<const Settings>(changed);
  }
  impl_->apply(endpoint, changed);
  return changed;
}

Result<void> Monitor::forget(const std::string& endpoint) {
  SW_CHECK_OK(impl_->alerts.forget(endpoint));
  SW_CHECK_OK(impl_->expectations.remove(endpoint));
  const std::scoped_lock compare_lock(impl_->compare_mutex);
  impl_->business_from.erase(endpoint);
  impl_->loads.erase(endpoint);
  const std::scoped_lock lock(impl_->store_mutex);
  {
    const std::scoped_lock streak_lock(impl_->streak_mutex);
    std::erase_if(impl_->streaks,
                  [&](const auto& e) { return e.first.first.endpoint == endpoint; });
  }
  {
    const std::scoped_lock open_lock(impl_->open_mutex);
    std::erase_if(impl_->open, [&](const auto& e) { return e.first.endpoint == endpoint; });
    std::erase_if(impl_->full, [&](const auto& chunk) { return chunk.endpoint == endpoint; });
  }
  SW_CHECK_OK(impl_->db.write([&](store::Connection& c) { return records::forget(c, endpoint); }));
  std::erase_if(impl_->windows, [&](const auto& e) { return e.first.endpoint == endpoint; });
  std::erase_if(impl_->detectors, [&](const auto& e) { return e.first.endpoint == endpoint; });
  std::erase_if(impl_->quality, [&](const auto& e) { return e.first.endpoint == endpoint; });
  impl_->indexes.erase(endpoint);
  impl_->waiting_labels.erase(endpoint);
  impl_->waiting_events.erase(endpoint);
  impl_->stored_rows.erase(endpoint);
  const std::scoped_lock cache_lock(impl_->cache_mutex);
  impl_->settings.erase(endpoint);
  return {};
}

Result<Profile> Monitor::set_reference(const std::string& model, const std::string& version,
                                       const Table& table) {
  if (table.rows == 0) return invalid("the reference has no rows");
  Profile profile = monitor::profile_of(table);
  profile.model = model;
  profile.version = version;
  profile.created = impl_->clock.now();
  SW_CHECK_OK(
      impl_->db.write([&](store::Connection& c) { return records::put_profile(c, profile); }));
  const std::scoped_lock lock(impl_->cache_mutex);
  impl_->profiles[{model, version}] = std::make_shared<const Profile>(profile);
  return profile;
}

Result<Profile> Monitor::reference(const std::string& model, const std::string& version) const {
  SW_TRY(const auto found, impl_->profile_of(model, version));
  return *found;
}

bool Monitor::has_reference(const std::string& model, const std::string& version) const {
  return impl_->profile_of(model, version).ok();
}

void Monitor::capture(std::vector<Captured> rows) {
  impl_->capture(std::move(rows));
}

Result<void> Monitor::flush() {
  SW_CHECK_OK(impl_->store_open(true));
  return impl_->compare_due();
}

Result<std::vector<Captured>> Monitor::predictions(const std::string& endpoint,
                                                   std::size_t limit) const {
  SW_TRY(const auto chunks, impl_->db.read([&](store::Connection& c) {
    return records::newest_chunks(c, endpoint, static_cast<std::int64_t>(limit / 1'000 + 4));
  }));
  std::vector<Captured> out;
  for (const auto& chunk : chunks) {
    for (std::size_t i = chunk.rows(); i-- > 0 && out.size() < limit;) {
      Captured row{.endpoint = chunk.endpoint,
                   .model = chunk.model,
                   .version = chunk.version,
                   .request_id = chunk.ids[i],
                   .at = {chunk.at[i]},
                   .latency_us = chunk.latency_us[i],
                   .shadow = chunk.shadow[i],
                   .schema = chunk.schema,
                   .error = chunk.errors[i]};
      const auto add = [&](const auto& fields, const auto& columns, std::vector<Value>& to) {
        for (std::size_t k = 0; k < fields.size(); ++k) {
          fields[k].text ? to.emplace_back(columns[k].texts[i])
                         : to.emplace_back(columns[k].numbers[i]);
        }
      };
      add(chunk.schema->features, chunk.features, row.features);
      if (row.error.empty()) add(chunk.schema->outputs, chunk.outputs, row.outputs);
      out.push_back(std::move(row));
    }
  }
  return out;
}

Result<FeedbackAnswer> Monitor::feedback(const std::string& endpoint,
                                         const std::vector<Label>& labels) {
  if (impl_->hooks.pull) impl_->hooks.pull();
  return impl_->feedback(endpoint, labels);
}

Result<BusinessAnswer> Monitor::take_events(const std::string& endpoint,
                                            const std::vector<BusinessEvent>& events) {
  if (impl_->hooks.pull) impl_->hooks.pull();
  return impl_->take_events(endpoint, events);
}

Result<std::vector<BusinessOfVersion>> Monitor::business(const std::string& endpoint,
                                                         Timestamp since) const {
  return impl_->business(endpoint, since, impl_->clock.now());
}

Result<Page<DriftReport>> Monitor::reports(const std::string& endpoint, const std::string& version,
                                           const PageRequest& page) const {
  const PageRequest more{page.size + 1, page.token};
  SW_TRY(auto items, impl_->db.read([&](store::Connection& c) {
    return records::reports(c, endpoint, version, more);
  }));
  Page<DriftReport> out{std::move(items), ""};
  if (out.items.size() > page.size) {
    out.items.resize(page.size);
    out.next_token = out.items.back().id;
  }
  for (auto& report : out.items) {
    if (report.estimated.empty()) continue;
    SW_TRY(const auto outcomes, impl_->db.read([&](store::Connection& c) {
      return records::outcomes_between(c, {report.endpoint, report.model, report.version},
                                       report.window_start, report.window_end, kMostLabelled);
    }));
    report.realised = metrics_of(outcomes);
    if (!outcomes.empty()) {
      report.realised.emplace_back("labelled", static_cast<double>(outcomes.size()));
    }
  }
  return out;
}

Result<std::string> Monitor::profiles(const ProfileQuery& query) const {
  constexpr std::size_t kAtOnce = 100;
  WindowProfile merged{.endpoint = query.endpoint, .windows = 0};
  std::set<std::string> versions;
  for (std::string after;;) {
    SW_TRY(const auto found, impl_->db.read([&](store::Connection& c) {
      return records::window_profiles(c, query, after, kAtOnce);
    }));
    for (const auto& window : found) {
      merge(merged, window);
      versions.insert(window.model + "/" + window.version);
    }
    if (found.size() < kAtOnce) return window_profile_json(merged, versions);
    after = found.back().id;
  }
}

Result<Page<QualityWindow>> Monitor::quality(const std::string& endpoint,
                                             const std::string& version, const PageRequest& page) {
  Page<QualityWindow> out;
  if (page.token.empty()) {
    const std::scoped_lock lock(impl_->store_mutex);
    SW_CHECK_OK(impl_->recover());
    if (impl_->shared() && !impl_->compares) {  // the windows are another process's: as stored
      impl_->quality.clear();
      impl_->seen_seq = 0;
    }
    if (impl_->shared()) SW_CHECK_OK(impl_->take_outcomes());
    for (auto& [key, state] : impl_->quality) {
      if (key.endpoint != endpoint || state.outcomes.empty()) continue;
      if (version.empty() || key.version == version) {
        out.items.push_back(impl_->window_of(key, state.outcomes));
      }
    }
  }
  const PageRequest more{page.size + 1, page.token};
  SW_TRY(auto closed, impl_->db.read([&](store::Connection& c) {
    return records::quality(c, endpoint, version, more);
  }));
  if (closed.size() > page.size) {
    closed.resize(page.size);
    out.next_token = closed.back().id;
  }
  std::move(closed.begin(), closed.end(), std::back_inserter(out.items));
  return out;
}

Result<std::map<std::string, std::string>> Monitor::labels(
    const std::string& endpoint, const std::vector<std::string>& request_ids) const {
  return impl_->db.read([&](store::Connection& c) -> Result<std::map<std::string, std::string>> {
    std::map<std::string, std::string> out;
    for (const auto& id : request_ids) {
      SW_TRY(auto label, records::label_of(c, endpoint, id));
      if (label) out.emplace(id, *std::move(label));
    }
    return out;
  });
}

Result<LabelledQuality> Monitor::labelled_quality(const std::string& endpoint,
                                                  const std::string& model,
                                                  const std::string& version,
                                                  Timestamp since) const {
  SW_TRY(const auto outcomes, impl_->db.read([&](store::Connection& c) {
    return records::outcomes_since(c, {endpoint, model, version}, since, kMostLabelled);
  }));
  return quality_of(outcomes);
}

Result<PairedAnswers> Monitor::agreement(const PairQuery& query) const {
  return impl_->pairs.look(query);
}

Alerts& Monitor::alerts() {
  return impl_->alerts;
}

Silences& Monitor::silences() {
  return impl_->silences;
}

Expectations& Monitor::expectations() {
  return impl_->expectations;
}

Result<void> Monitor::versions_changed(const std::string& endpoint,
                                       const std::vector<std::string>& versions,
                                       const std::string& why) {
  SW_TRY(const auto open,
         impl_->alerts.list({.endpoint = endpoint, .unresolved = true, .page = {.size = 100}}));
  SW_TRY(const auto watched, settings(endpoint));
  for (const auto& alert : open.items) {
    if (std::find(versions.begin(), versions.end(), alert.version) != versions.end()) continue;
    SW_CHECK_OK(impl_->alerts.close(alert.id, why, watched));
  }
  return {};
}

}  // namespace slipway::monitor
