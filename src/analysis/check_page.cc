// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "analysis/expectations.h"
#include "base/text.h"
#include "page_parts.h"

namespace slipway::analysis {
namespace {

int rank_of(const Finding& finding) {
  if (finding.skipped) return 2;
  if (finding.passed) return 3;
  return finding.severity == expectation::Severity::warning ? 1 : 0;
}

json::value of(const Finding& finding) {
  constexpr const char* kVerdicts[] = {"failed", "warning", "skipped", "passed"};
  json::array examples;
  for (const auto& [row, text] : finding.examples) {
    examples.push_back(json::array{row, json::value(clipped(text, kMostName))});
  }
  return json::object{
      {"name", clipped(finding.label, 200)},
      {"rule", expectation::name_of(finding.kind)},
      {"verdict", kVerdicts[rank_of(finding)]},
      {"line", finding.line},
      {"mostly", short_number(finding.mostly)},
      {"judged", finding.judged},
      {"unexpected", finding.unexpected},
      {"observed",
       finding.observed ? json::value(number_text(*finding.observed)) : json::value(nullptr)},
      {"detail", clipped(finding.detail, 200)},
      {"found", clipped(finding.passed ? std::string() : found_of(finding), kMostName)},
      {"examples", std::move(examples)}};
}

}  // namespace

std::string check_page(const CheckReport& report, const std::string& file) {
  std::vector<const Finding*> sorted;
  std::int64_t counts[4] = {};
  for (const auto& finding : report.findings) {
    sorted.push_back(&finding);
    ++counts[rank_of(finding)];
  }
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto* a, const auto* b) { return rank_of(*a) < rank_of(*b); });
  json::array columns;
  Room room;
  for (const auto* finding : sorted) {
    auto one = of(*finding);
    if (!room.take(one)) break;
    columns.push_back(std::move(one));
  }
  return page_of("check", "Check of " + file,
                 {{"file", clipped(file, kMostName)},
                  {"suite", clipped(report.suite, kMostName)},
                  {"passed", report.passed},
                  {"rows", report.rows},
                  {"failed", counts[0]},
                  {"warnings", counts[1]},
                  {"skipped", counts[2]},
                  {"all_columns", report.findings.size()},
                  {"columns", std::move(columns)}});
}

}  // namespace slipway::analysis
