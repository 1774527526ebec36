// SPDX-License-Identifier: Apache-2.0
// The monitor's state. Locks, in the order in which they may be taken:
//   compare   one window is compared at a time
//   store     chunks are written, windows filled and labels joined by one thread at a time
//   open      rows that wait to be written
//   cache     settings and profiles that were read
//   streak    how many windows in a row were red or green
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/pool.h"
#include "monitor/business.h"
#include "monitor/expectations.h"
#include "monitor/monitor.h"
#include "records.h"
#include "request_index.h"
#include "state.h"
#include "store/database.h"
#include "streams.h"
#include "window.h"

namespace slipway::meter {
class Counter;
}

namespace slipway::monitor {

using records::ChunkKey;
using StreakKey = std::pair<ChunkKey, AlertKind>;

struct Monitor::Impl {
  store::Database& db;
  EventSink& events;
  Clock& clock;
  Ids& ids;
  meter::Registry& meters;
  Alerts alerts;
  Silences silences;
  Expectations expectations;
  Pairs pairs;
  Hooks hooks;

  mutable std::mutex cache_mutex;
  mutable std::map<std::string, std::shared_ptr<const Settings>> settings;
  mutable std::map<std::pair<std::string, std::string>, std::shared_ptr<const Profile>> profiles;

  using KnownOutliers =
      std::pair<std::shared_ptr<const Profile>, std::shared_ptr<const OutlierModel>>;
  mutable std::map<std::string, KnownOutliers> outlier_models;  // with cache_mutex
  std::mutex outlier_mutex;
  std::map<ChunkKey, OutlierCounts> outlier_counters;
  std::map<ChunkKey, OutlierCounts> window_measures;  // with the store lock

  std::mutex open_mutex;
  std::map<ChunkKey, OpenChunk> open;
  std::vector<Chunk> full;
  std::size_t waiting_rows = 0;
  std::map<std::string, std::pair<meter::Counter*, meter::Counter*>> counters;  // captured, dropped

  std::mutex store_mutex;
  bool recovered = false;
  bool compares = true;
  std::int64_t took_others_ns = 0;
  std::int64_t settings_read_ns = 0;  // with cache_mutex, like the next
  std::int64_t profiles_read_ns = 0;
  std::set<std::int64_t> own_chunks;  // after seen_chunk, stored by this process
  std::int64_t seen_chunk = 0;        // what others stored up to here is in the windows
  std::int64_t seen_seq = 0;          // and what they joined up to here in those of quality
  std::int64_t next_chunk = 1;
  std::int64_t next_seq = 1;
  std::map<std::string, std::int64_t> stored_rows;
  std::map<ChunkKey, Window> windows;
  std::map<std::string, RequestIndex> indexes;
  std::map<std::string, std::int64_t> index_read_ns;
  std::map<std::string, std::map<std::string, std::string>> waiting_labels;  // read ones
  std::map<ChunkKey, QualityState> quality;
  std::map<ChunkKey, std::vector<Stream>> detectors;
  std::map<std::string, std::set<std::string>> waiting_events;  // request ids, read ones
  std::deque<Chunk> recent_answers;                             // decoded chunks of late labels
  std::int64_t last_maintenance_ms = 0;

  std::mutex compare_mutex;  // also of the next three
  JudgedAt judged_at;
  std::map<std::string, Load> loads;
  std::map<std::string, Timestamp> business_from;
  std::mutex streak_mutex;
  std::map<StreakKey, Streak> streaks;
  std::unique_ptr<Worker> storing, comparing, sending;

  Impl(store::Database& d, EventSink& e, Clock& c, Ids& i, meter::Registry& m);

  // monitor.cc
  Result<std::shared_ptr<const Settings>> settings_of(const std::string& endpoint) const;
  Result<std::shared_ptr<const Profile>> profile_of(const std::string& model,
                                                    const std::string& version) const;
  Result<Profile> profile_from_files(const std::string& model, const std::string& version) const;
  void seal_secrets(Settings& fresh, const Settings& before) const;
  void apply(const std::string& endpoint, const Settings& watched);

  // outliers.cc
  Result<std::shared_ptr<const OutlierModel>> outliers_of(const std::string& model,
                                                          const std::string& version,
                                                          const std::vector<Field>& fields) const;
  void count_outliers(const std::vector<Captured>& rows);
  void measure(const Chunk& chunk, std::size_t from, Window& window);

