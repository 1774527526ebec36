// SPDX-License-Identifier: Apache-2.0
#include "conditions.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "json/spaced.h"

namespace slipway::tracing {
namespace {

using store::Connection;
using store::Row;
using Op = Filter::Op;
using Kind = Filter::Kind;

constexpr int kDepthLimit = 64;
constexpr std::size_t kCellLimit = 30'000;
constexpr std::size_t kValueLimit = 10'000;

struct Column {
  std::string_view entity;
  std::string_view key;
  std::string_view sql;
  bool number = false;
};
constexpr std::string_view kState =
    "CASE t.state WHEN 1 THEN 'OK' WHEN 2 THEN 'ERROR' WHEN 3 THEN 'IN_PROGRESS'"
    " ELSE 'STATE_UNSPECIFIED' END";
constexpr std::string_view kSpanStatus =
    "CASE s.status WHEN 1 THEN 'OK' WHEN 2 THEN 'ERROR' ELSE 'UNSET' END";
constexpr Column kColumns[] = {
    {"attribute", "id", "t.uuid"},
    {"attribute", "requested", "t.requested", true},
    {"attribute", "duration", "t.duration", true},
    {"attribute", "ended", "(t.requested + coalesce(t.duration, 0))", true},
    {"attribute", "state", kState},
    {"attribute", "client_id", "t.client_id"},
    {"attribute", "name", "t.name"},
    {"attribute", "session", "t.session"},
    {"attribute", "experiment", "t.experiment", true},
    {"attribute", "place", "CASE t.has_spans WHEN 1 THEN 'here' END"},
    {"usage", "input", "t.input_tokens", true},
    {"usage", "output", "t.output_tokens", true},
    {"usage", "total", "t.total_tokens", true},
    {"usage", "cache_read", "t.cache_read_tokens", true},
    {"usage", "cache_write", "t.cache_write_tokens", true},
    {"usage", "cache_write_1h", "t.cache_write_1h_tokens", true},
    {"cost", "input", "t.input_cost", true},
    {"cost", "output", "t.output_cost", true},
    {"cost", "total", "t.total_cost", true},
};

const Column* column_of(std::string_view entity, std::string_view key) {
  for (const auto& column : kColumns) {
    if (column.entity == entity && column.key == key) return &column;
  }
  return nullptr;
}

// A part of the filter: wholly SQL, or something that is decided here.
struct Piece {
  bool pure = true;
  Sql sql;
  Rest rest;
};

Sql joined(Kind kind, const std::vector<Piece>& parts) {
  Sql out;
  for (const auto& part : parts) {
    if (!out.text.empty()) out += kind == Kind::all_of ? " AND " : " OR ";
    ((out += "(") += part.sql) += ")";
  }
  if (out.text.empty()) out.text = kind == Kind::any_of ? "1 = 0" : "1 = 1";
  if (kind == Kind::none_of) out.text = "NOT (" + out.text + ")";
  return out;
}

class Compiler {
 public:
  Compiler(Connection& db, Conditions& out) : db_(db), out_(out) {}

  Result<void> run(const Filter& filter) {
    std::vector<Piece> parts;
    if (filter.kind == Kind::all_of) {
      SW_TRY(parts, pieces(filter, 0));
    } else {
      SW_TRY(auto whole, piece(filter, 0));
      parts.push_back(std::move(whole));
    }
    std::vector<Piece> pure;
    for (auto& part : parts) {
      if (part.pure) {
        pure.push_back(std::move(part));
      } else {
        out_.rest.parts.push_back(std::move(part.rest));
      }
    }
    out_.where = joined(Kind::all_of, pure);
    std::size_t cells = out_.where.cells.size();
    for (const auto& column : out_.columns) cells += column.cells.size();
    if (cells > kCellLimit) return invalid("the filter has too many parts");
    return {};
  }

 private:
  Result<std::vector<Piece>> pieces(const Filter& filter, int depth) {
    std::vector<Piece> out;
    std::vector<const Filter*> of_spans;
    for (const auto& part : filter.parts) {
      const bool span = part.kind == Kind::compare && part.entity == "span";
      if (span && filter.kind == Kind::all_of) {
        of_spans.push_back(&part);
        continue;
      }
      SW_TRY(auto made, piece(part, depth + 1));
      out.push_back(std::move(made));
    }
    if (!of_spans.empty()) {
      SW_TRY(auto made, spans(of_spans));
      out.push_back(std::move(made));
    }
    return out;
  }

