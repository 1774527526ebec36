// SPDX-License-Identifier: Apache-2.0
// What takes the answers of a batch job: a file that is whole at the end, or a table.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/batch.h"
#include "batch_places.h"

namespace slipway::app {

struct AnswerColumn {
  std::string name;
  std::string type;  // as SQL has it: BIGINT, DOUBLE, BOOLEAN, VARCHAR, TIMESTAMP, JSON
};

// Used by one thread at a time.
class AnswerSink {
 public:
  virtual ~AnswerSink() = default;
  // Once, before the first row.
  virtual Result<void> begin(const std::vector<AnswerColumn>& columns) = 0;
  // Row `number` (from 0) of the input: a JSON text for each column. Rows come in order; some may
  // come again after an interruption and are then left out.
  virtual void row(std::int64_t number, const std::vector<const std::string*>& cells) = 0;
  // Durable when it returns. Where a file will go on.
  virtual Result<std::int64_t> flush() = 0;
  virtual Result<void> finish() = 0;
};

Result<std::unique_ptr<AnswerSink>> open_file_sink(const BatchJob& job, const BatchPlaces& places,
                                                   const std::string& duckdb,
                                                   std::function<bool()> given_up);
// Rows have the job's id and their number with them, which together are the key of the table: each
// is there once. May set `job.rows_done` back to what is there.
Result<std::unique_ptr<AnswerSink>> open_table_sink(BatchJob& job, Timestamp now);

}  // namespace slipway::app
