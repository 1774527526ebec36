// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "json/describe.h"
#include "transfer/transfer.h"

SLIPWAY_JSON(slipway::transfer::Record)
SLIPWAY_JSON(slipway::transfer::Report)

namespace slipway::transfer {
namespace {

constexpr json::DumpOptions kDump{.non_finite = json::DumpOptions::NonFinite::text,
                                  .skip_empty_lists = true};

int filled(const Record& r) {
  return int(r.experiment.has_value()) + int(r.run.has_value()) + int(r.points.has_value()) +
         int(r.series.has_value()) + int(r.console.has_value()) + int(r.logged_model.has_value()) +
         int(r.trace.has_value()) + int(r.dataset.has_value()) + int(r.example.has_value()) +
         int(r.model.has_value()) + int(r.version.has_value()) + int(r.question.has_value()) +
         int(r.queue.has_value()) + int(r.scorer.has_value()) + int(r.issue.has_value()) +
         int(r.tool_server.has_value()) + int(r.webhook.has_value()) + int(r.mark.has_value());
}

}  // namespace

std::string to_lines(const std::vector<Record>& records) {
  std::string out;
  for (const auto& record : records) (out += json::dump(record, kDump)) += '\n';
  return out;
}

Result<std::vector<Record>> from_lines(std::string_view lines) {
  std::vector<Record> out;
  std::size_t number = 0;
  for (const auto line : split(lines, '\n')) {
    ++number;
    if (trim(line).empty()) continue;
    auto record = json::parse<Record>(line, {.numbers_from_text = true});
    if (record && filled(*record) != 1) {
      record = invalid(
          "expected exactly one of experiment, run, points, series, console, logged_model, "
          "trace, dataset, example, model, version, question, queue, scorer, issue, tool_server, "
          "webhook, mark");
    }
    if (!record) {
      auto error = record.error();
      error.message = "line " + std::to_string(number) + ": " + error.message;
      return error;
    }
    out.push_back(*std::move(record));
  }
  return out;
}

std::string to_json(const Report& report) {
  return json::dump(report);
}

}  // namespace slipway::transfer
