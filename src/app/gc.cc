// SPDX-License-Identifier: Apache-2.0
#include "app/gc.h"

#include <algorithm>
#include <set>

#include "app/platform.h"
#include "base/text.h"
#include "blob/blob.h"
#include "blob/sweep.h"
#include "evaluation/erase.h"
#include "json/describe.h"
#include "registry/registry.h"
#include "store/database.h"
#include "tracing/erase.h"
#include "tracking/artifacts.h"
#include "tracking/erase.h"
#include "transfer/forget.h"

SLIPWAY_JSON(slipway::app::GcOrder)
SLIPWAY_JSON(slipway::app::GcReport)

namespace slipway::app {
namespace {

using store::Connection;
using tracking::Erasable;

// Younger files may belong to a run that is just being made.
constexpr std::int64_t kYoungMs = 3'600'000;
// So that writers need not wait for long.
constexpr std::int64_t kTracesAtOnce = 500;

class Collecting {
 public:
  Collecting(Platform& platform, const GcOrder& order) : platform_(platform), order_(order) {
    before_ = {platform.clock().now().ms - order.older_than_seconds * 1000 + 1};
    report_.dry_run = order.dry_run;
    everything_ = order.experiments.empty() && order.runs.empty() && order.models.empty();
  }

  Result<GcReport> all() {
    SW_CHECK_OK(runs());
    SW_CHECK_OK(models());
    SW_CHECK_OK(experiments());
    if (everything_) {
      SW_CHECK_OK(ownerless_folders());
      SW_TRY(report_.unnamed_objects, blob::sweep_objects(platform_.blobs(), order_.dry_run));
    }
    return std::move(report_);
  }

 private:
  using Find = Result<std::vector<Erasable>> (*)(Connection&, Timestamp);

  void refuse(const char* kind, const std::string& id, std::string reason) {
    report_.refused.push_back({kind, id, std::move(reason)});
  }

  bool wants(const Erasable& what, const std::vector<std::string>& named) const {
    const auto has = [](const std::vector<std::string>& list, const std::string& id) {
      return std::find(list.begin(), list.end(), id) != list.end();
    };
    return everything_ || has(named, what.id) || has(order_.experiments, what.experiment.str());
  }

  // What is deleted long enough and asked for; whatever is named but not deleted is refused.
  Result<std::vector<Erasable>> chosen(Find find, const std::vector<std::string>& named,
                                       const char* kind) {
    SW_TRY(auto found,
           platform_.database().read([&](Connection& db) { return find(db, before_); }));
    std::set<std::string> ids;
    for (const auto& each : found) ids.insert(each.id);
    for (const auto& id : named) {
      if (!ids.contains(id)) {
        refuse(kind, id, "it is not there, not deleted, or not long enough");
      }
    }
    std::erase_if(found, [&](const Erasable& each) { return !wants(each, named); });
    return found;
  }

  // The first version that stems from it; empty when none does.
  Result<std::string> version_of(const char* key, const std::string& id) {
    registry::Search search;
    search.filter = {.kind = Filter::Kind::compare,
                     .entity = "attribute",
                     .key = key,
                     .op = Filter::Op::eq,
                     .value = id};
    search.page.size = 1;
    SW_TRY(const auto page, platform_.registry().search_versions(search));
    if (page.items.empty()) return std::string();
    return page.items[0].model + " version " + std::to_string(page.items[0].version);
  }

  Result<bool> is_held(const char* kind, const char* key, const std::string& id) {
    if (order_.force) return false;
    SW_TRY(const auto version, version_of(key, id));
    if (version.empty()) return false;
    refuse(kind, id, version + " stems from it; remove that version first, or use --force");
    return true;
  }

  Result<void> runs() {
    SW_TRY(const auto found, chosen(tracking::erasable_runs, order_.runs, "run"));
    for (const auto& run : found) {
      SW_TRY(const bool held, is_held("run", "run_id", run.id));
      if (held) {
        held_experiments_.insert(run.experiment.str());
        continue;
      }
      SW_TRY(const bool gone, erase([&](Connection& db) -> Result<bool> {
               const tracking::RunId id(run.id);
               SW_TRY(const bool there, tracking::erase_run(db, id));
               if (!there) return false;
               SW_CHECK_OK(tracing::forget_run(db, id));
               SW_CHECK_OK(transfer::forget(db, transfer::Owner::run, run.id));
               return true;
             }));
      if (!gone) continue;
      report_.runs.push_back(run.id);
      SW_CHECK_OK(remove_files(run.artifact_root));
    }
    return {};
  }

  Result<void> models() {
    SW_TRY(const auto found, chosen(tracking::erasable_models, order_.models, "logged_model"));
    for (const auto& model : found) {
      SW_TRY(const bool held, is_held("logged_model", "logged_model_id", model.id));
      if (held) {
        held_experiments_.insert(model.experiment.str());
        continue;
      }
      SW_TRY(const bool gone, erase([&](Connection& db) -> Result<bool> {
               SW_TRY(const bool there,
                      tracking::erase_model(db, tracking::LoggedModelId(model.id)));
               if (!there) return false;
               SW_CHECK_OK(transfer::forget(db, transfer::Owner::logged_model, model.id));
               return true;
             }));
      if (!gone) continue;
      report_.models.push_back(model.id);
      SW_CHECK_OK(remove_files(model.artifact_root));
    }
    return {};
  }

