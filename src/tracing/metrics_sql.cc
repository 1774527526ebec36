// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <map>

#include "conditions.h"
#include "rows.h"
#include "tracing/metrics.h"

namespace slipway::tracing {
namespace {

using store::Connection;
using store::Dialect;
using store::Row;

constexpr std::int64_t kNanosInMilli = 1'000'000;
constexpr std::int64_t kMost = INT64_MAX / kNanosInMilli - 1;
constexpr std::size_t kGroupLimit = 100'000;
constexpr std::string_view kSpanStatus =
    "CASE s.status WHEN 1 THEN 'OK' WHEN 2 THEN 'ERROR' ELSE 'UNSET' END";
constexpr std::string_view kTraceState =
    "CASE t.state WHEN 1 THEN 'OK' WHEN 2 THEN 'ERROR' WHEN 3 THEN 'IN_PROGRESS'"
    " ELSE 'STATE_UNSPECIFIED' END";

// The expression that is aggregated; empty where the subject has no such measure.
std::string_view measure_of(Subject subject, Measure measure) {
  switch (measure) {
    case Measure::count:
      return "1";
    case Measure::sessions:
      return subject == Subject::traces ? "t.session" : "";
    case Measure::latency:
      return subject == Subject::traces  ? "t.duration"
             : subject == Subject::spans ? "(s.ended - s.started) / 1000000"
                                         : "";
    case Measure::input_tokens:
      return subject == Subject::traces ? "t.input_tokens" : "";
    case Measure::output_tokens:
      return subject == Subject::traces ? "t.output_tokens" : "";
    case Measure::total_tokens:
      return subject == Subject::traces ? "t.total_tokens" : "";
    case Measure::cache_read_tokens:
      return subject == Subject::traces ? "t.cache_read_tokens" : "";
    case Measure::cache_write_tokens:
      return subject == Subject::traces ? "t.cache_write_tokens" : "";
    case Measure::input_cost:
      return subject == Subject::spans ? "s.input_cost" : "";
    case Measure::output_cost:
      return subject == Subject::spans ? "s.output_cost" : "";
    case Measure::total_cost:
      return subject == Subject::spans ? "s.total_cost" : "";
    case Measure::value:
      return subject == Subject::assessments ? "a.number" : "";
  }
  return "";
}

std::string_view dimension_of(Subject subject, Dimension dimension) {
  const bool traces = subject == Subject::traces;
  const bool spans = subject == Subject::spans;
  switch (dimension) {
    case Dimension::name:
      return traces ? "t.name" : spans ? "s.name" : "a.name";
    case Dimension::state:
      return traces ? kTraceState : spans ? kSpanStatus : "";
    case Dimension::type:
      return spans ? "s.type" : "";
    case Dimension::model:
      return spans ? "s.model" : "";
    case Dimension::provider:
      return spans ? "s.provider" : "";
    case Dimension::value:
      return subject == Subject::assessments ? "a.value" : "";
  }
  return "";
}

bool of_dollars(Measure measure) {
  return measure == Measure::input_cost || measure == Measure::output_cost ||
         measure == Measure::total_cost;
}

// Costs belong to the time of their span, everything else to that of its trace.
bool by_span_time(const MetricsQuery& query) {
  return query.subject == Subject::spans && of_dollars(query.measure);
}

// Traces are what most filters are about; spans and assessments have a few fields of their own.
Result<Sql> condition_of(Connection& db, Subject subject, const Filter& filter) {
  const auto own = [&](std::string_view expression) {
    return compare(db.dialect(), Sql{std::string(expression), {}}, false, filter);
  };
  if (filter.kind == Filter::Kind::compare && filter.entity == "span") {
    if (subject != Subject::spans) return invalid("only spans are filtered by span." + filter.key);
    if (filter.key == "name") return own("s.name");
    if (filter.key == "type") return own("s.type");
    if (filter.key == "status") return own(kSpanStatus);
  }
  if (filter.kind == Filter::Kind::compare && filter.entity == "assessment") {
    if (subject != Subject::assessments) {
      return invalid("only assessments are filtered by assessment." + filter.key);
    }
    if (filter.key == "name") return own("a.name");
    if (filter.key == "kind") {
      return own("CASE a.kind WHEN 0 THEN 'feedback' WHEN 1 THEN 'expectation' ELSE 'issue' END");
    }
  }
  SW_TRY(auto conditions, conditions_of(db, filter));
  if (!conditions.all_in_sql()) return invalid("figures are filtered by = only");
  return std::move(conditions.where);
}

Sql from_of(const MetricsQuery& query) {
  Sql out{" FROM traces t", {}};
  if (query.subject == Subject::spans) out += " JOIN spans s ON s.trace = t.id";
  if (query.subject == Subject::assessments) out += " JOIN assessments a ON a.trace = t.id";
  return out;
}

Result<Sql> where_of(Connection& db, const MetricsQuery& query, std::string_view measure) {
  Sql out{" WHERE t.experiment IN (", {}};
  for (const auto& id : query.experiments) {
    SW_TRY(const auto number, number_of(id));
    out += out.cells.empty() ? "?" : ",?";
    out.cells.emplace_back(number);
  }
  out += out.cells.empty() ? "NULL)" : ")";
  if (query.subject == Subject::assessments) out += " AND a.valid = 1";
  const bool spans = by_span_time(query);
  const std::string at = spans ? "s.started" : "t.requested";
  if (query.from_ms) {
    out += " AND " + at + " >= ?";
    out.cells.emplace_back(spans
                               ? std::clamp<std::int64_t>(*query.from_ms, 0, kMost) * kNanosInMilli
                               : *query.from_ms);
  }
  if (query.to_ms) {
    out += " AND " + at + (spans ? " < ?" : " <= ?");
    out.cells.emplace_back(spans ? (std::clamp<std::int64_t>(*query.to_ms, -1, kMost) + 1) *
                                       kNanosInMilli
                                 : *query.to_ms);
  }
  ((out += " AND ") += measure) += " IS NOT NULL";
  for (const auto& filter : query.filters) {
    SW_TRY(const auto condition, condition_of(db, query.subject, filter));
    ((out += " AND (") += condition) += ")";
  }
  return out;
}

double percentile(const std::vector<double>& sorted, double percent) {
  const double at = percent / 100 * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  if (below + 1 >= sorted.size()) return sorted.back();
  const double share = at - static_cast<double>(below);
  return sorted[below] * (1 - share) + sorted[below + 1] * share;
}

std::string aggregate(const Aggregation& aggregation, std::string_view measure, bool distinct) {
  const std::string inner(measure);
  switch (aggregation.kind) {
    case Aggregation::Kind::count:
      return distinct ? "count(DISTINCT " + inner + ")" : "count(" + inner + ")";
    case Aggregation::Kind::sum:
      return "CAST(sum(" + inner + ") AS DOUBLE PRECISION)";
    case Aggregation::Kind::average:
      return "CAST(avg(" + inner + ") AS DOUBLE PRECISION)";
    case Aggregation::Kind::minimum:
      return "CAST(min(" + inner + ") AS DOUBLE PRECISION)";
    case Aggregation::Kind::maximum:
      return "CAST(max(" + inner + ") AS DOUBLE PRECISION)";
    case Aggregation::Kind::percentile:
      // From the values themselves, see fill_percentiles; an aggregate here too, so that a question
      // for percentiles alone is answered by one row a group and not by one a span.
      return "max(CAST(NULL AS DOUBLE PRECISION))";
  }
  return "NULL";
}

class Question {
 public:
  Question(Connection& db, const MetricsQuery& query) : db_(db), query_(query) {}

