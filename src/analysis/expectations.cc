// SPDX-License-Identifier: Apache-2.0
#include "analysis/expectations.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

#include "base/text.h"

namespace slipway::analysis {
namespace {

using drivers::duckdb::Type;
using expectation::Bounds;
using expectation::Check;
using expectation::Kind;

constexpr std::size_t kExamples = 5;

// What a check asks the table: aggregates, and what their numbers mean.
struct Question {
  std::vector<std::string> wants;  // SQL
  std::function<void(const double* numbers, Finding& out)> read;
  // Of checks row by row: which rows break it, and what to show of them.
  std::string broken;
  std::vector<std::string> shown;
};

bool is_number(const Field& field) {
  return field.type == Type::integer || field.type == Type::real || field.type == Type::boolean;
}

// SQL that is true where a value is there; NaN is none.
std::string there(const Field& field) {
  const auto name = Table::quoted(field.name) + " IS NOT NULL";
  if (field.type != Type::real) return name;
  return name + " AND NOT isnan(" + Table::read_as(field) + ")";
}

std::string as_text(const Field& field) {
  return "CAST(" + Table::quoted(field.name) + " AS VARCHAR)";
}

std::string within(const std::string& x, const Bounds& bounds) {
  std::string out;
  if (bounds.min) out = x + (bounds.min_open ? " > " : " >= ") + number_text(*bounds.min);
  if (bounds.max) {
    out += (out.empty() ? "" : " AND ") + x + (bounds.max_open ? " < " : " <= ") +
           number_text(*bounds.max);
  }
  return "(" + out + ")";
}

Question by_row(const std::string& judged, const std::string& holds,
                std::vector<std::string> shown) {
  Question out{.shown = std::move(shown)};
  out.broken = "(" + judged + ") AND NOT coalesce(" + holds + ", false)";
  out.wants = {"count(*) FILTER (" + judged + ")", "count(*) FILTER (" + out.broken + ")"};
  out.read = [](const double* numbers, Finding& finding) {
    finding.judged = static_cast<std::int64_t>(numbers[0]);
    finding.unexpected = static_cast<std::int64_t>(numbers[1]);
  };
  return out;
}

// One number within bounds; NaN is one that there is none of.
Question of_whole(std::string sql, const Bounds& bounds) {
  Question out;
  out.wants = {std::move(sql)};
  out.read = [bounds](const double* numbers, Finding& finding) {
    if (!std::isnan(numbers[0])) finding.observed = numbers[0];
    finding.passed = bounds.holds(numbers[0]);
    if (std::isnan(numbers[0])) finding.detail = "there is no value";
  };
  return out;
}

Result<std::string> in_list(const Field& field, const Check& check) {
  const bool texts = std::holds_alternative<std::string>(check.values.front());
  if (texts != field.is_text()) {
    return invalid(std::string("the column holds ") + (texts ? "no texts" : "texts") +
                   ", the list " + (texts ? "does" : "does not"));
  }
  std::string out = (texts ? as_text(field) : Table::read_as(field)) + " IN (";
  for (std::size_t i = 0; i < check.values.size(); ++i) {
    if (i > 0) out += ", ";
    out += texts ? Table::literal(std::get<std::string>(check.values[i]))
                 : number_text(std::get<double>(check.values[i]));
  }
  return out + ")";
}

bool has_type(const Field& field, const std::string& type) {
  if (type == "boolean") return field.type == Type::boolean;
  if (type == "integer") return field.type == Type::integer;
  if (type == "number") return field.type == Type::integer || field.type == Type::real;
  if (type == "time") return field.type == Type::time;
  return field.type == Type::text;
}

Question type_question(const Field& field, const Check& check) {
  const bool fits = std::any_of(check.types.begin(), check.types.end(),
                                [&](const auto& type) { return has_type(field, type); });
  const bool whole = field.type == Type::real && std::find(check.types.begin(), check.types.end(),
                                                           "integer") != check.types.end();
  Question out;
  const auto x = Table::read_as(field);
  out.wants = {
      "count(*) FILTER (" + there(field) + ")",
      whole ? "count(*) FILTER (" + there(field) + " AND " + x + " <> floor(" + x + "))" : "0"};
  out.read = [fits, whole, declared = field.declared](const double* numbers, Finding& finding) {
    // Integers with missing ones are stored as real numbers by many.
    finding.passed = fits || numbers[0] == 0 || (whole && numbers[1] == 0);
    if (!finding.passed) finding.detail = "it is " + declared;
  };
  return out;
}

Question unique_question(const Field& field) {
  const auto name = Table::quoted(field.name);
  const auto again = "(SELECT " + name + " FROM data WHERE " + there(field) + " GROUP BY 1 " +
                     "HAVING count(*) > 1)";
  auto out = by_row(there(field), name + " NOT IN " + again, {name});
  out.wants[1] = "(SELECT coalesce(sum(n), 0) FROM (SELECT count(*) AS n FROM data WHERE " +
                 there(field) + " GROUP BY " + name + ") WHERE n > 1)";
  return out;
}

Result<Question> whole_question(const Field& field, const Check& check, Timestamp now) {
  const auto x = Table::read_as(field);
  const auto those = " FILTER (" + there(field) + ")";
  if (check.kind == Kind::nulls) {
    return of_whole("count(*) FILTER (NOT (" + there(field) + ")) / count(*)", check.bounds);
  }
  if (check.kind == Kind::distinct) {
    return of_whole("count(DISTINCT " + Table::quoted(field.name) + ")" + those, check.bounds);
  }
  if (check.kind == Kind::newest) {
    if (field.type != Type::time) return invalid("the column holds no times");
    auto out = of_whole("(" + std::to_string(now.ms) + " - max(" + x + ")" + those + ") / 1000.0",
                        check.bounds);
    return out;
  }
  if (!is_number(field)) return invalid("the column holds no numbers");
  const auto finite = " FILTER (isfinite(" + x + "))";
  switch (check.kind) {
    case Kind::mean:
      return of_whole("avg(" + x + ")" + finite, check.bounds);
    case Kind::std:
      return of_whole("stddev_samp(" + x + ")" + finite, check.bounds);
    case Kind::median:
      return of_whole("quantile_cont(" + x + ", 0.5)" + finite, check.bounds);
    case Kind::total:
      return of_whole("sum(" + x + ")" + finite, check.bounds);
    default:
      return of_whole("quantile_cont(" + x + ", " + number_text(check.at) + ")" + finite,
                      check.bounds);
  }
}

// Of one column; an error says why it cannot be judged.
Result<Question> column_question(const Field& field, const Check& check, Timestamp now) {
  const auto judged = there(field);
  const std::vector<std::string> shown{Table::quoted(field.name)};
  switch (check.kind) {
    case Kind::type:
      return type_question(field, check);
    case Kind::not_null:
      return by_row("true", judged, {});
    case Kind::range: {
      if (check.bounds.times != (field.type == Type::time) || field.is_text()) {
        return invalid("the column holds " + std::string(field.is_text() ? "no numbers"
                                                         : field.type == Type::time
                                                             ? "times, the limits are numbers"
                                                             : "no times"));
      }
      return by_row(judged, within(Table::read_as(field), check.bounds), shown);
    }
    case Kind::in:
    case Kind::not_in: {
      SW_TRY(const auto list, in_list(field, check));
      return by_row(judged, check.kind == Kind::in ? list : "NOT (" + list + ")", shown);
    }
    case Kind::matches:
    case Kind::not_matches: {
      const auto found =
          "regexp_matches(" + as_text(field) + ", " + Table::literal(check.pattern) + ")";
      return by_row(judged, check.kind == Kind::matches ? found : "NOT " + found, shown);
    }
    case Kind::length:
      return by_row(judged, within("length(" + as_text(field) + ")", check.bounds), shown);
    case Kind::unique:
      return unique_question(field);
    default:
      return whole_question(field, check, now);
  }
}

Result<std::vector<const Field*>> fields_of(const Table& table,
                                            const std::vector<std::string>& names) {
  std::vector<const Field*> out;
  for (const auto& name : names) {
    out.push_back(table.find(name));
    if (out.back() == nullptr) return invalid("column '" + name + "' is not there");
  }
  return out;
}

// Of several columns.
Result<Question> table_question(const Table& table, const Check& check) {
  SW_TRY(const auto fields, fields_of(table, check.columns));
  std::string all_there;
  std::vector<std::string> shown;
  for (const auto* field : fields) {
    all_there += (all_there.empty() ? "" : " AND ") + there(*field);
    shown.push_back(Table::quoted(field->name));
  }
  if (check.kind == Kind::compare) {
    const bool texts = fields[0]->is_text();
    if (texts != fields[1]->is_text() ||
        (fields[0]->type == Type::time) != (fields[1]->type == Type::time)) {
      return invalid("the columns hold different things");
    }
    const auto value = [&](const Field& field) {
      return texts ? as_text(field) : Table::read_as(field);
    };
    return by_row(all_there,
                  "(" + value(*fields[0]) + " " + check.op + " " + value(*fields[1]) + ")", shown);
  }
  if (check.kind == Kind::unique_together) {
    std::string list;
    for (const auto& name : shown) list += (list.empty() ? "" : ", ") + name;
    const auto row = "hash(" + list + ")";
    auto out = by_row(
        "true", row + " NOT IN (SELECT " + row + " FROM data GROUP BY 1 " + "HAVING count(*) > 1)",
        shown);
    out.wants[1] = "(SELECT coalesce(sum(n), 0) FROM (SELECT count(*) AS n FROM data GROUP BY " +
                   list + ") WHERE n > 1)";
    return out;
  }
  std::string sum;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (!is_number(*fields[i])) return invalid("'" + fields[i]->name + "' holds no numbers");
    if (i + 1 < fields.size()) sum += (i == 0 ? "" : " + ") + Table::read_as(*fields[i]);
  }
  return by_row(all_there,
                "(abs(" + sum + " - " + Table::read_as(*fields.back()) +
                    ") <= " + number_text(check.tolerance) + ")",
                shown);
}

void judge_columns(const Table& table, const Check& check, Finding& out) {
  const auto& fields = table.fields();
  std::string gone;
  std::string more;
  std::vector<std::string> present;
  for (const auto& name : check.columns) {
    if (table.find(name) == nullptr) gone += (gone.empty() ? "" : ", ") + name;
  }
  for (const auto& field : fields) {
    const bool named =
        std::find(check.columns.begin(), check.columns.end(), field.name) != check.columns.end();
    if (named) present.push_back(field.name);
    if (!named && check.exact) more += (more.empty() ? "" : ", ") + field.name;
  }
  if (!gone.empty()) out.detail = "not there: " + gone;
  if (!more.empty()) out.detail += (out.detail.empty() ? "" : "; ") + ("not expected: " + more);
  if (out.detail.empty() && check.ordered && present != check.columns) {
    out.detail = "the order is another";
  }
  out.passed = out.detail.empty();
}

struct Task {
  Finding finding;
  Question question;
};

// Fills what needs no look at the rows; the rest is left in `tasks` with its question.
void plan(const Table& table, const Check& check, const std::string& column, Timestamp now,
          std::vector<Task>& tasks) {
  Task task{.finding = {.label = check.label(),
                        .column = column,
                        .kind = check.kind,
                        .severity = check.severity,
                        .line = check.line,
                        .mostly = check.mostly}};
  auto& out = task.finding;
  if (check.column == "*") out.label.replace(0, std::string("every column").size(), column);
  if (check.kind == Kind::rows || check.kind == Kind::column_count) {
    out.observed = check.kind == Kind::rows ? static_cast<double>(table.rows())
                                            : static_cast<double>(table.fields().size());
    out.passed = check.bounds.holds(*out.observed);
  } else if (check.kind == Kind::columns) {
    judge_columns(table, check, out);
  } else {
    const auto* field = column.empty() ? nullptr : table.find(column);
    if (!column.empty() && field == nullptr) {
      out.skipped = !check.required;
      out.passed = out.skipped;
      out.detail = "the column is not there";
    } else {
      auto question =
          field == nullptr ? table_question(table, check) : column_question(*field, check, now);
      if (question) task.question = *std::move(question);
      out.passed = question.ok();
      if (!question) out.detail = question.error().message;
    }
  }
  tasks.push_back(std::move(task));
}

Result<void> add_examples(const Table& table, Task& task) {
  auto& out = task.finding;
  if (task.question.broken.empty() || out.unexpected == 0) return {};
  SW_TRY(const auto rows, table.first_rows(task.question.broken, task.question.shown, kExamples));
  for (const auto& row : rows) {
    std::string text;
    for (const auto& value : row.values) text += (text.empty() ? "" : ", ") + value;
    out.examples.emplace_back(row.row, text.substr(0, 200));
  }
  return {};
}

// All questions about one column in one pass.
Result<void> ask(const Table& table, std::vector<Task*>& tasks) {
  std::string wants;
  for (const auto* task : tasks) {
    for (const auto& want : task->question.wants) wants += ", " + want;
  }
  if (wants.empty()) return {};
  SW_TRY(const auto numbers, table.numbers("count(*)" + wants));
  std::size_t at = 1;
  for (auto* task : tasks) {
    if (task->question.wants.empty()) continue;
    auto& finding = task->finding;
    task->question.read(numbers.data() + at, finding);
    at += task->question.wants.size();
    if (task->question.broken.empty()) continue;
    const auto judged = static_cast<double>(finding.judged);
    const auto good = judged - static_cast<double>(finding.unexpected);
    finding.passed = good >= finding.mostly * judged - 1e-9 * judged;
    SW_CHECK_OK(add_examples(table, *task));
  }
  return {};
}

}  // namespace