  Result<void> experiments() {
    SW_TRY(const auto found,
           chosen(tracking::erasable_experiments, order_.experiments, "experiment"));
    for (const auto& experiment : found) {
      if (held_experiments_.contains(experiment.id)) {
        refuse("experiment", experiment.id, "it holds runs or logged models that are kept");
        continue;
      }
      const auto gone = erase_experiment(tracking::ExperimentId(experiment.id));
      if (!gone && gone.error().code == Code::failed_precondition) {
        refuse("experiment", experiment.id, gone.error().message);
        continue;
      }
      SW_CHECK_OK(gone);
      if (!*gone) continue;
      report_.experiments.push_back(experiment.id);
      SW_CHECK_OK(remove_files(experiment.artifact_root));
    }
    return {};
  }

  // Its traces first, piece by piece: what is left when this is stopped goes the next time.
  Result<bool> erase_experiment(const tracking::ExperimentId& id) {
    auto& database = platform_.database();
    if (order_.dry_run) {
      SW_TRY(const auto traces,
             database.read([&](Connection& db) { return tracing::count_traces(db, id); }));
      report_.traces += traces;
      return true;
    }
    for (;;) {
      SW_TRY(const auto some, database.write([&](Connection& db) -> Result<std::int64_t> {
        SW_TRY(const bool may, tracking::may_erase_experiment(db, id));
        return may ? tracing::erase_traces(db, id, kTracesAtOnce) : std::int64_t{0};
      }));
      report_.traces += some;
      if (some < kTracesAtOnce) break;
    }
    return database.write([&](Connection& db) -> Result<bool> {
      SW_TRY(const bool there, tracking::erase_experiment(db, id));
      if (!there) return false;
      SW_CHECK_OK(evaluation::erase_experiment(db, id.str()));
      SW_CHECK_OK(transfer::forget_experiment(db, id.str()));
      return true;
    });
  }

  template <class F>
  Result<bool> erase(F&& body) {
    if (order_.dry_run) return true;
    return platform_.database().write(std::forward<F>(body));
  }

  // Rows go first: files without an owner are found by the next collection, an owner without its
  // files never comes to be.
  Result<void> remove_files(const std::string& root) {
    auto key = tracking::Artifacts::key_of(root, "");
    if (!key) return {};  // kept in a store that is not ours
    // The owner's own folder holds nothing but "artifacts".
    if (key->ends_with("/artifacts")) key->resize(key->size() - 10);
    SW_CHECK_OK(count(*key, 0));
    return order_.dry_run ? Result<void>() : platform_.blobs().remove(*key);
  }

  Result<void> count(const std::string& key, int depth) {
    if (depth > 100) return {};
    SW_TRY(const auto children, platform_.blobs().list(key));
    for (const auto& child : children) {
      if (child.folder) {
        SW_CHECK_OK(count(key + "/" + child.key, depth + 1));
      } else {
        ++report_.files;
        report_.bytes += static_cast<std::int64_t>(child.size);
      }
    }
    return {};
  }

  static bool is_owner_name(const std::string& name) {
    const bool marked = name.starts_with("m-") || name.starts_with("tr-");
    const auto hex = marked ? name.substr(name.find('-') + 1) : name;
    return hex.size() == 32 && from_hex(hex).has_value();
  }

  // "artifacts/<experiment>/<run>", ".../models/<logged model>" and ".../traces/<trace>".
  Result<void> ownerless_folders() {
    auto& blobs = platform_.blobs();
    SW_TRY(const auto top, blobs.list("artifacts"));
    for (const auto& experiment : top) {
      if (!experiment.folder || !parse_int(experiment.key)) continue;
      for (const std::string between : {"", "/models", "/traces"}) {
        const auto folder = "artifacts/" + experiment.key + between;
        SW_TRY(const auto owners, blobs.list(folder));
        for (const auto& owner : owners) {
          if (!owner.folder || !is_owner_name(owner.key)) continue;
          SW_CHECK_OK(ownerless_folder(folder + "/" + owner.key, owner));
        }
      }
    }
    return {};
  }

  Result<void> ownerless_folder(const std::string& key, const blob::Stat& owner) {
    if (owner.modified.ms > platform_.clock().now().ms - kYoungMs) return {};
    SW_TRY(const bool known, platform_.database().read([&](Connection& db) {
      return owner.key.starts_with("tr-") ? tracing::is_known_trace(db, owner.key)
                                          : tracking::is_known_owner(db, owner.key);
    }));
    if (known) return {};
    report_.folders.push_back(key);
    SW_CHECK_OK(count(key, 0));
    return order_.dry_run ? Result<void>() : platform_.blobs().remove(key);
  }

  Platform& platform_;
  const GcOrder& order_;
  Timestamp before_;
  bool everything_ = false;
  GcReport report_;
  std::set<std::string> held_experiments_;
};

}  // namespace

Result<GcReport> collect_garbage(Platform& platform, const GcOrder& order) {
  if (order.older_than_seconds < 0) return invalid("older_than_seconds: it must not be negative");
  return Collecting(platform, order).all();
}

std::string to_json(const GcReport& report) {
  return json::dump(report);
}
std::string to_json(const GcOrder& order) {
  return json::dump(order);
}
Result<GcOrder> parse_gc_order(const std::string& text) {
  return json::parse<GcOrder>(text.empty() ? "{}" : text, {.reject_unknown = true});
}

}  // namespace slipway::app
