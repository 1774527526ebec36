// SPDX-License-Identifier: Apache-2.0
// Datasets of examples: what goes in, what came or should come out. A record is known by its
// inputs: the same inputs again are the same record, and are merged into it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "domain/filter.h"
#include "domain/types.h"

namespace slipway::evaluation {

struct Parts;

// The tag whose value is who created or changed something.
inline constexpr const char* kUserTag = "mlflow.user";

struct Dataset {
  std::string id;                      // "d-" and 32 hex characters
  std::string name;                    // need not be the only one of that name
  std::string digest;                  // changes with every change of the records
  std::optional<std::string> schema;   // JSON: the fields seen so far, and their types
  std::optional<std::string> profile;  // JSON: {"num_records": n}
  Timestamp created;
  Timestamp updated;
  std::optional<std::string> created_by;
  std::optional<std::string> updated_by;
  std::vector<Tag> tags;
};

struct DatasetRecord {
  std::string id;  // "dr-" and 32 hex characters
  std::string dataset;
  std::string inputs;                       // JSON object
  std::optional<std::string> outputs;       // JSON
  std::optional<std::string> expectations;  // JSON object
  std::string tags;                         // JSON object
  std::optional<std::string> source;        // JSON: {"source_type": .., "source_data": {..}}
  Timestamp created;
  Timestamp updated;
  std::optional<std::string> created_by;
  std::optional<std::string> updated_by;
};

struct Upserted {
  std::int64_t inserted = 0;
  std::int64_t updated = 0;
};

struct DatasetSearch {
  std::vector<std::string> experiments;  // empty: all
  Filter filter;                         // attributes name, created_time, ..; tags
  std::vector<OrderBy> order;            // name, created_time, last_update_time
  PageRequest page;
};

class Datasets {
 public:
  explicit Datasets(const Parts& parts) : parts_(parts) {}

  // The experiments need not exist.
  Result<Dataset> create(const std::string& name, const std::vector<Tag>& tags,
                         const std::vector<std::string>& experiments);
  Result<Dataset> get(const std::string& id) const;
  Result<void> remove(const std::string& id);  // absent is fine
  Result<Page<Dataset>> search(const DatasetSearch& search) const;

  Result<void> set_tags(const std::string& id, const std::vector<Tag>& tags);
  Result<void> remove_tag(const std::string& id, const std::string& key);  // absent is fine

  Result<std::vector<std::string>> experiments(const std::string& id) const;
  // Only experiments that exist; those that it has already are fine.
  Result<Dataset> add_to(const std::string& id, const std::vector<std::string>& experiments);
  Result<Dataset> remove_from(const std::string& id, const std::vector<std::string>& experiments);

  // `records`: a JSON array of objects with inputs, outputs, expectations, tags, source. All of
  // them are kept, or none.
  Result<Upserted> upsert(const std::string& id, const std::string& records);
  // In the order of their making.
  Result<Page<DatasetRecord>> records(const std::string& id, const PageRequest& page) const;
  // How many there were.
  Result<std::int64_t> remove_records(const std::string& id, const std::vector<std::string>& ids);

 private:
  const Parts& parts_;
};

}  // namespace slipway::evaluation
