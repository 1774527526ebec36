// SPDX-License-Identifier: Apache-2.0
// Searching traces. What the database cannot decide is decided here, from the newest trace on and
// only until the page is full.
#include <algorithm>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "base/text.h"
#include "conditions.h"
#include "pack.h"
#include "rows.h"
#include "tracing/traces.h"

namespace slipway::tracing {
namespace {

using store::Cells;
using store::Connection;
using store::Row;

constexpr std::size_t kTracesAtOnce = 64;
constexpr std::size_t kBodiesAtOnce = 64;
constexpr std::size_t kFirstPiece = 1'024;

std::string token_of(std::size_t offset) {
  return to_base64("{\"offset\": " + std::to_string(offset) + "}");
}

Result<std::size_t> offset_of(std::string_view token) {
  if (token.empty()) return std::size_t{0};
  const auto decoded = from_base64(token);
  constexpr std::string_view kStart = "{\"offset\": ";
  if (decoded && decoded->starts_with(kStart) && decoded->ends_with('}')) {
    const auto digits = std::string_view(*decoded).substr(kStart.size());
    const auto offset = parse_int(digits.substr(0, digits.size() - 1));
    if (offset && *offset >= 0) return static_cast<std::size_t>(*offset);
  }
  return invalid("invalid page token '" + std::string(token.substr(0, 100)) + "'",
                 "pass the token of the page before, unchanged");
}

Result<Sql> order_of(store::Dialect dialect, const std::vector<OrderBy>& order) {
  Sql out;
  bool by_time = false;
  bool by_id = false;
  std::unordered_set<std::string> seen;
  for (const auto& by : order) {
    if (!seen.insert(by.entity + "\n" + by.key).second) {
      return invalid("order_by names '" + by.key + "' twice");
    }
    by_time = by_time || (by.entity == "attribute" && by.key == "requested");
    by_id = by_id || (by.entity == "attribute" && by.key == "id");
    SW_TRY(const auto expression, expression_of(by.entity, by.key));
    ((out += "CASE WHEN ") += expression) += " IS NULL THEN 1 ELSE 0 END, ";
    out += expression;
    if (dialect == store::Dialect::postgres && !is_number(by.entity, by.key))
      out += " COLLATE \"C\"";
    out += by.ascending ? ", " : " DESC, ";
  }
  if (!by_time) out += "t.requested DESC, ";
  if (!by_id) out += dialect == store::Dialect::postgres ? "t.uuid COLLATE \"C\", " : "t.uuid, ";
  out.text.resize(out.text.size() - 2);
  return out;
}

// Of a row that the database could not decide about.
struct Candidate {
  std::int64_t key = 0;
  std::vector<bool> columns;  // of the flags and patterns
};

class Decider {
 public:
  Decider(Connection& db, const Conditions& conditions) : db_(db), conditions_(conditions) {}

  Candidate candidate(const Row& row) const {
    Candidate out;
    out.key = row.int64(0);
    out.columns.resize(conditions_.columns.size());
    for (const auto& part : conditions_.rest.parts) look(part, row, out);
    return out;
  }

  // Which of the candidates in [begin, end) match.
  Result<std::vector<bool>> decide(const Candidate* begin, const Candidate* end) {
    found_.assign(conditions_.groups.size(), {});
    if (!conditions_.groups.empty()) {
      Cells keys;
      for (const auto* one = begin; one != end; ++one) keys.emplace_back(one->key);
      for (std::size_t i = 0; i < conditions_.groups.size(); ++i) SW_CHECK_OK(find_spans(keys, i));
    }
    std::vector<bool> out;
    for (const auto* one = begin; one != end; ++one) {
      out.push_back(std::all_of(conditions_.rest.parts.begin(), conditions_.rest.parts.end(),
                                [&](const Rest& part) { return holds(part, *one); }));
    }
    return out;
  }

 private:
  void look(const Rest& rest, const Row& row, Candidate& out) const {
    const int column = static_cast<int>(rest.column) + 1;
    if (rest.kind == Rest::Kind::flag) out.columns[rest.column] = row.int64(column) != 0;
    if (rest.kind == Rest::Kind::pattern) {
      out.columns[rest.column] =
          !row.is_null(column) && RE2::PartialMatch(row.text(column), *rest.pattern);
    }
    for (const auto& part : rest.parts) look(part, row, out);
  }

