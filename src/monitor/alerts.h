// SPDX-License-Identifier: Apache-2.0
// Alerts: at most one of a kind is open at an endpoint, and what they tell the outside is written
// with them, so that neither a crash nor a deaf receiver loses it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "domain/event.h"
#include "domain/types.h"
#include "monitor/settings.h"
#include "monitor/types.h"

namespace slipway::store {
class Database;
}
namespace slipway::meter {
class Registry;
}

namespace slipway::monitor {

// What makes an alert.
struct Cause {
  std::string endpoint;
  std::string model;
  std::string version;
  AlertKind kind = AlertKind::drift;
  std::string report_id;
  std::string message;
  double value = 0;
  double threshold = 0;
  std::int64_t rows = 0;  // that it was found in; 0: not said
};

// Thread-safe. Every change is published as alert.opened, alert.acknowledged or alert.closed.
class Alerts {
 public:
  Alerts(store::Database& db, EventSink& events, Clock& clock, Ids& ids, meter::Registry& meters);
  ~Alerts();

  // Nothing when one of this kind is open at the endpoint already.
  Result<std::optional<Alert>> open(const Cause& cause, const Settings& watched);
  // Closes the open alert of the kind; with `version` only if it is about that version.
  Result<std::optional<Alert>> close(const std::string& endpoint, AlertKind kind,
                                     const std::optional<std::string>& version,
                                     const std::string& by, const Settings& watched);

  // A closed alert is failed_precondition; repeating it is a no-op.
  Result<Alert> acknowledge(const std::string& id, const std::string& by);
  Result<Alert> close(const std::string& id, const std::string& by, const Settings& watched);

  Result<Alert> get(const std::string& id) const;
  // Newest first. `state` open also finds acknowledged ones when `unresolved` is set.
  struct Query {
    std::optional<AlertState> state;
    std::string endpoint;
    bool unresolved = false;
    PageRequest page;
  };
  Result<Page<Alert>> list(const Query& query) const;

  // The retraining that the alert started; the reason why it did not start one.
  Result<void> set_execution(const std::string& id, const std::string& execution_id,
                             const std::string& data_version = {});
  Result<void> set_note(const std::string& id, const std::string& note);
  // The alerts that started a retraining of the model, at whichever endpoint, newest first, at most
  // 100; when, and the version of the data that it was to learn from (may be empty).
  struct Retraining {
    Alert alert;
    Timestamp at;
    std::string data_version;
  };
  Result<std::vector<Retraining>> retrainings(const std::string& model) const;
  Result<void> forget(const std::string& endpoint);
  // Sets the gauge from the store; called once at start.
  Result<void> count_open();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slipway::monitor
