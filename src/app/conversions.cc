// SPDX-License-Identifier: Apache-2.0
#include "conversions.h"

#include <utility>

#include "registry/registry.h"
#include "serving/endpoints.h"
#include "serving/packages.h"

namespace slipway::app {
namespace {

constexpr int kPatienceMs = 20'000;

class NotingWatcher : public registry::Watcher {
 public:
  NotingWatcher(ConversionQueue& queue, registry::Watcher& next) : queue_(queue), next_(next) {}

  Result<void> happened(store::Connection& connection, const registry::Fact& fact) override {
    if (fact.kind == registry::Fact::Kind::version_created && !is_prompt(fact)) {
      SW_CHECK_OK(queue_.add(connection, {fact.model, fact.version}));
    }
    return next_.happened(connection, fact);
  }

 private:
  static bool is_prompt(const registry::Fact& fact) {
    for (const auto& tag : fact.tags) {
      if (tag.key == "mlflow.prompt.is_prompt") return true;
    }
    return fact.source.empty();
  }

  ConversionQueue& queue_;
  registry::Watcher& next_;
};

}  // namespace

Conversions::Conversions(store::Database& db, Clock& clock) : queue_(db, clock) {}

Conversions::~Conversions() {
  stop();
}

std::unique_ptr<registry::Watcher> Conversions::watcher(registry::Watcher& next) {
  return std::make_unique<NotingWatcher>(queue_, next);
}

void Conversions::be_patient() {
  patience_ms_ = kPatienceMs;
}

void Conversions::start(Converter& converter, const registry::Registry& registry,
                        serving::Endpoints& endpoints, EventBus& events) {
  converter_ = &converter;
  packages_ = serving::packages_of(registry);
  converter_->end();  // what a killed predecessor left
  queue_.start(
      {.convert = [this](const auto& ref) { return convert(ref); },
       .give_up =
           [this](const auto& ref, const std::string& why) {
             const auto package = packages_->package(ref.model, std::to_string(ref.version));
             if (package) (void)converter_->give_up(*package, why).ok();
           },
       .then = [&endpoints](
                   const auto& ref) { endpoints.renew(ref.model, std::to_string(ref.version)); }});
  registered_ = events.subscribe([this](const Event& event) {
    if (event.type == "model.version_created") queue_.look();
  });
}

void Conversions::stop() {
  registered_.reset();
  if (converter_ == nullptr) return;
  queue_.stop([this] { converter_->end(); });
}

Result<void> Conversions::convert(const registry::VersionRef& ref) {
  const auto package = packages_->package(ref.model, std::to_string(ref.version));
  // A version that is gone, or whose files are not a model's, has nothing to convert.
  if (!package || !converter_->concerns(*package) || converter_->known(*package)) return {};
  SW_TRY(const auto verdict, converter_->convert(*package));
  return {};
}

}  // namespace slipway::app
