// SPDX-License-Identifier: Apache-2.0
#include "serving/endpoints.h"

#include <algorithm>
#include <utility>

#include "endpoints_impl.h"

namespace slipway::serving {

Endpoints::Endpoints(store::Database& db, std::unique_ptr<PackageSource> packages,
                     std::vector<std::unique_ptr<ModelBackend>> backends, EventSink& events,
                     Clock& clock, meter::Registry& meters, Options options)
    : impl_(std::make_unique<Impl>(db, std::move(packages), std::move(backends), events, clock,
                                   meters, options)) {
  impl_->loader = std::make_unique<Pool>("model-load", 1, 1024);
  impl_->housekeeping = std::make_unique<Worker>(
      "serving-house",
      [impl = impl_.get()](const Worker::Sleep& sleep) { impl->keep_house(sleep); });
}

Endpoints::~Endpoints() {
  impl_->housekeeping.reset();
  impl_->loader.reset();
  Entries entries;
  {
    const std::scoped_lock lock(impl_->mutex);
    entries.swap(impl_->entries);
  }
  for (const auto& [name, entry] : entries) entry->state->sequences.clear();
  entries.clear();  // the cache then waits for requests under way
}

Result<void> Endpoints::restore() {
  SW_TRY(auto stored, load_endpoints(impl_->db));
  for (const auto& endpoint : Impl::in_order(std::move(stored))) {
    auto entry = std::make_shared<Entry>();
    entry->spec = endpoint.spec;
    entry->created = endpoint.created;
    entry->updated = endpoint.updated;
    entry->state = impl_->state_of(endpoint.spec.name);
    SW_TRY(auto routing, impl_->build(*entry, entry->spec, nullptr, true));
    impl_->note_failures(*routing);
    impl_->install(*entry, entry->spec, std::move(routing), endpoint.updated);
    const std::scoped_lock lock(impl_->mutex);
    impl_->entries.emplace(endpoint.spec.name, std::move(entry));
  }
  return {};
}

// While it lives, what is in the store under this name is not taken for another server's.
class Endpoints::Creating {
 public:
  Creating(Impl& impl, const std::string& name) : impl_(impl) {
    const std::scoped_lock lock(impl_.mutex);
    mine_ = impl_.creating.insert(name);
  }
  ~Creating() {
    const std::scoped_lock lock(impl_.mutex);
    impl_.creating.erase(mine_);
  }
  Creating(const Creating&) = delete;
  Creating& operator=(const Creating&) = delete;

