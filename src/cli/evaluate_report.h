// SPDX-License-Identifier: Apache-2.0
// What `slipway evaluate` found, and how it is told: as a table, a document, a page.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "analysis/quality_page.h"
#include "judged_rows.h"
#include "stats/classification.h"
#include "stats/segments.h"

namespace slipway::cli {

using Metrics = std::vector<std::pair<std::string, double>>;

struct Report {
  std::size_t rows = 0;
  std::int64_t skipped = 0;
  Metrics metrics;
  std::optional<stats::Classification> classes;
  std::vector<std::string> labels;
  LabelKind label_kind = LabelKind::text;
  std::vector<std::pair<std::string, Metrics>> groups;  // "count" first
  Metrics fairness;
  Metrics estimated;  // "rows" first
  std::optional<stats::Drop> drop;
  std::optional<std::size_t> positive;  // of `labels`
  analysis::QualityPictures pictures;   // when a page is wanted
};

std::string document(const std::string& task, const Report& report);
void show(const Report& report);
// `broken`: bounds that do not hold; `bounded`: there are some.
std::string page(const std::string& file, const std::string& task, const Report& report,
                 const std::vector<std::string>& broken, bool bounded);
std::string short_number(double x);

}  // namespace slipway::cli
