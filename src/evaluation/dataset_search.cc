// SPDX-License-Identifier: Apache-2.0
// Datasets are few and small without their records, so they are searched in memory.
#include <algorithm>

#include "datasets_sql.h"
#include "support.h"

namespace slipway::evaluation {
namespace {

using store::Connection;

Filter::Value optional_value(const std::optional<std::string>& text) {
  return text ? Filter::Value(*text) : Filter::Value();
}

Filter::Value value_of(const Dataset& dataset, const std::string& entity, const std::string& key) {
  if (entity == "tag") {
    for (const auto& tag : dataset.tags) {
      if (tag.key == key) return tag.value;
    }
    return {};
  }
  if (key == "name") return dataset.name;
  if (key == "created_time") return static_cast<double>(dataset.created.ms);
  if (key == "last_update_time") return static_cast<double>(dataset.updated.ms);
  if (key == "created_by") return optional_value(dataset.created_by);
  return optional_value(dataset.updated_by);
}

// Less than zero when `a` comes first.
int compare_by(const Dataset& a, const Dataset& b, const std::string& key) {
  if (key == "name") return a.name.compare(b.name);
  const auto x = key == "created_time" ? a.created.ms : a.updated.ms;
  const auto y = key == "created_time" ? b.created.ms : b.updated.ms;
  return x < y ? -1 : x > y ? 1 : 0;
}

}  // namespace

Result<Page<Dataset>> Datasets::search(const DatasetSearch& search) const {
  SW_TRY(const auto offset, offset_of(search.page));
  if (search.experiments.size() > 1'000) return invalid("more than 1000 experiments");
  auto order = search.order;
  if (order.empty()) order.push_back({"attribute", "created_time", false});
  SW_TRY(auto found,
         parts_.db.read([&](Connection& c) { return datasets_of(c, search.experiments); }));
  std::erase_if(found, [&](const Dataset& dataset) {
    return !matches(search.filter, [&](const std::string& entity, const std::string& key) {
      return value_of(dataset, entity, key);
    });
  });
  std::sort(found.begin(), found.end(), [&](const Dataset& a, const Dataset& b) {
    for (const auto& by : order) {
      const int less = compare_by(a, b, by.key);
      if (less != 0) return by.ascending ? less < 0 : less > 0;
    }
    return a.id > b.id;
  });
  const auto from = std::min(found.size(), static_cast<std::size_t>(offset));
  const auto to = std::min(found.size(), from + search.page.size + 1);
  return page_of(std::vector<Dataset>(found.begin() + static_cast<std::ptrdiff_t>(from),
                                      found.begin() + static_cast<std::ptrdiff_t>(to)),
                 search.page, offset);
}

}  // namespace slipway::evaluation
