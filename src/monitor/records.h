// SPDX-License-Identifier: Apache-2.0
// The tables of this room but alerts and outbox: one function a statement.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "chunk.h"
#include "domain/types.h"
#include "monitor/profile.h"
#include "monitor/settings.h"
#include "monitor/types.h"
#include "monitor/window_profile.h"
#include "quality.h"
#include "store/database.h"
#include "streams.h"

namespace slipway::monitor::records {

using store::Connection;

// Settings and references.
Result<std::optional<Settings>> settings(Connection& c, const std::string& endpoint);
Result<std::vector<std::string>> watched_endpoints(Connection& c);
Result<void> put_settings(Connection& c, const std::string& endpoint, const Settings& settings,
                          Timestamp now);
Result<std::optional<Profile>> profile(Connection& c, const std::string& model,
                                       const std::string& version);
Result<void> put_profile(Connection& c, const Profile& profile);

// Captured predictions.
struct ChunkKey {
  std::string endpoint;
  std::string model;
  std::string version;
  auto operator<=>(const ChunkKey&) const = default;
};
Result<std::int64_t> last_chunk(Connection& c);
Result<void> put_chunk(Connection& c, const Chunk& chunk);
Result<std::map<std::string, std::int64_t>> rows_by_endpoint(Connection& c);
Result<std::vector<ChunkKey>> chunk_keys(Connection& c);
// The chunks of one version from `from` on, at most `limit`, whole.
Result<std::vector<Chunk>> chunks_from(Connection& c, const ChunkKey& key, std::int64_t from,
                                       std::int64_t limit);
// The newest of one version that have predictions of that time, whole.
Result<std::vector<Chunk>> chunks_between(Connection& c, const ChunkKey& key, Timestamp from,
                                          Timestamp to, std::int64_t limit);
// Ids and times and answers only.
Result<std::optional<Chunk>> answers(Connection& c, std::int64_t id);
struct StoredHashes {
  std::int64_t chunk = 0;
  std::vector<std::uint64_t> hashes;
};
Result<std::vector<StoredHashes>> hashes(Connection& c, const std::string& endpoint);
// The newest predictions first, with their features.
Result<std::vector<Chunk>> newest_chunks(Connection& c, const std::string& endpoint,
                                         std::int64_t limit);
// Removes the oldest chunks until at most `keep` rows and none older than `oldest` are left, and
// the outcomes before them. Answers the first chunk that is left and the rows removed.
struct Trimmed {
  std::int64_t first_chunk = 0;
  std::int64_t rows = 0;
};
Result<Trimmed> trim_chunks(Connection& c, const std::string& endpoint, std::int64_t rows_now,
                            std::int64_t keep, Timestamp oldest);

// Reports.
Result<void> put_report(Connection& c, const DriftReport& report, const Cursor& end);
Result<std::optional<Cursor>> last_cursor(Connection& c, const ChunkKey& key);
Result<std::vector<DriftReport>> reports(Connection& c, const std::string& endpoint,
                                         const std::string& version, const PageRequest& page);
Result<std::vector<DriftReport>> latest_reports(Connection& c);
Result<void> trim_reports(Connection& c, Timestamp oldest);

// What windows looked like, in the order of their ids after `after`.
Result<void> put_window_profile(Connection& c, const WindowProfile& profile);
Result<std::vector<WindowProfile>> window_profiles(Connection& c, const ProfileQuery& query,
                                                   const std::string& after, std::size_t limit);
// Makes one row of those of a day and version that ended before; false when there is none to merge.
Result<bool> merge_old_day(Connection& c, Timestamp before);

// Detectors: what is stored of one goes into `stream`; nothing stored leaves it as it is.
Result<void> load(Connection& c, const ChunkKey& key, Stream& stream);
Result<void> save(Connection& c, const ChunkKey& key, const Stream& stream);

// Labels. `add_outcome` answers false when it was there with the same label.
Result<bool> add_outcome(Connection& c, const std::string& endpoint, const Outcome& outcome,
                         std::int64_t seq);
Result<std::int64_t> last_seq(Connection& c);
Result<std::vector<Outcome>> outcomes_after(Connection& c, const ChunkKey& key, std::int64_t seq);
// Whose outcomes came after that one.
Result<std::vector<ChunkKey>> keys_of_outcomes(Connection& c, std::int64_t after);
Result<std::vector<Outcome>> outcomes_between(Connection& c, const ChunkKey& key, Timestamp from,
                                              Timestamp to, std::int64_t limit);
// The newest up to that one.
Result<std::vector<Outcome>> outcomes_to(Connection& c, const ChunkKey& key, std::int64_t seq,
                                         std::int64_t limit);
Result<std::vector<Outcome>> outcomes_since(Connection& c, const ChunkKey& key, Timestamp since,
                                            std::int64_t limit);
// The label that came last for a prediction, whichever version made it.
Result<std::optional<std::string>> label_of(Connection& c, const std::string& endpoint,
                                            const std::string& request_id);
Result<void> put_waiting(Connection& c, const std::string& endpoint, const Label& label,
                         Timestamp now);
Result<void> remove_waiting(Connection& c, const std::string& endpoint,
                            const std::string& request_id);
Result<std::map<std::string, std::string>> waiting(Connection& c, const std::string& endpoint,
                                                   std::int64_t limit);
Result<void> trim_waiting(Connection& c, Timestamp oldest);

// Quality windows.
Result<void> put_quality(Connection& c, const QualityWindow& window, std::int64_t last_seq);
Result<std::int64_t> quality_seq(Connection& c, const ChunkKey& key);
Result<std::vector<QualityWindow>> quality(Connection& c, const std::string& endpoint,
                                           const std::string& version, const PageRequest& page);

Result<void> forget(Connection& c, const std::string& endpoint);

}  // namespace slipway::monitor::records
