// SPDX-License-Identifier: Apache-2.0
#include "evaluation/datasets.h"

#include "base/hash.h"
#include "datasets_sql.h"
#include "digest.h"
#include "support.h"

namespace slipway::evaluation {
namespace {

using store::Connection;

constexpr std::size_t kNameLimit = 255;
constexpr std::size_t kTagValueLimit = 5'000;
constexpr std::size_t kExperimentsLimit = 1'000;

Error unknown(const std::string& id) {
  return not_found("evaluation dataset with id '" + id.substr(0, 100) + "' not found");
}

Result<void> check_tags(const std::vector<Tag>& tags) {
  for (const auto& tag : tags) {
    SW_CHECK_OK(check_text("tags.key", tag.key, kNameLimit, true));
    SW_CHECK_OK(check_text("tags.value", tag.value, kTagValueLimit, true));
  }
  return {};
}

Result<void> check_experiments(const std::vector<std::string>& experiments) {
  if (experiments.size() > kExperimentsLimit) return invalid("more than 1000 experiments");
  for (const auto& id : experiments) SW_CHECK_OK(check_text("experiment_ids", id, 64));
  return {};
}

}  // namespace

std::string digest_of(const std::string& name, Timestamp at) {
  return sha256_hex(name + ":" + std::to_string(at.ms)).substr(0, 8);
}

Result<Dataset> Datasets::create(const std::string& name, const std::vector<Tag>& tags,
                                 const std::vector<std::string>& experiments) {
  SW_CHECK_OK(check_text("name", name, kNameLimit));
  SW_CHECK_OK(check_tags(tags));
  SW_CHECK_OK(check_experiments(experiments));
  const auto now = parts_.clock.now();
  Dataset dataset{.id = "d-" + parts_.ids.hex32(),
                  .name = name,
                  .digest = digest_of(name, now),
                  .created = now,
                  .updated = now,
                  .tags = tags};
  for (const auto& tag : tags) {
    if (tag.key == kUserTag) dataset.created_by = dataset.updated_by = tag.value;
  }
  SW_CHECK_OK(parts_.db.write([&](Connection& c) -> Result<void> {
    SW_CHECK_OK(insert_dataset(c, dataset));
    for (const auto& tag : tags) SW_CHECK_OK(put_dataset_tag(c, dataset.id, tag));
    for (const auto& id : experiments) SW_CHECK_OK(put_experiment(c, dataset.id, id));
    return {};
  }));
  return get(dataset.id);
}

Result<Dataset> Datasets::get(const std::string& id) const {
  SW_TRY(auto found, parts_.db.read([&](Connection& c) { return find_dataset(c, id); }));
  if (!found) return unknown(id);
  return *std::move(found);
}

Result<void> Datasets::remove(const std::string& id) {
  return parts_.db.write([&](Connection& c) -> Result<void> {
    SW_CHECK_OK(c.exec("DELETE FROM evaluation_dataset WHERE id = ?", {id}));
    return {};
  });
}

Result<void> Datasets::set_tags(const std::string& id, const std::vector<Tag>& tags) {
  SW_CHECK_OK(check_tags(tags));
  return parts_.db.write([&](Connection& c) -> Result<void> {
    SW_TRY(const auto found, find_dataset(c, id));
    if (!found) return unknown(id);
    for (const auto& tag : tags) SW_CHECK_OK(put_dataset_tag(c, id, tag));
    return {};
  });
}

Result<void> Datasets::remove_tag(const std::string& id, const std::string& key) {
  return parts_.db.write([&](Connection& c) -> Result<void> {
    SW_CHECK_OK(
        c.exec("DELETE FROM evaluation_dataset_tag WHERE dataset_id = ? AND key = ?", {id, key}));
    return {};
  });
}

Result<std::vector<std::string>> Datasets::experiments(const std::string& id) const {
  return parts_.db.read([&](Connection& c) {
    return c.all(
        "SELECT experiment_id FROM evaluation_dataset_experiment WHERE dataset_id = ? "
        "ORDER BY position, experiment_id",
        {id}, text_of);
  });
}

Result<Dataset> Datasets::add_to(const std::string& id,
                                 const std::vector<std::string>& experiments) {
  SW_TRY(auto dataset, get(id));
  SW_CHECK_OK(check_experiments(experiments));
  for (const auto& experiment : experiments) {
    const auto found = parts_.check_experiment(experiment);
    if (!found) return found.error();
  }
  dataset.updated = parts_.clock.now();
  SW_CHECK_OK(parts_.db.write([&](Connection& c) -> Result<void> {
    for (const auto& experiment : experiments) SW_CHECK_OK(put_experiment(c, id, experiment));
    return update_dataset(c, dataset);
  }));
  return dataset;
}

Result<Dataset> Datasets::remove_from(const std::string& id,
                                      const std::vector<std::string>& experiments) {
  return parts_.db.write([&](Connection& c) -> Result<Dataset> {
    SW_TRY(auto dataset, find_dataset(c, id));
    if (!dataset) return unknown(id);
    std::int64_t removed = 0;
    for (const auto& experiment : experiments) {
      SW_TRY(const auto n, c.exec("DELETE FROM evaluation_dataset_experiment WHERE dataset_id = ? "
                                  "AND experiment_id = ?",
                                  {id, experiment}));
      removed += n;
    }
    if (removed > 0) {
      dataset->updated = parts_.clock.now();
      SW_CHECK_OK(update_dataset(c, *dataset));
    }
    return *std::move(dataset);
  });
}

}  // namespace slipway::evaluation
