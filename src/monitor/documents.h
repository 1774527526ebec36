// SPDX-License-Identifier: Apache-2.0
// The JSON documents of this room, as they are stored, sent to webhooks and shown.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "monitor/types.h"

namespace slipway::monitor {

std::string alert_json(const Alert& alert);
std::string report_json(const DriftReport& report);
std::string quality_json(const QualityWindow& window);

// The part of a report that is stored as a document: its columns and findings.
std::string report_detail(const DriftReport& report);
Result<void> read_report_detail(std::string_view document, DriftReport& into);
std::string metrics_json(const QualityWindow& window);
Result<void> read_metrics(std::string_view document, QualityWindow& into);

}  // namespace slipway::monitor
