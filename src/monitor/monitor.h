// SPDX-License-Identifier: Apache-2.0
// What predictions look like over time: captured traffic in windows, compared with the reference of
// the version that answered; labels joined to it; alerts when either is no longer good.
//
// Captured predictions are stored within a second and may be lost by a crash before that; labels,
// settings, references, reports and alerts are durable when the call returns. Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/seal.h"
#include "domain/event.h"
#include "domain/types.h"
#include "fetch/fetch.h"
#include "monitor/agreement.h"
#include "monitor/alerts.h"
#include "monitor/business.h"
#include "monitor/expectations.h"
#include "monitor/outliers.h"
#include "monitor/profile.h"
#include "monitor/settings.h"
#include "monitor/silences.h"
#include "monitor/types.h"
#include "monitor/window_profile.h"

namespace slipway::store {
class Database;
}
namespace slipway::meter {
class Registry;
}

namespace slipway::monitor {

class Monitor {
 public:
  // What the monitor needs of the rest of the house; all of it may be left out.
  struct Hooks {
    // Hands over what was predicted and not captured yet, by calling capture().
    std::function<void()> pull;
    // How much of an endpoint is recorded changed: the share of its requests (nothing: its own),
    // and at most so many rows a second (0: no bound).
    std::function<void(const std::string& endpoint, std::optional<double> rate,
                       std::int64_t rows_per_second)>
        recording;
    // The text of the reference data that came with a version; empty when there is none.
    std::function<Result<std::string>(const std::string& model, const std::string& version)>
        reference;
    // Whether callers get answers of this version; empty: they do. About others nobody is alarmed.
    std::function<bool(const std::string& endpoint, const std::string& version)> answers;
    // What each endpoint has been asked, of all servers; empty: no alerts of load.
    std::function<Result<std::vector<LoadSeen>>()> load;
    // Sends webhooks; fetch::send when empty.
    std::function<Result<fetch::Response>(const fetch::Request&)> send;
    // Sends a message to a mailbox; empty: settings that name one are refused.
    std::function<Result<void>(const std::string& to, const std::string& message)> mail;
    std::string mail_from;  // the sender of those
    // Of webhooks' secrets at rest; nothing: they are kept as they are.
    std::optional<Seal> seal;
  };

  Monitor(store::Database& db, EventSink& events, Clock& clock, Ids& ids, meter::Registry& meters);
  ~Monitor();

  // Before start() and before the first call.
  void connect(Hooks hooks);
  // Webhooks' secrets that an older version kept as they were given.
  Result<void> seal_stored();
  // Continues where the last process stopped and begins the background work: pulling and storing
  // every 50 ms, comparing windows, sending webhooks.
  // With `compares` false another process of the same store closes windows and sends webhooks: this
  // one only stores.
  void start(bool compares = true);
  void stop();

  // The defaults for an endpoint that was never set.
  Result<Settings> settings(const std::string& endpoint) const;
  // `document` changes what it names, see settings_from_json.
  Result<Settings> set_settings(const std::string& endpoint, std::string_view document);
  // Everything of an endpoint that was deleted; its alerts are closed and stay.
  Result<void> forget(const std::string& endpoint);

  Result<Profile> set_reference(const std::string& model, const std::string& version,
                                const Table& table);
  // Made from the data that came with the version when none was set.
  Result<Profile> reference(const std::string& model, const std::string& version) const;
  bool has_reference(const std::string& model, const std::string& version) const;

  // How unusual each row is against the version's reference, whose names the fields have.
  Result<std::vector<RowScore>> outliers(const std::string& model, const std::string& version,
                                         const std::vector<Field>& fields,
                                         const std::vector<std::vector<Value>>& rows) const;

  // Takes rows over; never waits for the database. What does not fit in memory (200,000 rows wait
  // to be stored) is dropped and counted.
  void capture(std::vector<Captured> rows);
  // Stores what was captured, then closes and compares windows that are due.
  Result<void> flush();
  // The newest stored predictions.
  Result<std::vector<Captured>> predictions(const std::string& endpoint, std::size_t limit) const;

  // Joins outcomes to predictions. Repeating a call is harmless; another label replaces the first.
  // An outcome without prediction is kept (100,000 an endpoint, 7 days) in case that comes later.
  Result<FeedbackAnswer> feedback(const std::string& endpoint, const std::vector<Label>& labels);

  // Events of the business, attributed to the version that answered the request. Repeating a call
  // is harmless.
  Result<BusinessAnswer> take_events(const std::string& endpoint,
                                     const std::vector<BusinessEvent>& events);
  // By version, of predictions made since then.
  Result<std::vector<BusinessOfVersion>> business(const std::string& endpoint,
                                                  Timestamp since) const;

  // By request id: the outcomes that are known of these predictions.
  Result<std::map<std::string, std::string>> labels(
      const std::string& endpoint, const std::vector<std::string>& request_ids) const;

  // Newest first; an empty version means all.
  Result<Page<DriftReport>> reports(const std::string& endpoint, const std::string& version,
                                    const PageRequest& page) const;
  // What the traffic looked like, all windows that the query means merged into one document.
  Result<std::string> profiles(const ProfileQuery& query) const;
  // The first page begins with the windows that are still filling.
  Result<Page<QualityWindow>> quality(const std::string& endpoint, const std::string& version,
                                      const PageRequest& page);
  // Of predictions made since then; at most the newest 100,000 labelled ones count.
  Result<LabelledQuality> labelled_quality(const std::string& endpoint, const std::string& model,
                                           const std::string& version, Timestamp since) const;

  // What a version and its shadow answered to the same recorded requests.
  Result<PairedAnswers> agreement(const PairQuery& query) const;

  Alerts& alerts();
  Silences& silences();
  Expectations& expectations();
  // The versions that answer now: open alerts about others are closed.
  Result<void> versions_changed(const std::string& endpoint,
                                const std::vector<std::string>& versions, const std::string& why);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slipway::monitor
