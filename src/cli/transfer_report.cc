// SPDX-License-Identifier: Apache-2.0
#include "transfer_report.h"

#include "cli/cli.h"

namespace slipway::cli {
namespace {

void tell(const transfer::Report& report) {
  const auto row = [](const char* what, std::int64_t found, std::int64_t copied) {
    return Row{what, std::to_string(found), std::to_string(copied)};
  };
  const auto& f = report.found;
  const auto& c = report.copied;
  print_table({"WHAT", "FOUND", "COPIED"}, {row("experiments", f.experiments, c.experiments),
                                            row("runs", f.runs, c.runs),
                                            row("metric points", f.points, c.points),
                                            row("params", f.params, c.params),
                                            row("tags", f.tags, c.tags),
                                            row("datasets", f.inputs, c.inputs),
                                            row("logged models", f.logged_models, c.logged_models),
                                            row("traces", f.traces, c.traces),
                                            row("evaluation datasets", f.datasets, c.datasets),
                                            row("examples", f.examples, c.examples),
                                            row("models", f.models, c.models),
                                            row("versions", f.versions, c.versions),
                                            row("aliases", f.aliases, c.aliases),
                                            row("webhooks", f.webhooks, c.webhooks),
                                            row("scorers", f.scorers, c.scorers),
                                            row("label schemas", f.label_schemas, c.label_schemas),
                                            row("review queues", f.review_queues, c.review_queues),
                                            row("issues", f.issues, c.issues),
                                            row("tool servers", f.tool_servers, c.tool_servers),
                                            row("files", f.files, c.files),
                                            row("bytes", f.bytes, c.bytes)});
  say(std::to_string(report.verified_runs) + " of " + std::to_string(f.runs) +
      " runs compared: what the source has is here");
}

}  // namespace

void Bars::show(const std::string& part, std::int64_t done, std::int64_t of) {
  if (part != part_ || !bar_) {
    bar_.reset();
    part_ = part;
    bar_.emplace(part, static_cast<std::uint64_t>(of));
  }
  bar_->set(static_cast<std::uint64_t>(done));
}

int finish_transfer(const Result<transfer::Report>& report, const std::string& json,
                    const std::string& verb) {
  if (!report) return fail(report.error());
  if (!json.empty()) {
    if (const auto written = write_document(json, transfer::to_json(*report)); !written) {
      return fail(written.error());
    }
  } else {
    tell(*report);
  }
  for (const auto& note : report->notes) say("note: " + note);
  if (report->problems.empty()) return kDone;
  for (const auto& problem : report->problems) say("problem: " + problem);
  say("error: not everything came over");
  say("hint: mend what is named above and repeat the " + verb + ": only the rest is copied");
  return kFailed;
}

}  // namespace slipway::cli