  Result<Piece> piece(const Filter& filter, int depth) {
    if (depth > kDepthLimit) return invalid("the filter is nested too deeply");
    if (filter.kind == Kind::compare) {
      return filter.entity == "span" ? spans({&filter}) : leaf(filter);
    }
    SW_TRY(auto parts, pieces(filter, depth));
    Piece out;
    out.pure = std::all_of(parts.begin(), parts.end(), [](const Piece& p) { return p.pure; });
    if (out.pure) {
      out.sql = joined(filter.kind, parts);
      return out;
    }
    out.rest.kind = filter.kind == Kind::all_of   ? Rest::Kind::all_of
                    : filter.kind == Kind::any_of ? Rest::Kind::any_of
                                                  : Rest::Kind::none_of;
    for (auto& part : parts) {
      out.rest.parts.push_back(part.pure ? flag(std::move(part.sql)) : std::move(part.rest));
    }
    return out;
  }

  Rest flag(Sql condition) {
    Sql column;
    ((column += "CASE WHEN ") += condition) += " THEN 1 ELSE 0 END";
    Rest out;
    out.kind = Rest::Kind::flag;
    out.column = add(std::move(column));
    return out;
  }

  std::size_t add(Sql column) {
    out_.columns.push_back(std::move(column));
    return out_.columns.size() - 1;
  }

  static Piece sql_piece(Sql sql) {
    Piece out;
    out.sql = std::move(sql);
    return out;
  }

  Result<Piece> leaf(const Filter& filter) {
    const auto& entity = filter.entity;
    if (entity == "link") return link(filter);
    if (entity == "issue") return issue(filter);
    if (entity == "feedback" || entity == "expectation") return assessment(filter);
    SW_TRY(auto expression, expression_of(entity, filter.key));
    if (filter.op == Op::rlike) {
      Piece out;
      out.pure = false;
      out.rest.kind = Rest::Kind::pattern;
      SW_TRY(out.rest.pattern, pattern_of(filter));
      out.rest.column = add(std::move(expression));
      return out;
    }
    SW_TRY(auto sql, compare(db_.dialect(), expression, is_number(entity, filter.key), filter));
    return sql_piece(std::move(sql));
  }

  static Result<Piece> link(const Filter& filter) {
    const auto* target = std::get_if<std::string>(&filter.value);
    if (filter.op != Op::eq || target == nullptr) {
      return invalid("'" + filter.key + "' is compared with = and a text only");
    }
    Sql sql;
    sql.text =
        "EXISTS (SELECT 1 FROM trace_links l WHERE l.trace = t.id AND l.kind = ? AND"
        " l.target = ?)";
    sql.cells = {std::int64_t{filter.key == "prompt" ? 1 : 0}, *target};
    return sql_piece(std::move(sql));
  }

  static Result<Piece> issue(const Filter& filter) {
    const auto* id = std::get_if<std::string>(&filter.value);
    if (filter.op != Op::eq || id == nullptr) return invalid("an issue is compared with = only");
    Sql sql;
    sql.text =
        "EXISTS (SELECT 1 FROM assessments a WHERE a.trace = t.id AND a.kind = 2 AND"
        " a.name = ?)";
    sql.cells = {*id};
    return sql_piece(std::move(sql));
  }

  Result<Piece> assessment(const Filter& filter);
  Result<Sql> value_test(const Filter& filter);
  Result<Piece> spans(const std::vector<const Filter*>& leaves);

