// SPDX-License-Identifier: Apache-2.0
#include "app/platform.h"

#include <atomic>
#include <csignal>
#include <filesystem>

#include <unistd.h>

#include "app/batch.h"
#include "app/gate.h"
#include "app/s3_access.h"
#include "base/log.h"
#include "base/sizes.h"
#include "base/text.h"
#include "blob/blob.h"
#include "capture.h"
#include "conversions.h"
#include "data_folder.h"
#include "drivers.h"
#include "drivers/onnx/devices.h"
#include "evaluation/evaluation.h"
#include "evidence.h"
#include "govern/govern.h"
#include "launcher.h"
#include "load_seen.h"
#include "loop.h"
#include "mail.h"
#include "monitor/monitor.h"
#include "pipeline/hooks.h"
#include "pipeline/pipeline.h"
#include "pipeline_gates.h"
#include "pipeline_sources.h"
#include "registry/registry.h"
#include "rollout/rollouts.h"
#include "secret_key.h"
#include "serving/endpoints.h"
#include "shared_traffic.h"
#include "store/database.h"
#include "store/hold.h"
#include "tracing/tracing.h"
#include "tracking/tracking.h"
#include "webhook/webhook.h"
#include "wire/mlflow/routes.h"

namespace slipway::app {

// Members in the order of the arrows: what is used stands before what uses it.
struct Platform::Impl {
  // Also when the rest could not be built.
  ~Impl() {
    if (conversions != nullptr) conversions->stop();
  }

  Config config;
  Mode mode = Mode::local;
  std::unique_ptr<DataFolder> folder;
  meter::Registry meters;
  EventBus events;
  std::unique_ptr<store::Hold> hold;  // of the store, by who looks after it
  std::unique_ptr<store::Database> database;
  std::unique_ptr<blob::BlobStore> blobs;
  std::unique_ptr<tracking::Tracking> tracking;
  std::unique_ptr<webhook::Webhooks> webhooks;
  std::unique_ptr<registry::Watcher> watcher;
  std::unique_ptr<registry::Watcher> noting;  // before `watcher`, when versions are converted
  std::unique_ptr<Conversions> conversions;
  std::unique_ptr<evaluation::Evaluation> evaluation;
  std::unique_ptr<registry::Registry> registry;
  std::unique_ptr<tracing::Tracing> tracing;
  std::unique_ptr<Converter> converter;
  std::unique_ptr<serving::RequestGuard> guard;  // asks the monitor
  std::unique_ptr<serving::Endpoints> endpoints;
  std::unique_ptr<monitor::Monitor> monitor;
  std::unique_ptr<govern::Govern> govern;
  std::unique_ptr<Gatekeeper> gatekeeper;
  std::unique_ptr<SharedTraffic> traffic;  // null: no other server shares the store
  std::unique_ptr<LiveEvidence> evidence;
  std::unique_ptr<rollout::Rollouts> rollouts;
  std::unique_ptr<Pool> decoders;
  std::shared_ptr<void> alias_moves;  // a subscription
  std::unique_ptr<PipelineGates> gates;
  PipelineSources sources;
  std::unique_ptr<pipeline::Executions> executions;
  std::unique_ptr<pipeline::Hooks> hooks;
  std::unique_ptr<PipelineLauncher> launcher;
  std::unique_ptr<Batches> batches;
  std::unique_ptr<Loop> loop;
  std::unique_ptr<Worker> devices;
  std::atomic<bool> lost_store{false};
  std::unique_ptr<Worker> holding;