  bool holds(const Rest& rest, const Candidate& one) const {
    const auto each = [&](const Rest& part) { return holds(part, one); };
    switch (rest.kind) {
      case Rest::Kind::all_of:
        return std::all_of(rest.parts.begin(), rest.parts.end(), each);
      case Rest::Kind::any_of:
        return std::any_of(rest.parts.begin(), rest.parts.end(), each);
      case Rest::Kind::none_of:
        return std::none_of(rest.parts.begin(), rest.parts.end(), each);
      case Rest::Kind::flag:
      case Rest::Kind::pattern:
        return one.columns[rest.column];
      case Rest::Kind::spans:
        return found_[rest.group].contains(one.key);
    }
    return false;
  }

  // The spans that may match by all but their bodies, then those bodies.
  Result<void> find_spans(Cells keys, std::size_t index) {
    const auto& group = conditions_.groups[index];
    const auto test = [&](std::string_view key, std::string_view text) {
      return std::all_of(group.tests.begin(), group.tests.end(),
                         [&](const SpanTest& one) { return one.key != key || one.matches(text); });
    };
    const bool bodies = std::any_of(group.tests.begin(), group.tests.end(),
                                    [](const SpanTest& one) { return one.key == "body"; });
    const auto list = placeholders(keys);
    std::vector<std::int64_t> open;
    auto& found = found_[index];
    SW_CHECK_OK(db_.query(
        "SELECT trace, seq, name, type, status, grams FROM spans WHERE trace IN (" + list + ")",
        keys, [&](const Row& row) {
          const bool typed = std::any_of(group.tests.begin(), group.tests.end(),
                                         [](const SpanTest& one) { return one.key == "type"; });
          if (!test("name", row.text(2)) || (typed && row.is_null(3))) return true;
          if (!row.is_null(3) && !test("type", row.text(3))) return true;
          if (!test("status", name_of(static_cast<SpanStatus>(row.int64(4))))) return true;
          if (!bodies) {
            found.insert(row.int64(0));
          } else if (group.grams->may_match(row.text(5))) {
            open.push_back(row.int64(1));
          }
          return true;
        }));
    for (std::size_t at = 0; at < open.size(); at += kBodiesAtOnce) {
      Cells some(
          open.begin() + static_cast<std::ptrdiff_t>(at),
          open.begin() + static_cast<std::ptrdiff_t>(std::min(open.size(), at + kBodiesAtOnce)));
      SW_CHECK_OK(
          db_.query("SELECT trace, body FROM spans WHERE seq IN (" + placeholders(some) + ")", some,
                    [&](const Row& row) {
                      if (found.contains(row.int64(0))) return true;
                      const auto body = unpack(row.text(1));
                      if (body && test("body", *body)) found.insert(row.int64(0));
                      return true;
                    }));
    }
    return {};
  }

