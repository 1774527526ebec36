// SPDX-License-Identifier: Apache-2.0
#include "extra_records.h"

#include "evaluation/intake.h"
#include "webhook/intake.h"

namespace slipway::transfer {
namespace {

std::vector<Tag> tags_of(const Pairs& pairs) {
  std::vector<Tag> out;
  for (const auto& pair : pairs) out.push_back({pair.key, pair.value});
  return out;
}

Result<evaluation::QueueItem> item_of(const QueueItemRecord& in) {
  using evaluation::ReviewStatus;
  evaluation::QueueItem out;
  out.item = in.item;
  if (in.status == "complete") {
    out.status = ReviewStatus::complete;
  } else if (in.status == "declined") {
    out.status = ReviewStatus::declined;
  } else if (in.status != "pending") {
    return invalid("an item of a review queue has the unknown status '" + in.status + "'",
                   "pending, complete or declined");
  }
  out.completed_by = in.completed_by;
  if (in.completed) out.completed = Timestamp{*in.completed};
  out.created = {in.created};
  out.updated = {in.updated};
  return out;
}

evaluation::ToolServerVersion version_of(const ToolVersionRecord& in) {
  evaluation::ToolServerVersion out;
  out.version = in.version;
  out.status = in.status;
  out.document = in.document;
  out.tools = in.tools;
  out.options = in.options;
  out.source = in.source;
  out.created = {in.at.created};
  out.updated = {in.at.updated};
  out.created_by = in.at.created_by;
  out.updated_by = in.at.updated_by;
  out.tags = tags_of(in.tags);
  return out;
}

evaluation::ToolServerAddress address_of(const ToolAddressRecord& in) {
  evaluation::ToolServerAddress out;
  out.id = in.id;
  out.url = in.url;
  out.transport = in.transport;
  out.version = in.version;
  out.alias = in.alias;
  out.created = {in.at.created};
  out.updated = {in.at.updated};
  out.created_by = in.at.created_by;
  out.updated_by = in.at.updated_by;
  return out;
}

}  // namespace

Result<std::string> take_question(store::Connection& db, const QuestionRecord& in,
                                  const ExperimentId& experiment) {
  evaluation::Question out;
  out.id = in.id;
  out.experiment = experiment.str();
  out.name = in.name;
  out.expectation = in.expectation;
  out.instruction = in.instruction;
  out.comments = in.comments;
  out.created = {in.created};
  out.updated = {in.updated};
  out.created_by = in.created_by;
  out.standard = in.standard;
  return evaluation::take_question(db, std::move(out), in.form);
}

Result<void> take_queue(store::Connection& db, const QueueRecord& in,
                        const ExperimentId& experiment, const std::vector<std::string>& questions) {
  evaluation::ReviewQueue out;
  out.id = in.id;
  out.experiment = experiment.str();
  out.name = in.name;
  out.personal = in.personal;
  out.owner = in.owner;
  out.created = {in.created};
  out.updated = {in.updated};
  out.users = in.users;
  out.questions = questions;
  std::vector<evaluation::QueueItem> items;
  for (const auto& each : in.items) {
    SW_TRY(auto item, item_of(each));
    items.push_back(std::move(item));
  }
  return evaluation::take_queue(db, out, items);
}

Result<void> take_scorer(store::Connection& db, const ScorerRecord& in,
                         const ExperimentId& experiment) {
  return evaluation::take_scorer(db, {.id = in.id,
                                      .experiment = experiment.str(),
                                      .name = in.name,
                                      .version = in.version,
                                      .serialized = in.serialized,
                                      .created = {in.created}});
}

Result<void> take_issue(store::Connection& db, const IssueRecord& in,
                        const ExperimentId& experiment) {
  return evaluation::take_issue(db, {.id = in.id,
                                     .experiment = experiment.str(),
                                     .name = in.name,
                                     .description = in.description,
                                     .status = in.status,
                                     .severity = in.severity,
                                     .root_causes = in.root_causes,
                                     .categories = in.categories,
                                     .source_run = in.source_run,
                                     .created_by = in.created_by,
                                     .created = {in.created},
                                     .updated = {in.updated}});
}

Result<void> take_tool_server(store::Connection& db, const ToolServerRecord& in) {
  evaluation::ToolServer out;
  out.name = in.name;
  out.display_name = in.display_name;
  out.description = in.description;
  out.icons = in.icons;
  out.created = {in.at.created};
  out.updated = {in.at.updated};
  out.created_by = in.at.created_by;
  out.updated_by = in.at.updated_by;
  out.tags = tags_of(in.tags);
  out.aliases = tags_of(in.aliases);
  for (const auto& each : in.versions) out.versions.push_back(version_of(each));
  for (const auto& each : in.addresses) out.addresses.push_back(address_of(each));
  return evaluation::take_tool_server(db, out);
}

Result<void> take_webhook(store::Connection& db, const WebhookRecord& in) {
  webhook::Webhook out;
  out.id = in.id;
  out.name = in.name;
  out.url = in.url;
  out.description = in.description;
  out.topics = in.topics;
  out.active = in.active && !in.secret_stays;
  out.created = {in.created};
  out.updated = {in.updated};
  return webhook::take_webhook(db, out);
}

}  // namespace slipway::transfer
