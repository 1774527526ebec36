// SPDX-License-Identifier: Apache-2.0
#include "series_records.h"

#include <utility>

namespace slipway::transfer {
namespace {

Result<tracking::SeriesEntry> entry_of(const SeriesRecord& record, const SeriesEntryRecord& from) {
  tracking::SeriesEntry out{
      .key = record.key, .at = {from.time}, .path = from.path, .content = from.content};
  SW_TRY(out.kind, tracking::parse_series_kind(record.kind));
  const auto step = tracking::Step::parse(from.step);
  if (!step) {
    return invalid("series '" + record.key + "': the step '" + from.step + "' is no decimal",
                   "up to 9 decimal places");
  }
  out.step = *step;
  SW_CHECK_OK(tracking::check_entry(out));
  return out;
}

}  // namespace

Result<std::vector<tracking::SeriesEntry>> series_of(const SeriesRecord& record) {
  std::vector<tracking::SeriesEntry> out;
  out.reserve(record.entries.size());
  for (const auto& from : record.entries) {
    SW_TRY(auto entry, entry_of(record, from));
    out.push_back(std::move(entry));
  }
  return out;
}

Result<std::vector<tracking::ConsoleLine>> lines_of(const ConsoleRecord& record) {
  std::vector<tracking::ConsoleLine> out;
  out.reserve(record.lines.size());
  for (const auto& line : record.lines) {
    if (line.stream != "stdout" && line.stream != "stderr") {
      return invalid(
          "console of run '" + record.run + "': there is no stream '" + line.stream + "'",
          "stdout and stderr are known");
    }
    out.push_back(
        {line.stream == "stderr" ? tracking::ConsoleStream::err : tracking::ConsoleStream::out,
         {line.time},
         line.text});
  }
  return out;
}

void drop_bad_entries(SeriesRecord& record, const std::function<void(std::string)>& say) {
  std::vector<SeriesEntryRecord> kept;
  for (auto& from : record.entries) {
    const auto entry = entry_of(record, from);
    if (entry) {
      kept.push_back(std::move(from));
    } else {
      say("run " + record.run + ": " + entry.error().message);
    }
  }
  record.entries = std::move(kept);
}

}  // namespace slipway::transfer