  Connection& db_;
  const Conditions& conditions_;
  std::vector<std::unordered_set<std::int64_t>> found_;  // by group: traces with such a span
};

Result<Sql> scope_of(const std::optional<std::vector<ExperimentId>>& experiments) {
  Sql out;
  if (!experiments) return Sql{"1 = 1", {}};
  if (experiments->empty()) return Sql{"1 = 0", {}};
  for (const auto& id : *experiments) {
    SW_TRY(const auto number, number_of(id));
    out += out.text.empty() ? "t.experiment IN (?" : ",?";
    out.cells.emplace_back(number);
  }
  return out += ")";
}

// The keys of all that match, in order, from the offset on; at most `most`, with the place to go
// on.
struct Matches {
  std::vector<std::int64_t> keys;
  std::size_t next = 0;  // where the next page begins
};

Result<Matches> matches_of(Connection& db, const Sql& scope, const Filter& filter, const Sql& order,
                           std::size_t offset, std::size_t most) {
  SW_TRY(const auto conditions, conditions_of(db, filter));
  Sql sql;
  sql.text = "SELECT t.id";
  for (const auto& column : conditions.columns) (sql += ", ") += column;
  ((sql += " FROM traces t WHERE ") += scope) += " AND (";
  ((sql += conditions.where) += ") ORDER BY ") += order;
  sql += " LIMIT ? OFFSET ?";
  const auto rows = [&](std::size_t size, std::size_t from, const auto& each) {
    auto cells = sql.cells;
    cells.emplace_back(static_cast<std::int64_t>(size));
    cells.emplace_back(static_cast<std::int64_t>(from));
    return db.query(sql.text, cells, [&](const Row& row) {
      each(row);
      return true;
    });
  };
  Matches out;
  if (conditions.all_in_sql()) {
    SW_CHECK_OK(rows(most, offset, [&](const Row& row) { out.keys.push_back(row.int64(0)); }));
    out.next = offset + out.keys.size();
    return out;
  }
  Decider decider(db, conditions);
  // In growing pieces, since a full page ends it.
  for (std::size_t piece = kFirstPiece;; piece *= 8) {
    std::vector<Candidate> candidates;
    SW_CHECK_OK(
        rows(piece, offset, [&](const Row& row) { candidates.push_back(decider.candidate(row)); }));
    for (std::size_t at = 0; at < candidates.size(); at += kTracesAtOnce) {
      const auto end = std::min(candidates.size(), at + kTracesAtOnce);
      SW_TRY(const auto yes, decider.decide(&candidates[at], candidates.data() + end));
      for (std::size_t i = at; i < end; ++i) {
        if (!yes[i - at]) continue;
        out.keys.push_back(candidates[i].key);
        out.next = offset + i + 1;
        if (out.keys.size() == most) return out;
      }
    }
    offset += candidates.size();
    if (candidates.size() < piece) return out;
  }
}

Result<std::vector<Trace>> load(Connection& db, const std::vector<std::int64_t>& keys) {
  std::unordered_map<std::int64_t, std::size_t> place;
  for (std::size_t i = 0; i < keys.size(); ++i) place[keys[i]] = i;
  std::vector<FoundTrace> found(keys.size());
  for (std::size_t at = 0; at < keys.size(); at += kAtOnce) {
    Cells some(keys.begin() + static_cast<std::ptrdiff_t>(at),
               keys.begin() + static_cast<std::ptrdiff_t>(std::min(keys.size(), at + kAtOnce)));
    const auto list = placeholders(some);
    SW_CHECK_OK(db.query(
        std::string("SELECT ") + kTraceColumns + " FROM traces t WHERE t.id IN (" + list + ")",
        some, [&](const Row& row) {
          found[place[row.int64(0)]] = trace_from_row(row);
          return true;
        }));
  }
  SW_CHECK_OK(load_details(db, found));
  std::vector<Trace> out;
  for (auto& one : found) out.push_back(std::move(one.trace));
  return out;
}

}  // namespace

Result<Page<Trace>> Traces::search(const Search& search) const {
  SW_TRY(const auto scope, scope_of(search.experiments));
  SW_TRY(const auto order, order_of(db_.dialect(), search.order));
  SW_TRY(const auto offset, offset_of(search.page.token));
  return db_.read([&](Connection& db) -> Result<Page<Trace>> {
    SW_TRY(const auto matches,
           matches_of(db, scope, search.filter, order, offset, search.page.size));
    Page<Trace> page;
    SW_TRY(page.items, load(db, matches.keys));
    if (page.items.size() == search.page.size) page.next_token = token_of(matches.next);
    return page;
  });
}

Result<Overlap> Traces::overlap(const std::vector<ExperimentId>& experiments, const Filter& base,
                                const Filter& first, const Filter& second) const {
  SW_TRY(const auto scope, scope_of(experiments));
  const Sql order{"t.id", {}};
  return db_.read([&](Connection& db) -> Result<Overlap> {
    const auto keys = [&](const Filter& filter) -> Result<std::unordered_set<std::int64_t>> {
      Filter both;
      both.parts = {base, filter};
      SW_TRY(const auto found, matches_of(db, scope, both, order, 0, 10'000'000));
      return std::unordered_set<std::int64_t>(found.keys.begin(), found.keys.end());
    };
    SW_TRY(const auto all, keys(Filter()));
    SW_TRY(const auto one, keys(first));
    SW_TRY(const auto other, keys(second));
    Overlap out;
    out.total = static_cast<std::int64_t>(all.size());
    out.first = static_cast<std::int64_t>(one.size());
    out.second = static_cast<std::int64_t>(other.size());
    out.both = std::count_if(one.begin(), one.end(),
                             [&](std::int64_t key) { return other.contains(key); });
    return out;
  });
}

}  // namespace slipway::tracing