  Result<std::vector<MetricsPoint>> answer() {
    const auto measure = measure_of(query_.subject, query_.measure);
    if (measure.empty()) return invalid("the subject has no such figure");
    SW_CHECK_OK(group());
    SW_TRY(where_, where_of(db_, query_, measure));
    for (const auto dimension : query_.dimensions) {
      (where_ += " AND ") += dimension_of(query_.subject, dimension);
      where_ += " IS NOT NULL";
    }
    SW_TRY(auto points, aggregates(measure));
    SW_CHECK_OK(fill_percentiles(measure, points));
    return points;
  }

 private:
  Result<void> group() {
    if (query_.bucket_seconds) {
      if (*query_.bucket_seconds <= 0 || *query_.bucket_seconds > kMost / 1000) {
        return invalid("an interval of " + std::to_string(*query_.bucket_seconds) + " seconds",
                       "a positive number of seconds is wanted");
      }
      const auto size = std::to_string(*query_.bucket_seconds * 1000);
      const std::string at =
          query_.subject == Subject::spans ? "(s.started / 1000000)" : "t.requested";
      groups_.push_back("(" + at + " / " + size + ") * " + size);
    }
    for (const auto dimension : query_.dimensions) {
      const auto column = dimension_of(query_.subject, dimension);
      if (column.empty()) return invalid("the subject has no such dimension");
      const bool postgres = db_.dialect() == Dialect::postgres;
      groups_.push_back(std::string(column));
      if (postgres) groups_.back() = "(" + groups_.back() + ") COLLATE \"C\"";
    }
    return {};
  }