 private:
  Impl& impl_;
  std::multiset<std::string>::iterator mine_;
};

Result<EndpointView> Endpoints::create(const EndpointSpec& asked, const Principal& who) {
  SW_CHECK_OK(validate(asked));
  auto spec = asked;
  SW_CHECK_OK(number_graphs(impl_->db, spec));
  const auto taken = [&] {
    return already_exists("there is an endpoint '" + spec.name + "' already",
                          "change it with PUT /api/v1/endpoints/" + spec.name);
  };
  if (impl_->find(spec.name) != nullptr) return taken();
  const auto now = impl_->clock.now();
  auto entry = std::make_shared<Entry>();
  entry->spec = spec;
  entry->created = now;
  entry->state = impl_->state_of(spec.name);
  SW_TRY(auto routing, impl_->build(*entry, spec, nullptr, false));
  const Creating creating(*impl_, spec.name);
  auto inserted = insert_endpoint(impl_->db, {spec, now, now});
  if (!inserted) {
    if (inserted.error().code == Code::already_exists) return taken();
    return std::move(inserted.error());
  }
  impl_->install(*entry, spec, std::move(routing), now);
  {
    const std::scoped_lock lock(impl_->mutex);
    impl_->entries[spec.name] = entry;
  }
  impl_->publish("endpoint.created", spec.name, who.name);
  return impl_->view(*entry);
}

Result<EndpointView> Endpoints::update(const EndpointSpec& asked, const Principal& who) {
  SW_CHECK_OK(validate(asked));
  auto spec = asked;
  const auto entry = impl_->find(spec.name);
  if (entry == nullptr) return no_endpoint(spec.name);
  const std::scoped_lock change(entry->change);
  SW_CHECK_OK(number_graphs(impl_->db, spec));
  if (entry->removed) return no_endpoint(spec.name);
  SW_TRY(auto routing, impl_->build(*entry, spec, nullptr, false));
  const auto now = impl_->clock.now();
  SW_CHECK_OK(replace_endpoint(impl_->db, spec, now));
  impl_->install(*entry, spec, std::move(routing), now);
  impl_->publish("endpoint.changed", spec.name, who.name);
  return impl_->view(*entry);
}

Result<std::vector<EndpointPast>> Endpoints::past(const std::string& name) const {
  return load_past(impl_->db, name);
}

Result<void> Endpoints::remove(const std::string& name, const Principal& who) {
  const auto entry = impl_->find(name);
  if (entry == nullptr) return no_endpoint(name);
  {
    const std::scoped_lock change(entry->change);
    if (entry->removed) return no_endpoint(name);
    SW_CHECK_OK(delete_endpoint(impl_->db, name, impl_->clock.now()));
    entry->removed = true;
    entry->state->sequences.clear();
    const std::scoped_lock lock(impl_->mutex);
    impl_->entries.erase(name);
  }
  impl_->log.forget(name);
  impl_->publish("endpoint.deleted", name, who.name);
  return {};
}

Result<EndpointView> Endpoints::get(const std::string& name) const {
  const auto entry = impl_->find(name);
  if (entry == nullptr) return no_endpoint(name);
  return impl_->view(*entry);
}

Result<EndpointSpec> Endpoints::stored(const std::string& name) const {
  SW_TRY(auto all, load_endpoints(impl_->db));
  for (auto& endpoint : all) {
    if (endpoint.spec.name == name) return std::move(endpoint.spec);
  }
  return no_endpoint(name);
}

std::vector<EndpointView> Endpoints::list() const {
  std::vector<EndpointView> out;
  for (const auto& entry : impl_->all()) out.push_back(impl_->view(*entry));
  return out;
}

Result<std::string> Endpoints::graph_text(const std::string& name,
                                          const std::string& version) const {
  return serving::graph_text(impl_->db, name, version);
}

Result<void> Endpoints::set_sample_rate(const std::string& name, double rate) {
  const auto entry = impl_->find(name);
  if (entry == nullptr) return no_endpoint(name);
  const std::scoped_lock change(entry->change);
  if (entry->removed) return no_endpoint(name);
  auto spec = entry->spec;
  spec.sample_rate = rate;
  SW_CHECK_OK(validate(spec));
  SW_CHECK_OK(replace_endpoint(impl_->db, spec, entry->updated));
  entry->state->sample_rate = rate;
  const std::scoped_lock lock(impl_->mutex);
  entry->spec.sample_rate = rate;
  return {};
}

Result<void> Endpoints::set_record_budget(const std::string& name, std::int64_t rows_per_second) {
  const auto entry = impl_->find(name);
  if (entry == nullptr) return no_endpoint(name);
  entry->state->budget.set(rows_per_second);
  return {};
}

void Endpoints::refresh(const std::string& model) {
  const bool posted = impl_->loader->post([impl = impl_.get(), model] { impl->refresh(model); });
  if (!posted) log::warn("serving.refresh_delayed", {{"model", model}});  // housekeeping will
}

void Endpoints::refresh_now(const std::string& model) {
  impl_->refresh(model);
}

void Endpoints::renew(const std::string& model, const std::string& version) {
  impl_->renew(model, version);
}

Result<Target> Endpoints::pick(const std::string& endpoint, const std::string& version,
                               const Caller* caller) const {
  return impl_->pick(endpoint, version, caller);
}

Result<Target> Endpoints::open(const std::string& model, const std::string& version) {
  SW_TRY(auto servable, impl_->open(model, version));
  auto routing = std::make_shared<Routing>();
  routing->endpoint = impl_->state_of({});
  routing->lanes.push_back({.spec = {.model = model, .version = version},
                            .version = version,
                            .servable = std::move(servable)});
  const Lane& lane = routing->lanes.front();
  return Target(std::move(routing), lane);
}

void Endpoints::score_rows(RowScorer scorer) {
  impl_->scorer = std::move(scorer);
}

void Endpoints::guard_requests(RequestGuard* guard) {
  impl_->guard = guard;
}

PredictionLog& Endpoints::predictions() {
  return impl_->log;
}

}  // namespace slipway::serving