  Connection& db_;
  Conditions& out_;
};

// What an assessment's value, kept as JSON, must be.
Result<Sql> Compiler::value_test(const Filter& filter) {
  Sql value;
  value.text = "a.value";
  const auto* text = std::get_if<std::string>(&filter.value);
  if ((filter.op == Op::eq || filter.op == Op::ne) && text != nullptr) {
    value.text =
        filter.op == Op::eq ? "(a.value = ? OR a.value = ?)" : "NOT (a.value = ? OR a.value = ?)";
    value.cells = {*text, json::dump_spaced(json::value(*text), json::Escape::ascii)};
    return value;
  }
  if (filter.op == Op::lt || filter.op == Op::le || filter.op == Op::gt || filter.op == Op::ge) {
    Sql number;
    number.text = "a.number";
    SW_TRY(auto sql, compare(db_.dialect(), number, true, filter));
    Sql out;
    return (out += "a.is_number = 1 AND ") += sql;
  }
  if (filter.op != Op::rlike) return compare(db_.dialect(), value, false, filter);
  // The database has no such expressions of its own that both dialects share.
  SW_TRY(const auto pattern, pattern_of(filter));
  Filter some = filter;
  some.op = Op::in;
  std::vector<std::string> matching;
  std::size_t seen = 0;
  SW_CHECK_OK(db_.query("SELECT DISTINCT value FROM assessments WHERE name = ? AND valid = 1",
                        {filter.key}, [&](const Row& row) {
                          if (RE2::PartialMatch(row.text(0), *pattern)) {
                            matching.emplace_back(row.text(0));
                          }
                          return ++seen < kValueLimit * 10 && matching.size() < kValueLimit;
                        }));
  if (matching.empty()) return Sql{"1 = 0", {}};
  some.value = std::move(matching);
  return compare(db_.dialect(), value, false, some);
}

// On the trace itself, or on another of its session where it was meant for all of them.
Result<Piece> Compiler::assessment(const Filter& filter) {
  const bool null = filter.op == Op::is_null || filter.op == Op::is_not_null;
  Sql test;
  test.text = "a.kind = ? AND a.name = ? AND a.valid = 1";
  test.cells = {std::int64_t{filter.entity == "expectation" ? 1 : 0}, filter.key};
  if (!null) {
    SW_TRY(auto value, value_test(filter));
    ((test += " AND (") += value) += ")";
  }
  Sql sql;
  ((sql += "EXISTS (SELECT 1 FROM assessments a WHERE a.trace = t.id AND ") += test) += ")";
  ((sql += " OR (t.session IS NOT NULL AND t.session IN (SELECT o.session FROM assessments a"
           " JOIN traces o ON o.id = a.trace WHERE a.by_session = 1 AND o.session IS NOT NULL"
           " AND o.experiment = t.experiment AND ") += test) += "))";
  if (filter.op == Op::is_null) sql.text = "NOT (" + sql.text + ")";
  return sql_piece(std::move(sql));
}

Result<SpanTest> span_test(const Filter& filter) {
  SpanTest out;
  out.key = filter.key;
  out.op = filter.op;
  const auto* text = std::get_if<std::string>(&filter.value);
  if (const auto* list = std::get_if<std::vector<std::string>>(&filter.value)) {
    out.values = *list;
  } else if (text != nullptr) {
    out.values = {*text};
  } else {
    return invalid("the field 'span." + filter.key + "' is compared with a text only");
  }
  if (filter.op == Op::rlike) {
    SW_TRY(out.pattern, pattern_of(filter));
  } else if (filter.op == Op::like || filter.op == Op::ilike) {
    if (out.values[0].size() > 10'000) return invalid("a pattern of a span is too long");
    out.like = std::make_shared<const Like>(out.values[0], filter.op == Op::ilike);
  } else if (filter.op != Op::eq && filter.op != Op::ne && filter.op != Op::in &&
             filter.op != Op::not_in) {
    return invalid("the field 'span." + filter.key + "' does not support this comparison");
  }
  return out;
}

Result<std::string> span_column(const std::string& key) {
  if (key == "name") return std::string("s.name");
  if (key == "type") return std::string("s.type");
  if (key == "status") return std::string(kSpanStatus);
  return invalid("no field 'span." + key + "'");
}

Result<Piece> Compiler::spans(const std::vector<const Filter*>& leaves) {
  Sql sql;
  sql.text = "EXISTS (SELECT 1 FROM spans s WHERE s.trace = t.id";
  SpanGroup group;
  std::vector<std::string> parts;
  bool pure = true;
  for (const auto* leaf : leaves) {
    SW_TRY(auto test, span_test(*leaf));
    if (leaf->key == "body" || leaf->op == Op::rlike) {
      pure = false;
    } else {
      Sql column;
      SW_TRY(column.text, span_column(leaf->key));
      SW_TRY(const auto condition, compare(db_.dialect(), column, false, *leaf));
      (sql += " AND ") += condition;
    }
    if (leaf->key == "body" && test.like) {
      for (auto& part : test.like->parts()) parts.push_back(std::move(part));
    }
    group.tests.push_back(std::move(test));
  }
  sql += ")";
  if (pure) return sql_piece(std::move(sql));
  group.grams = std::make_shared<const GramQuery>(parts);
  Piece out;
  out.pure = false;
  out.rest.kind = Rest::Kind::spans;
  out.rest.group = out_.groups.size();
  out_.groups.push_back(std::move(group));
  return out;
}

}  // namespace

bool SpanTest::matches(std::string_view text) const {
  switch (op) {
    case Op::eq:
      return text == values[0];
    case Op::ne:
      return text != values[0];
    case Op::in:
    case Op::not_in:
      return (std::find(values.begin(), values.end(), text) != values.end()) == (op == Op::in);
    case Op::like:
    case Op::ilike:
      return like->matches(text);
    case Op::rlike:
      return RE2::PartialMatch(text, *pattern);
    default:
      return false;
  }
}

Result<Conditions> conditions_of(Connection& db, const Filter& filter) {
  Conditions out;
  SW_CHECK_OK(Compiler(db, out).run(filter));
  return out;
}

Result<Sql> expression_of(std::string_view entity, std::string_view key) {
  if (const auto* column = column_of(entity, key)) return Sql{std::string(column->sql), {}};
  if (entity == "tag" || entity == "metadata") {
    const std::string table = entity == "tag" ? "trace_tags" : "trace_metadata";
    return Sql{"(SELECT g.value FROM " + table + " g WHERE g.trace = t.id AND g.key = ?)",
               {std::string(key)}};
  }
  return invalid("traces have no field '" + std::string(entity) + "." + std::string(key) + "'");
}

bool is_number(std::string_view entity, std::string_view key) {
  const auto* column = column_of(entity, key);
  return column != nullptr && column->number;
}

}  // namespace slipway::tracing