  void keep_hold();
};

namespace {

constexpr int kDevicesEveryMs = 5000;
constexpr int kHoldEveryMs = 2000;

std::string without_password(const std::string& url) {
  const auto at = url.find('@');
  const auto colon = url.find(':', url.find("//") + 2);
  if (at == std::string::npos || colon == std::string::npos || colon > at) return url;
  return url.substr(0, colon) + ":***" + url.substr(at);
}

std::string store_url(const Config& config) {
  if (!config.store.empty()) return config.store;
  const auto path = std::filesystem::absolute(config.data).lexically_normal() / "slipway.db";
  return "sqlite:///" + path.string();
}

// Two that look after one store would do everything twice.
Result<std::unique_ptr<store::Hold>> take_store(const Config& config) {
  const auto url = store_url(config);
  auto held = store::hold_store(url);
  if (held || held.error().code != Code::conflict) return held;
  return precondition(
      "another server looks after the store '" + without_password(url) + "'",
      url.starts_with("sqlite:")
          ? "stop it, or give this one another store: an SQLite store has one server"
          : "start this one with --role serve: it answers beside the other");
}

webhook::Options webhook_options(const Config& config, const Seal& seal) {
  webhook::Options out{
      .schemes = {}, .private_addresses = config.webhook_private == "yes", .seal = seal};
  for (const auto scheme : split(config.webhook_schemes, ',')) {
    out.schemes.push_back(to_lower(trim(scheme)));
  }
  return out;
}

store::Options store_options(const Config& config) {
  store::Options out;
  if (config.durability == "process") out.durability = store::Durability::process;
  return out;
}

// How a version is run goes into its record, where people look for it.
std::function<void(const serving::Package&, const std::string&)> note_in(
    registry::Registry& registry) {
  return [&registry](const serving::Package& package, const std::string& words) {
    const auto number = parse_int(package.version);
    if (!number) return;
    const auto noted = registry.tag({package.model, *number}, "slipway.serving", words,
                                    {.actor = "system", .reason = "conversion"});
    if (!noted) log::warn("serving.verdict_not_noted", {{"why", noted.error().message}});
  };
}

BatchOptions batch_options(const Config& config, const DataFolder& folder) {
  const bool local =
      config.host == "localhost" || config.host == "::1" || config.host.starts_with("127.");
  BatchOptions out{.duckdb = config.duckdb,
                   .any_path = local,
                   .folder = folder.path() + "/batch",
                   .places = {},
                   .spool = folder.path() + "/batch-spool",
                   .s3 = s3_access(config)};
  for (const auto place : split(config.batch_places, ',')) {
    if (!trim(place).empty()) out.places.emplace_back(trim(place));
  }
  return out;
}

serving::Options serving_options(const Config& config) {
  serving::Options out;
  out.batch.instances = static_cast<int>(config.model_instances);
  out.batch.max_rows = static_cast<std::size_t>(config.batch_rows);
  out.batch.target_ms = static_cast<int>(config.batch_ms);
  out.memory_budget = parse_bytes(config.model_memory).value_or(0);
  return out;
}

std::string artifact_folder(const Config& config) {
  std::string_view at = config.artifacts;
  if (at.empty()) return config.data + "/blobs";
  if (at.starts_with("file://")) at.remove_prefix(7);
  return std::string(at);
}

}  // namespace

// Two must not judge, start or send: who finds that another has taken the store ends. While the
// database is away nobody can take it, and nothing is judged either.
void Platform::Impl::keep_hold() {
  holding = std::make_unique<Worker>("hold", [this](const Worker::Sleep& sleep) {
    while (sleep(kHoldEveryMs)) {
      const auto held = hold->check();
      if (held) continue;
      if (held.error().code != Code::conflict) {
        log::warn("store.hold_unknown", {{"why", held.error().message}});
        continue;
      }
      log::error("store.hold_lost", {{"why", held.error().message}});
      lost_store = true;
      ::kill(::getpid(), SIGTERM);
      return;
    }
  });
}

Result<std::unique_ptr<Platform>> Platform::open(const Config& config, Mode mode) {
  auto impl = std::make_unique<Impl>();
  impl->config = config;
  impl->mode = mode;
  SW_TRY(impl->folder, DataFolder::open(config.data, mode == Mode::server));
  if (mode == Mode::server && config.role == "all") {
    SW_TRY(impl->hold, take_store(config));
  }
  SW_TRY(impl->database, store::Database::open(store_url(config), store_options(config)));
  SW_TRY(impl->blobs, blob::open_local(artifact_folder(config)));
  auto& clock = system_clock();
  auto& ids = system_ids();
  impl->tracking = std::make_unique<tracking::Tracking>(*impl->database, impl->events, clock, ids);
  impl->registry = std::make_unique<registry::Registry>(*impl->database, *impl->tracking,
                                                        *impl->blobs, impl->events, clock, ids);
  SW_TRY(const auto seal, open_secret_key(impl->folder->path() + "/secret.key"));
  impl->webhooks = std::make_unique<webhook::Webhooks>(*impl->database, clock, ids,
                                                       wire::mlflow::webhook_signature(),
                                                       webhook_options(config, seal));
  impl->evaluation =
      std::make_unique<evaluation::Evaluation>(*impl->database, *impl->tracking, clock, ids);
  impl->watcher = wire::mlflow::webhook_watcher(*impl->webhooks, clock);
  impl->registry->watch(*impl->watcher);
  Converting converting;
  if (config.convert == "yes") converting.verdict = note_in(*impl->registry);
  if (config.convert == "yes" && mode == Mode::server) {
    impl->conversions = std::make_unique<Conversions>(*impl->database, clock);
    impl->noting = impl->conversions->watcher(*impl->watcher);
    impl->registry->watch(*impl->noting);
    converting.queue = &impl->conversions->queue();
    converting.patience_ms = &impl->conversions->patience_ms();
  }
  impl->tracing = std::make_unique<tracing::Tracing>(*impl->database, *impl->tracking, clock, ids);
  auto drivers = make_drivers(config, converting);
  impl->converter = std::move(drivers.converter);
  impl->endpoints = std::make_unique<serving::Endpoints>(
      *impl->database, serving::packages_of(*impl->registry), std::move(drivers.backends),
      impl->events, clock, impl->meters, serving_options(config));
  impl->decoders = std::make_unique<Pool>("decode", 1, 256);
  impl->monitor =
      std::make_unique<monitor::Monitor>(*impl->database, impl->events, clock, ids, impl->meters);
  impl->endpoints->score_rows(row_scorer(*impl->monitor));
  impl->guard = request_guard(*impl->monitor);
  impl->endpoints->guard_requests(impl->guard.get());
  auto hooks = monitor_hooks(
      {*impl->monitor, *impl->endpoints, *impl->registry, *impl->tracking, *impl->blobs});
  hooks.seal = seal;
  SW_CHECK_OK(add_mail(config, hooks));
  if (mode == Mode::server && impl->database->dialect() == store::Dialect::postgres) {
    impl->traffic = std::make_unique<SharedTraffic>(*impl->database, *impl->endpoints, clock, ids);
  }
  hooks.answers = [endpoints = impl->endpoints.get()](const std::string& endpoint,
                                                      const std::string& version) {
    return answers(*endpoints, endpoint, version);
  };
  hooks.load = [endpoints = impl->endpoints.get(), others = impl->traffic.get()] {
    return load_seen(*endpoints, others);
  };
  impl->monitor->connect(std::move(hooks));
  impl->govern = std::make_unique<govern::Govern>(*impl->database, impl->events, clock, ids);
  impl->gatekeeper = std::make_unique<Gatekeeper>(GateParts{*impl->registry, *impl->tracking,
                                                            *impl->blobs, *impl->endpoints,
                                                            *impl->govern, *impl->monitor, clock});
  impl->evidence =
      std::make_unique<LiveEvidence>(*impl->endpoints, *impl->monitor, impl->traffic.get());
  impl->rollouts =
      std::make_unique<rollout::Rollouts>(*impl->database, *impl->endpoints, *impl->registry,
                                          *impl->evidence, impl->events, clock, ids);
  impl->gates = std::make_unique<PipelineGates>(*impl->gatekeeper, config.duckdb);
  impl->executions = std::make_unique<pipeline::Executions>(
      *impl->database, impl->blobs.get(), impl->events, clock, ids, impl->gates.get(),
      pipeline::ExecutionsOptions{
          .logs = impl->folder->path() + "/runs",
          .secret = [](const std::string& name) { return environment(name); },
          .sources = &impl->sources});
  impl->hooks = std::make_unique<pipeline::Hooks>(*impl->database, *impl->executions, clock, seal);
  impl->launcher = std::make_unique<PipelineLauncher>(*impl->executions, impl->sources);
  impl->batches = std::make_unique<Batches>(*impl->database, *impl->endpoints, *impl->registry,
                                            clock, ids, batch_options(config, *impl->folder));
  if (mode == Mode::server && !drivers::onnx::nvidia_devices()->list().empty()) {
    impl->devices = std::make_unique<Worker>("devices", [m = &impl->meters](const auto& sleep) {
      do {
        drivers::onnx::note_devices(*drivers::onnx::nvidia_devices(), *m);
      } while (sleep(kDevicesEveryMs));
    });
  }
  if (mode == Mode::server) {
    if (impl->conversions != nullptr) {
      impl->conversions->start(*impl->converter, *impl->registry, *impl->endpoints, impl->events);
    }
    SW_CHECK_OK(impl->endpoints->restore());
    if (impl->conversions != nullptr) impl->conversions->be_patient();
    if (config.role == "all") {
      SW_CHECK_OK(impl->batches->resume());
      SW_CHECK_OK(impl->monitor->seal_stored());
      SW_CHECK_OK(impl->webhooks->seal_stored());
      impl->webhooks->start();
      impl->rollouts->run();
    }
    impl->monitor->start(config.role == "all");
    impl->alias_moves =
        impl->events.subscribe([endpoints = impl->endpoints.get()](const Event& event) {
          if (event.type == "model.alias_set") endpoints->refresh(event.subject);
        });
    if (impl->hold != nullptr) impl->keep_hold();
    if (config.role != "all" && impl->traffic != nullptr) impl->traffic->start();
    if (config.role != "all") return std::unique_ptr<Platform>(new Platform(std::move(impl)));
    impl->loop = std::make_unique<Loop>(*impl->monitor, *impl->endpoints, *impl->launcher,
                                        *impl->rollouts, impl->events, clock);
  }
  return std::unique_ptr<Platform>(new Platform(std::move(impl)));
}

Platform::Platform(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Platform::~Platform() {
  stop();
}

const Config& Platform::config() const {
  return impl_->config;
}
Clock& Platform::clock() {
  return system_clock();
}
Ids& Platform::ids() {
  return system_ids();
}
meter::Registry& Platform::meters() {
  return impl_->meters;
}
EventBus& Platform::events() {
  return impl_->events;
}
store::Database& Platform::database() {
  return *impl_->database;
}
blob::BlobStore& Platform::blobs() {
  return *impl_->blobs;
}
tracking::Tracking& Platform::tracking() {
  return *impl_->tracking;
}
registry::Registry& Platform::registry() {
  return *impl_->registry;
}
evaluation::Evaluation& Platform::evaluation() {
  return *impl_->evaluation;
}
webhook::Webhooks& Platform::webhooks() {
  return *impl_->webhooks;
}
tracing::Tracing& Platform::tracing() {
  return *impl_->tracing;
}
serving::Endpoints& Platform::endpoints() {
  return *impl_->endpoints;
}
monitor::Monitor& Platform::monitor() {
  return *impl_->monitor;
}
govern::Govern& Platform::govern() {
  return *impl_->govern;
}
Gatekeeper& Platform::gatekeeper() {
  return *impl_->gatekeeper;
}
rollout::Rollouts& Platform::rollouts() {
  return *impl_->rollouts;
}
Pool& Platform::decoders() {
  return *impl_->decoders;
}
pipeline::Executions& Platform::executions() {
  return *impl_->executions;
}
pipeline::Hooks& Platform::hooks() {
  return *impl_->hooks;
}
std::string Platform::path(const std::string& name) const {
  return impl_->folder->path() + "/" + name;
}

Batches& Platform::batches() {
  return *impl_->batches;
}

bool Platform::lost_store() const {
  return impl_->lost_store;
}

void Platform::stop() {
  impl_->holding.reset();
  impl_->devices.reset();
  if (impl_->conversions != nullptr) impl_->conversions->stop();
  impl_->batches.reset();
  impl_->loop.reset();
  impl_->rollouts->stop();
  if (impl_->traffic != nullptr) impl_->traffic->stop();
  impl_->monitor->stop();
  impl_->webhooks->stop();
  impl_->alias_moves.reset();
}

}  // namespace slipway::app
