// SPDX-License-Identifier: Apache-2.0
#include "evaluation/questions.h"

#include <set>

#include "evaluation/intake.h"
#include "json/value.h"
#include "support.h"

namespace slipway::evaluation {
namespace {

using store::Connection;
using store::Row;
using Kind = AnswerForm::Kind;

constexpr std::size_t kNameLimit = 250;
constexpr std::size_t kInstructionLimit = 1'000;
constexpr std::size_t kLabelLimit = 64;
constexpr std::size_t kOptionsLimit = 10;
constexpr const char* kStandardName = "Feedback";
constexpr std::string_view kSelect =
    "SELECT id, experiment_id, name, kind, instruction, comments, input, created, updated, "
    "standard, created_by FROM evaluation_question ";

std::string form_text(const AnswerForm& form) {
  json::object out;
  switch (form.kind) {
    case Kind::pass_fail:
      out["pass_fail"] = {{"positive", form.positive}, {"negative", form.negative}};
      break;
    case Kind::categorical: {
      json::array options;
      for (const auto& option : form.options) options.emplace_back(option);
      out["categorical"] = {{"options", options}, {"several", form.several}};
      break;
    }
    case Kind::numeric: {
      json::object bounds;
      if (form.least) bounds["least"] = *form.least;
      if (form.most) bounds["most"] = *form.most;
      out["numeric"] = std::move(bounds);
      break;
    }
    case Kind::text: {
      json::object bounds;
      if (form.longest) bounds["longest"] = *form.longest;
      out["text"] = std::move(bounds);
      break;
    }
  }
  return json::dump_value(out);
}

AnswerForm form_of(std::string_view text) {
  AnswerForm out;
  const auto parsed = json::parse_value(text);
  if (!parsed) return out;
  if (const auto* labels = json::find(*parsed, "pass_fail")) {
    out.kind = Kind::pass_fail;
    out.positive = json::text_at(*labels, "positive").value_or("");
    out.negative = json::text_at(*labels, "negative").value_or("");
  } else if (const auto* choice = json::find(*parsed, "categorical")) {
    out.kind = Kind::categorical;
    const auto* options = json::find(*choice, "options");
    if (options == nullptr || !options->is_array()) return out;
    for (const auto& option : options->get_array()) {
      if (option.is_string()) out.options.emplace_back(std::string_view(option.get_string()));
    }
    out.several = json::bool_at(*choice, "several").value_or(false);
  } else if (const auto* bounds = json::find(*parsed, "numeric")) {
    out.kind = Kind::numeric;
    out.least = json::number_at(*bounds, "least");
    out.most = json::number_at(*bounds, "most");
  } else if (const auto* limit = json::find(*parsed, "text")) {
    out.longest = json::int_at(*limit, "longest");
  }
  return out;
}

Question from_row(const Row& row) {
  return {.id = std::string(row.text(0)),
          .experiment = std::string(row.text(1)),
          .name = std::string(row.text(2)),
          .expectation = row.text(3) == "expectation",
          .instruction = row.maybe_text(4),
          .comments = row.int64(5) != 0,
          .form = form_of(row.text(6)),
          .created = Timestamp{row.int64(7)},
          .updated = Timestamp{row.int64(8)},
          .created_by = row.maybe_text(10),
          .standard = row.int64(9) != 0};
}

Result<void> check_options(const std::vector<std::string>& options) {
  if (options.empty()) return invalid("'options' must be a non-empty list");
  if (options.size() > kOptionsLimit) return invalid("'options' must have at most 10 entries");
  std::set<std::string_view> seen;
  for (const auto& option : options) {
    SW_CHECK_OK(check_text("options", option, kLabelLimit));
    if (!seen.insert(option).second) return invalid("'options' has '" + option + "' twice");
  }
  return {};
}

Result<void> check_form(const AnswerForm& form) {
  switch (form.kind) {
    case Kind::pass_fail:
      SW_CHECK_OK(check_text("positive_label", form.positive, kLabelLimit));
      SW_CHECK_OK(check_text("negative_label", form.negative, kLabelLimit));
      if (form.positive != form.negative) return {};
      return invalid("'positive_label' and 'negative_label' must be distinct");
    case Kind::categorical:
      return check_options(form.options);
    case Kind::numeric:
      if (!form.least || !form.most || *form.least < *form.most) return {};
      return invalid("'min_value' must be strictly less than 'max_value'");
    case Kind::text:
      if (!form.longest || *form.longest >= 1) return {};
      return invalid("'max_length' must be at least 1");
  }
  return {};
}

Result<void> check_name(const std::string& name) {
  SW_CHECK_OK(check_text("name", name, kNameLimit));
  if (!equal_ignoring_case(trim(name), kStandardName)) return {};
  return invalid("'" + name + "' is reserved for the experiment's standard question");
}

Result<void> check_instruction(const std::optional<std::string>& instruction) {
  return check_text("instruction", instruction.value_or(""), kInstructionLimit, true);
}

Result<void> insert(Connection& c, const Question& q) {
  SW_CHECK_OK(
      c.exec("INSERT INTO evaluation_question (id, experiment_id, name, kind, instruction, "
             "comments, input, created, updated, standard, created_by) "
             "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
             {q.id, q.experiment, q.name, q.expectation ? "expectation" : "feedback",
              cell_of(q.instruction), std::int64_t{q.comments}, form_text(q.form), q.created.ms,
              q.updated.ms, std::int64_t{q.standard}, cell_of(q.created_by)}));
  return {};
}

Error taken(const Question& q) {
  return already_exists("label schema with name '" + q.name + "' already exists for experiment '" +
                        q.experiment + "'");
}

Error unknown(const std::string& id) {
  return not_found("label schema with id '" + id.substr(0, 100) + "' not found");
}

}  // namespace

Result<std::string> take_question(Connection& c, Question q, std::string_view form) {
  if (q.id.empty() || q.name.empty()) return invalid("a question has no id or no name");
  q.form = form_of(form);
  if (const auto fine = check_form(q.form); !fine) {
    return invalid("question '" + q.name + "': " + fine.error().message);
  }
  SW_TRY(const auto same,
         c.first("SELECT id FROM evaluation_question WHERE id = ? OR (experiment_id = ? AND "
                 "(name = ? OR (standard = 1 AND ? = 1)))",
                 {q.id, q.experiment, q.name, std::int64_t{q.standard}}, text_of));
  if (!same) {
    SW_CHECK_OK(insert(c, q));
    return q.id;
  }
  SW_CHECK_OK(
      c.exec("UPDATE evaluation_question SET instruction = ?, comments = ?, input = ?, "
             "updated = ?, created_by = ? WHERE id = ?",
             {cell_of(q.instruction), std::int64_t{q.comments}, form_text(q.form), q.updated.ms,
              cell_of(q.created_by), *same}));
  return *same;
}

Result<Question> Questions::create(Question q) {
  SW_CHECK_OK(check_name(q.name));
  SW_CHECK_OK(check_instruction(q.instruction));
  SW_CHECK_OK(check_form(q.form));
  SW_CHECK_OK(parts_.check_experiment(q.experiment));
  q.id = "ls-" + parts_.ids.hex32();
  q.created = q.updated = parts_.clock.now();
  q.standard = false;
  const auto inserted = parts_.db.write([&](Connection& c) { return insert(c, q); });
  if (!inserted) return inserted.error().code == Code::already_exists ? taken(q) : inserted.error();
  return q;
}

Result<Question> Questions::get(const std::string& id) const {
  SW_TRY(auto found, parts_.db.read([&](Connection& c) {
    return c.first(std::string(kSelect) + "WHERE id = ?", {id}, from_row);
  }));
  if (!found) return unknown(id);
  return *std::move(found);
}

Result<Question> Questions::by_name(const std::string& experiment, const std::string& name) const {
  SW_CHECK_OK(parts_.check_experiment(experiment));
  SW_TRY(auto found, parts_.db.read([&](Connection& c) {
    return c.first(std::string(kSelect) + "WHERE experiment_id = ? AND name = ?",
                   {experiment, name}, from_row);
  }));
  if (found) return *std::move(found);
  return not_found("label schema with name '" + name.substr(0, 100) +
                   "' not found for experiment '" + experiment + "'");
}

Result<Page<Question>> Questions::list(const std::string& experiment, const PageRequest& page) {
  SW_TRY(const auto offset, offset_of(page));
  SW_CHECK_OK(parts_.check_experiment(experiment));
  SW_TRY(const auto standard, parts_.db.read([&](Connection& c) {
    return c.first("SELECT id FROM evaluation_question WHERE experiment_id = ? AND standard = 1",
                   {experiment}, text_of);
  }));
  if (!standard) {
    Question q{.id = "ls-" + parts_.ids.hex32(),
               .experiment = experiment,
               .name = kStandardName,
               .instruction = "Share any feedback on this trace.",
               .created = parts_.clock.now(),
               .standard = true};
    q.updated = q.created;
    const auto made = parts_.db.write([&](Connection& c) { return insert(c, q); });
    if (!made && made.error().code != Code::already_exists) return made.error();
  }
  SW_TRY(auto found, parts_.db.read([&](Connection& c) {
    return c.all(
        std::string(kSelect) + "WHERE experiment_id = ? ORDER BY created DESC, id LIMIT ? OFFSET ?",
        {experiment, limit_of(page), offset}, from_row);
  }));
  return page_of(std::move(found), page, offset);
}

Result<Question> Questions::change(const std::string& id, const QuestionChange& change) {
  SW_TRY(auto q, get(id));
  if (q.standard) return invalid("the experiment's default question cannot be edited");
  if (change.name) SW_CHECK_OK(check_name(*change.name));
  SW_CHECK_OK(check_instruction(change.instruction));
  if (change.form) {
    SW_CHECK_OK(check_form(*change.form));
    if (change.form->kind != q.form.kind) {
      return invalid("the input type of a label schema cannot be changed after creation");
    }
    if (q.form.kind == Kind::categorical && change.form->several != q.form.several) {
      return invalid("'multi_select' cannot be changed after creation");
    }
    q.form = *change.form;
  }
  if (change.name) q.name = *change.name;
  if (change.instruction) q.instruction = change.instruction;
  if (change.comments) q.comments = *change.comments;
  q.updated = parts_.clock.now();
  const auto updated = parts_.db.write([&](Connection& c) -> Result<void> {
    SW_CHECK_OK(
        c.exec("UPDATE evaluation_question SET name = ?, instruction = ?, comments = ?, "
               "input = ?, updated = ? WHERE id = ?",
               {q.name, cell_of(q.instruction), std::int64_t{q.comments}, form_text(q.form),
                q.updated.ms, id}));
    return {};
  });
  if (!updated) return updated.error().code == Code::already_exists ? taken(q) : updated.error();
  return q;
}

Result<void> Questions::remove(const std::string& id) {
  const auto found = get(id);
  if (!found) return found.error().code == Code::not_found ? Result<void>() : found.error();
  if (found->standard) return invalid("the experiment's default question cannot be deleted");
  return parts_.db.write([&](Connection& c) -> Result<void> {
    SW_CHECK_OK(c.exec("DELETE FROM evaluation_question WHERE id = ?", {id}));
    return {};
  });
}

}  // namespace slipway::evaluation
