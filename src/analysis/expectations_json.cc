// SPDX-License-Identifier: Apache-2.0
// What a check of a table found: as a document, and in words.
#include <algorithm>
#include <cmath>

#include "analysis/expectations.h"
#include "analysis/values.h"
#include "base/text.h"
#include "json/value.h"

namespace slipway::analysis {
namespace {

using expectation::Severity;

json::value finding_json(const Finding& f) {
  json::object out{{"rule", f.label},
                   {"kind", expectation::name_of(f.kind)},
                   {"column", f.column.empty() ? json::value(nullptr) : json::value(f.column)},
                   {"line", f.line == 0 ? json::value(nullptr) : json::value(f.line)},
                   {"severity", f.severity == Severity::error ? "error" : "warning"},
                   {"passed", f.passed},
                   {"skipped", f.skipped},
                   {"mostly", f.mostly},
                   {"judged", f.judged},
                   {"unexpected", f.unexpected},
                   {"observed", f.observed ? number_or_null(*f.observed) : json::value(nullptr)},
                   {"detail", f.detail.empty() ? json::value(nullptr) : json::value(f.detail)}};
  json::array examples;
  for (const auto& [row, value] : f.examples) {
    examples.push_back(json::object{{"row", row}, {"value", value}});
  }
  out["examples"] = std::move(examples);
  return out;
}

}  // namespace

std::string check_json(const CheckReport& report, const std::string& file) {
  json::array checks;
  std::int64_t failed = 0;
  for (const auto& finding : report.findings) {
    checks.push_back(finding_json(finding));
    failed += finding.passed ? 0 : 1;
  }
  return json::dump_value(json::object{
      {"suite", report.suite.empty() ? json::value(nullptr) : json::value(report.suite)},
      {"file", file},
      {"rows", report.rows},
      {"passed", report.passed},
      {"failed", failed},
      {"checks", std::move(checks)}});
}

std::string found_of(const Finding& f) {
  if (!f.detail.empty()) return f.detail;
  if (f.observed) return number_text(*f.observed);
  if (f.judged == 0) return "";
  std::string out = std::to_string(f.unexpected) + " of " + std::to_string(f.judged) + " rows";
  if (f.unexpected == 0 || f.examples.empty()) return out;
  out += ", first row " + std::to_string(f.examples[0].first);
  if (!f.examples[0].second.empty()) out += ": " + clipped(f.examples[0].second, 40);
  return out;
}

std::string summary_of(const CheckReport& report) {
  std::size_t failed = 0;
  std::size_t warned = 0;
  for (const auto& finding : report.findings) {
    if (finding.passed) continue;
    ++(finding.severity == Severity::error ? failed : warned);
  }
  std::string out = std::to_string(report.findings.size()) + " checks of " +
                    std::to_string(report.rows) + " rows: " + std::to_string(failed) + " failed";
  return warned == 0 ? out : out + ", " + std::to_string(warned) + " warnings";
}

}  // namespace slipway::analysis
