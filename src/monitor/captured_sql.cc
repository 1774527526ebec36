// SPDX-License-Identifier: Apache-2.0
// Captured predictions and the labels that join them.
#include <utility>

#include "base/text.h"
#include "records.h"

namespace slipway::monitor::records {
namespace {

using store::Blob;
using store::Row;

constexpr std::string_view kPutChunk =
    "INSERT INTO monitor_chunk (id, endpoint, model, version, first_at, last_at, rows, hashes, "
    "answers, features) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
constexpr std::string_view kWhole =
    "SELECT id, endpoint, model, version, answers, features FROM monitor_chunk ";
constexpr std::string_view kAddOutcome =
    "INSERT INTO monitor_outcome (endpoint, request_id, model, version, seq, at, label, "
    "prediction, score) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";
constexpr std::string_view kChangeLabel =
    "UPDATE monitor_outcome SET label = ? WHERE endpoint = ? AND request_id = ? AND model = ? AND "
    "version = ? AND label <> ?";
constexpr std::string_view kOutcomes =
    "SELECT request_id, at, label, prediction, score, seq FROM monitor_outcome "
    "WHERE endpoint = ? AND model = ? AND version = ? ";
constexpr std::string_view kPutWaiting =
    "INSERT INTO monitor_waiting_label (endpoint, request_id, label, received) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (endpoint, request_id) DO UPDATE SET label = excluded.label";

std::string text(const Row& row, int column) {
  return std::string(row.text(column));
}

struct Packed {
  Chunk chunk;
  std::string answers;
  std::string features;
};

Packed packed_from(const Row& row) {
  Packed out;
  out.chunk.id = row.int64(0);
  out.chunk.endpoint = text(row, 1);
  out.chunk.model = text(row, 2);
  out.chunk.version = text(row, 3);
  out.answers = text(row, 4);
  if (!row.is_null(5)) out.features = text(row, 5);
  return out;
}

Result<std::vector<Chunk>> unpacked(std::vector<Packed> from) {
  std::vector<Chunk> out;
  for (auto& packed : from) {
    SW_CHECK_OK(unpack_answers(packed.answers, packed.chunk));
    SW_CHECK_OK(unpack_features(packed.features, packed.chunk));
    out.push_back(std::move(packed.chunk));
  }
  return out;
}

Outcome outcome_from(const Row& row) {
  Outcome out{.request_id = text(row, 0), .at = row.int64(1), .label = text(row, 2)};
  out.answer.prediction = text(row, 3);
  out.answer.score = row.maybe_real(4);
  out.seq = row.int64(5);
  return out;
}

}  // namespace

Result<std::int64_t> last_chunk(Connection& c) {
  SW_TRY(const auto found, c.first("SELECT MAX(id) FROM monitor_chunk", {},
                                   [](const Row& row) { return row.maybe_int64(0).value_or(0); }));
  return found.value_or(0);
}

Result<void> put_chunk(Connection& c, const Chunk& chunk) {
  SW_CHECK_OK(c.exec(
      kPutChunk, {chunk.id, chunk.endpoint, chunk.model, chunk.version, chunk.at.front(),
                  chunk.at.back(), static_cast<std::int64_t>(chunk.rows()), Blob{hashes_of(chunk)},
                  Blob{pack_answers(chunk)}, Blob{pack_features(chunk)}}));
  return {};
}

Result<std::map<std::string, std::int64_t>> rows_by_endpoint(Connection& c) {
  std::map<std::string, std::int64_t> out;
  SW_CHECK_OK(
      c.query("SELECT endpoint, CAST(SUM(rows) AS BIGINT) FROM monitor_chunk "
              "GROUP BY endpoint",
              {}, [&](const Row& row) {
                out[text(row, 0)] = row.int64(1);
                return true;
              }));
  return out;
}

Result<std::vector<ChunkKey>> chunk_keys(Connection& c) {
  return c.all("SELECT DISTINCT endpoint, model, version FROM monitor_chunk", {},
               [](const Row& row) {
                 return ChunkKey{text(row, 0), text(row, 1), text(row, 2)};
               });
}

Result<std::vector<Chunk>> chunks_from(Connection& c, const ChunkKey& key, std::int64_t from,
                                       std::int64_t limit) {
  SW_TRY(auto found, c.all(std::string(kWhole) +
                               "WHERE endpoint = ? AND model = ? AND version = ? AND "
                               "id >= ? ORDER BY id LIMIT " +
                               std::to_string(limit),
                           {key.endpoint, key.model, key.version, from}, packed_from));
  return unpacked(std::move(found));
}

Result<std::vector<Chunk>> chunks_between(Connection& c, const ChunkKey& key, Timestamp from,
                                          Timestamp to, std::int64_t limit) {
  SW_TRY(auto found, c.all(std::string(kWhole) +
                               "WHERE endpoint = ? AND model = ? AND version = ? AND last_at >= ? "
                               "AND first_at <= ? ORDER BY id DESC LIMIT " +
                               std::to_string(limit),
                           {key.endpoint, key.model, key.version, from.ms, to.ms}, packed_from));
  return unpacked(std::move(found));
}

Result<std::optional<Chunk>> answers(Connection& c, std::int64_t id) {
  SW_TRY(auto found,
         c.first("SELECT id, endpoint, model, version, answers, NULL FROM monitor_chunk "
                 "WHERE id = ?",
                 {id}, packed_from));
  if (!found) return std::optional<Chunk>();
  SW_CHECK_OK(unpack_answers(found->answers, found->chunk));
  return std::optional<Chunk>(std::move(found->chunk));
}

Result<std::vector<StoredHashes>> hashes(Connection& c, const std::string& endpoint) {
  return c.all("SELECT id, hashes FROM monitor_chunk WHERE endpoint = ? ORDER BY id", {endpoint},
               [](const Row& row) {
                 return StoredHashes{row.int64(0), read_hashes(row.text(1))};
               });
}

Result<std::vector<Chunk>> newest_chunks(Connection& c, const std::string& endpoint,
                                         std::int64_t limit) {
  SW_TRY(auto found, c.all(std::string(kWhole) + "WHERE endpoint = ? ORDER BY id DESC LIMIT " +
                               std::to_string(limit),
                           {endpoint}, packed_from));
  return unpacked(std::move(found));
}

Result<Trimmed> trim_chunks(Connection& c, const std::string& endpoint, std::int64_t rows_now,
                            std::int64_t keep, Timestamp oldest) {
  struct Head {
    std::int64_t id = 0;
    std::int64_t first_at = 0;
    std::int64_t last_at = 0;
    std::int64_t rows = 0;
  };
  Trimmed out;
  std::optional<Head> left;
  SW_CHECK_OK(
      c.query("SELECT id, first_at, last_at, rows FROM monitor_chunk WHERE endpoint = ? "
              "ORDER BY id",
              {endpoint}, [&](const Row& row) {
                const Head head{row.int64(0), row.int64(1), row.int64(2), row.int64(3)};
                const bool goes = rows_now - out.rows > keep || head.last_at < oldest.ms;
                if (goes) {
                  out.rows += head.rows;
                  out.first_chunk = head.id + 1;
                } else {
                  left = head;
                }
                return goes;
              }));
  if (out.rows == 0) return out;
  SW_CHECK_OK(c.exec("DELETE FROM monitor_chunk WHERE endpoint = ? AND id < ?",
                     {endpoint, out.first_chunk}));
  if (left) {
    SW_CHECK_OK(c.exec("DELETE FROM monitor_outcome WHERE endpoint = ? AND at < ?",
                       {endpoint, left->first_at}));
  }
  return out;
}

Result<bool> add_outcome(Connection& c, const std::string& endpoint, const Outcome& o,
                         std::int64_t seq) {
  const store::Cell score = o.answer.score ? store::Cell(*o.answer.score) : store::Cell(nullptr);
  SW_TRY(const auto added, c.exec(kAddOutcome, {endpoint, o.request_id, o.model, o.version, seq,
                                                o.at, o.label, o.answer.prediction, score}));
  if (added > 0) return true;
  SW_CHECK_OK(c.exec(kChangeLabel, {o.label, endpoint, o.request_id, o.model, o.version, o.label}));
  return false;
}

Result<std::int64_t> last_seq(Connection& c) {
  SW_TRY(const auto found, c.first("SELECT MAX(seq) FROM monitor_outcome", {},
                                   [](const Row& row) { return row.maybe_int64(0).value_or(0); }));
  return found.value_or(0);
}

Result<std::vector<Outcome>> outcomes_after(Connection& c, const ChunkKey& key, std::int64_t seq) {
  return c.all(std::string(kOutcomes) + "AND seq > ? ORDER BY seq LIMIT 100000",
               {key.endpoint, key.model, key.version, seq}, outcome_from);
}

Result<std::vector<ChunkKey>> keys_of_outcomes(Connection& c, std::int64_t after) {
  return c.all("SELECT DISTINCT endpoint, model, version FROM monitor_outcome WHERE seq > ?",
               {after}, [](const Row& row) {
                 return ChunkKey{text(row, 0), text(row, 1), text(row, 2)};
               });
}

Result<std::vector<Outcome>> outcomes_between(Connection& c, const ChunkKey& key, Timestamp from,
                                              Timestamp to, std::int64_t limit) {
  return c.all(
      std::string(kOutcomes) + "AND at BETWEEN ? AND ? ORDER BY seq LIMIT " + std::to_string(limit),
      {key.endpoint, key.model, key.version, from.ms, to.ms}, outcome_from);
}

Result<std::vector<Outcome>> outcomes_to(Connection& c, const ChunkKey& key, std::int64_t seq,
                                         std::int64_t limit) {
  return c.all(
      std::string(kOutcomes) + "AND seq <= ? ORDER BY seq DESC LIMIT " + std::to_string(limit),
      {key.endpoint, key.model, key.version, seq}, outcome_from);
}

Result<std::vector<Outcome>> outcomes_since(Connection& c, const ChunkKey& key, Timestamp since,
                                            std::int64_t limit) {
  return c.all(
      std::string(kOutcomes) + "AND at >= ? ORDER BY seq DESC LIMIT " + std::to_string(limit),
      {key.endpoint, key.model, key.version, since.ms}, outcome_from);
}

Result<std::optional<std::string>> label_of(Connection& c, const std::string& endpoint,
                                            const std::string& request_id) {
  return c.first(
      "SELECT label FROM monitor_outcome WHERE endpoint = ? AND request_id = ? "
      "ORDER BY seq DESC LIMIT 1",
      {endpoint, request_id}, [](const Row& row) { return std::string(row.text(0)); });
}

Result<void> put_waiting(Connection& c, const std::string& endpoint, const Label& label,
                         Timestamp now) {
  SW_CHECK_OK(c.exec(kPutWaiting, {endpoint, label.request_id, label.value, now.ms}));
  return {};
}

Result<void> remove_waiting(Connection& c, const std::string& endpoint,
                            const std::string& request_id) {
  SW_CHECK_OK(c.exec("DELETE FROM monitor_waiting_label WHERE endpoint = ? AND request_id = ?",
                     {endpoint, request_id}));
  return {};
}

Result<std::map<std::string, std::string>> waiting(Connection& c, const std::string& endpoint,
                                                   std::int64_t limit) {
  std::map<std::string, std::string> out;
  SW_CHECK_OK(
      c.query("SELECT request_id, label FROM monitor_waiting_label WHERE endpoint = ? "
              "ORDER BY received DESC LIMIT " +
                  std::to_string(limit),
              {endpoint}, [&](const Row& row) {
                out[text(row, 0)] = text(row, 1);
                return true;
              }));
  return out;
}

Result<void> trim_waiting(Connection& c, Timestamp oldest) {
  SW_CHECK_OK(c.exec("DELETE FROM monitor_waiting_label WHERE received < ?", {oldest.ms}));
  return {};
}

}  // namespace slipway::monitor::records