  // business.cc
  Result<BusinessAnswer> take_events(const std::string& endpoint,
                                     const std::vector<BusinessEvent>& events);
  Result<std::optional<ChunkKey>> answerer_of(const std::string& endpoint,
                                              const std::string& request_id, std::int64_t& at);
  Result<std::set<std::string>*> waiting_events_of(const std::string& endpoint);
  Result<void> join_waiting_events(const std::vector<Chunk>& chunks);
  Result<std::vector<BusinessOfVersion>> business(const std::string& endpoint, Timestamp from,
                                                  Timestamp to) const;
  Result<void> judge_business(const ChunkKey& key, const BusinessOfVersion& seen,
                              const Settings& watched);
  Result<void> judge_all_business();
  Result<Timestamp> business_begun(const std::string& endpoint, Timestamp now);
  Result<void> begin_business(const std::string& endpoint, Timestamp at);
  void show(const ChunkKey& key, const BusinessEvent& event);
  // Other processes may write to the same store.
  bool shared() const { return db.dialect() == store::Dialect::postgres; }

  // ingest.cc
  void capture(std::vector<Captured> rows);
  Result<void> store_open(bool all);
  std::vector<Chunk> take_open(bool all);
  Result<void> recover();  // with the store lock
  Result<void> refill_windows();
  Result<void> refill_window(const ChunkKey& key);
  Result<void> write(std::vector<Chunk>& chunks);
  Result<void> trim(const std::string& endpoint, const Settings& watched);
  void fill_window(const Chunk& chunk, std::size_t from);
  void forget_cached();
  Result<void> take_others();  // what other processes of this store have captured
  void maintain();
  void trim_events(const std::string& endpoint, Timestamp oldest);

  // compare.cc
  Result<void> compare_due();
  Result<void> judge_requests();  // rows of requests against the endpoints' expectations
  std::optional<Window> take_due();
  Result<void> compare(const Window& window);
  Result<void> judge_window(const DriftReport& report, const Window& window,
                            const Settings& settings);
  // judge.cc: one more red or green window of a kind: opens or closes the alert when there are
  // enough.
  Result<void> note(const Cause& cause, bool red, const Settings& settings, std::int64_t enough);
  Result<Streak> streak_of(const StreakKey& key);
  Result<Streak> count_window(const StreakKey& key, bool red, const Cause& cause,
                              std::int64_t wanted);
  Result<void> raise(const StreakKey& key, const Settings& settings);
  Result<void> raise_pending();
  // load.cc
  Result<void> judge_load();
  Result<void> judge_load(const std::string& endpoint, const LoadSeen& seen);
  void show(const DriftReport& report);
  // changes.cc, with the store lock but for judge_changes
  Result<std::vector<Stream>*> streams_of(const ChunkKey& key);
  Result<void> feed(const Chunk& chunk);
  Result<void> feed(const ChunkKey& key, const std::vector<Outcome>& outcomes);
  Result<void> feed_missed();  // what was stored after the detectors were saved
  Result<void> tell_change(const ChunkKey& key, const Stream& stream, const Settings& settings);
  Result<void> save(const ChunkKey& key, std::vector<Stream>& streams);
  Result<void> judge_changes(const Window& window, const Settings& settings);

  // labels.cc
  Result<FeedbackAnswer> feedback(const std::string& endpoint, const std::vector<Label>& labels);
  Result<RequestIndex*> index_of(const std::string& endpoint);
  Result<std::map<std::string, std::string>*> waiting_of(const std::string& endpoint);
  Result<std::vector<Outcome>> find_stored(const std::string& endpoint, const Label& label);
  std::vector<Outcome> find_open(const std::string& endpoint, const Label& label);
  Result<const Chunk*> answers_of(std::int64_t chunk);
  Result<void> join_waiting(const std::vector<Chunk>& chunks);
  Result<void> add_outcomes(const std::string& endpoint, const std::vector<Outcome>& outcomes);
  Result<void> take_outcomes();  // what this and other processes of the store joined since
  Result<void> take_outcomes(const ChunkKey& key);
  Result<void> close_if_full(const ChunkKey& key, QualityState& state);
  Result<QualityState*> quality_of_key(const ChunkKey& key);
  Result<void> close_quality(const ChunkKey& key, QualityState& state, const Settings& settings);
  // What a fall of quality comes from, as far as the rows are stored.
  Result<void> explain_quality(const ChunkKey& key, const std::vector<Outcome>& outcomes,
                               const Settings& settings, QualityWindow& window);
  QualityWindow window_of(const ChunkKey& key, const std::vector<Outcome>& outcomes) const;
  void show(const QualityWindow& window);
};

}  // namespace slipway::monitor