Result<CheckReport> check_table(const Table& table, const expectation::Suite& suite, Timestamp now,
                                const Advance& advance) {
  CheckReport out{.suite = suite.name, .rows = table.rows()};
  std::vector<Task> tasks;
  bool counted = false;
  for (const auto& check : suite.checks) {
    counted = counted || check.kind == Kind::rows;
    if (check.column == "*") {
      for (const auto& field : table.fields()) plan(table, check, field.name, now, tasks);
    } else {
      plan(table, check, check.column, now, tasks);
    }
  }
  if (table.rows() == 0 && !counted) {
    out.findings.push_back({.label = "rows > 0",
                            .passed = false,
                            .observed = 0,
                            .detail = "the table is empty, so nothing was judged"});
  }
  std::map<std::string, std::vector<Task*>> by_column;
  for (auto& task : tasks) by_column[task.finding.column].push_back(&task);
  std::size_t done = 0;
  for (auto& [column, asked] : by_column) {
    if (table.rows() > 0) SW_CHECK_OK(ask(table, asked));
    advance(++done, by_column.size());
  }
  for (auto& task : tasks) out.findings.push_back(std::move(task.finding));
  for (const auto& finding : out.findings) {
    if (!finding.passed && finding.severity == expectation::Severity::error) out.passed = false;
  }
  return out;
}

}  // namespace slipway::analysis
