// SPDX-License-Identifier: Apache-2.0
// Batch predictions: a file through a version, one row of answers for each row, in order.
//
// A job goes through its file a piece at a time, so memory does not grow with it, and writes down
// how far it came after each: one that was cut off (also by the end of the server) goes on there.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "fetch/s3.h"

namespace slipway::store {
class Database;
}
namespace slipway::serving {
class Endpoints;
}
namespace slipway::registry {
class Registry;
}

namespace slipway::app {

struct BatchSpec {
  std::string target;  // an endpoint, or models:/NAME/VERSION, models:/NAME@ALIAS
  std::string input;   // Parquet, CSV or JSON lines: a path, or s3://BUCKET/KEY
  std::string output;  // the same (.csv, .jsonl or .parquet), or postgresql://USER@HOST/NAME;
                       // may be empty with a key
  std::string table;   // of such a database: table, or schema.table
  std::string key;     // the column by which answers are looked up later; may be empty
  std::vector<std::string> keep;  // columns that go with the answers; empty: all, "-": none
};

struct BatchJob {
  std::string id;
  BatchSpec spec;
  std::string model;
  std::string version;
  std::string fingerprint;  // of the input: another file is another job
  std::string state;        // queued, running, succeeded, failed, cancelled
  std::string error;
  std::int64_t rows_total = 0;
  std::int64_t rows_done = 0;
  std::int64_t bytes_done = 0;  // of the file that is being written
  Timestamp created;
  std::optional<Timestamp> started;
  std::optional<Timestamp> ended;
};

struct BatchAnswer {
  std::string key;
  std::string answer;  // JSON
  std::string model;
  std::string version;
  std::string job;
  Timestamp at;
};

struct BatchOptions {
  std::string duckdb;  // the library; empty: where it usually is
  // Files may be anywhere; otherwise only below `folder`. For servers that only this machine's
  // users reach.
  bool any_path = false;
  std::string folder;
  std::vector<std::string>
      places;         // addresses that are allowed beside `folder`, with what is below
  std::string spool;  // copies of what comes from S3 and goes there
  fetch::S3Access s3;
};

// Thread-safe.
class Batches {
 public:
  Batches(store::Database& db, serving::Endpoints& endpoints, registry::Registry& registry,
          Clock& clock, Ids& ids, BatchOptions options);
  // A job that is under way stops after its piece and goes on at the next start.
  ~Batches();

  // Takes up what was not finished.
  Result<void> resume();
  // The same again goes on with a job that failed or was cancelled.
  Result<BatchJob> submit(const BatchSpec& spec);
  Result<BatchJob> get(const std::string& id) const;
  Result<std::vector<BatchJob>> list() const;  // newest first
  Result<BatchJob> cancel(const std::string& id);
  Result<BatchAnswer> look_up(const std::string& target, const std::string& key) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// As the API speaks of them.
std::string to_json(const BatchJob& job);
std::string to_json(const BatchAnswer& answer, Timestamp now);
Result<BatchSpec> parse_batch_spec(const std::string& text);

}  // namespace slipway::app
