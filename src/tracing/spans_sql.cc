// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.h"
#include "grams.h"
#include "pack.h"
#include "rows.h"
#include "tracing/spans.h"
#include "tracking/tracking.h"

namespace slipway::tracing {
namespace {

using store::Blob;
using store::Cells;
using store::Connection;
using store::Row;

constexpr auto kInsertTrace =
    "INSERT INTO traces (uuid, experiment, requested, state, told, has_spans, artifact_root)"
    " VALUES (?, ?, ?, 3, 0, 1, ?) ON CONFLICT (uuid) DO UPDATE SET has_spans = 1";
constexpr auto kUpsertSpan =
    "INSERT INTO spans (trace, id, parent, name, type, status, started, ended, tokens, input_cost,"
    " output_cost, total_cost, model, provider, grams, body)"
    " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (trace, id) DO UPDATE SET"
    " parent = excluded.parent, name = excluded.name, type = excluded.type,"
    " status = excluded.status, started = excluded.started, ended = excluded.ended,"
    " tokens = excluded.tokens, input_cost = excluded.input_cost,"
    " output_cost = excluded.output_cost, total_cost = excluded.total_cost,"
    " model = excluded.model, provider = excluded.provider, grams = excluded.grams,"
    " body = excluded.body";
constexpr auto kUpdateTrace =
    "UPDATE traces SET requested = ?, duration = ?, state = ?, name = ?, session = ?, request = ?,"
    " response = ?, input_tokens = ?, output_tokens = ?, total_tokens = ?, cache_read_tokens = ?,"
    " cache_write_tokens = ?, cache_write_1h_tokens = ?, input_cost = ?, output_cost = ?,"
    " total_cost = ? WHERE id = ?";
constexpr std::int64_t kNanosInMilli = 1'000'000;

// "3,4,7,,,": in the order of Usage's members.
store::Cell tokens_cell(const std::optional<Usage>& usage) {
  if (!usage) return nullptr;
  std::string out;
  for (const auto& count : {usage->input, usage->output, usage->total, usage->cache_read,
                            usage->cache_write, usage->cache_write_1h}) {
    if (count) out += std::to_string(*count);
    out += ',';
  }
  return out;
}

std::optional<Usage> usage_of(const std::optional<std::string>& tokens) {
  if (!tokens) return std::nullopt;
  Usage out;
  const auto parts = split(*tokens, ',');
  std::optional<std::int64_t>* const into[] = {
      &out.input, &out.output, &out.total, &out.cache_read, &out.cache_write, &out.cache_write_1h};
  for (std::size_t i = 0; i < std::size(into) && i < parts.size(); ++i) {
    *into[i] = parse_int(parts[i]);
  }
  return out;
}

std::optional<Cost> cost_of(const Row& row, int column) {
  Cost out{row.maybe_real(column), row.maybe_real(column + 1), row.maybe_real(column + 2)};
  return out.any() ? std::optional(out) : std::nullopt;
}

store::Cell maybe_empty(const std::string& text) {
  return text.empty() ? store::Cell(nullptr) : store::Cell(text);
}

// Compressed before the transaction begins, since that may be done by all threads at once.
std::vector<Cells> rows_of(const std::vector<Span>& spans) {
  std::vector<Cells> out;
  for (const auto& span : spans) {
    const auto cost = span.cost.value_or(Cost());
    out.push_back({std::int64_t{0}, span.id, maybe_empty(span.parent), span.name,
                   cell_of(span.type), static_cast<std::int64_t>(span.status), span.started_ns,
                   cell_of(span.ended_ns), tokens_cell(span.usage), cell_of(cost.input),
                   cell_of(cost.output), cell_of(cost.total), cell_of(span.model),
                   cell_of(span.provider), Blob{grams_of(span.body)}, Blob{pack(span.body)}});
  }
  return out;
}

// What the spans of a batch say about the whole trace.
struct Extent {
  std::int64_t first_ms = 0;
  std::optional<std::int64_t> last_ms;
  std::optional<TraceState> state;  // known when the root is among them
  bool counts_tokens = false;
  bool counts_dollars = false;
};

Extent extent_of(const SpanBatch& batch) {
  Extent out;
  out.first_ms = INT64_MAX;
  for (const auto& span : batch.spans) {
    out.first_ms = std::min(out.first_ms, span.started_ns / kNanosInMilli);
    if (span.ended_ns) {
      const auto end = *span.ended_ns / kNanosInMilli;
      out.last_ms = std::max(out.last_ms.value_or(end), end);
    }
    if (span.parent.empty() && !out.state) {
      out.state = span.status == SpanStatus::error ? TraceState::error : TraceState::ok;
    }
    out.counts_tokens = out.counts_tokens || span.usage;
    out.counts_dollars = out.counts_dollars || span.cost;
  }
  return out;
}

void follow_times(Trace& trace, const Extent& extent, bool is_new) {
  const auto before = trace.requested.ms;
  trace.requested.ms = std::min(before, extent.first_ms);
  std::optional<std::int64_t> last = extent.last_ms;
  if (!is_new && trace.duration_ms) {
    const auto known = before + *trace.duration_ms;
    last = std::max(last.value_or(known), known);
  }
  if (last) trace.duration_ms = *last - trace.requested.ms;
}

template <class T>
void fill(std::optional<T>& into, const std::optional<T>& value) {
  if (!into) into = value;
}
template <class T>
void replace(std::optional<T>& into, const std::optional<T>& value) {
  if (value) into = value;
}

Result<void> recount(Connection& db, std::int64_t key, const Extent& extent, Trace& trace) {
  const bool tokens = extent.counts_tokens && !(trace.told && trace.usage.any());
  const bool dollars = extent.counts_dollars && !(trace.told && trace.cost.any());
  if (!tokens && !dollars) return {};
  SW_TRY(const auto spans,
         db.all("SELECT id, parent, tokens, input_cost, output_cost, total_cost FROM spans"
                " WHERE trace = ?",
                {key}, [](const Row& row) {
                  return CountedSpan{std::string(row.text(0)), row.maybe_text(1).value_or(""),
                                     usage_of(row.maybe_text(2)), cost_of(row, 3)};
                }));
  if (tokens) {
    const auto sum = total_usage(spans);
    replace(trace.usage.input, sum.input);
    replace(trace.usage.output, sum.output);
    replace(trace.usage.total, sum.total);
    replace(trace.usage.cache_read, sum.cache_read);
    replace(trace.usage.cache_write, sum.cache_write);
    replace(trace.usage.cache_write_1h, sum.cache_write_1h);
  }
  if (dollars) {
    const auto sum = total_cost(spans);
    replace(trace.cost.input, sum.input);
    replace(trace.cost.output, sum.output);
    replace(trace.cost.total, sum.total);
  }
  return {};
}

Result<void> save(Connection& db, std::int64_t key, const Trace& trace) {
  const auto& usage = trace.usage;
  const auto& cost = trace.cost;
  SW_CHECK_OK(db.exec(
      kUpdateTrace,
      {trace.requested.ms, cell_of(trace.duration_ms), static_cast<std::int64_t>(trace.state),
       cell_of(trace.name), cell_of(trace.session), cell_of(trace.request), cell_of(trace.response),
       cell_of(usage.input), cell_of(usage.output), cell_of(usage.total), cell_of(usage.cache_read),
       cell_of(usage.cache_write), cell_of(usage.cache_write_1h), cell_of(cost.input),
       cell_of(cost.output), cell_of(cost.total), key}));
  return {};
}

Result<void> add_batch(Connection& db, std::int64_t experiment, const std::string& root,
                       const SpanBatch& batch, std::vector<Cells> rows) {
  const auto extent = extent_of(batch);
  SW_TRY(const auto before, db.first("SELECT 1 FROM traces WHERE uuid = ?", {batch.trace.str()},
                                     [](const Row&) { return true; }));
  SW_CHECK_OK(db.exec(kInsertTrace, {batch.trace.str(), experiment, extent.first_ms,
                                     root + "/traces/" + batch.trace.str() + "/artifacts"}));
  SW_TRY(auto found,
         db.first(std::string("SELECT ") + kTraceColumns + " FROM traces t WHERE t.uuid = ?",
                  {batch.trace.str()}, trace_from_row));
  if (!found) return internal("a trace that was just made is not there");
  const auto key = found->key;
  for (auto& row : rows) row[0] = key;
  SW_CHECK_OK(db.exec_many(kUpsertSpan, rows));
  if (!before) SW_CHECK_OK(claim_early_links(db, batch.trace, key));

  auto& trace = found->trace;
  if (!trace.told) follow_times(trace, extent, !before);
  const bool open =
      trace.state == TraceState::in_progress || trace.state == TraceState::unspecified;
  if (open && extent.state) trace.state = *extent.state;
  replace(trace.name, batch.name);
  fill(trace.session, batch.session);
  fill(trace.request, batch.request);
  fill(trace.response, batch.response);
  SW_CHECK_OK(recount(db, key, extent, trace));
  SW_CHECK_OK(save(db, key, trace));
  SW_CHECK_OK(set_pairs(db, "trace_tags", key, batch.tags));
  for (const auto& pair : batch.metadata) {
    SW_CHECK_OK(
        db.exec("INSERT INTO trace_metadata (trace, key, value) VALUES (?, ?, ?)"
                " ON CONFLICT DO NOTHING",
                {key, pair.key, pair.value}));
  }
  return {};
}

}  // namespace

Result<void> put_spans(Connection& db, std::int64_t trace, const std::vector<Span>& spans) {
  if (spans.empty()) return {};
  auto rows = rows_of(spans);
  for (auto& row : rows) row[0] = trace;
  SW_CHECK_OK(db.exec_many(kUpsertSpan, rows));
  SW_CHECK_OK(db.exec("UPDATE traces SET has_spans = 1 WHERE id = ?", {trace}));
  return {};
}

Result<void> Spans::add(const ExperimentId& id, const std::vector<SpanBatch>& batches) {
  SW_TRY(const auto experiment, number_of(id));
  SW_TRY(const auto known, tracking_.experiments().get(id));
  std::vector<std::vector<Cells>> rows;
  for (const auto& batch : batches) rows.push_back(rows_of(batch.spans));
  return db_.write([&](Connection& db) -> Result<void> {
    for (std::size_t i = 0; i < batches.size(); ++i) {
      if (batches[i].spans.empty()) continue;
      SW_CHECK_OK(add_batch(db, experiment, known.artifact_root, batches[i], rows[i]));
    }
    return {};
  });
}

Result<std::vector<Span>> Spans::of(const TraceId& id) const {
  return db_.read([&](Connection& db) -> Result<std::vector<Span>> {
    SW_TRY(const auto key, key_of(db, id));
    std::optional<Error> problem;
    SW_TRY(auto out,
           db.all("SELECT id, parent, name, type, status, started, ended, tokens, input_cost,"
                  " output_cost, total_cost, model, provider, body FROM spans WHERE trace = ?"
                  " ORDER BY CASE WHEN parent IS NULL THEN 0 ELSE 1 END, started, seq",
                  {key}, [&](const Row& row) {
                    Span span;
                    span.id = row.text(0);
                    span.parent = row.maybe_text(1).value_or("");
                    span.name = row.text(2);
                    span.type = row.maybe_text(3);
                    span.status = static_cast<SpanStatus>(row.int64(4));
                    span.started_ns = row.int64(5);
                    span.ended_ns = row.maybe_int64(6);
                    span.usage = usage_of(row.maybe_text(7));
                    span.cost = cost_of(row, 8);
                    span.model = row.maybe_text(11);
                    span.provider = row.maybe_text(12);
                    auto body = unpack(row.text(13));
                    if (body) {
                      span.body = *std::move(body);
                    } else {
                      problem = body.error();
                    }
                    return span;
                  }));
    if (problem) return *std::move(problem);
    return out;
  });
}

}  // namespace slipway::tracing