  std::string list() const {
    std::string out;
    for (const auto& one : groups_) (out += out.empty() ? "" : ", ") += one;
    return out;
  }
  std::string numbers() const {
    std::string out;
    for (std::size_t i = 1; i <= groups_.size(); ++i) {
      (out += out.empty() ? "" : ", ") += std::to_string(i);
    }
    return out;
  }

  MetricsPoint point(const Row& row) const {
    MetricsPoint out;
    int column = 0;
    if (query_.bucket_seconds) out.bucket_ms = row.int64(column++);
    for (std::size_t i = 0; i < query_.dimensions.size(); ++i) {
      out.dimensions.emplace_back(row.text(column++));
    }
    return out;
  }

  Result<std::vector<MetricsPoint>> aggregates(std::string_view measure) {
    Sql sql{"SELECT " + list(), {}};
    for (std::size_t i = 0; i < query_.aggregations.size(); ++i) {
      if (i > 0 || !groups_.empty()) sql += ", ";
      sql += aggregate(query_.aggregations[i], measure, query_.measure == Measure::sessions);
    }
    (sql += from_of(query_)) += where_;
    if (!groups_.empty()) sql += " GROUP BY " + numbers() + " ORDER BY " + numbers();
    sql += " LIMIT ?";
    sql.cells.emplace_back(static_cast<std::int64_t>(query_.limit));
    return db_.all(sql.text, sql.cells, [&](const Row& row) {
      auto out = point(row);
      for (std::size_t i = 0; i < query_.aggregations.size(); ++i) {
        out.values.push_back(row.maybe_real(static_cast<int>(groups_.size() + i)));
      }
      return out;
    });
  }

  Result<void> fill_percentiles(std::string_view measure, std::vector<MetricsPoint>& points) {
    const bool wanted =
        std::any_of(query_.aggregations.begin(), query_.aggregations.end(),
                    [](const auto& one) { return one.kind == Aggregation::Kind::percentile; });
    if (!wanted || points.empty()) return {};
    if (points.size() > kGroupLimit) return invalid("too many groups");
    Sql sql{"SELECT " + list() + (groups_.empty() ? "" : ", ") + "CAST(" + std::string(measure) +
                " AS DOUBLE PRECISION)",
            {}};
    (sql += from_of(query_)) += where_;
    std::map<std::pair<std::int64_t, std::vector<std::string>>, std::vector<double>> values;
    SW_CHECK_OK(db_.query(sql.text, sql.cells, [&](const Row& row) {
      auto at = point(row);
      values[{at.bucket_ms.value_or(0), std::move(at.dimensions)}].push_back(
          row.real(static_cast<int>(groups_.size())));
      return true;
    }));
    for (auto& one : points) {
      auto& of = values[{one.bucket_ms.value_or(0), one.dimensions}];
      if (of.empty()) continue;
      std::sort(of.begin(), of.end());
      for (std::size_t i = 0; i < query_.aggregations.size(); ++i) {
        const auto& aggregation = query_.aggregations[i];
        if (aggregation.kind == Aggregation::Kind::percentile) {
          one.values[i] = percentile(of, aggregation.percent);
        }
      }
    }
    return {};
  }

  Connection& db_;
  const MetricsQuery& query_;
  std::vector<std::string> groups_;
  Sql where_;
};

}  // namespace

Result<std::vector<MetricsPoint>> Metrics::query(const MetricsQuery& query) const {
  return db_.read([&](Connection& db) { return Question(db, query).answer(); });
}

}  // namespace slipway::tracing
