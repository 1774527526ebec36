// SPDX-License-Identifier: Apache-2.0
// MLflow REST, label schemas and review queues.
#include "base/text.h"
#include "endpoint.h"
#include "evaluation/evaluation.h"
#include "evaluation/messages_review.h"
#include "json/value.h"
#include "wire/mlflow/routes.h"

namespace slipway::wire::mlflow {
namespace {

using evaluation::AnswerForm;
using evaluation::Evaluation;
using evaluation::Question;
using evaluation::QueueItem;
using evaluation::ReviewQueue;
using evaluation::ReviewStatus;
using net::Request;

constexpr std::int64_t kPageLimit = 50'000;

Result<PageRequest> page_of(const ReviewWanted& in, std::int64_t standard) {
  const auto size = in.max_results.value_or(standard);
  if (size < 1 || size > kPageLimit) {
    return invalid("max_results must be between 1 and 50000, is " + std::to_string(size));
  }
  return PageRequest{static_cast<std::size_t>(size), in.page_token};
}

Result<AnswerForm> form_of(const std::optional<LabelInputMessage>& in) {
  AnswerForm out;
  const int given = in ? int{in->pass_fail.has_value()} + int{in->categorical.has_value()} +
                             int{in->numeric.has_value()} + int{in->text.has_value()}
                       : 0;
  if (given != 1) {
    return invalid("label schema 'input' is required",
                   "one of pass_fail, categorical, numeric, text");
  }
  if (in->pass_fail) {
    out.kind = AnswerForm::Kind::pass_fail;
    out.positive = in->pass_fail->positive_label;
    out.negative = in->pass_fail->negative_label;
  } else if (in->categorical) {
    out.kind = AnswerForm::Kind::categorical;
    out.options = in->categorical->options;
    out.several = in->categorical->multi_select;
  } else if (in->numeric) {
    out.kind = AnswerForm::Kind::numeric;
    out.least = in->numeric->min_value;
    out.most = in->numeric->max_value;
  } else {
    out.longest = in->text->max_length;
  }
  return out;
}

LabelInputMessage to_wire(const AnswerForm& form) {
  LabelInputMessage out;
  switch (form.kind) {
    case AnswerForm::Kind::pass_fail:
      out.pass_fail = PassFailMessage{form.positive, form.negative};
      break;
    case AnswerForm::Kind::categorical:
      out.categorical = CategoricalMessage{form.options, form.several};
      break;
    case AnswerForm::Kind::numeric:
      out.numeric = NumericMessage{form.least, form.most};
      break;
    case AnswerForm::Kind::text:
      out.text = TextMessage{form.longest};
      break;
  }
  return out;
}

LabelSchemaMessage to_wire(const Question& question) {
  return {.schema_id = question.id,
          .experiment_id = question.experiment,
          .name = question.name,
          .type = question.expectation ? "EXPECTATION" : "FEEDBACK",
          .instruction = question.instruction,
          .enable_comment = question.comments,
          .input = to_wire(question.form),
          .created_at = question.created.ms,
          .last_updated_at = question.updated.ms,
          .is_default = question.standard,
          .created_by = question.created_by};
}

Result<LabelSchemaAnswer> create_schema(Evaluation& evaluation, const LabelSchemaIn& in) {
  if (in.experiment_id.empty()) return missing("experiment_id");
  if (!in.name || in.name->empty()) return missing("name");
  SW_TRY(const auto type, enum_name(in.type, "type", {"FEEDBACK", "EXPECTATION"}, 1));
  if (!type) return missing("type");
  Question wanted{.experiment = in.experiment_id,
                  .name = *in.name,
                  .expectation = *type == "EXPECTATION",
                  .instruction = in.instruction,
                  .comments = in.enable_comment.value_or(false)};
  SW_TRY(wanted.form, form_of(in.input));
  SW_TRY(const auto made, evaluation.questions().create(wanted));
  return LabelSchemaAnswer{to_wire(made)};
}

Result<LabelSchemaAnswer> get_schema(Evaluation& evaluation, const ReviewWanted& in) {
  if (in.schema_id.empty()) return missing("schema_id");
  SW_TRY(const auto found, evaluation.questions().get(in.schema_id));
  return LabelSchemaAnswer{to_wire(found)};
}

Result<LabelSchemaAnswer> schema_by_name(Evaluation& evaluation, const ReviewWanted& in) {
  if (in.experiment_id.empty()) return missing("experiment_id");
  if (in.name.empty()) return missing("name");
  SW_TRY(const auto found, evaluation.questions().by_name(in.experiment_id, in.name));
  return LabelSchemaAnswer{to_wire(found)};
}

Result<LabelSchemaPage> list_schemas(Evaluation& evaluation, const ReviewWanted& in) {
  if (in.experiment_id.empty()) return missing("experiment_id");
  SW_TRY(const auto page, page_of(in, 100));
  SW_TRY(const auto found, evaluation.questions().list(in.experiment_id, page));
  LabelSchemaPage out{.next_page_token = found.next_token};
  for (const auto& question : found.items) out.label_schemas.push_back(to_wire(question));
  return out;
}

Result<LabelSchemaAnswer> update_schema(Evaluation& evaluation, const LabelSchemaIn& in) {
  if (in.schema_id.empty()) return missing("schema_id");
  evaluation::QuestionChange change{
      .name = in.name, .instruction = in.instruction, .comments = in.enable_comment};
  if (in.input) {
    SW_TRY(change.form, form_of(in.input));
  }
  SW_TRY(const auto changed, evaluation.questions().change(in.schema_id, change));
  return LabelSchemaAnswer{to_wire(changed)};
}

Result<Empty> delete_schema(Evaluation& evaluation, const ReviewWanted& in) {
  if (in.schema_id.empty()) return missing("schema_id");
  SW_CHECK_OK(evaluation.questions().remove(in.schema_id));
  return Empty{};
}

ReviewQueueMessage to_wire(const ReviewQueue& queue) {
  return {.queue_id = queue.id,
          .experiment_id = queue.experiment,
          .name = queue.name,
          .queue_type = queue.personal ? "USER" : "CUSTOM",
          .created_by = queue.owner,
          .creation_time_ms = queue.created.ms,
          .last_update_time_ms = queue.updated.ms,
          .users = queue.users,
          .schema_ids = queue.questions};
}

Result<ReviewQueueAnswer> create_queue(Evaluation& evaluation, const ReviewQueueIn& in) {
  if (in.experiment_id.empty()) return missing("experiment_id");
  if (!in.name || in.name->empty()) return missing("name");
  SW_TRY(const auto type, enum_name(in.queue_type, "queue_type", {"USER", "CUSTOM"}, 1));
  if (!type) return missing("queue_type");
  SW_TRY(const auto made, evaluation.queues().create({.experiment = in.experiment_id,
                                                      .name = *in.name,
                                                      .personal = *type == "USER",
                                                      .users = in.users,
                                                      .questions = in.schema_ids}));
  return ReviewQueueAnswer{to_wire(made)};
}

Result<ReviewQueueAnswer> queue_of_user(Evaluation& evaluation, const ReviewWanted& in) {
  if (in.experiment_id.empty()) return missing("experiment_id");
  if (!in.user || in.user->empty()) return missing("user");
  SW_TRY(const auto queue, evaluation.queues().of_user(in.experiment_id, *in.user));
  return ReviewQueueAnswer{to_wire(queue)};
}

Result<ReviewQueueAnswer> get_queue(Evaluation& evaluation, const ReviewWanted& in) {
  if (in.queue_id.empty()) return missing("queue_id");
  SW_TRY(const auto found, evaluation.queues().get(in.queue_id));
  return ReviewQueueAnswer{to_wire(found)};
}

Result<ReviewQueueAnswer> queue_by_name(Evaluation& evaluation, const ReviewWanted& in) {
  if (in.experiment_id.empty()) return missing("experiment_id");
  if (in.name.empty()) return missing("name");
  SW_TRY(const auto found, evaluation.queues().by_name(in.experiment_id, in.name));
  return ReviewQueueAnswer{to_wire(found)};
}

Result<ReviewQueuePage> list_queues(Evaluation& evaluation, const ReviewWanted& in) {
  if (in.experiment_id.empty()) return missing("experiment_id");
  SW_TRY(const auto page, page_of(in, 1'000));
  SW_TRY(const auto found,
         evaluation.queues().list(in.experiment_id, {.user = in.user, .item = in.item_id}, page));
  ReviewQueuePage out{.next_page_token = found.next_token};
  for (const auto& queue : found.items) out.review_queues.push_back(to_wire(queue));
  return out;
}

Result<ReviewQueueAnswer> update_queue(Evaluation& evaluation, const ReviewQueueIn& in) {
  if (in.queue_id.empty()) return missing("queue_id");
  evaluation::QueueChange change{.name = in.name, .owner = in.new_owner};
  if (in.update_users) change.users = in.users;
  if (in.update_schema_ids) change.questions = in.schema_ids;
  SW_TRY(const auto changed, evaluation.queues().change(in.queue_id, change));
  return ReviewQueueAnswer{to_wire(changed)};
}

Result<Empty> delete_queue(Evaluation& evaluation, const ReviewWanted& in) {
  if (in.queue_id.empty()) return missing("queue_id");
  SW_CHECK_OK(evaluation.queues().remove(in.queue_id));
  return Empty{};
}

Result<std::optional<ReviewStatus>> status_of(const json::Raw& raw) {
  SW_TRY(const auto name,
         enum_name(raw, "status", {"REVIEW_STATUS_UNSPECIFIED", "PENDING", "COMPLETE", "DECLINED"},
                   0));
  if (!name || *name == "REVIEW_STATUS_UNSPECIFIED") return std::optional<ReviewStatus>();
  if (*name == "PENDING") return std::optional(ReviewStatus::pending);
  return std::optional(*name == "COMPLETE" ? ReviewStatus::complete : ReviewStatus::declined);
}

ReviewItemMessage to_wire(const QueueItem& item) {
  ReviewItemMessage out{.queue_id = item.queue,
                        .item_id = item.item,
                        .completed_by = item.completed_by,
                        .creation_time_ms = item.created.ms,
                        .last_update_time_ms = item.updated.ms};
  switch (item.status) {
    case ReviewStatus::pending:
      out.status = "PENDING";
      break;
    case ReviewStatus::complete:
      out.status = "COMPLETE";
      break;
    case ReviewStatus::declined:
      out.status = "DECLINED";
      break;
  }
  if (item.completed) out.completed_time_ms = item.completed->ms;
  return out;
}

// A trace's experiment, as the route beside this one tells it; nothing when there is no such trace.
std::string experiment_of_trace(const net::Router& router, const std::string& trace) {
  Request request;
  request.target = "/api/3.0/mlflow/traces/" + percent_encode(trace);
  const auto answer = router.call(std::move(request));
  const auto body = json::parse_value(answer.body);
  if (answer.status != 200 || !body) return "";
  const json::value* at = &*body;
  for (const auto* step :
       {"trace", "trace_info", "trace_location", "mlflow_experiment", "experiment_id"}) {
    at = json::find(*at, step);
    if (at == nullptr) return "";
  }
  return at->is_string() ? std::string(std::string_view(at->get_string())) : "";
}

Result<ReviewItemPage> add_items(const net::Router& router, Evaluation& evaluation,
                                 const ReviewItemsIn& in) {
  if (in.queue_id.empty()) return missing("queue_id");
  SW_TRY(const auto type,
         enum_name(in.item_type, "item_type", {"REVIEW_ITEM_TYPE_UNSPECIFIED", "TRACE"}, 0));
  (void)type;
  SW_TRY(const auto items, evaluation::checked_items(in.item_ids));
  SW_TRY(const auto queue, evaluation.queues().get(in.queue_id));
  for (const auto& item : items) {
    if (experiment_of_trace(router, item) == queue.experiment) continue;
    return not_found("cannot attach trace '" + item + "' to review queue '" + in.queue_id +
                     "': it does not exist in experiment '" + queue.experiment + "'");
  }
  SW_TRY(const auto added, evaluation.queues().add_items(in.queue_id, items));
  ReviewItemPage out;
  for (const auto& item : added) out.items.push_back(to_wire(item));
  return out;
}

Result<Empty> remove_items(Evaluation& evaluation, const ReviewItemsIn& in) {
  if (in.queue_id.empty()) return missing("queue_id");
  SW_CHECK_OK(evaluation.queues().remove_items(in.queue_id, in.item_ids));
  return Empty{};
}

// A trace that was deleted leaves its queues when somebody looks.
Result<ReviewItemPage> list_items(const net::Router& router, Evaluation& evaluation,
                                  const ReviewWanted& in) {
  if (in.queue_id.empty()) return missing("queue_id");
  SW_TRY(const auto page, page_of(in, 1'000));
  SW_TRY(const auto status, status_of(in.status));
  SW_TRY(const auto found, evaluation.queues().items(in.queue_id, status, page));
  ReviewItemPage out{.next_page_token = found.next_token};
  std::vector<std::string> gone;
  for (const auto& item : found.items) {
    if (experiment_of_trace(router, item.item).empty()) {
      gone.push_back(item.item);
    } else {
      out.items.push_back(to_wire(item));
    }
  }
  if (!gone.empty()) SW_CHECK_OK(evaluation.queues().remove_items(in.queue_id, gone));
  return out;
}

Result<ReviewItemAnswer> set_status(Evaluation& evaluation, const ReviewItemStatus& in) {
  if (in.queue_id.empty()) return missing("queue_id");
  if (in.item_id.empty()) return missing("item_id");
  SW_TRY(const auto status, status_of(in.status));
  if (!status) return missing("status");
  SW_TRY(const auto item,
         evaluation.queues().set_status(in.queue_id, in.item_id, *status, in.completed_by));
  return ReviewItemAnswer{to_wire(item)};
}

}  // namespace

void add_review_routes(net::Router& router, Evaluation& evaluation) {
  Endpoints at{router, evaluation, "evaluation", "3.0"};
  at.post("label-schemas/create", create_schema);
  at.get("label-schemas/get", get_schema);
  at.get("label-schemas/get-by-name", schema_by_name);
  at.get("label-schemas/list", list_schemas);
  at.patch("label-schemas/update", update_schema);
  at.del("label-schemas/delete", delete_schema);
  at.post("review-queues/create", create_queue);
  at.post("review-queues/get-or-create-user", queue_of_user);
  at.get("review-queues/get", get_queue);
  at.get("review-queues/get-by-name", queue_by_name);
  at.get("review-queues/list", list_queues);
  at.post("review-queues/update", update_queue);
  at.post("review-queues/delete", delete_queue);
  add_route(router, net::Method::post, "3.0", "review-queues/items/add", "evaluation",
            [&router, &evaluation](const Request& request) -> Result<net::Response> {
              SW_TRY(const auto in, read<ReviewItemsIn>(request));
              return finish(add_items(router, evaluation, in));
            });
  at.post("review-queues/items/remove", remove_items);
  add_route(router, net::Method::get, "3.0", "review-queues/items/list", "evaluation",
            [&router, &evaluation](const Request& request) -> Result<net::Response> {
              SW_TRY(const auto in, read<ReviewWanted>(request));
              return finish(list_items(router, evaluation, in));
            });
  at.post("review-queues/items/set-status", set_status);
}

}  // namespace slipway::wire::mlflow
